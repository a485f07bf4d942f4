#include "tamis/evidence/metrics/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

std::vector<double> equal_widths(std::size_t count) {
  if (count == 0) fail_caller("calibration", "0 bins; one or more are needed");
  const double width = 1.0 / static_cast<double>(count);
  std::vector<double> edges;
  for (std::size_t i = 1; i < count; ++i) edges.push_back(static_cast<double>(i) * width);
  return edges;
}

}  // namespace

CalibrationBins::CalibrationBins(std::size_t count) : CalibrationBins(equal_widths(count)) {}

CalibrationBins::CalibrationBins(std::vector<double> inner_edges)
    : edges_(std::move(inner_edges)), sums_(edges_.size() + 1) {}

void CalibrationBins::update(double probability, bool positive, double weight) {
  if (!(probability >= 0) || !(probability <= 1))
    fail_caller("calibration", fmt::format("{} is no probability; a number from 0 to 1 is needed", probability));
  if (!(weight >= 0) || !std::isfinite(weight))
    fail_caller("calibration", fmt::format("the weight is {}; a finite number from 0 is needed", weight));
  const auto bin = std::lower_bound(edges_.begin(), edges_.end(), probability) - edges_.begin();
  Sums& sums = sums_[static_cast<std::size_t>(bin)];
  sums.weight.add(weight);
  sums.probability.add(weight * probability);
  if (positive) sums.positives.add(weight);
}

void CalibrationBins::merge(const CalibrationBins& other) {
  if (edges_ != other.edges_) fail_caller("calibration", "states with other edges of bins cannot be merged");
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i].weight.merge(other.sums_[i].weight);
    sums_[i].probability.merge(other.sums_[i].probability);
    sums_[i].positives.merge(other.sums_[i].positives);
  }
}

std::vector<CalibrationBin> CalibrationBins::bins() const {
  std::vector<CalibrationBin> bins;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    CalibrationBin bin{i == 0 ? 0 : edges_[i - 1], i == edges_.size() ? 1 : edges_[i], sums_[i].weight.value(), 0, 0};
    if (bin.weight > 0) {
      bin.probability = sums_[i].probability.value() / bin.weight;
      bin.positives = sums_[i].positives.value() / bin.weight;
    }
    bins.push_back(bin);
  }
  return bins;
}

std::vector<CalibrationBin> equal_mass_bins(const ScoredRows& rows, std::size_t count) {
  std::vector<double> edges = equal_widths(count);
  std::vector<double> sorted(rows.scores().begin(), rows.scores().end());
  std::sort(sorted.begin(), sorted.end());
  for (double& edge : edges) {
    if (sorted.empty()) break;
    // As numpy.percentile comes from shares to places, to the last bit: an edge may lie on a row.
    const double place = edge * 100 / 100 * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(place));
    const double a = sorted[below];
    const double b = sorted[std::min(below + 1, sorted.size() - 1)];
    const double t = place - std::floor(place);
    edge = t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t;
  }
  CalibrationBins bins(std::move(edges));
  for (std::size_t i = 0; i < rows.size(); ++i)
    bins.update(rows.scores()[i], rows.labels()[i] != 0, rows.weighted() ? rows.weights()[i] : 1);
  return bins.bins();
}

MetricValue expected_calibration_error(std::span<const CalibrationBin> bins) {
  CompensatedSum error;
  CompensatedSum weight;
  for (const CalibrationBin& bin : bins) {
    error.add(bin.weight * std::abs(bin.probability - bin.positives));
    weight.add(bin.weight);
  }
  if (weight.value() == 0) return undefined("there are no rows of a weight above 0");
  return {error.value() / weight.value(), {}};
}

}  // namespace tamis::metrics
