#include "tamis/stats/resample.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::stats {

namespace {

constexpr std::size_t kBlock = 4096;  // a power of two; 32 KiB of values stay in the nearest cache
constexpr unsigned kBlockShift = 4;   // 16 random bits to 12
constexpr std::size_t kResamplesAtATime = 16;
// Draws below which waking another thread costs more than it saves.
constexpr std::size_t kWorthAThread = 1 << 18;

void check(std::span<const std::span<const double>> columns, int replicates) {
  if (replicates < 1) fail_caller("bootstrap", fmt::format("{} replicates; at least 1 is needed", replicates));
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto values = columns[c];
    if (values.size() < 2) fail_caller("bootstrap", fmt::format("{} units; at least 2 are needed", values.size()));
    if (values.size() > 0xFFFFFFFFU) fail_caller("bootstrap", "more than 2^32 units");
    if (values.size() != columns[0].size())
      fail_caller("bootstrap", fmt::format("column {} has {} units, column 1 has {}; all need the same units", c + 1,
                                           values.size(), columns[0].size()));
    for (std::size_t unit = 0; unit < values.size(); ++unit) {
      if (!std::isfinite(values[unit]))
        fail_caller("bootstrap",
                    fmt::format("column {}, unit {}: {} is not a finite number", c + 1, unit + 1, values[unit]));
    }
  }
}

double log_factorial(double n) {
  return boost::math::lgamma(n + 1);
}

/// Binomial by inversion: the numbers are taken from the mode outwards, until their chances add up to a uniform number.
std::uint64_t binomial(Stream& stream, std::uint64_t trials, double share) {
  const auto n = static_cast<double>(trials);
  const double mode = std::min(n, std::floor((n + 1) * share));
  const double odds = share / (1 - share);
  const double top = std::exp(log_factorial(n) - log_factorial(mode) - log_factorial(n - mode) +
                              mode * std::log(share) + (n - mode) * std::log1p(-share));
  double left = stream.uniform() - top;
  double above = mode, chance_above = top;
  double below = mode, chance_below = top;
  // What rounding leaves over beyond both ends falls to the mode.
  while (left >= 0 && (chance_above > 0 || chance_below > 0)) {
    chance_above *= (n - above) / (above + 1) * odds;
    ++above;
    left -= chance_above;
    if (left < 0) return static_cast<std::uint64_t>(above);
    chance_below *= below / ((n - below + 1) * odds);
    --below;
    left -= chance_below;
    if (left < 0) return static_cast<std::uint64_t>(below);
  }
  return static_cast<std::uint64_t>(mode);
}

/// How many of `units` draws fall into each block.
void draw_counts(Stream& stream, std::size_t units, std::span<std::uint64_t> counts) {
  std::uint64_t draws = units;
  std::size_t left = units;
  for (std::size_t b = 0; b + 1 < counts.size(); ++b) {
    counts[b] = draws == 0 ? 0 : binomial(stream, draws, static_cast<double>(kBlock) / static_cast<double>(left));
    draws -= counts[b];
    left -= kBlock;
  }
  counts.back() = draws;
}

using Places = std::array<std::uint16_t, kBlock>;
using Key = std::array<std::uint32_t, 2>;

/// Draws addressed by (resample, block, place), so that nothing is carried over from one block to the next.
class Draws {
 public:
  Draws(Key key, std::uint64_t resample, std::uint32_t block) : key_(key), resample_(resample), block_(block) {}

  /// `count` places in a block of `size` units; some room behind them is written too.
  void operator()(std::size_t size, std::size_t count, Places& places) {
    if (size == kBlock) {
      for (std::size_t i = 0; i < count; i += 8) {
        const auto words = next();
        for (std::size_t w = 0; w < 4; ++w) {
          places[i + 2 * w] = static_cast<std::uint16_t>((words[w] & 0xFFFFU) >> kBlockShift);
          places[i + 2 * w + 1] = static_cast<std::uint16_t>(words[w] >> (16 + kBlockShift));
        }
      }
      return;
    }
    for (std::size_t i = 0; i < count; i += 4) {
      const auto words = next();
      for (std::size_t w = 0; w < 4; ++w)
        places[i + w] = static_cast<std::uint16_t>((std::uint64_t{words[w]} * size) >> 32);
    }
  }

 private:
  std::array<std::uint32_t, 4> next() {
    return philox4x32_10(
        {call_++, block_, static_cast<std::uint32_t>(resample_), static_cast<std::uint32_t>(resample_ >> 32)}, key_);
  }

  Key key_;
  std::uint64_t resample_;
  std::uint32_t block_;
  std::uint32_t call_ = 0;
};

double total_at(const double* values, std::span<const std::uint16_t> places) {
  std::array<double, 4> sums{};
  std::size_t i = 0;
  for (; i + 4 <= places.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += values[places[i + lane]];
  }
  for (; i < places.size(); ++i) sums[0] += values[places[i]];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void resample(std::span<const std::span<const double>> columns, std::uint64_t seed, Key key, std::uint64_t r,
              std::span<double> totals) {
  const std::size_t units = columns[0].size();
  std::vector<std::uint64_t> counts((units + kBlock - 1) / kBlock);
  Stream stream(seed, "multinomial blocks", r);
  draw_counts(stream, units, counts);
  Places places;
  std::fill(totals.begin(), totals.end(), 0.0);
  for (std::size_t b = 0; b < counts.size(); ++b) {
    Draws draws(key, r, static_cast<std::uint32_t>(b));
    const std::size_t first = b * kBlock;
    for (std::uint64_t done = 0; done < counts[b]; done += kBlock) {
      const std::size_t count = std::min<std::size_t>(kBlock, counts[b] - done);
      draws(std::min(kBlock, units - first), count, places);
      for (std::size_t c = 0; c < columns.size(); ++c)
        totals[c] += total_at(columns[c].data() + first, std::span(places).first(count));
    }
  }
}

}  // namespace

std::vector<std::vector<double>> resampled_totals(std::span<const std::span<const double>> columns, int replicates,
                                                  std::uint64_t seed) {
  check(columns, replicates);
  const auto count = static_cast<std::size_t>(replicates);
  std::vector<std::vector<double>> result(columns.size(), std::vector<double>(count));
  if (columns.empty()) return result;
  const Key key = stream_key(seed, "multinomial");
  const auto some = [&](std::size_t part) {
    std::vector<double> totals(columns.size());
    const std::size_t last = std::min(count, (part + 1) * kResamplesAtATime);
    for (std::size_t r = part * kResamplesAtATime; r < last; ++r) {
      resample(columns, seed, key, r, totals);
      for (std::size_t c = 0; c < columns.size(); ++c) result[c][r] = totals[c];
    }
  };
  parallel_for((count + kResamplesAtATime - 1) / kResamplesAtATime, some,
               1 + kWorthAThread / (columns[0].size() * kResamplesAtATime));
  return result;
}

}  // namespace tamis::stats
