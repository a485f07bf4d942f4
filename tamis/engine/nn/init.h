#pragma once

#include <cstdint>
#include <string_view>

#include "tamis/engine/tensor/tensor.h"

// How weights start. The fans of a weight [O, .., I] (the axes between are a kernel's): fan_in = elements / O, fan_out
// = elements / I.
namespace tamis::nn {

struct Init {
  enum class Kind {
    constant,          ///< `value` everywhere
    normal,            ///< normal(0, deviation)
    truncated_normal,  ///< the same, drawn again beyond two deviations (so that the spread is 0.880 of it)
    xavier_uniform,    ///< uniform(-a, a), a = gain sqrt(6 / (fan_in + fan_out)). Source: Glorot and Bengio,
                       ///< "Understanding the difficulty of training deep feedforward neural networks" (AISTATS 2010),
                       ///< equation 16
    xavier_normal,     ///< normal(0, gain sqrt(2 / (fan_in + fan_out))), the same variance; ibid., equation 12
    he_uniform,        ///< uniform(-a, a), a = gain sqrt(3 / fan_in)
    he_normal,         ///< normal(0, gain / sqrt(fan_in)); gain sqrt(2) for relu. Source: He et al., arXiv:1502.01852,
                       ///< equation 10
    orthogonal         ///< gain times a random matrix [O, elements / O] with orthonormal rows (columns, if there are
                       ///< fewer of them). Source: Saxe, McClelland and Ganguli, arXiv:1312.6120, section 3
  };
  Kind kind = Kind::constant;
  double value = 0;
  double deviation = 0.02;
  double gain = 1;

  static Init zeros() { return {}; }
  static Init ones() { return {.value = 1}; }
  static Init normal(double deviation) { return {.kind = Kind::normal, .deviation = deviation}; }
  static Init truncated_normal(double deviation) { return {.kind = Kind::truncated_normal, .deviation = deviation}; }
  static Init xavier_uniform(double gain = 1) { return {.kind = Kind::xavier_uniform, .gain = gain}; }
  static Init xavier_normal(double gain = 1) { return {.kind = Kind::xavier_normal, .gain = gain}; }
  static Init he_uniform(double gain = 1.4142135623730951) { return {.kind = Kind::he_uniform, .gain = gain}; }
  static Init he_normal(double gain = 1.4142135623730951) { return {.kind = Kind::he_normal, .gain = gain}; }
  static Init orthogonal(double gain = 1) { return {.kind = Kind::orthogonal, .gain = gain}; }
};

std::string_view name(Init::Kind kind);
/// Throws invalid_argument naming the kinds.
Init::Kind init_named(std::string_view name);

/// What keeps the variance through an activation: "linear" and "sigmoid" 1, "relu" sqrt(2), "leaky_relu"
/// sqrt(2 / (1 + slope^2)) (He et al., equation 15), "tanh" 5/3, "gelu" sqrt(2) (as relu, which it follows for large
/// x). Throws invalid_argument for other names.
double activation_gain(std::string_view activation, double slope = 0.01);

/// Fills a tensor (f32 or f64) from the stream named (seed, "init." + name). Throws invalid_argument for a deviation or
/// gain that is not positive and finite, and for fans of a tensor of fewer than 2 axes.
void initialize(engine::Tensor& tensor, const Init& init, std::uint64_t seed, std::string_view name);

}  // namespace tamis::nn
