#pragma once

#include <cstdint>
#include <span>

#include "tamis/base/config.h"
#include "tamis/engine/tensor/tensor.h"

namespace tamis::train {

/// Random changes of images [H, W, C]; 0 does nothing. Applied in this order.
struct Augment {
  std::int64_t shift = 0;  ///< by -shift .. shift pixels in each direction; what comes in from outside is `fill`
  std::int64_t crop = 0;   ///< a random window of (H - crop) x (W - crop), stretched back (bilinear)
  double flip = 0;         ///< probability of mirroring left and right
  double noise = 0;        ///< standard deviation of normal noise on each element
  double rotate = 0;       ///< degrees: by -rotate .. rotate around the middle (bilinear)
  double scale = 0;        ///< by a factor of 1 - scale .. 1 + scale (with rotate, in one resampling)
  bool any() const { return shift > 0 || crop > 0 || flip > 0 || noise > 0 || rotate > 0 || scale > 0; }
};
std::span<const Key> augment_keys();
Augment read_augment(ConfigFile& file);

/// Writes a changed copy of the image `from` to `to` (both of `shape` [H, W, C]). Random numbers are those of the
/// streams (seed, "augment.shift" …, index): the caller makes `index` of epoch and example, so a change depends neither
/// on shards nor on the order of work. Throws invalid_argument for a shape of another rank, or a crop that leaves
/// nothing.
void augment(std::span<const float> from, std::span<float> to, const engine::Shape& shape, const Augment& options,
             float fill, std::uint64_t seed, std::uint64_t index);

}  // namespace tamis::train
