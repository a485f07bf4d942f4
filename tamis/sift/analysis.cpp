#include "tamis/sift/analysis.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/stats/intervals.h"

namespace tamis::sift {

namespace {

using Counts = std::function<bool(data::Index)>;

std::vector<double> counted(const data::UserValues& values, const Counts& counts) {
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.users.size(); ++i) {
    if (counts(values.users[i])) kept.push_back(values.values[i]);
  }
  return kept;
}

bool is_paired(const StagePlan& stage) {
  return stage.kind == StageKind::offline || stage.kind == StageKind::replay;
}

void need_users(const StagePlan& stage, std::string_view name, std::size_t users) {
  if (users >= 2) return;
  fail_world(fmt::format("stage {}", word(stage.kind)),
             fmt::format("{} has {} user{} to compare, needs at least 2", name, users, users == 1 ? "" : "s"));
}

/// Percentile bootstrap of the paired differences, all arms on the same resamples.
void compare_paired(const StagePlan& stage, const std::vector<std::vector<double>>& values, std::size_t incumbent,
                    std::uint64_t seed, std::vector<Arm>& arms, std::vector<stats::Bootstrap>& bootstraps) {
  std::vector<std::vector<double>> differences(values.size());
  std::vector<std::span<const double>> rows;
  for (std::size_t a = 0; a < values.size(); ++a) {
    for (std::size_t u = 0; u < values[a].size(); ++u) differences[a].push_back(values[a][u] - values[incumbent][u]);
    rows.emplace_back(differences[a]);
  }
  const std::uint64_t stream = seed ^ fnv1a(word(stage.kind));
  bootstraps = stats::bootstrap_all(rows, stage.resamples, stream);
  for (std::size_t a = 0; a < values.size(); ++a) {
    arms[a].estimate = bootstraps[a].estimate();
    arms[a].p = a == incumbent ? 1 : bootstraps[a].p();
  }
}

}  // namespace

std::vector<Arm> compare(const StagePlan& stage, const std::vector<std::size_t>& entered,
                         const std::vector<Measured>& measured, const Plan& plan, std::uint64_t seed,
                         const Counts& counts) {
  std::vector<Arm> arms(entered.size());
  std::vector<std::vector<double>> values(entered.size());
  std::size_t incumbent = 0;
  for (std::size_t a = 0; a < entered.size(); ++a) {
    if (entered[a] == plan.incumbent) incumbent = a;
    values[a] = counted(measured[a].values, counts);
    const auto summary = stats::summarize(values[a]);
    arms[a].candidate = entered[a];
    arms[a].value = summary.mean;
    arms[a].users = summary.count;
    if (stage.kind != StageKind::interleave || a != incumbent) {
      need_users(stage, plan.candidates[entered[a]].name, values[a].size());
    }
  }
  std::vector<stats::Bootstrap> bootstraps;
  std::vector<stats::TestResult> tests(entered.size());
  if (is_paired(stage)) {
    compare_paired(stage, values, incumbent, seed, arms, bootstraps);
  } else {
    const auto base = stats::summarize(values[incumbent]);
    for (std::size_t a = 0; a < entered.size(); ++a) {
      if (a == incumbent) continue;
      const auto summary = stats::summarize(values[a]);
      tests[a] = stage.kind == StageKind::ab ? stats::welch(summary, base) : stats::one_sample(summary);
      arms[a].estimate = tests[a].estimate;
      arms[a].p = tests[a].p;
    }
  }
  std::vector<double> p;
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (a != incumbent) p.push_back(arms[a].p);
  }
  const auto levels = stats::interval_levels(p, stage.correction, stage.alpha);
  std::size_t next = 0;
  for (std::size_t a = 0; a < arms.size(); ++a) {
    if (a == incumbent) continue;
    const double level = levels[next++];
    arms[a].interval = is_paired(stage) ? bootstraps[a].interval(level) : stats::interval(tests[a], level);
  }
  return arms;
}

std::optional<stats::Lift> lift_of(const StagePlan& stage, const Measured& arm, const Measured& incumbent, double alpha,
                                   const Counts& counts) {
  if (stage.kind == StageKind::interleave) return std::nullopt;
  const auto a = counted(arm.values, counts);
  const auto b = counted(incumbent.values, counts);
  const auto sa = stats::summarize(a);
  const auto sb = stats::summarize(b);
  if (sa.count < 2 || sb.count < 2 || !(sb.mean > 0)) return std::nullopt;
  double covariance = 0;
  if (is_paired(stage)) {
    for (std::size_t i = 0; i < a.size(); ++i) covariance += (a[i] - sa.mean) * (b[i] - sb.mean);
    covariance /= static_cast<double>(a.size() - 1) * static_cast<double>(a.size());
  }
  return stats::relative_lift(sa, sb, covariance, alpha);
}

}  // namespace tamis::sift
