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

/// y = inner(x) + skip(x), x being held by the caller: kept by both ways, y, and what the ways' own outputs need.
inline Layer::Memory sum_memory(const Layer::Memory& inner, const Layer::Memory& skip, const engine::Shape& x,
                                const engine::Shape& y, bool training) {
  const std::int64_t sum = bytes_of(y), both = inner.kept + skip.kept;
  const std::int64_t inner_left = inner.kept - (inner.holds_output ? 0 : inner.output);
  const std::int64_t skip_left = skip.kept - (skip.holds_output ? 0 : skip.output);
  Layer::Memory memory{.kept = inner_left + skip_left + sum, .output = sum};
  const std::int64_t peak = std::max({inner.kept + inner.transient, both + skip.transient, both + sum});
  memory.transient = peak - memory.kept;
  memory.holds_input = inner.holds_input || skip.holds_input;
  if (!training) return memory;
  // y's gradient is read by both ways, by the skip first; the gradient of x that comes first waits for the other.
  const std::int64_t waiting = skip.output == 0 ? sum : bytes_of(x);
  const std::int64_t inside = inner.walk_beyond + waiting;
  memory.walk_beyond = std::max({sum + skip.walk_beyond, inside - skip_left});
  memory.walk = std::max({memory.walk_beyond, skip.output == 0 ? sum : skip.walk,
                          inner.walk - skip_left + (skip.output == 0 ? 0 : waiting)});
  return memory;
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
      beyond_ = std::max(walk_, left() + layer.walk_beyond);
    }
    walk_ = std::max(walk_, left() + layer.walk);
  }

  Layer::Memory total() const {
    return {.kept = held_,
            .transient = std::max<std::int64_t>(0, peak_ - held_),
            .walk = walk_ - left(),
            .walk_beyond = beyond_ - left(),
            .output = output_,
            .holds_input = holds_input_,
            .holds_output = output_ > 0 && !free_};
  }

 private:
  /// When the walk comes to the last layer.
  std::int64_t left() const { return held_ - (free_ ? output_ : 0); }

  std::int64_t held_ = 0;
  std::int64_t peak_ = 0;
  std::int64_t walk_ = 0;
  std::int64_t beyond_ = 0;  ///< of the walk, once the output's gradient has been read
  std::int64_t output_ = 0;  ///< of the last layer; 0: still the chain's input, which is the caller's
  bool free_ = false;        ///< no walk needs that output
  bool holds_input_ = false;
};

}  // namespace tamis::nn
