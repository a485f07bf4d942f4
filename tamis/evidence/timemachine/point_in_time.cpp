#include "tamis/evidence/timemachine/point_in_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::timemachine {

namespace {

using data::Time;

// A part of facts and labels stays within the second cache of a core, and the open ends of all parts within its pages.
constexpr std::size_t kPartRows = std::size_t{1} << 14;
constexpr unsigned kMostBits = 10;
// So many unknown versions are stepped over one by one before a tree over the key's known times is worth making.
constexpr std::size_t kSteps = 8;
constexpr std::uint32_t kNoKey = 0xFFFFFFFFU;

struct Row {
  std::int64_t key;
  Time time;
  std::uint32_t row;
};

struct Version {
  Time event;
  Time known;
  std::uint32_t row;

  bool operator<(const Version& other) const {
    if (event != other.event) return event < other.event;
    return known != other.known ? known < other.known : row < other.row;
  }
};

// The finalizer of MurmurHash3: every bit of the key moves every bit of the result.
std::uint64_t mixed(std::int64_t key) {
  auto bits = static_cast<std::uint64_t>(key);
  bits = (bits ^ (bits >> 33)) * 0xFF51AFD7ED558CCDULL;
  bits = (bits ^ (bits >> 33)) * 0xC4CEB9FE1A85EC53ULL;
  return bits ^ (bits >> 33);
}

std::size_t part_of(std::int64_t key, unsigned bits) {
  return bits == 0 ? 0 : static_cast<std::size_t>(mixed(key) >> (64 - bits));
}

// One side's rows by part of their keys, in their own order within a part.
struct Parts {
  std::unique_ptr<Row[]> rows;
  std::vector<std::size_t> begin;  // [parts + 1]

  std::span<const Row> part(std::size_t i) const { return {rows.get() + begin[i], begin[i + 1] - begin[i]}; }
};

Parts split(std::span<const std::int64_t> key, std::span<const Time> time, unsigned bits) {
  const std::size_t parts = std::size_t{1} << bits;
  const auto pieces = static_cast<std::size_t>(bits == 0 ? 1 : threads());
  const std::size_t piece = (key.size() + pieces - 1) / pieces;
  std::vector<std::vector<std::size_t>> places(pieces, std::vector<std::size_t>(parts));
  parallel_for(pieces, [&](std::size_t p) {
    for (std::size_t i = p * piece; i < std::min(key.size(), (p + 1) * piece); ++i) ++places[p][part_of(key[i], bits)];
  });
  Parts out{std::make_unique_for_overwrite<Row[]>(key.size()), std::vector<std::size_t>(parts + 1)};
  std::size_t next = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    out.begin[part] = next;
    for (auto& counts : places) next += std::exchange(counts[part], next);
  }
  out.begin[parts] = next;
  parallel_for(pieces, [&](std::size_t p) {
    for (std::size_t i = p * piece; i < std::min(key.size(), (p + 1) * piece); ++i)
      out.rows[places[p][part_of(key[i], bits)]++] = {key[i], time[i], static_cast<std::uint32_t>(i)};
  });
  return out;
}

// Which of a key's versions, in order, were known by a time: a tree of minima over their known times.
class KnownTree {
 public:
  bool made() const { return leaves_ > 0; }

  void make(std::span<const Version> versions) {
    leaves_ = std::bit_ceil(versions.size() + 1);
    least_.assign(2 * leaves_, std::numeric_limits<Time>::max());
    for (std::size_t i = 0; i < versions.size(); ++i) least_[leaves_ + i] = versions[i].known;
    for (std::size_t node = leaves_ - 1; node > 0; --node)
      least_[node] = std::min(least_[2 * node], least_[2 * node + 1]);
  }

