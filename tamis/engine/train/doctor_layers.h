#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/engine/train/doctor_evidence.h"
#include "tamis/engine/train/task.h"

namespace tamis::doctor {

struct LayersSeen {
  std::vector<Layer> layers;  ///< those that compute (no containers), in forward order
  Inputs inputs;              ///< what the first of them was given, feature by feature; nothing for ids
  bool normalizes_itself = false;
  double work = 0;  ///< multiplications and additions of one example's forward pass, in layers with weights
};

/// One recorded forward pass and walk over some training examples as one batch, on the calling thread. Running
/// statistics are put back. Throws invalid_argument naming the op if one makes a NaN or an infinite value.
LayersSeen look_at_layers(train::Task& task, std::span<const std::int64_t> examples, std::uint64_t seed);

}  // namespace tamis::doctor
