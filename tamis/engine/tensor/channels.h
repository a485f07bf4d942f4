#pragma once

#include <initializer_list>

#include "tamis/engine/tensor/visit.h"

// What the normalizations ask of their tensors; throws invalid_argument else.
namespace tamis::engine {

struct NamedTensor {
  const char* name;
  const Tensor& tensor;
};

/// A vector [n] of x's dtype.
void require_vector(const Tensor& x, const char* name, const Tensor& vector, std::int64_t n, const char* op);
/// x is f32 or f64 with a last axis of C; the others are [C].
void require_channels(const Tensor& x, std::initializer_list<NamedTensor> vectors, const char* op);
/// g has x's shape and dtype.
void require_same_rows(const Tensor& g, const Tensor& x, const char* op);

}  // namespace tamis::engine
