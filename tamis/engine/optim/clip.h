#pragma once

#include <vector>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::optim {

/// Euclidean norm over all elements of all tensors (undefined ones pass as empty), in f64.
double global_norm(const std::vector<engine::Tensor>& gradients);
/// The factor that brings a gradient of that norm down to `limit`: min(1, limit / (norm + 1e-6)). Pass it to
/// Optimizer::step. Source: Pascanu et al., arXiv:1211.5063, algorithm 1.
double clip_factor(double norm, double limit);
/// Each element into [-limit, limit], in place.
void clip_values(std::vector<engine::Tensor>& gradients, double limit);

}  // namespace tamis::optim
