#pragma once

#include <cstdint>

// The f32 loops of elementwise.h, for the instruction set of this machine.
namespace tamis::engine {

enum class Unary : std::uint8_t {
  neg,
  abs,
  square,
  exp,
  log,
  sqrt,
  tanh,
  sigmoid,
  softplus,
  relu,
  leaky_relu,
  gelu,
  gelu_tanh,
  clip,
  sign,
  plus,
  times
};
enum class Binary : std::uint8_t {
  add,
  sub,
  mul,
  div,
  minimum,
  maximum,
  tanh_backward,
  sigmoid_backward,
  relu_backward,
  leaky_relu_backward,
  gelu_backward,
  gelu_tanh_backward,
  clip_backward
};

/// What an op is told besides its elements: slope, bounds, addend or factor.
struct Numbers {
  float first = 0;
  float second = 0;
};

/// y[i] = op(x[i]) for n elements.
using UnaryLoop = void (*)(const float* x, float* y, std::int64_t n, Numbers numbers);
/// y[i] = op(a[i a_step], b[i b_step]) for n elements; steps are 0 or 1.
using BinaryLoop = void (*)(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step, float* y,
                            std::int64_t n, Numbers numbers);
UnaryLoop unary_loop(Unary op);
BinaryLoop binary_loop(Binary op);

}  // namespace tamis::engine
