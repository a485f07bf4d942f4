#include "tamis/stats/covariance.h"

namespace tamis::stats {

void Covariance::update(double x, double y) {
  ++count;
  const double off_x = x - mean_x;
  const double off_y = y - mean_y;
  mean_x += off_x / static_cast<double>(count);
  mean_y += off_y / static_cast<double>(count);
  m2_x += off_x * (x - mean_x);
  m2_y += off_y * (y - mean_y);
  products += off_x * (y - mean_y);
}

void Covariance::merge(const Covariance& other) {
  if (other.count == 0) return;
  const auto n = static_cast<double>(count);
  const auto m = static_cast<double>(other.count);
  const double off_x = other.mean_x - mean_x;
  const double off_y = other.mean_y - mean_y;
  mean_x += off_x * m / (n + m);
  mean_y += off_y * m / (n + m);
  m2_x += other.m2_x + off_x * off_x * n * m / (n + m);
  m2_y += other.m2_y + off_y * off_y * n * m / (n + m);
  products += other.products + off_x * off_y * n * m / (n + m);
  count += other.count;
}

double Covariance::covariance() const {
  return count < 2 ? 0 : products / static_cast<double>(count - 1);
}

}  // namespace tamis::stats