  /// One past the last of the first `count` versions with known time <= last; 0 if there is none. count < leaves.
  std::size_t known(std::size_t count, Time last) const {
    for (std::size_t node = leaves_ + count; node > 1; node /= 2) {
      if (node % 2 == 0 || least_[node - 1] > last) continue;
      for (--node; node < leaves_;) node = 2 * node + (least_[2 * node + 1] <= last ? 1 : 0);
      return node - leaves_ + 1;
    }
    return 0;
  }

 private:
  std::size_t leaves_ = 0;
  std::vector<Time> least_;  // node 1 is the root, node i has children 2 i and 2 i + 1
};

// The facts of one part: each key's versions in order.
class History {
 public:
  History(std::span<const Row> facts, std::span<const Time> known_time, unsigned bits);

  std::uint32_t find(std::int64_t key) const { return keys_.empty() ? kNoKey : slots_[slot_of(key)]; }
  std::span<const Version> versions(std::uint32_t key) const {
    return {versions_.data() + begin_[key], begin_[key + 1] - begin_[key]};
  }
  /// One past the last of the key's first `count` versions with known time <= last; 0 if there is none.
  std::size_t known(std::uint32_t key, std::size_t count, Time last);

 private:
  std::uint32_t add(std::int64_t key);
  std::size_t slot_of(std::int64_t key) const;

  unsigned bits_;
  std::vector<std::uint32_t> slots_;  // open addressing: the number of a key
  std::vector<std::int64_t> keys_;
  std::vector<std::size_t> begin_;  // [keys + 1]
  std::vector<Version> versions_;
  std::vector<KnownTree> trees_;
};

History::History(std::span<const Row> facts, std::span<const Time> known_time, unsigned bits)
    : bits_(bits), slots_(std::bit_ceil(2 * facts.size() + 1), kNoKey), versions_(facts.size()) {
  std::vector<std::uint32_t> numbers(facts.size());
  for (std::size_t i = 0; i < facts.size(); ++i) {
    numbers[i] = add(facts[i].key);
    begin_.resize(keys_.size() + 1);
    ++begin_[numbers[i]];
  }
  std::size_t next = 0;
  for (std::size_t& begin : begin_) next += std::exchange(begin, next);
  // Filling moves every begin to the next key's.
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const Row& fact = facts[i];
    versions_[begin_[numbers[i]]++] = {fact.time, known_time.empty() ? fact.time : known_time[fact.row], fact.row};
  }
  for (std::size_t key = keys_.size(); key > 0; --key) begin_[key] = begin_[key - 1];
  if (!begin_.empty()) begin_[0] = 0;
  for (std::uint32_t key = 0; key < keys_.size(); ++key) {
    const std::span<Version> own(versions_.data() + begin_[key], begin_[key + 1] - begin_[key]);
    if (!std::is_sorted(own.begin(), own.end())) std::sort(own.begin(), own.end());
  }
  trees_.resize(known_time.empty() ? 0 : keys_.size());
}

std::size_t History::slot_of(std::int64_t key) const {
  const std::size_t mask = slots_.size() - 1;
  // The topmost bits chose the part and are the same for all its keys.
  std::size_t at = static_cast<std::size_t>(mixed(key) << bits_ >> 20) & mask;
  while (slots_[at] != kNoKey && keys_[slots_[at]] != key) at = (at + 1) & mask;
  return at;
}

std::uint32_t History::add(std::int64_t key) {
  std::uint32_t& number = slots_[slot_of(key)];
  if (number == kNoKey) {
    number = static_cast<std::uint32_t>(keys_.size());
    keys_.push_back(key);
  }
  return number;
}

std::size_t History::known(std::uint32_t key, std::size_t count, Time last) {
  const std::span<const Version> own = versions(key);
  const std::size_t end = count > kSteps ? count - kSteps : 0;
  for (std::size_t i = count; i > end; --i)
    if (own[i - 1].known <= last) return i;
  if (end == 0) return 0;
  if (!trees_[key].made()) trees_[key].make(own);
  return trees_[key].known(end, last);
}

