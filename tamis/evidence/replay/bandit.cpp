#include "tamis/evidence/replay/bandit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/evidence/replay/bandit_checks.h"
#include "tamis/evidence/replay/bandit_interval.h"
#include "tamis/evidence/replay/bandit_model.h"
#include "tamis/stats/intervals.h"
#include "tamis/stats/proportion.h"

namespace tamis::replay {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostCells = 50'000'000;  // of a policy

struct Units {
  std::vector<data::Index> of;  // [n]
  std::size_t count = 0;
};

Units units_of(const BanditLog& log) {
  Units units{log.user, log.users.size()};
  if (!log.user.empty()) return units;
  units.of.resize(log.size());
  std::iota(units.of.begin(), units.of.end(), data::Index{0});
  units.count = log.size();
  return units;
}

/// A quotient of two sums over events, from the same sums over units.
class Quotient {
 public:
  Quotient(const Units& units, const std::vector<double>& above, const std::vector<double>& below)
      : above_(units.count), below_(units.count) {
    for (std::size_t e = 0; e < units.of.size(); ++e) {
      above_[units.of[e]] += above[e];
      below_[units.of[e]] += below[e];
    }
  }
  double value(std::span<const std::uint32_t> times) const {
    double above = 0, below = 0;
    for (std::size_t u = 0; u < times.size(); ++u) {
      above += times[u] * above_[u];
      below += times[u] * below_[u];
    }
    return below > 0 ? above / below : kUndefined;
  }

 private:
  std::vector<double> above_, below_;  // [units]
};

/// The value as it is, and its interval by the bootstrap where one is wanted.
void resample(const Units& units, const Resampled& value, const BanditOptions& options, Progress& progress,
              BanditEstimate& found) {
  const double estimate = value(std::vector<std::uint32_t>(units.count, 1));
  if (std::isnan(estimate)) return;
  found.value = estimate;
  if (found.interval != IntervalKind::bootstrap) return;
  if (units.count < 2) {
    found.why_no_interval = "one unit only: nothing can be drawn from it";
    return;
  }
  progress.begin("resamples", static_cast<std::uint64_t>(options.resamples));
  const auto values = bootstrap_values(units.count, options.resamples, options.seed, value, progress);
  progress.end();
  if (values.empty() || !(values.front() < values.back())) {
    found.why_no_interval = "every resample gives the same value: the log is too poor for an interval";
    return;
  }
  const stats::Interval interval = stats::percentile_interval(values, options.alpha);
  found.low = interval.low;
  found.high = interval.high;
  const std::size_t missing = static_cast<std::size_t>(options.resamples) - values.size();
  if (missing > 0)
    found.cautions.push_back(
        fmt::format("{} of {} resamples matched no event and are left out.", missing, options.resamples));
}

/// Mean reward over the kept events (kept [n] of 0 and 1).
void mean_of_kept(const BanditLog& log, const std::vector<double>& kept, const BanditOptions& options, bool learns,
                  Progress& progress, BanditEstimate& found) {
  const Units units = units_of(log);
  found.units = units.count;
  const bool exact = !learns && allows_exact(log) && options.interval != IntervalKind::bootstrap;
  found.interval = options.interval == IntervalKind::none ? IntervalKind::none
                   : exact                                ? IntervalKind::exact
                                                          : IntervalKind::bootstrap;
  std::vector<double> above(log.size());
  double sum = 0;
  for (std::size_t e = 0; e < log.size(); ++e) sum += above[e] = kept[e] * log.reward[e];
  const Quotient quotient(units, above, kept);
  resample(
      units, [&](std::span<const std::uint32_t> times) { return quotient.value(times); }, options, progress, found);
  if (found.interval != IntervalKind::exact || !found.value) return;
  const auto interval = stats::clopper_pearson(static_cast<std::uint64_t>(sum), found.matched, options.alpha);
  found.low = interval.low;
  found.high = interval.high;
}

/// Runs the policy over the log: event e draws from the stream (seed, "bandit replay", e).
BanditEstimate run_replay(const BanditLog& log, BanditPolicy& policy, const BanditOptions& options,
                          Progress& progress) {
  check_uniform(log, options);
  check_exact(log, options, policy.learns());
  BanditEstimate found;
  found.events = log.size();
  std::vector<double> kept(log.size());
  for (std::size_t e = 0; e < log.size(); ++e) {
    Stream stream(options.seed, "bandit replay", e);
    if (policy.choose(log.situation[e], stream) != log.arm[e]) continue;
    policy.update(log.situation[e], log.arm[e], log.reward[e]);
    kept[e] = 1;
    found.kept.push_back(static_cast<data::Index>(e));
  }
  found.matched = found.kept.size();
  if (found.matched == 0)
    found.why = fmt::format("the policy would have shown the logged arm at none of the {} events", log.size());
  else
    found.effective = static_cast<double>(found.matched);
  mean_of_kept(log, kept, options, policy.learns(), progress, found);
  add_reward_cautions(log, kept, found);
  return found;
}

std::vector<double> weights_of(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options,
                               BanditEstimate& found) {
  std::vector<double> weight(log.size());
  double sum = 0, before = 0, squares = 0, most = 0;
  for (std::size_t e = 0; e < log.size(); ++e) {
    double& w = weight[e];
    w = policy.at(log.situation[e])[log.arm[e]] / log.propensity[e];
    before += w;
    if (options.clip && w > *options.clip) {
      w = *options.clip;
      ++found.clipped;
    }
    found.matched += w > 0 ? 1 : 0;
    sum += w;
    squares += w * w;
    most = std::max(most, w);
  }
  found.mean_weight = before / static_cast<double>(log.size());
  found.max_weight = most;
  if (squares > 0) found.effective = sum * sum / squares;
  if (found.clipped > 0)
    found.cautions.push_back(fmt::format("{} weight{} clipped: the value is no longer unbiased.", found.clipped,
                                         found.clipped == 1 ? " is" : "s are"));
  return weight;
}

template <typename Choice, std::size_t N>
Choice choose(std::string_view text, const char* what, const std::pair<std::string_view, Choice> (&known)[N]) {
  std::string names;
  for (const auto& one : known) {
    if (one.first == text) return one.second;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", one.first);
  }
  fail_caller(what, fmt::format("'{}' is not one of {}", text, names));
}

constexpr std::pair<std::string_view, Estimator> kEstimators[] = {{"replay", Estimator::replay},
                                                                  {"ips", Estimator::ips},
                                                                  {"snips", Estimator::snips},
                                                                  {"dm", Estimator::dm},
                                                                  {"dr", Estimator::dr}};
constexpr std::pair<std::string_view, RewardCells> kCells[] = {
    {"arm", RewardCells::arm}, {"position", RewardCells::position}, {"context", RewardCells::situation}};
constexpr std::pair<std::string_view, IntervalKind> kIntervals[] = {{"auto", IntervalKind::automatic},
                                                                    {"bootstrap", IntervalKind::bootstrap},
                                                                    {"clopper-pearson", IntervalKind::exact},
                                                                    {"none", IntervalKind::none}};

}  // namespace

