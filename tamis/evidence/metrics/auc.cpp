#include "tamis/evidence/metrics/auc.h"

#include <algorithm>
#include <vector>

#include "tamis/base/parallel.h"
#include "tamis/evidence/metrics/auc_sort.h"

namespace tamis::metrics {

namespace {

// Twice the pairs in the right order, a tied pair once, of the positives [begin, end): below 2^63 for 2^32 rows.
template <typename Key>
std::uint64_t twice_right(std::span<const Key> positive, std::span<const Key> negative) {
  if (positive.empty()) return 0;
  std::uint64_t right = 0;
  auto n =
      static_cast<std::size_t>(std::lower_bound(negative.begin(), negative.end(), positive.front()) - negative.begin());
  for (std::size_t p = 0; p < positive.size();) {
    const Key key = positive[p];
    const std::size_t begin = p;
    while (p < positive.size() && positive[p] == key) ++p;
    while (n < negative.size() && negative[n] < key) ++n;
    const std::size_t below = n;
    while (n < negative.size() && negative[n] == key) ++n;
    right += static_cast<std::uint64_t>(p - begin) * (below + n);
  }
  return right;
}

template <typename Key>
std::optional<double> area(const SortedClasses<Key>& sorted) {
  const auto positive = sorted.positive();
  const auto negative = sorted.negative();
  if (positive.empty() || negative.empty()) return std::nullopt;
  // A group of ties may be cut by a part's border: each half of it is compared with all its negatives all the same.
  const std::size_t parts = std::min<std::size_t>(positive.size(), 4 * static_cast<std::size_t>(threads()));
  std::vector<std::uint64_t> right(parts);
  parallel_for(parts, [&](std::size_t part) {
    const std::size_t begin = positive.size() * part / parts;
    const std::size_t end = positive.size() * (part + 1) / parts;
    right[part] = twice_right(positive.subspan(begin, end - begin), negative);
  });
  std::uint64_t total = 0;
  for (const std::uint64_t part : right) total += part;
  return static_cast<double>(total) / static_cast<double>(2 * std::uint64_t{positive.size()} * negative.size());
}

}  // namespace

std::optional<double> auc(std::span<const float> scores, std::span<const std::uint8_t> labels) {
  return area(SortedClasses<std::uint32_t>::sort(scores, labels));
}

std::optional<double> auc(std::span<const double> scores, std::span<const std::uint8_t> labels) {
  if (are_floats(scores)) return area(SortedClasses<std::uint32_t>::sort(scores, labels));
  return area(SortedClasses<std::uint64_t>::sort(scores, labels));
}

}  // namespace tamis::metrics
