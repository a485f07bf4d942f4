#pragma once

#include "tamis/engine/tensor/tensor.h"

// Over the last axis; the maximum is subtracted first, so that no input overflows. A row that is all -inf gives NaN.
namespace tamis::engine {

Tensor softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x);
/// dL/dx = y (g - sum(g y)).
Tensor softmax_backward(const Tensor& g, const Tensor& y);
/// dL/dx = g - softmax sum(g), with y = log softmax.
Tensor log_softmax_backward(const Tensor& g, const Tensor& y);

}  // namespace tamis::engine
