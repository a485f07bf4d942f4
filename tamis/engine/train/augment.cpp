#include "tamis/engine/train/augment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::train {

namespace {

using enum Key::Type;

constexpr Key kAugment[] = {
    {"shift", integer, "0", "pixels an image is moved by at most, in each direction"},
    {"crop", integer, "0", "pixels a random window is smaller by; it is stretched back to the image"},
    {"flip", real, "0", "probability that left and right are swapped"},
    {"noise", real, "0", "standard deviation of normal noise, in units of the normalised values"},
    {"rotate", real, "0", "degrees an image is turned by at most, either way, 0 to 180"},
    {"scale", real, "0", "an image is stretched by 1 - scale to 1 + scale, 0 to 0.9"},
};

/// An image [H, W, C] that can be asked between its pixels.
class Picture {
 public:
  Picture(std::span<const float> values, const engine::Shape& shape, float outside)
      : values_(values), height_(shape[0]), width_(shape[1]), channels_(shape[2]), outside_(outside) {}

  float at(std::int64_t row, std::int64_t column, std::int64_t channel) const {
    if (row < 0 || row >= height_ || column < 0 || column >= width_) return outside_;
    return values_[static_cast<std::size_t>((row * width_ + column) * channels_ + channel)];
  }
  /// Bilinear.
  float between(double row, double column, std::int64_t channel) const {
    const double top = std::floor(row), left = std::floor(column);
    const auto down = static_cast<float>(row - top), right = static_cast<float>(column - left);
    const auto i = static_cast<std::int64_t>(top), j = static_cast<std::int64_t>(left);
    const float above = at(i, j, channel) * (1 - right) + at(i, j + 1, channel) * right;
    const float below = at(i + 1, j, channel) * (1 - right) + at(i + 1, j + 1, channel) * right;
    return above * (1 - down) + below * down;
  }

 private:
  std::span<const float> values_;
  std::int64_t height_, width_, channels_;
  float outside_;
};

/// Where an output pixel comes from: row' = row_0 + a row + b column, column' = column_0 + c row + d column.
struct Map {
  double row_0 = 0, a = 1, b = 0;
  double column_0 = 0, c = 0, d = 1;
  bool whole = true;  ///< lands on pixels
};

double within(Stream& stream, double limit) {
  return (2 * stream.uniform() - 1) * limit;
}

Map draw_map(const engine::Shape& shape, const Augment& options, std::uint64_t seed, std::uint64_t index) {
  Map map;
  const auto last_row = static_cast<double>(shape[0] - 1), last_column = static_cast<double>(shape[1] - 1);
  if (options.rotate > 0 || options.scale > 0) {
    Stream turn(seed, "augment.rotate", index), stretch(seed, "augment.scale", index);
    const double angle = within(turn, options.rotate) * std::numbers::pi / 180;
    const double factor = 1 + within(stretch, options.scale);
    map.a = map.d = std::cos(angle) / factor;
    map.b = std::sin(angle) / factor;
    map.c = -map.b;
    map.row_0 = (last_row - map.a * last_row - map.b * last_column) / 2;
    map.column_0 = (last_column - map.c * last_row - map.d * last_column) / 2;
    map.whole = false;
  }
  if (options.crop > 0) {
    Stream window(seed, "augment.crop", index);
    const auto choices = static_cast<std::uint64_t>(options.crop) + 1;
    const double rows = last_row > 0 ? (last_row - static_cast<double>(options.crop)) / last_row : 1;
    const double columns = last_column > 0 ? (last_column - static_cast<double>(options.crop)) / last_column : 1;
    map.row_0 = map.row_0 * rows + static_cast<double>(window.below(choices));
    map.column_0 = map.column_0 * columns + static_cast<double>(window.below(choices));
    map.a *= rows, map.b *= rows, map.c *= columns, map.d *= columns;
    map.whole = false;
  }
  if (options.shift > 0) {
    Stream shift(seed, "augment.shift", index);
    const auto choices = static_cast<std::uint64_t>(2 * options.shift) + 1;
    map.row_0 += static_cast<double>(shift.below(choices)) - static_cast<double>(options.shift);
    map.column_0 += static_cast<double>(shift.below(choices)) - static_cast<double>(options.shift);
  }
  if (options.flip > 0 && Stream(seed, "augment.flip", index).uniform() < options.flip) {
    map.row_0 += map.b * last_column;
    map.column_0 += map.d * last_column;
    map.b = -map.b, map.d = -map.d;
  }
  return map;
}

}  // namespace

std::span<const Key> augment_keys() {
  return kAugment;
}

Augment read_augment(ConfigFile& file) {
  const Section section = file.section("augment", kAugment);
  return {.shift = section.integer_in("shift", 0, 1024),
          .crop = section.integer_in("crop", 0, 1024),
          .flip = section.real_in("flip", 0, 1),
          .noise = section.real_in("noise", 0, 1e6),
          .rotate = section.real_in("rotate", 0, 180),
          .scale = section.real_in("scale", 0, 0.9)};
}

void augment(std::span<const float> from, std::span<float> to, const engine::Shape& shape, const Augment& options,
             float fill, std::uint64_t seed, std::uint64_t index) {
  if (shape.rank() != 3) fail_caller("augment", fmt::format("{} is no image [H, W, C]", shape.text()));
  if (options.crop >= std::min(shape[0], shape[1])) {
    fail_caller("augment", fmt::format("crop = {} leaves nothing of an image {}", options.crop, shape.text()));
  }
  const Map map = draw_map(shape, options, seed, index);
  const Picture picture(from, shape, fill);
  std::size_t next = 0;
  for (std::int64_t row = 0; row < shape[0]; ++row) {
    for (std::int64_t column = 0; column < shape[1]; ++column) {
      const auto i = static_cast<double>(row), j = static_cast<double>(column);
      const double at_row = map.row_0 + map.a * i + map.b * j, at_column = map.column_0 + map.c * i + map.d * j;
      for (std::int64_t channel = 0; channel < shape[2]; ++channel) {
        to[next++] = map.whole
                         ? picture.at(static_cast<std::int64_t>(at_row), static_cast<std::int64_t>(at_column), channel)
                         : picture.between(at_row, at_column, channel);
      }
    }
  }
  if (options.noise <= 0) return;
  Stream noise(seed, "augment.noise", index);
  for (float& value : to) value += static_cast<float>(options.noise * noise.normal());
}

}  // namespace tamis::train
