#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace tamis::metrics {

/// A finite value, or none and the reason in words: never NaN, never silently 0 or 1.
struct MetricValue {
  std::optional<double> value;
  std::string why;  ///< empty where there is a value
};

inline MetricValue undefined(std::string why) {
  return {std::nullopt, std::move(why)};
}

/// A sum that keeps beside it what rounding took away, so that the order of adding and merging moves its value by no
/// more than a rounding or two; sums of whole numbers below 2^53 are exact. Neumaier, ZAMM 54 (1974).
class CompensatedSum {
 public:
  void add(double x) {
    const double total = total_ + x;
    lost_ += std::abs(total_) >= std::abs(x) ? (total_ - total) + x : (x - total) + total_;
    total_ = total;
  }
  void merge(const CompensatedSum& other) {
    add(other.total_);
    lost_ += other.lost_;
  }
  double value() const { return total_ + lost_; }

 private:
  double total_ = 0;
  double lost_ = 0;
};

}  // namespace tamis::metrics
