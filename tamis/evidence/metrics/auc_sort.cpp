#include "tamis/evidence/metrics/auc_sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::metrics {

namespace {

constexpr unsigned kDigitBits = 11;
constexpr std::size_t kBuckets = std::size_t{1} << kDigitBits;
constexpr std::size_t kFewRows = 1 << 13;

using Counts = std::array<std::size_t, kBuckets>;

// Rows [begin, end) of part `part` of `parts`.
struct Part {
  Part(std::size_t rows, std::size_t part, std::size_t parts)
      : begin(rows * part / parts), end(rows * (part + 1) / parts) {}
  std::size_t begin, end;
};

// More than one part a thread, so that a thread that is held up leaves its share to the others.
std::size_t parts_of(std::size_t rows) {
  const int count = threads();
  return rows < kFewRows || count == 1 ? 1 : 4 * static_cast<std::size_t>(count);
}

// One digit, least significant first: count, then move stably, each part of the rows to its own share of each bucket.
// False if all keys have the same digit, and nothing moved.
template <typename Key>
bool move_by_digit(std::span<const Key> from, Key* to, unsigned shift, std::vector<Counts>& counts) {
  const std::size_t parts = counts.size();
  parallel_for(parts, [&](std::size_t part) {
    Counts& count = counts[part];
    count.fill(0);
    const Part rows(from.size(), part, parts);
    for (std::size_t i = rows.begin; i < rows.end; ++i) ++count[(from[i] >> shift) & (kBuckets - 1)];
  });
  std::size_t place = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const std::size_t before = place;
    for (Counts& count : counts) {
      const std::size_t here = count[bucket];
      count[bucket] = place;
      place += here;
    }
    if (place - before == from.size()) return false;
  }
  parallel_for(parts, [&](std::size_t part) {
    Counts& count = counts[part];
    const Part rows(from.size(), part, parts);
    for (std::size_t i = rows.begin; i < rows.end; ++i) to[count[(from[i] >> shift) & (kBuckets - 1)]++] = from[i];
  });
  return true;
}

template <typename Key>
void radix_sort(std::span<Key> keys, std::span<Key> room) {
  if (keys.size() < kFewRows) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  std::vector<Counts> counts(parts_of(keys.size()));
  std::span<Key> from = keys;
  std::span<Key> to = room;
  for (unsigned shift = 0; shift < 8 * sizeof(Key); shift += kDigitBits)
    if (move_by_digit<Key>(from, to.data(), shift, counts)) std::swap(from, to);
  if (from.data() != keys.data()) std::copy(from.begin(), from.end(), keys.begin());
}

// What a part of the rows holds; `bad` is its first row that cannot be used.
struct Checked {
  std::size_t positives = 0;
  std::size_t bad = static_cast<std::size_t>(-1);
};

template <typename Score>
Checked check_part(std::span<const Score> scores, std::span<const std::uint8_t> labels, Part part) {
  Checked checked;
  std::uint8_t all_labels = 0;
  bool finite = true;
  for (std::size_t i = part.begin; i < part.end; ++i) {
    all_labels |= labels[i];
    checked.positives += labels[i];
    finite &= std::abs(scores[i]) <= std::numeric_limits<Score>::max();
  }
  if (all_labels <= 1 && finite) return checked;
  for (std::size_t i = part.begin; i < part.end; ++i) {
    if (labels[i] <= 1 && std::isfinite(scores[i])) continue;
    checked.bad = i;
    break;
  }
  return checked;
}

template <typename Score>
std::vector<Checked> check(std::span<const Score> scores, std::span<const std::uint8_t> labels) {
  if (scores.size() != labels.size())
    fail_caller("auc",
                fmt::format("{} scores but {} labels; one of each a row is needed", scores.size(), labels.size()));
  if (scores.size() >= std::uint64_t{1} << 32)
    fail_caller("auc", fmt::format("{} rows; fewer than 2^32 are accepted", scores.size()));
  std::vector<Checked> parts(parts_of(scores.size()));
  parallel_for(parts.size(), [&](std::size_t part) {
    parts[part] = check_part(scores, labels, Part(scores.size(), part, parts.size()));
  });
  for (const Checked& part : parts) {
    if (part.bad == Checked{}.bad) continue;
    const std::size_t row = part.bad;
    if (labels[row] > 1) fail_caller("auc", fmt::format("label {} is {}; 0 or 1 is needed", row + 1, labels[row]));
    fail_caller("auc", fmt::format("score {} is {}; a finite number is needed", row + 1, scores[row]));
  }
  return parts;
}

}  // namespace

bool are_floats(std::span<const double> scores) {
  constexpr std::size_t kAtOnce = 4096;
  for (std::size_t begin = 0; begin < scores.size(); begin += kAtOnce) {
    bool all = true;
    for (const double score : scores.subspan(begin, std::min(kAtOnce, scores.size() - begin)))
      all &= static_cast<double>(static_cast<float>(score)) == score;
    if (!all) return false;
  }
  return true;
}

template <typename Key>
template <typename Score>
SortedClasses<Key> SortedClasses<Key>::sort(std::span<const Score> scores, std::span<const std::uint8_t> labels) {
  using Exact = std::conditional_t<sizeof(Key) == 4, float, double>;
  const std::vector<Checked> parts = check(scores, labels);
  SortedClasses sorted;
  sorted.rows_ = scores.size();
  for (const Checked& part : parts) sorted.positives_ += part.positives;
  sorted.keys_ = std::make_unique_for_overwrite<Key[]>(sorted.rows_);
  parallel_for(parts.size(), [&](std::size_t index) {
    const Part part(scores.size(), index, parts.size());
    std::size_t positive = 0;
    for (std::size_t before = 0; before < index; ++before) positive += parts[before].positives;
    std::size_t negative = sorted.positives_ + part.begin - positive;
    Key* const keys = sorted.keys_.get();
    for (std::size_t i = part.begin; i < part.end; ++i) {
      const std::size_t label = labels[i];
      keys[label != 0 ? positive : negative] = key_of(static_cast<Exact>(scores[i]));
      positive += label;
      negative += 1 - label;
    }
  });
  const auto room =
      std::make_unique_for_overwrite<Key[]>(std::max(sorted.positives_, sorted.rows_ - sorted.positives_));
  const std::span<Key> all(sorted.keys_.get(), sorted.rows_);
  radix_sort(all.first(sorted.positives_), std::span(room.get(), sorted.positives_));
  radix_sort(all.subspan(sorted.positives_), std::span(room.get(), sorted.rows_ - sorted.positives_));
  return sorted;
}

template SortedClasses<std::uint32_t> SortedClasses<std::uint32_t>::sort(std::span<const float>,
                                                                         std::span<const std::uint8_t>);
template SortedClasses<std::uint32_t> SortedClasses<std::uint32_t>::sort(std::span<const double>,
                                                                         std::span<const std::uint8_t>);
template SortedClasses<std::uint64_t> SortedClasses<std::uint64_t>::sort(std::span<const double>,
                                                                         std::span<const std::uint8_t>);

}  // namespace tamis::metrics
