#include "tamis/evidence/experiment/assignment.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/stats/tests.h"

namespace tamis::experiment {

namespace {

constexpr std::uint64_t kFirst = 0x87c37b91114253d5ULL;
constexpr std::uint64_t kSecond = 0x4cf5ad432745937fULL;

// Byte by byte, little end first: the same hash on any machine. Compilers turn eight bytes into one load.
std::uint64_t word(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

std::uint64_t scramble_first(std::uint64_t k) {
  return std::rotl(k * kFirst, 31) * kSecond;
}
std::uint64_t scramble_second(std::uint64_t k) {
  return std::rotl(k * kSecond, 33) * kFirst;
}

std::uint64_t finish(std::uint64_t h) {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

double check(std::span<const double> weights) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0 && std::isfinite(weights[i])))
      fail_caller("experiment", fmt::format("weight {} is {}; weights must be >= 0", i + 1, weights[i]));
  }
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!(total > 0)) fail_caller("experiment", "the arms' weights sum to 0; at least one must be > 0");
  return total;
}

}  // namespace

std::uint64_t murmur3(std::string_view bytes, std::uint32_t seed) {
  std::uint64_t h1 = seed;
  std::uint64_t h2 = seed;
  const std::size_t length = bytes.size();
  for (; bytes.size() >= 16; bytes.remove_prefix(16)) {
    h1 ^= scramble_first(word(bytes.substr(0, 8)));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= scramble_second(word(bytes.substr(8, 8)));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  if (bytes.size() > 8) h2 ^= scramble_second(word(bytes.substr(8)));
  h1 ^= scramble_first(word(bytes.substr(0, 8)));
  h1 ^= length;
  h2 ^= length;
  h1 += h2;
  h2 += h1;
  return finish(h1) + finish(h2);
}

double bucket(std::string_view salt, std::string_view unit) {
  std::string bytes;
  bytes.reserve(salt.size() + 1 + unit.size());
  bytes.append(salt).append(1, '\x1f').append(unit);
  return static_cast<double>(murmur3(bytes, 0) >> 11) * 0x1p-53;
}

std::size_t assign(std::string_view salt, std::string_view unit, std::span<const double> weights) {
  const double point = bucket(salt, unit) * check(weights);
  double end = 0;
  std::size_t arm = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    arm = i;  // the last one with a slice takes a point that rounding put on the very end
    end += weights[i];
    if (point < end) break;
  }
  return arm;
}

double sample_ratio_p(std::span<const std::uint64_t> users_per_arm, std::span<const double> weights) {
  if (users_per_arm.size() != weights.size())
    fail_caller("experiment", fmt::format("{} arms but {} weights", users_per_arm.size(), weights.size()));
  check(weights);
  std::vector<std::uint64_t> users;
  std::vector<double> shares;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0 && users_per_arm[i] > 0) return 0;  // an arm nobody could be in has users
    if (weights[i] == 0) continue;
    users.push_back(users_per_arm[i]);
    shares.push_back(weights[i]);
  }
  return users.size() < 2 ? 1 : stats::chi_squared_p(users, shares);
}

}  // namespace tamis::experiment
