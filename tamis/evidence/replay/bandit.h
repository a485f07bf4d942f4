#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/evidence/replay/bandit_policy.h"

namespace tamis::replay {

/// How the value of a policy is estimated from another policy's log. With n events of situation x, arm a, reward r and
/// propensity p, the candidate's probabilities pi, and weights w = pi(a|x) / p, clipped to `clip` where that is set:
/// - replay: mean r over the events where the policy would have shown a; for uniformly logged events alone. Unbiased,
///   and the one estimator for a policy that learns: it is told of the kept events only. Li, Chu, Langford & Wang,
///   "Unbiased Offline Evaluation of Contextual-bandit-based News Article Recommendation Algorithms" (WSDM 2011).
/// - ips: 1/n sum w r. Unbiased without clipping where the logger gave every arm of the policy a chance. Horvitz &
///   Thompson (1952).
/// - snips: sum w r / sum w. Consistent, within the range of the rewards. Swaminathan & Joachims, "The Self-Normalized
///   Estimator for Counterfactual Learning" (NIPS 2015).
/// - dm: 1/n sum over events of (sum over arms of pi(b|x) m(x, b)), with m the mean reward of a cell of the log. As
///   biased as the cells are coarse.
/// - dr: 1/n sum over events of (sum over arms of pi(b|x) m(x, b) + w (r - m(x, a))), with m from the other folds of
///   the units, so that it is unbiased (without clipping) however wrong m is. Dudík, Langford & Li, "Doubly Robust
///   Policy Evaluation and Learning" (ICML 2011).
enum class Estimator : std::uint8_t { replay, ips, snips, dm, dr };
/// Throws invalid_argument listing them.
Estimator parse_estimator(std::string_view text);
std::string_view word(Estimator estimator);

/// What the reward model of dm and dr tells apart. A cell without an event has the mean of all.
enum class RewardCells : std::uint8_t { arm, position, situation };
/// "arm", "position" (and arm), "context" (and position and arm). Throws invalid_argument listing them.
RewardCells parse_cells(std::string_view text);
std::string_view word(RewardCells cells);

/// Of 1 - alpha. `bootstrap`: percentiles over units (users where the log has them, else events), the reward model of
/// dm and dr fitted anew in each resample. `exact`: Clopper & Pearson (1934), for replay of a policy that does not
/// learn, rewards of 0 and 1 and events as units. `automatic`: exact where it can be, else bootstrap.
enum class IntervalKind : std::uint8_t { automatic, bootstrap, exact, none };
/// "auto", "bootstrap", "clopper-pearson", "none". Throws invalid_argument listing them.
IntervalKind parse_interval(std::string_view text);
std::string_view word(IntervalKind kind);

struct BanditOptions {
  Estimator estimator = Estimator::replay;
  std::optional<double> clip;  ///< > 0; ips, snips, dr
  RewardCells cells = RewardCells::position;
  int folds = 5;  ///< dr: of the units, drawn by the seed; at least 2
  IntervalKind interval = IntervalKind::automatic;
  double alpha = 0.05;
  int resamples = 2000;
  std::uint64_t seed = 0;
  bool trust_uniform = false;  ///< replay: a log without propensities is taken to be uniformly logged
};

struct BanditEstimate {
  std::optional<double> value, low, high;
  std::string why;              ///< there is no value
  std::string why_no_interval;  ///< there is a value and no interval
  IntervalKind interval = IntervalKind::none;
  std::uint64_t events = 0, units = 0;
  std::uint64_t matched = 0;          ///< replay: events kept; ips, snips, dr: events of weight > 0; dm: 0
  std::optional<double> effective;    ///< effective sample size (sum w)^2 / sum w^2 (Kish 1965); nullopt where nothing
                                      ///< is weighed (dm) or no event has a weight
  std::optional<double> mean_weight;  ///< 1 in expectation where the propensities are right, before clipping
  std::optional<double> max_weight;   ///< after clipping
  std::uint64_t clipped = 0;          ///< events whose weight was above `clip`
  std::vector<data::Index> kept;      ///< replay: the events kept, in order
  std::vector<std::string> cautions;  ///< whole sentences
};

/// Throws invalid_argument for what cannot be, whatever the log: a clip that is not > 0, or clipping where nothing is
/// weighed; an exact interval for another estimator than replay; alpha, folds or resamples out of range.
void check_options(const BanditOptions& options);

/// The value of a policy that does not learn. `policy` is of this log's situations and arms. `progress` advances by one
/// a resample; the caller ends it. Parallel; the same bits at any number of threads.
/// Throws invalid_argument, with the reason: no propensities where they are needed; a log that is not uniform for
/// replay; an arm of the policy that the logging policy gave no chance, where the log carries all probabilities (ips,
/// snips, dr; elsewhere a caution); an exact interval where there is none; options as check_options() does.
BanditEstimate estimate_bandit(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options,
                               Progress& progress);

/// Replay of a policy that learns. The interval takes the rewards it met as independent: it does not hold what another
/// course of learning would have brought.
BanditEstimate replay_learner(const BanditLog& log, BanditPolicy& policy, const BanditOptions& options,
                              Progress& progress);

/// What the log's own policy earned: the mean reward of all its events, exact or bootstrapped as above.
BanditEstimate logged_value(const BanditLog& log, const BanditOptions& options, Progress& progress);

}  // namespace tamis::replay
