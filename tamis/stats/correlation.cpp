#include "tamis/stats/correlation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/stats/intervals.h"

namespace tamis::stats {

namespace {

constexpr std::size_t kResamplesAtATime = 16;
// Draws below which waking another thread costs more than it saves.
constexpr std::size_t kWorthAThread = 1 << 16;

void require_finite(std::span<const double> values, std::string_view side) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      fail_caller("correlation", fmt::format("{} {}: {} is not a finite number", side, i + 1, values[i]));
  }
}

void check(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size())
    fail_caller("correlation", fmt::format("{} values beside {}; pairs are needed", x.size(), y.size()));
  require_finite(x, "value x");
  require_finite(y, "value y");
}

bool all_equal(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double x) { return x == values.front(); });
}

/// The values less their mean. First by a power of two, which is exact, to where squares neither vanish nor overflow.
std::vector<double> centred(std::span<const double> values) {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  int exponent = 0;
  std::frexp(largest, &exponent);
  std::vector<double> result(values.size());
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    result[i] = std::ldexp(values[i], -exponent);
    sum += result[i];
  }
  const double mean = sum / static_cast<double>(values.size());
  for (double& x : result) x -= mean;
  return result;
}

/// Values as places among the distinct ones, smallest first: what ranking any resample needs of them.
struct Coded {
  std::vector<std::uint32_t> place;
  std::size_t distinct = 0;
  std::vector<double> value;  ///< centred
};

Coded code(std::span<const double> values) {
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return values[a] < values[b]; });
  Coded coded{std::vector<std::uint32_t>(values.size()), 0, centred(values)};
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || values[order[i]] != values[order[i - 1]]) ++coded.distinct;
    coded.place[order[i]] = static_cast<std::uint32_t>(coded.distinct - 1);
  }
  return coded;
}

/// Room for one resample of one side: how often each distinct value was drawn, and its number (rank or value) less the
/// mean over the resample.
struct Side {
  std::vector<std::uint32_t> count;
  std::vector<double> number;
  double squares = 0;
  bool constant = false;

  void resample(const Coded& coded, std::span<const std::uint32_t> weight, Correlation kind);
};

void Side::resample(const Coded& coded, std::span<const std::uint32_t> weight, Correlation kind) {
  count.assign(coded.distinct, 0);
  number.assign(coded.distinct, 0);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    count[coded.place[i]] += weight[i];
    if (kind == Correlation::pearson) number[coded.place[i]] = coded.value[i];
  }
  const auto n = static_cast<double>(weight.size());
  double before = 0;
  double sum = 0;
  std::size_t drawn = 0;
  for (std::size_t place = 0; place < coded.distinct; ++place) {
    const auto times = static_cast<double>(count[place]);
    if (kind == Correlation::spearman) number[place] = before + (times + 1) / 2;
    before += times;
    sum += times * number[place];
    drawn += times > 0 ? 1 : 0;
  }
  const double mean = kind == Correlation::spearman ? (n + 1) / 2 : sum / n;
  squares = 0;
  for (std::size_t place = 0; place < coded.distinct; ++place) {
    number[place] -= mean;
    squares += static_cast<double>(count[place]) * number[place] * number[place];
  }
  constant = drawn < 2;
}

double correlate(const Coded& a, const Side& x, const Coded& b, const Side& y, std::span<const std::uint32_t> weight) {
  if (x.constant || y.constant || x.squares == 0 || y.squares == 0) return std::nan("");
  double products = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    products += weight[i] * x.number[a.place[i]] * y.number[b.place[i]];
  }
  return std::clamp(products / std::sqrt(x.squares) / std::sqrt(y.squares), -1.0, 1.0);
}

/// The pairs of each part that counts, by index.
std::vector<std::vector<std::uint32_t>> members(Aggregate aggregate, const GoldSet& set) {
  if (!set.part.empty() && set.part.size() != set.gold.size())
    fail_caller("correlation", fmt::format("{} pairs, of which {} have a part", set.gold.size(), set.part.size()));
  std::vector<std::vector<std::uint32_t>> parts(1);
  for (std::size_t i = 0; i < set.gold.size(); ++i) {
    const std::size_t part = aggregate == Aggregate::all || set.part.empty() ? 0 : set.part[i];
    if (part >= set.gold.size()) fail_caller("correlation", fmt::format("pair {}: part {} of too few", i + 1, part));
    if (part >= parts.size()) parts.resize(part + 1);
    parts[part].push_back(static_cast<std::uint32_t>(i));
  }
  std::erase_if(parts, [](const auto& part) { return part.empty(); });
  return parts;
}

std::vector<double> pick(std::span<const double> values, std::span<const std::uint32_t> which) {
  std::vector<double> picked;
  picked.reserve(which.size());
  for (const std::uint32_t i : which) picked.push_back(values[i]);
  return picked;
}

double share(Aggregate aggregate, std::size_t pairs, std::size_t all_pairs, std::size_t parts) {
  if (aggregate == Aggregate::weighted_mean) return static_cast<double>(pairs) / static_cast<double>(all_pairs);
  return 1.0 / static_cast<double>(parts);
}

/// A part with its gold and each row's scores, coded.
struct CodedPart {
  Coded gold;
  std::vector<Coded> scores;
  double share = 0;
};

class Resampler {
 public:
  Resampler(Correlation kind, std::span<const CodedPart> parts) : kind_(kind), parts_(parts) {}

