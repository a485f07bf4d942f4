#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::experiment {

/// A point in [0, 1) for a unit (user) under a salt: MurmurHash3 x64 128 of "salt\x1funit", seed 0, the first 53 bits.
/// The same salt and unit give the same point for ever and on any machine; different salts give unrelated ones.
double bucket(std::string_view salt, std::string_view unit);

/// MurmurHash3_x64_128 (Appleby, public domain algorithm), its first 64 bits.
std::uint64_t murmur3(std::string_view bytes, std::uint32_t seed);

/// The arm whose slice of [0, 1) holds the unit's point, slices in the order given, lengths in proportion to `weights`.
/// Sticky by construction: no state is kept. Throws invalid_argument if weights are empty, negative or sum to 0.
std::size_t assign(std::string_view salt, std::string_view unit, std::span<const double> weights);

/// One line of the exposure log.
struct Exposure {
  std::string unit;
  std::size_t arm = 0;
  std::int64_t time = 0;  ///< microseconds since 1970 UTC; before the list was shown
};

/// Sample-ratio check: the p-value that the exposed users follow the planned weights. Below kSampleRatioAlpha the
/// split is broken and no verdict may be read off. An arm of weight 0 may have no users (p is 0 otherwise); with one
/// arm left p is 1. Throws invalid_argument if lengths differ or as assign does.
inline constexpr double kSampleRatioAlpha = 0.001;
double sample_ratio_p(std::span<const std::uint64_t> users_per_arm, std::span<const double> weights);

}  // namespace tamis::experiment
