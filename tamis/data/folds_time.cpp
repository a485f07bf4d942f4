#include "tamis/data/folds_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::data {

namespace {

constexpr std::string_view kWhere = "split";

void need_times(std::span<const Time> times) {
  if (times.empty()) fail_caller(kWhere, "there are no rows to split");
  if (times.size() >= kNone)
    fail_caller(kWhere, fmt::format("{} rows; at most 4294967294 can be numbered", times.size()));
}

std::string span_words(std::span<const Time> times) {
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  return fmt::format("the rows run from {} to {}", format_time(*first), format_time(*last));
}

void need_length(Time length, Time least, std::string_view what) {
  if (length < least)
    fail_caller(kWhere, fmt::format("the {} is {} microseconds; {} 0 is needed", what, length,
                                    least == 0 ? "at least" : "more than"));
}

}  // namespace

Fold time_fold(std::span<const Time> times, const TimeRanges& ranges, std::span<const Time> known) {
  need_times(times);
  if (!known.empty() && known.size() != times.size())
    fail_caller(kWhere, fmt::format("{} times at which rows became known for {} rows", known.size(), times.size()));
  if (ranges.train_until > ranges.test_from) {
    fail_caller(kWhere,
                fmt::format("the ranges overlap: training ends at {}, after the test begins at {}; it must end before",
                            format_time(ranges.train_until), format_time(ranges.test_from)));
  }
  if (ranges.train_from && *ranges.train_from >= ranges.train_until)
    fail_caller(kWhere, fmt::format("the training range begins at {} and ends at {}; it must begin before it ends",
                                    format_time(*ranges.train_from), format_time(ranges.train_until)));
  if (ranges.test_until && *ranges.test_until <= ranges.test_from)
    fail_caller(kWhere, fmt::format("the test range begins at {} and ends at {}; it must begin before it ends",
                                    format_time(ranges.test_from), format_time(*ranges.test_until)));
  Fold fold;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Time time = times[i];
    if (time >= ranges.test_from) {
      if (!ranges.test_until || time < *ranges.test_until) fold.test.push_back(static_cast<Index>(i));
    } else if (time < ranges.train_until && (!ranges.train_from || time >= *ranges.train_from) &&
               (known.empty() || known[i] < ranges.train_until)) {
      fold.train.push_back(static_cast<Index>(i));
    }
  }
  if (fold.train.empty())
    fail_caller(kWhere,
                fmt::format("no row to train on before {}: {}", format_time(ranges.train_until), span_words(times)));
  if (fold.test.empty())
    fail_caller(kWhere,
                fmt::format("no row to test on from {}{}: {}", format_time(ranges.test_from),
                            ranges.test_until ? " to " + format_time(*ranges.test_until) : "", span_words(times)));
  return fold;
}

TimeRanges last_share(std::span<const Time> times, double share, Time gap) {
  need_times(times);
  if (!(share > 0 && share < 1))
    fail_caller(kWhere, fmt::format("the test side's share is {}; above 0 and below 1 is needed", share));
  need_length(gap, 0, "gap");
  const auto count = static_cast<std::size_t>(std::llround(share * static_cast<double>(times.size())));
  if (count == 0 || count >= times.size())
    fail_caller(kWhere, fmt::format("a share of {} of {} rows leaves the {} side empty", share, times.size(),
                                    count == 0 ? "test" : "train"));
  std::vector<Time> sorted(times.begin(), times.end());
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() - count);
  std::nth_element(sorted.begin(), place, sorted.end());
  TimeRanges ranges;
  ranges.test_from = *place;
  ranges.train_until = *place - gap;
  return ranges;
}