Estimator parse_estimator(std::string_view text) {
  return choose(text, "estimator", kEstimators);
}
std::string_view word(Estimator estimator) {
  return kEstimators[static_cast<std::size_t>(estimator)].first;
}
RewardCells parse_cells(std::string_view text) {
  return choose(text, "model", kCells);
}
std::string_view word(RewardCells cells) {
  return kCells[static_cast<std::size_t>(cells)].first;
}
IntervalKind parse_interval(std::string_view text) {
  return choose(text, "interval", kIntervals);
}
std::string_view word(IntervalKind kind) {
  return kIntervals[static_cast<std::size_t>(kind)].first;
}

BanditEstimate estimate_bandit(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options,
                               Progress& progress) {
  check_options(options);
  if (log.situations.size() * policy.arms > kMostCells)
    fail_caller("bandit replay", fmt::format("{} situations of {} arms are more than can be held; coarser contexts are "
                                             "needed",
                                             log.situations.size(), policy.arms));
  if (options.estimator == Estimator::replay) {
    FixedPolicy fixed(policy);
    BanditEstimate found = run_replay(log, fixed, options, progress);
    add_support_caution(log, policy, found);
    return found;
  }
  BanditEstimate found;
  found.events = log.size();
  std::vector<double> weight;
  if (options.estimator != Estimator::dm) {
    check_weighable(log, policy, options);
    weight = weights_of(log, policy, options, found);
  }
  const Units units = units_of(log);
  found.units = units.count;
  found.interval = options.interval == IntervalKind::none ? IntervalKind::none : IntervalKind::bootstrap;
  add_support_caution(log, policy, found);
  add_reward_cautions(log, weight.empty() ? std::vector<double>(log.size()) : weight, found);
  if (!weight.empty() && found.matched == 0) {
    found.why = fmt::format("the policy gives the logged arm no chance at any of the {} events", log.size());
    return found;
  }
  if (options.estimator == Estimator::dm || options.estimator == Estimator::dr) {
    const ModelEstimator model(log, policy, options.cells, options.folds, options.seed, units.of, weight);
    resample(
        units, [&](std::span<const std::uint32_t> times) { return model.value(times); }, options, progress, found);
    return found;
  }
  std::vector<double> above(log.size());
  for (std::size_t e = 0; e < log.size(); ++e) above[e] = weight[e] * log.reward[e];
  const Quotient quotient(units, above,
                          options.estimator == Estimator::snips ? weight : std::vector<double>(log.size(), 1));
  resample(
      units, [&](std::span<const std::uint32_t> times) { return quotient.value(times); }, options, progress, found);
  return found;
}

BanditEstimate replay_learner(const BanditLog& log, BanditPolicy& policy, const BanditOptions& options,
                              Progress& progress) {
  check_options(options);
  if (options.estimator != Estimator::replay)
    fail_caller("bandit replay", fmt::format("{} needs a policy's probabilities, and one that learns has none before "
                                             "it has learnt; take --estimator replay",
                                             word(options.estimator)));
  BanditEstimate found = run_replay(log, policy, options, progress);
  if (policy.learns() && found.low)
    found.cautions.push_back(
        "The interval takes the rewards met as independent: another course of learning is not in it.");
  return found;
}

BanditEstimate logged_value(const BanditLog& log, const BanditOptions& options, Progress& progress) {
  BanditOptions own = options;
  own.estimator = Estimator::replay;
  own.clip.reset();
  if (own.interval == IntervalKind::exact && !allows_exact(log)) own.interval = IntervalKind::bootstrap;
  BanditEstimate found;
  found.events = found.matched = log.size();
  found.effective = static_cast<double>(log.size());
  mean_of_kept(log, std::vector<double>(log.size(), 1), own, false, progress, found);
  return found;
}

}  // namespace tamis::replay