struct Counts {
  std::uint64_t matched = 0;
  std::uint64_t unknown_yet = 0;
};

// a - b, or the least number where that cannot be held.
Time minus(Time a, Time b) {
  Time difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? std::numeric_limits<Time>::min() : difference;
}

// How many of the versions, which are in order, have event time <= last. Without a branch to guess: labels lie
// anywhere.
std::size_t happened(std::span<const Version> versions, Time last) {
  const Version* first = versions.data();
  for (std::size_t left = versions.size(); left > 0;) {
    const std::size_t half = (left + 1) / 2;
    first += first[half - 1].event <= last ? half : 0;
    left -= half;
  }
  return static_cast<std::size_t>(first - versions.data());
}

Counts join_part(std::span<const Row> labels, History& history, bool two_clocks, const AsOfOptions& options,
                 std::vector<std::int64_t>& fact) {
  Counts counts;
  for (const Row& label : labels) {
    const std::uint32_t key = history.find(label.key);
    if (key == kNoKey) continue;
    // Whole microseconds: before t is up to t - 1.
    if (options.strict && label.time == std::numeric_limits<Time>::min()) continue;
    const Time last = label.time - (options.strict ? 1 : 0);
    const Time first = options.tolerance ? minus(label.time, *options.tolerance) : std::numeric_limits<Time>::min();
    const std::span<const Version> versions = history.versions(key);
    std::size_t count = happened(versions, last);
    if (count == 0 || versions[count - 1].event < first) continue;
    if (two_clocks && versions[count - 1].known > last) {
      ++counts.unknown_yet;
      if (!options.event_time_only) count = history.known(key, count - 1, last);
      if (count == 0 || versions[count - 1].event < first) continue;
    }
    fact[label.row] = versions[count - 1].row;
    ++counts.matched;
  }
  return counts;
}

void check(const AsOfLabels& labels, const AsOfFacts& facts, const AsOfOptions& options) {
  const auto same = [](std::string_view side, std::size_t keys, std::size_t times) {
    if (keys != times) fail_caller("as_of_join", fmt::format("{} keys and {} times of {}", keys, times, side));
    if (keys > std::numeric_limits<std::uint32_t>::max())
      fail_caller("as_of_join", fmt::format("{} {}; at most 4294967295 can be joined", keys, side));
  };
  same("labels", labels.key.size(), labels.time.size());
  same("facts", facts.key.size(), facts.event_time.size());
  if (!facts.known_time.empty()) same("facts", facts.key.size(), facts.known_time.size());
  if (options.tolerance && *options.tolerance < 0)
    fail_caller("as_of_join", fmt::format("a tolerance of {} microseconds; at least 0 is needed", *options.tolerance));
}

}  // namespace

AsOf as_of_join(const AsOfLabels& labels, const AsOfFacts& facts, const AsOfOptions& options) {
  check(labels, facts, options);
  const std::size_t wanted = (labels.key.size() + facts.key.size()) / kPartRows;
  const unsigned bits = std::min<unsigned>(kMostBits, static_cast<unsigned>(std::bit_width(wanted)));
  const Parts label_parts = split(labels.key, labels.time, bits);
  const Parts fact_parts = split(facts.key, facts.event_time, bits);
  AsOf out;
  out.fact.assign(labels.key.size(), kNoFact);
  std::vector<Counts> counts(std::size_t{1} << bits);
  parallel_for(counts.size(), [&](std::size_t part) {
    if (label_parts.part(part).empty() || fact_parts.part(part).empty()) return;
    History history(fact_parts.part(part), facts.known_time, bits);
    counts[part] = join_part(label_parts.part(part), history, !facts.known_time.empty(), options, out.fact);
  });
  for (const Counts& part : counts) {
    out.matched += part.matched;
    out.unknown_yet += part.unknown_yet;
  }
  return out;
}

}  // namespace tamis::timemachine
