#include "tamis/stats/sign_flip.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <tuple>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::stats {

namespace {

constexpr std::size_t kFlipsAtATime = 16;
constexpr std::size_t kSignsACall = 128;  // of one call of Philox
constexpr std::size_t kNibble = 4;
// Signs below which waking another thread costs more than it saves.
constexpr std::size_t kWorthAThread = 1 << 18;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Sum {
  double total = 0;
  double size = 0;
};

void check(const Clusters& clusters, int draws) {
  if (clusters.total.empty()) fail_caller("randomization", "no difference is given; at least 1 is needed");
  if (draws < 1) fail_caller("randomization", fmt::format("{} draws; at least 1 is needed", draws));
  for (std::size_t i = 0; i < clusters.total.size(); ++i) {
    if (!std::isfinite(clusters.total[i]))
      fail_caller("randomization", fmt::format("difference {}: {} is not a finite number", i + 1, clusters.total[i]));
  }
}

using Table = std::vector<std::array<Sum, 1 << kNibble>>;

/// Sums of every subset of each four clusters: a flip then costs one look at a table for four signs.
Table subset_sums(const Clusters& clusters) {
  Table table((clusters.total.size() + kNibble - 1) / kNibble);
  for (std::size_t i = 0; i < clusters.total.size(); ++i) {
    auto& sums = table[i / kNibble];
    const std::size_t bit = std::size_t{1} << (i % kNibble);
    for (std::size_t subset = bit; subset < sums.size(); ++subset) {
      if ((subset & bit) == 0) continue;
      sums[subset].total += clusters.total[i];
      sums[subset].size += clusters.size.empty() ? 1 : clusters.size[i];
    }
  }
  return table;
}

/// Sums over what flips `first` .. `first` + `sums.size()` turn. Flip r of all 2^n has the bits of r as its signs.
void flip(const Table& table, std::array<std::uint32_t, 2> key, bool all, std::uint64_t first, std::span<Sum> sums) {
  constexpr std::size_t kNibblesACall = kSignsACall / kNibble;
  for (std::size_t begin = 0; begin < table.size(); begin += kNibblesACall) {
    const std::size_t end = std::min(table.size(), begin + kNibblesACall);
    for (std::size_t f = 0; f < sums.size(); ++f) {
      const std::uint64_t r = first + f;
      std::array<std::uint32_t, 4> signs{static_cast<std::uint32_t>(r), 0, 0, 0};
      if (!all)
        signs = philox4x32_10({static_cast<std::uint32_t>(begin / kNibblesACall), 0, static_cast<std::uint32_t>(r),
                               static_cast<std::uint32_t>(r >> 32)},
                              key);
      for (std::size_t g = begin; g < end; ++g) {
        const std::size_t place = (g - begin) * kNibble;
        const Sum& sum = table[g][(signs[place / 32] >> (place % 32)) & 15U];
        sums[f].total += sum.total;
        sums[f].size += sum.size;
      }
    }
  }
}

/// The shifts for which a flip is at least as far from 0 as the sample: between both means.
std::pair<double, double> ends(const Sum& flipped, const Sum& all, double rounding) {
  const double rest_size = all.size - flipped.size;
  if (flipped.size == 0 || rest_size == 0) return {-kInfinity, kInfinity};
  // A sum that is 0 but for rounding ties with the sample, and ties count.
  const auto snapped = [&](double sum) { return std::abs(sum) <= rounding ? 0.0 : sum; };
  const double one = snapped(flipped.total) / flipped.size;
  const double other = snapped(all.total - flipped.total) / rest_size;
  return {std::min(one, other), std::max(one, other)};
}

double p_of(bool exact, std::uint64_t at_least, std::uint64_t flips) {
  return exact ? static_cast<double>(at_least) / static_cast<double>(flips)
               : static_cast<double>(at_least + 1) / static_cast<double>(flips + 1);
}

}  // namespace

SignFlip sign_flip_test(const Clusters& clusters, int draws, std::uint64_t seed) {
  check(clusters, draws);
  SignFlip result;
  const std::size_t n = clusters.total.size();
  result.exact = n < 31 && (std::uint64_t{1} << n) <= static_cast<std::uint64_t>(draws);
  result.flips = result.exact ? std::uint64_t{1} << n : static_cast<std::uint64_t>(draws);
  const Table table = subset_sums(clusters);
  Sum all;
  double sizes = 0;
  for (std::size_t i = 0; i < n; ++i) {
    all.total += clusters.total[i];
    sizes += std::abs(clusters.total[i]);
  }
  all.size = clusters.sizes();
  const double rounding = 1e-12 * sizes;
  result.estimate = all.total / all.size;
  result.low_ends.resize(result.flips);
  result.high_ends.resize(result.flips);
  const auto key = stream_key(seed, "sign flip");
  const auto some = [&](std::size_t part) {
    const std::size_t first = part * kFlipsAtATime;
    std::vector<Sum> sums(std::min(kFlipsAtATime, static_cast<std::size_t>(result.flips) - first));
    flip(table, key, result.exact, first, sums);
    for (std::size_t f = 0; f < sums.size(); ++f)
      std::tie(result.low_ends[first + f], result.high_ends[first + f]) = ends(sums[f], all, rounding);
  };
  parallel_for((result.flips + kFlipsAtATime - 1) / kFlipsAtATime, some, 1 + kWorthAThread / (n * kFlipsAtATime));
  std::sort(result.low_ends.begin(), result.low_ends.end());
  std::sort(result.high_ends.begin(), result.high_ends.end());
  const auto& low = result.low_ends;
  const auto& high = result.high_ends;
  // No flip is nearer to 0 than a mean of 0.
  result.at_least = result.flips;
  if (all.total > rounding)
    result.at_least = static_cast<std::uint64_t>(std::upper_bound(low.begin(), low.end(), 0.0) - low.begin());
  if (all.total < -rounding)
    result.at_least = static_cast<std::uint64_t>(high.end() - std::lower_bound(high.begin(), high.end(), 0.0));
  result.p = p_of(result.exact, result.at_least, result.flips);
  return result;
}

std::optional<Interval> SignFlip::interval(double alpha) const {
  if (!(alpha > 0 && alpha < 1)) fail_caller("interval", fmt::format("alpha {} is not in (0, 1)", alpha));
  auto needed = static_cast<std::uint64_t>(alpha * static_cast<double>(flips));
  while (needed > 0 && p_of(exact, needed - 1, flips) >= alpha) --needed;
  while (p_of(exact, needed, flips) < alpha) ++needed;
  if (needed == 0) return std::nullopt;
  const Interval result{low_ends[needed - 1], high_ends[flips - needed]};
  if (std::isinf(result.low) || std::isinf(result.high)) return std::nullopt;
  return result;
}

}  // namespace tamis::stats