std::vector<TimeRanges> rolling_ranges(std::span<const Time> times, const RollingWindows& windows) {
  need_times(times);
  need_length(windows.train, 1, "training window");
  need_length(windows.test, 1, "test window");
  need_length(windows.gap, 0, "gap");
  need_length(windows.step, 0, "step");
  const Time step = windows.step == 0 ? windows.test : windows.step;
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  // Lengths are compared with what is left of the span, so that no sum can overflow.
  const std::uint64_t span = static_cast<std::uint64_t>(*last) - static_cast<std::uint64_t>(*first) + 1;
  std::uint64_t left = span;
  for (const Time length : {windows.train, windows.gap, windows.test}) {
    if (static_cast<std::uint64_t>(length) > left)
      fail_caller(kWhere, fmt::format("not one window fits: training, gap and test are longer than the data; {}",
                                      span_words(times)));
    left -= static_cast<std::uint64_t>(length);
  }
  const std::uint64_t count = left / static_cast<std::uint64_t>(step) + 1;
  if (count > kMostWindows)
    fail_caller(kWhere, fmt::format("{} windows; at most {}: a longer step is needed", count, kMostWindows));
  std::vector<TimeRanges> list;
  for (std::uint64_t w = 0; w < count; ++w) {
    const Time begin = *first + static_cast<Time>(w) * step;
    TimeRanges ranges;
    ranges.train_from = windows.expanding ? *first : begin;
    ranges.train_until = begin + windows.train;
    ranges.test_from = ranges.train_until + windows.gap;
    ranges.test_until = ranges.test_from + windows.test;
    list.push_back(ranges);
  }
  return list;
}

Fold leave_last_out(std::span<const Index> users, std::span<const Time> times, std::size_t count) {
  need_times(times);
  if (users.size() != times.size())
    fail_caller(kWhere, fmt::format("{} users and {} times; one of each a row is needed", users.size(), times.size()));
  if (count == 0) fail_caller(kWhere, "0 last rows of each user; at least 1 is needed");
  std::vector<Index> order(times.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return users[a] != users[b] ? users[a] < users[b] : times[a] < times[b]; });
  std::vector<bool> test(times.size());
  bool any = false;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && users[order[end]] == users[order[begin]]) ++end;
    if (end - begin <= count) continue;
    any = true;
    for (std::size_t i = end - count; i < end; ++i) test[order[i]] = true;
  }
  if (!any)
    fail_caller(kWhere, fmt::format("no user has more than {} row{}: nothing is left to test on", count,
                                    count == 1 ? "" : "s"));
  Fold fold;
  for (std::size_t i = 0; i < test.size(); ++i) (test[i] ? fold.test : fold.train).push_back(static_cast<Index>(i));
  return fold;
}

std::size_t later_rows(const Fold& fold, std::span<const Time> times) {
  Time first = std::numeric_limits<Time>::max();
  for (const Index row : fold.test) first = std::min(first, times[row]);
  if (fold.test.empty()) return 0;
  return static_cast<std::size_t>(
      std::count_if(fold.train.begin(), fold.train.end(), [&](Index row) { return times[row] >= first; }));
}

Cold parse_cold(std::string_view word) {
  if (word == "keep") return Cold::keep;
  if (word == "drop") return Cold::drop;
  if (word == "only") return Cold::only;
  fail_caller("cold", fmt::format("\"{}\" is not one of keep, drop, only", word));
}

void keep_cold(Fold& fold, std::span<const std::vector<Index>> keys, Cold cold) {
  if (cold == Cold::keep) return;
  std::vector<std::vector<bool>> seen;
  for (const std::vector<Index>& of : keys) {
    seen.emplace_back(of.empty() ? 0 : std::size_t{*std::max_element(of.begin(), of.end())} + 1);
    for (const Index row : fold.train) seen.back()[of[row]] = true;
  }
  std::erase_if(fold.test, [&](Index row) {
    bool is_cold = false;
    for (std::size_t k = 0; k < keys.size(); ++k) is_cold = is_cold || !seen[k][keys[k][row]];
    return is_cold == (cold == Cold::drop);
  });
  if (fold.test.empty())
    fail_caller(kWhere, cold == Cold::drop ? "every test row is cold: dropping them leaves nothing to test on"
                                           : "no test row is cold: nothing is left to test on");
}

}  // namespace tamis::data
