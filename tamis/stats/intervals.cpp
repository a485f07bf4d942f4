#include "tamis/stats/intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::stats {

namespace {

// Rows are taken eight at a time, so that a draw adds one cache line of values into registers.
constexpr std::size_t kLane = 8;
constexpr std::size_t kResamplesAtATime = 16;
// Draws below which waking another thread costs more than it saves: about a millisecond.
constexpr std::size_t kWorthAThread = 1 << 18;
using Lane = std::array<double, kLane>;

void check(std::span<const std::span<const double>> rows, int resamples) {
  if (resamples < 1) fail_caller("bootstrap", fmt::format("{} resamples; at least 1 is needed", resamples));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto values = rows[row];
    if (values.size() < 2) fail_caller("bootstrap", fmt::format("{} units; at least 2 are needed", values.size()));
    if (values.size() > 0xFFFFFFFFU) fail_caller("bootstrap", "more than 2^32 units");
    if (values.size() != rows[0].size())
      fail_caller("bootstrap", fmt::format("row {} has {} units, row 1 has {}; all rows need the same units", row + 1,
                                           values.size(), rows[0].size()));
    for (std::size_t unit = 0; unit < values.size(); ++unit) {
      if (!std::isfinite(values[unit]))
        fail_caller("bootstrap",
                    fmt::format("row {}, unit {}: {} is not a finite number", row + 1, unit + 1, values[unit]));
    }
  }
}

// [blocks of kLane rows][units]: the values of a unit in a block lie side by side; missing rows are 0.
std::vector<Lane> lay_out(std::span<const std::span<const double>> rows, std::size_t units, std::size_t blocks) {
  std::vector<Lane> lanes(blocks * units, Lane{});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    Lane* block = lanes.data() + row / kLane * units;
    for (std::size_t unit = 0; unit < units; ++unit) block[unit][row % kLane] = rows[row][unit];
  }
  return lanes;
}

Lane sum(const Lane* block, std::span<const std::uint32_t> units) {
  Lane total{};
  for (const std::uint32_t unit : units) {
    const Lane& values = block[unit];
    for (std::size_t i = 0; i < kLane; ++i) total[i] += values[i];
  }
  return total;
}

double mean(std::span<const double> values) {
  double total = 0;
  for (const double x : values) total += x;
  return total / static_cast<double>(values.size());
}

}  // namespace

std::vector<Bootstrap> bootstrap_all(std::span<const std::span<const double>> rows, int resamples, std::uint64_t seed) {
  check(rows, resamples);
  std::vector<Bootstrap> result;
  if (rows.empty()) return result;
  const std::size_t units = rows[0].size();
  const auto count = static_cast<std::size_t>(resamples);
  const std::size_t blocks = (rows.size() + kLane - 1) / kLane;
  const std::vector<Lane> lanes = lay_out(rows, units, blocks);
  std::vector<std::vector<double>> means(rows.size(), std::vector<double>(count));
  const std::size_t parts = (count + kResamplesAtATime - 1) / kResamplesAtATime;
  const auto resample = [&](std::size_t part) {
    std::vector<std::uint32_t> drawn(units);
    const std::size_t last = std::min(count, (part + 1) * kResamplesAtATime);
    for (std::size_t r = part * kResamplesAtATime; r < last; ++r) {
      Stream stream(seed, "bootstrap", r);
      draw_with_replacement(stream, drawn);
      for (std::size_t block = 0; block < blocks; ++block) {
        const Lane total = sum(lanes.data() + block * units, drawn);
        const std::size_t first = block * kLane;
        for (std::size_t i = 0; i < kLane && first + i < rows.size(); ++i)
          means[first + i][r] = total[i] / static_cast<double>(units);
      }
    }
  };
  parallel_for(parts, resample, 1 + kWorthAThread / (units * kResamplesAtATime));
  parallel_for(
      rows.size(), [&](std::size_t row) { std::sort(means[row].begin(), means[row].end()); },
      1 + kWorthAThread / (16 * count));
  result.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row)
    result.push_back(Bootstrap(mean(rows[row]), std::move(means[row])));
  return result;
}

Bootstrap::Bootstrap(std::span<const double> values, int resamples, std::uint64_t seed)
    : Bootstrap(std::move(bootstrap_all({&values, 1}, resamples, seed).front())) {}

void draw_with_replacement(Stream& stream, std::span<std::uint32_t> drawn) {
  const std::uint64_t n = drawn.size();
  for (std::uint32_t& unit : drawn) unit = static_cast<std::uint32_t>((stream.next32() * n) >> 32);
}

Interval percentile_interval(std::span<const double> sorted, double alpha) {
  if (!(alpha > 0 && alpha < 1)) fail_caller("bootstrap", fmt::format("alpha {} is not in (0, 1)", alpha));
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
  };
  return {at(alpha / 2), at(1 - alpha / 2)};
}

Interval Bootstrap::interval(double alpha) const {
  return percentile_interval(means_, alpha);
}

double Bootstrap::p() const {
  const auto at_most = std::upper_bound(means_.begin(), means_.end(), 0.0) - means_.begin();
  const auto at_least = means_.end() - std::lower_bound(means_.begin(), means_.end(), 0.0);
  const auto fewer = static_cast<double>(std::min(at_most, at_least));
  return std::min(1.0, 2 * (fewer + 1) / static_cast<double>(means_.size() + 1));
}

}  // namespace tamis::stats
