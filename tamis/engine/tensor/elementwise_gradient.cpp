#include <cmath>
#include <numbers>

#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/elementwise_loops.h"

namespace tamis::engine {

Tensor tanh_backward(const Tensor& g, const Tensor& y) {
  return gradient_of("tanh_backward", g, y, Binary::tanh_backward, {},
                     [](double slope, double v) { return slope * (1 - v * v); });
}

Tensor sigmoid_backward(const Tensor& g, const Tensor& y) {
  return gradient_of("sigmoid_backward", g, y, Binary::sigmoid_backward, {},
                     [](double slope, double v) { return slope * v * (1 - v); });
}

Tensor relu_backward(const Tensor& g, const Tensor& y) {
  return gradient_of("relu_backward", g, y, Binary::relu_backward, {},
                     [](double slope, double v) { return v > 0 ? slope : 0; });
}

Tensor leaky_relu_backward(const Tensor& g, const Tensor& x, double slope) {
  return gradient_of("leaky_relu_backward", g, x, Binary::leaky_relu_backward, {static_cast<float>(slope), 0},
                     [slope](double upper, double v) { return v > 0 ? upper : slope * upper; });
}

Tensor gelu_backward(const Tensor& g, const Tensor& x, Gelu form) {
  if (form == Gelu::tanh_form) {
    return gradient_of("gelu_backward", g, x, Binary::gelu_tanh_backward, {}, [](double slope, double v) {
      const double factor = std::sqrt(2 / std::numbers::pi);
      const double t = std::tanh(factor * (v + 0.044715 * v * v * v));
      return slope * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * factor * (1 + 3 * 0.044715 * v * v));
    });
  }
  return gradient_of("gelu_backward", g, x, Binary::gelu_backward, {}, [](double slope, double v) {
    const double density = std::exp(-0.5 * v * v) / std::sqrt(2 * std::numbers::pi);
    return slope * (0.5 * std::erfc(-v / std::numbers::sqrt2) + v * density);
  });
}

Tensor clip_backward(const Tensor& g, const Tensor& x, double low, double high) {
  return gradient_of("clip_backward", g, x, Binary::clip_backward, {static_cast<float>(low), static_cast<float>(high)},
                     [low, high](double slope, double v) { return v >= low && v <= high ? slope : 0; });
}

}  // namespace tamis::engine