  /// Draws once and gives each row's correlation over the parts.
  void operator()(Stream stream, std::span<double> rows) {
    std::fill(rows.begin(), rows.end(), 0.0);
    for (const CodedPart& part : parts_) {
      drawn_.resize(part.gold.place.size());
      draw_with_replacement(stream, drawn_);
      weight_.assign(drawn_.size(), 0);
      for (const std::uint32_t i : drawn_) ++weight_[i];
      gold_.resample(part.gold, weight_, kind_);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        score_.resample(part.scores[row], weight_, kind_);
        rows[row] += part.share * correlate(part.gold, gold_, part.scores[row], score_, weight_);
      }
    }
  }

 private:
  Correlation kind_;
  std::span<const CodedPart> parts_;
  std::vector<std::uint32_t> drawn_, weight_;
  Side gold_, score_;
};

}  // namespace

std::optional<double> pearson(std::span<const double> x, std::span<const double> y) {
  check(x, y);
  if (x.size() < 2 || all_equal(x) || all_equal(y)) return std::nullopt;
  const std::vector<double> a = centred(x);
  const std::vector<double> b = centred(y);
  double products = 0, squares_a = 0, squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    products += a[i] * b[i];
    squares_a += a[i] * a[i];
    squares_b += b[i] * b[i];
  }
  return std::clamp(products / std::sqrt(squares_a) / std::sqrt(squares_b), -1.0, 1.0);
}

std::vector<double> ranks(std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) fail_caller("ranks", fmt::format("value {} is not a number", i + 1));
  }
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) result[order[i]] = static_cast<double>(begin + end + 1) / 2;
    begin = end;
  }
  return result;
}

std::optional<double> spearman(std::span<const double> x, std::span<const double> y) {
  check(x, y);
  return pearson(ranks(x), ranks(y));
}

Aggregate parse_aggregate(std::string_view text) {
  for (const Aggregate aggregate : {Aggregate::all, Aggregate::mean, Aggregate::weighted_mean}) {
    if (text == stats::text(aggregate)) return aggregate;
  }
  fail_caller("aggregate", fmt::format("\"{}\" is no aggregation; accepted: all, mean, wmean", text));
}

std::string_view text(Aggregate aggregate) {
  return aggregate == Aggregate::all ? "all" : aggregate == Aggregate::mean ? "mean" : "wmean";
}

std::optional<double> correlation(Correlation kind, Aggregate aggregate, const GoldSet& set,
                                  std::span<const double> score) {
  check(set.gold, score);
  const auto parts = members(aggregate, set);
  double total = 0;
  for (const auto& part : parts) {
    const auto gold = pick(set.gold, part);
    const auto scores = pick(score, part);
    const auto value = kind == Correlation::spearman ? spearman(gold, scores) : pearson(gold, scores);
    if (!value) return std::nullopt;
    total += share(aggregate, part.size(), set.gold.size(), parts.size()) * *value;
  }
  return parts.empty() ? std::nullopt : std::optional(total);
}

std::vector<ResampledCorrelation> bootstrap_correlation(Correlation kind, Aggregate aggregate, const GoldSet& set,
                                                        std::span<const std::span<const double>> scores, int resamples,
                                                        std::uint64_t seed) {
  if (resamples < 1) fail_caller("bootstrap", fmt::format("{} resamples; at least 1 is needed", resamples));
  const auto count = static_cast<std::size_t>(resamples);
  std::vector<ResampledCorrelation> result;
  for (const auto& score : scores) {
    result.push_back({correlation(kind, aggregate, set, score), std::vector<double>(count)});
  }
  const auto groups = members(aggregate, set);
  std::vector<CodedPart> parts;
  for (const auto& group : groups) {
    CodedPart part{code(pick(set.gold, group)), {}, share(aggregate, group.size(), set.gold.size(), groups.size())};
    for (const auto& score : scores) part.scores.push_back(code(pick(score, group)));
    parts.push_back(std::move(part));
  }
  const auto some = [&](std::size_t piece) {
    Resampler resampler(kind, parts);
    std::vector<double> rows(scores.size());
    const std::size_t last = std::min(count, (piece + 1) * kResamplesAtATime);
    for (std::size_t r = piece * kResamplesAtATime; r < last; ++r) {
      resampler(Stream(seed, "bootstrap", r), rows);
      for (std::size_t row = 0; row < rows.size(); ++row)
        result[row].resampled[r] = parts.empty() ? std::nan("") : rows[row];
    }
  };
  const std::size_t draws = std::max<std::size_t>(1, set.gold.size() * kResamplesAtATime);
  parallel_for((count + kResamplesAtATime - 1) / kResamplesAtATime, some, 1 + kWorthAThread / draws);
  return result;
}

std::optional<Interval> ResampledCorrelation::interval(double alpha) const {
  std::vector<double> sorted;
  std::copy_if(resampled.begin(), resampled.end(), std::back_inserter(sorted), [](double x) { return !std::isnan(x); });
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return std::nullopt;
  return percentile_interval(sorted, alpha);
}

ResampledCorrelation difference(const ResampledCorrelation& a, const ResampledCorrelation& b) {
  if (a.resampled.size() != b.resampled.size())
    fail_caller("difference", "two correlations of one bootstrap are needed; these have unequal numbers of resamples");
  ResampledCorrelation result{std::nullopt, std::vector<double>(a.resampled.size())};
  if (a.estimate && b.estimate) result.estimate = *a.estimate - *b.estimate;
  for (std::size_t r = 0; r < a.resampled.size(); ++r) result.resampled[r] = a.resampled[r] - b.resampled[r];
  return result;
}

}  // namespace tamis::stats
