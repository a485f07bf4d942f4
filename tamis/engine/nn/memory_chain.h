#pragma once

#include <algorithm>
#include <cstdint>

#include "tamis/engine/nn/module.h"

// How layers add up their memory().
namespace tamis::nn {

/// Of an f32 tensor.
inline std::int64_t bytes_of(const engine::Shape& shape) {
  return 4 * shape.elements();
}

enum class Holds { nothing, input, output };

/// A layer that makes one tensor y of x and, in the walk, x's gradient of y's, which needs what it `holds`.
inline Layer::Memory plain_memory(const engine::Shape& x, const engine::Shape& y, bool training, Holds holds) {
  Layer::Memory memory{.kept = bytes_of(y), .output = bytes_of(y)};
  if (training) {
    memory.walk = bytes_of(x) + bytes_of(y);
    memory.holds_input = holds == Holds::input;
    memory.holds_output = holds == Holds::output;
  }
  return memory;
}

/// A layer whose output is its input's memory.
inline Layer::Memory view_memory(const engine::Shape& x, bool training) {
  return {.walk = training ? bytes_of(x) : 0};
}

/// The memory of layers that follow each other. What no walk needs is freed when the next layer is done with it; the
/// walk frees the rest from the last layer to the first.
class MemoryChain {
 public:
  void then(const Layer::Memory& layer) {
    peak_ = std::max(peak_, held_ + layer.kept + layer.transient);
    held_ += layer.kept;
    if (output_ == 0 && layer.holds_input) holds_input_ = true;
    if (layer.holds_input) free_ = false;
    if (layer.output > 0) {
      if (free_) held_ -= output_;
      output_ = layer.output;
      free_ = !layer.holds_output;
    }
    walk_ = std::max(walk_, held_ - (free_ ? output_ : 0) + layer.walk);
  }
  /// The output so far is read again later: the layers that follow do not free it. Returns what unpin() then gives
  /// back: its bytes, or 0 if a walk needs it anyway.
  std::int64_t pin() {
    const std::int64_t bytes = free_ ? output_ : 0;
    free_ = false;
    return bytes;
  }
  void unpin(std::int64_t bytes) { held_ -= bytes; }

  Layer::Memory total() const {
    return {.kept = held_,
            .transient = std::max<std::int64_t>(0, peak_ - held_),
            .walk = std::max<std::int64_t>(0, walk_ - held_),
            .output = output_,
            .holds_input = holds_input_,
            .holds_output = output_ > 0 && !free_};
  }

 private:
  std::int64_t held_ = 0;
  std::int64_t peak_ = 0;
  std::int64_t walk_ = 0;
  std::int64_t output_ = 0;  ///< of the last layer; 0: still the chain's input, which is the caller's
  bool free_ = false;        ///< no walk needs that output
  bool holds_input_ = false;
};

}  // namespace tamis::nn
