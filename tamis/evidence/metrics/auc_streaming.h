#pragma once

#include <cstdint>
#include <vector>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// AUC in memory that does not grow with the rows: a histogram over the order of scores, 2^bits bins cut by the first
/// `bits` bits of the score as a 32-bit float (sign, exponent, the mantissa's first bits), 16 bytes a bin. No range has
/// to be known; 512 bins lie between a score and its double at 18 bits. What two bins order is exact, what one bin
/// holds is taken as tied: |value - AUC| <= error, with error = 1/2 the sum over bins of p n, over P N.
class StreamingAuc {
 public:
  /// bits: 10 to 26 (invalid_argument else).
  explicit StreamingAuc(int bits = 18);
  /// score: finite (invalid_argument else).
  void update(double score, bool positive);
  /// Throws invalid_argument for another number of bits.
  void merge(const StreamingAuc& other);

  MetricValue value() const;  ///< undefined unless there are rows of both classes
  double error() const;       ///< 0 where the value is undefined
  std::uint64_t rows() const;

 private:
  struct Bin {
    std::uint64_t positives = 0;
    std::uint64_t negatives = 0;
  };
  int bits_;
  std::vector<Bin> bins_;  ///< lowest scores first
};

}  // namespace tamis::metrics
