#pragma once

#include <cstdint>

// The f32 loops of assign.h, for the instruction set of this machine.
namespace tamis::cluster {

struct TwoLeast {
  std::int32_t place;  ///< of the least, the first of equals
  float least;
  float second;  ///< the least of the others; infinity where there is none
};

struct NearestLoops {
  /// Of k values. What is not a number is passed over; if all are, place is 0.
  TwoLeast (*two_least)(const float* values, std::int64_t k);
  /// The first place from `begin` on whose value is at most `limit`; k where there is none.
  std::int64_t (*first_within)(const float* values, std::int64_t begin, std::int64_t k, float limit);
  /// |x - y|^2 of C components.
  float (*square_distance)(const float* x, const float* y, std::int64_t C);
};
const NearestLoops& nearest_loops();

}  // namespace tamis::cluster
