#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace tamis::metrics {

/// A score as a whole number of the same order: the sign bit turned for numbers from 0, all bits for those below.
/// -0 becomes 0.
inline std::uint32_t key_of(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}
inline std::uint64_t key_of(double score) {
  const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);
  return (bits & 0x8000000000000000ULL) != 0 ? ~bits : bits | 0x8000000000000000ULL;
}
inline float score_of(std::uint32_t key) {
  return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7fffffffU : ~key);
}
inline double score_of(std::uint64_t key) {
  return std::bit_cast<double>((key & 0x8000000000000000ULL) != 0 ? key & 0x7fffffffffffffffULL : ~key);
}

/// The keys of both classes, each in ascending order.
template <typename Key>
class SortedClasses {
 public:
  std::span<const Key> positive() const { return {keys_.get(), positives_}; }
  std::span<const Key> negative() const { return {keys_.get() + positives_, rows_ - positives_}; }

  /// Checks as auc() does.
  template <typename Score>
  static SortedClasses sort(std::span<const Score> scores, std::span<const std::uint8_t> labels);

 private:
  std::unique_ptr<Key[]> keys_;  // the positives, then the negatives
  std::size_t positives_ = 0;
  std::size_t rows_ = 0;
};

/// The rows of one score, or of one key.
struct TiedRows {
  std::uint64_t positives = 0;
  std::uint64_t negatives = 0;
};

/// Calls visit(key, TiedRows) for each different key, ascending.
template <typename Key, typename Visit>
void visit_ties(std::span<const Key> positive, std::span<const Key> negative, const Visit& visit) {
  std::size_t p = 0;
  std::size_t n = 0;
  while (p < positive.size() || n < negative.size()) {
    const bool take_positive = n == negative.size() || (p < positive.size() && positive[p] <= negative[n]);
    const Key key = take_positive ? positive[p] : negative[n];
    TiedRows tied;
    for (; p < positive.size() && positive[p] == key; ++p) ++tied.positives;
    for (; n < negative.size() && negative[n] == key; ++n) ++tied.negatives;
    visit(key, tied);
  }
}

/// True if each of them is a float, so that keys of 32 bits keep their order and their ties.
bool are_floats(std::span<const double> scores);

}  // namespace tamis::metrics
