#include "tamis/evidence/metrics/ranking_means.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kBlock = 512;  // queries a state; a fixed number, so that threads change no sum

bool asks(std::span<const Metric> metrics, Metric::Kind kind) {
  return std::any_of(metrics.begin(), metrics.end(), [kind](const Metric& metric) { return metric.kind == kind; });
}

}  // namespace

RankingMeans::RankingMeans(std::vector<Metric> metrics, RankingChoices choices, RankingMeansChoices means,
                           std::int32_t highest)
    : metrics_(std::move(metrics)),
      choices_(choices),
      means_(means),
      nonrelevant_(asks(metrics_, Metric::Kind::bpref)),
      auc_(asks(metrics_, Metric::Kind::auc) && choices.ties != Ties::average),
      summaries_(metrics_.size()),
      values_(metrics_.size()) {
  check_choices(metrics_, choices_, highest);
}

std::span<const double> RankingMeans::update(const JudgedList& list) {
  using Kind = Metric::Kind;
  ++queries_;
  const bool missing = list.scores.empty();
  missing_ += missing;
  const bool leave_out = missing && means_.missing == RankingMeansChoices::Missing::skip;
  ranking_.order(list, choices_, choices_.ties, nonrelevant_);
  if (auc_) tied_.order(list, choices_, Ties::average, false);
  without_relevant_ += ranking_.relevant == 0;
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    const Metric& metric = metrics_[m];
    values_[m] = std::numeric_limits<double>::quiet_NaN();
    if (leave_out) continue;
    std::optional<double> value = value_of(metric, auc_ && metric.kind == Kind::auc ? tied_ : ranking_, choices_);
    if (!value && means_.without_relevant == RankingMeansChoices::Without::zero && metric.kind != Kind::auc &&
        metric.kind != Kind::percentile_rank)
      value = 0;
    if (!value) continue;
    values_[m] = *value;
    summaries_[m].update(*value);
  }
  return values_;
}

void RankingMeans::merge(const RankingMeans& other) {
  const bool same = std::equal(metrics_.begin(), metrics_.end(), other.metrics_.begin(), other.metrics_.end(),
                               [](const Metric& a, const Metric& b) { return a.name == b.name; });
  if (!same) fail_caller("metrics", "means of other metrics cannot be merged; both need the same metrics in one order");
  for (std::size_t m = 0; m < summaries_.size(); ++m) summaries_[m].merge(other.summaries_[m]);
  queries_ += other.queries_;
  missing_ += other.missing_;
  without_relevant_ += other.without_relevant_;
}

Measured measure_all(const Judged& judged, std::span<const Metric> metrics, const RankingChoices& choices,
                     const RankingMeansChoices& means, bool keep_values) {
  const RankingMeans none({metrics.begin(), metrics.end()}, choices, means, judged.highest_grade);
  const std::size_t blocks = (judged.size() + kBlock - 1) / kBlock;
  std::vector<RankingMeans> parts(blocks, none);
  Measured measured{none, std::vector<double>(keep_values ? judged.size() * metrics.size() : 0)};
  parallel_for(blocks, [&](std::size_t block) {
    RankingMeans part = none;
    const std::size_t last = std::min(judged.size(), (block + 1) * kBlock);
    for (std::size_t query = block * kBlock; query < last; ++query) {
      const auto values = part.update(judged.list(query));
      if (keep_values)
        std::copy(values.begin(), values.end(),
                  measured.values.begin() + static_cast<std::ptrdiff_t>(query * metrics.size()));
    }
    parts[block].merge(part);
  });
  for (const RankingMeans& part : parts) measured.means.merge(part);
  return measured;
}

std::optional<stats::Interval> interval_over_queries(const stats::Summary& summary, double alpha) {
  if (summary.count < 2) return std::nullopt;
  const stats::Interval whole = stats::interval(stats::one_sample(summary), alpha);
  return stats::Interval{std::clamp(whole.low, 0.0, 1.0), std::clamp(whole.high, 0.0, 1.0)};
}

}  // namespace tamis::metrics
