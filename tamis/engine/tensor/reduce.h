#pragma once

#include "tamis/engine/tensor/tensor.h"

// Reductions over one axis (dropped, or kept with size 1) or, without an axis, over all elements to a scalar. Sums of
// f32 run in short blocks, whose sums are added in f64, in an order that depends on the shape alone. Integers sum to
// integers and wrap around. An axis out of range throws invalid_argument.
namespace tamis::engine {

Tensor sum(const Tensor& x);
Tensor sum(const Tensor& x, int axis, bool keep = false);
Tensor mean(const Tensor& x);
Tensor mean(const Tensor& x, int axis, bool keep = false);
/// A NaN among the elements gives NaN.
Tensor max(const Tensor& x);
Tensor max(const Tensor& x, int axis, bool keep = false);
Tensor min(const Tensor& x);
Tensor min(const Tensor& x, int axis, bool keep = false);
/// i64; the first of equals.
Tensor argmax(const Tensor& x, int axis);
/// Sum of squared deviations over (n - correction), in two passes. Throws unless n > correction.
Tensor var(const Tensor& x, int axis, bool keep = false, int correction = 0);
/// Euclidean length.
Tensor norm(const Tensor& x);
Tensor norm(const Tensor& x, int axis, bool keep = false);
/// Sum of squares in f64, whatever the dtype: what clipping by the global norm adds up.
double sum_of_squares(const Tensor& x);

}  // namespace tamis::engine
