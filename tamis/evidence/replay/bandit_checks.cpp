#include "tamis/evidence/replay/bandit_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::replay {

namespace {

constexpr std::string_view kWhere = "bandit replay";
constexpr double kSame = 1e-6;      // of two propensities, relative
constexpr std::uint64_t kFew = 10;  // rewards other than 0

bool weighs(Estimator estimator) {
  return estimator == Estimator::ips || estimator == Estimator::snips || estimator == Estimator::dr;
}

}  // namespace

void check_options(const BanditOptions& options) {
  if (options.clip) {
    if (!(*options.clip > 0)) fail_caller(kWhere, fmt::format("clip {:g} is not above 0", *options.clip));
    if (!weighs(options.estimator))
      fail_caller(kWhere, fmt::format("{} weighs no event, so that nothing can be clipped; clip ips, snips or dr",
                                      word(options.estimator)));
  }
  if (!(options.alpha > 0 && options.alpha < 1))
    fail_caller(kWhere, fmt::format("alpha {:g} is not above 0 and below 1", options.alpha));
  if (options.folds < 2 || options.folds > 100)
    fail_caller(kWhere, fmt::format("{} folds; 2 to 100 are accepted", options.folds));
  if (options.resamples < 100 || options.resamples > 1'000'000)
    fail_caller(kWhere, fmt::format("{} resamples; 100 to 1000000 are accepted", options.resamples));
  if (options.interval == IntervalKind::exact && options.estimator != Estimator::replay)
    fail_caller(kWhere, fmt::format("a Clopper-Pearson interval is of a share of the events kept, and {} is none; "
                                    "take bootstrap",
                                    word(options.estimator)));
}

void check_uniform(const BanditLog& log, const BanditOptions& options) {
  if (log.propensity.empty()) {
    if (options.trust_uniform) return;
    fail_caller(kWhere,
                "the log has no propensities, and replay is unbiased on uniformly logged events alone; say "
                "--uniform if it is, or take --estimator dm");
  }
  const auto [least, most] = std::minmax_element(log.propensity.begin(), log.propensity.end());
  if (*most - *least > kSame * *most)
    fail_caller(kWhere, fmt::format("the log is not uniform: its propensities run from {:g} to {:g}, and replay would "
                                    "favour what was shown often; take ips, snips or dr",
                                    *least, *most));
}

void check_weighable(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options) {
  if (log.propensity.empty())
    fail_caller(kWhere, fmt::format("the log has no propensities, by which {} weighs its events; of these estimators "
                                    "dm alone goes without",
                                    word(options.estimator)));
  if (!log.carries_all) return;
  for (data::Index s = 0; s < log.situations.size(); ++s) {
    for (std::size_t a = 0; a < policy.arms; ++a) {
      const std::uint64_t times = log.unsupported[s * policy.arms + a];
      if (policy.at(s)[a] > 0 && times > 0)
        fail_caller(kWhere,
                    fmt::format("the policy shows arm '{}' with probability {:g} ({}), where the logging policy "
                                "gave it no chance at {} event{}: no weight can make up for that",
                                log.arms.at(static_cast<data::Index>(a)), policy.at(s)[a], log.name_of(s), times,
                                times == 1 ? "" : "s"));
    }
  }
}

bool allows_exact(const BanditLog& log) {
  const auto is_binary = [](double reward) { return reward == 0 || reward == 1; };
  return log.user.empty() && std::all_of(log.reward.begin(), log.reward.end(), is_binary);
}

void check_exact(const BanditLog& log, const BanditOptions& options, bool learns) {
  if (options.interval != IntervalKind::exact) return;
  const std::string what = "a Clopper-Pearson interval needs ";
  if (learns) fail_caller(kWhere, what + "a policy that does not learn; take bootstrap");
  if (!log.user.empty())
    fail_caller(kWhere, what + "independent events, and those of one user are not; take bootstrap, which draws users");
  if (!allows_exact(log)) fail_caller(kWhere, what + "rewards of 0 and 1; take bootstrap");
}

void add_support_caution(const BanditLog& log, const ActionProbabilities& policy, BanditEstimate& found) {
  const std::size_t arms = policy.arms;
  std::vector<std::uint8_t> shown(log.situations.size() * arms);
  std::vector<double> events(log.situations.size());
  for (std::size_t e = 0; e < log.size(); ++e) {
    shown[log.situation[e] * arms + log.arm[e]] = 1;
    ++events[log.situation[e]];
  }
  double unseen = 0;
  for (data::Index s = 0; s < log.situations.size(); ++s) {
    for (std::size_t a = 0; a < arms; ++a) unseen += shown[s * arms + a] == 0 ? events[s] * policy.at(s)[a] : 0;
  }
  const double share = unseen / static_cast<double>(log.size());
  if (share > 1e-9)
    found.cautions.push_back(
        fmt::format("{:.3g} % of what the policy shows are arms that the log never shows in that place: what they "
                    "would earn is not in the log.",
                    100 * share));
}

void add_reward_cautions(const BanditLog& log, const std::vector<double>& weight, BanditEstimate& found) {
  const auto [least, most] = std::minmax_element(log.reward.begin(), log.reward.end());
  if (*least == *most) {
    found.cautions.push_back(
        fmt::format("Every reward of the log is {:g}: no policy can be told from another.", *least));
    return;
  }
  std::uint64_t earning = 0;
  double heaviest = 0, all = 0;
  for (std::size_t e = 0; e < log.size(); ++e) {
    earning += weight[e] > 0 && log.reward[e] != 0 ? 1 : 0;
    heaviest = std::max(heaviest, weight[e]);
    all += weight[e];
  }
  if (found.matched > 0 && earning < kFew)
    found.cautions.push_back(
        fmt::format("{} of the {} matched events ha{} a reward other than 0: trust the interval, "
                    "not the value.",
                    earning == 0 ? "None" : fmt::format("Only {}", earning), found.matched, earning == 1 ? "s" : "ve"));
  if (heaviest > 0.1 * all && found.matched > kFew)
    found.cautions.push_back(
        fmt::format("One event holds {:.0f} % of all weight: clip, or take dr.", 100 * heaviest / all));
}

}  // namespace tamis::replay
