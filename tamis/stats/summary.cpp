#include "tamis/stats/summary.h"

#include <cmath>

namespace tamis::stats {

void Summary::update(double x) {
  ++count;
  const double delta = x - mean;
  mean += delta / static_cast<double>(count);
  m2 += delta * (x - mean);
}

void Summary::merge(const Summary& other) {
  if (other.count == 0) return;
  const auto n = static_cast<double>(count);
  const auto m = static_cast<double>(other.count);
  const double delta = other.mean - mean;
  mean += delta * m / (n + m);
  m2 += other.m2 + delta * delta * n * m / (n + m);
  count += other.count;
}

double Summary::variance() const {
  return count < 2 ? 0 : m2 / static_cast<double>(count - 1);
}

double Summary::standard_error() const {
  return count < 2 ? 0 : std::sqrt(variance() / static_cast<double>(count));
}

Summary summarize(std::span<const double> values) {
  Summary summary;
  for (const double x : values) summary.update(x);
  return summary;
}

}  // namespace tamis::stats
