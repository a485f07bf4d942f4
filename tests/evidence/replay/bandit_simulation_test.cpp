#include <cmath>

#include "tamis/base/parallel.h"
#include "tamis/evidence/replay/bandit.h"
#include "tamis/stats/summary.h"
#include "tests/reference/bandit.h"

// Logs of a bandit whose answers are known: the estimators against the truth.
namespace tamis::replay {
namespace {

using reference::BanditWorld;

struct Trial {
  double value = 0;
  bool covered = false;
};

struct Setup {
  Estimator estimator = Estimator::ips;
  RewardCells cells = RewardCells::situation;
  IntervalKind interval = IntervalKind::none;
  bool uniform = false;  // the logging policy
  std::size_t events = 200, seeds = 400;
  int resamples = 200;
};

std::vector<Trial> trials(const Setup& setup) {
  const BanditWorld world = reference::bandit_world(setup.uniform);
  const double truth = reference::true_value(world, reference::bandit_candidate());
  const auto policy = reference::as_table(reference::bandit_candidate());
  std::vector<Trial> all(setup.seeds);
  parallel_for(all.size(), [&](std::size_t seed) {
    const BanditLog log = reference::draw_log(world, setup.events, seed);
    BanditOptions options;
    options.estimator = setup.estimator;
    options.cells = setup.cells;
    options.interval = setup.interval;
    options.resamples = setup.resamples;
    options.seed = seed;
    Progress progress;
    const BanditEstimate found = estimate_bandit(log, policy, options, progress);
    all[seed].value = found.value.value();
    all[seed].covered = found.low && *found.low <= truth && truth <= *found.high;
  });
  return all;
}

double truth() {
  return reference::true_value(reference::bandit_world(true), reference::bandit_candidate());
}

/// How many standard errors the mean over seeds is off the truth, and by how much.
struct Bias {
  double mean = 0, errors = 0;
};
Bias bias(const Setup& setup) {
  stats::Summary summary;
  for (const Trial& trial : trials(setup)) summary.update(trial.value);
  return {summary.mean - truth(), (summary.mean - truth()) / summary.standard_error()};
}

double coverage(const Setup& setup) {
  double covered = 0;
  for (const Trial& trial : trials(setup)) covered += trial.covered ? 1 : 0;
  return covered / static_cast<double>(setup.seeds);
}

void expect_unbiased(std::size_t events, std::size_t seeds) {
  EXPECT_LT(std::abs(bias({.estimator = Estimator::replay, .uniform = true, .events = events, .seeds = seeds}).errors),
            3.3);
  for (const bool uniform : {true, false}) {
    const auto errors = [&](Estimator estimator, RewardCells cells) {
      return std::abs(
          bias({.estimator = estimator, .cells = cells, .uniform = uniform, .events = events, .seeds = seeds}).errors);
    };
    EXPECT_LT(errors(Estimator::ips, RewardCells::arm), 3.3);
    EXPECT_LT(errors(Estimator::dr, RewardCells::situation), 3.3);
    EXPECT_LT(errors(Estimator::dr, RewardCells::arm), 3.3);  // a wrong model, and right propensities
  }
}

TEST(BanditSimulation, ReplayIpsAndDrAreUnbiased) {
  expect_unbiased(200, 400);
}

TEST(BanditSimulation, SnipsIsConsistent) {
  // Its bias falls as 1 / events: below a standard error of many trials where the events are many.
  EXPECT_LT(std::abs(bias({.estimator = Estimator::snips, .events = 2000, .seeds = 300}).errors), 3.3);
  const std::vector<Trial> large = trials({.estimator = Estimator::snips, .events = 100'000, .seeds = 1});
  EXPECT_NEAR(large[0].value, truth(), 0.02);
}

TEST(BanditSimulation, TheDirectMethodIsAsBiasedAsItsModel) {
  EXPECT_LT(std::abs(bias({.estimator = Estimator::dm, .events = 1000, .seeds = 300}).errors), 3.3);
  // Cells that mix contexts: the value converges to what the mixture says, which is far off.
  const BanditWorld world = reference::bandit_world(false);
  const auto candidate = reference::bandit_candidate();
  double limit = 0;
  for (std::size_t a = 0; a < 4; ++a) {
    double earned = 0, shown = 0, wanted = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      earned += world.share[c] * world.logging[c][a] * world.earns[c][a];
      shown += world.share[c] * world.logging[c][a];
      wanted += world.share[c] * candidate[c][a];
    }
    limit += wanted * earned / shown;
  }
  const Bias found = bias({.estimator = Estimator::dm, .cells = RewardCells::arm, .events = 1000, .seeds = 300});
  EXPECT_LT(found.errors, -50);
  EXPECT_NEAR(found.mean, limit - truth(), 0.005);
}

TEST(BanditSimulation, DrVariesLessThanIps) {
  const auto deviation = [](Estimator estimator) {
    stats::Summary summary;
    for (const Trial& trial : trials({.estimator = estimator, .events = 500, .seeds = 200}))
      summary.update(trial.value);
    return std::sqrt(summary.variance());
  };
  EXPECT_LT(deviation(Estimator::dr), 0.8 * deviation(Estimator::ips));
}

TEST(BanditSimulation, IntervalsCoverTheTruth) {
  for (const Estimator estimator : {Estimator::ips, Estimator::snips, Estimator::dm, Estimator::dr}) {
    const double share =
        coverage({.estimator = estimator, .interval = IntervalKind::bootstrap, .events = 200, .seeds = 200});
    // 200 trials: 3.3 standard errors are 5 points, and small samples cost the percentile bootstrap a few more.
    EXPECT_GT(share, 0.87) << word(estimator);
    EXPECT_LT(share, 0.995) << word(estimator);
  }
  EXPECT_GE(coverage({.estimator = Estimator::replay, .interval = IntervalKind::exact, .uniform = true, .seeds = 400}),
            0.95 - 3.3 * std::sqrt(0.05 * 0.95 / 400));
}

/// What a learner earns per event on its first `kept` events, live or in a replay.
double live(const std::string& name, std::size_t kept, std::uint64_t seed) {
  const BanditWorld world = reference::bandit_world(true);
  const BanditLog arms = reference::draw_log(world, 1, 0);
  const auto policy = make_learner(name, arms);
  Stream luck(seed, "live world");
  double earned = 0;
  for (std::size_t t = 0; t < kept; ++t) {
    const std::size_t c = reference::draw_from(world.share, luck);
    Stream own(seed, "live policy", t);
    const data::Index arm = policy->choose(static_cast<data::Index>(c), own);
    const double reward = luck.uniform() < world.earns[c][arm] ? 1 : 0;
    policy->update(static_cast<data::Index>(c), arm, reward);
    earned += reward;
  }
  return earned / static_cast<double>(kept);
}

double replayed(const std::string& name, std::size_t kept, std::uint64_t seed) {
  const BanditLog log = reference::draw_log(reference::bandit_world(true), kept * 8, 1'000'000 + seed);
  const auto policy = make_learner(name, log);
  BanditOptions options;
  options.interval = IntervalKind::none;
  options.seed = seed;
  Progress progress;
  const BanditEstimate found = replay_learner(log, *policy, options, progress);
  EXPECT_GE(found.kept.size(), kept);
  double earned = 0;
  for (std::size_t i = 0; i < kept; ++i) earned += log.reward[found.kept[i]];
  return earned / static_cast<double>(kept);
}

void expect_replay_is_live(std::size_t seeds, std::size_t kept) {
  for (const std::string name : {"epsilon-greedy:0.2", "ucb1", "thompson"}) {
    std::vector<double> a(seeds), b(seeds);
    parallel_for(seeds, [&](std::size_t seed) {
      a[seed] = live(name, kept, seed);
      b[seed] = replayed(name, kept, seed);
    });
    const auto x = stats::summarize(a), y = stats::summarize(b);
    const double error = std::hypot(x.standard_error(), y.standard_error());
    EXPECT_LT(std::abs(x.mean - y.mean), 3.3 * error) << name << " live " << x.mean << " replayed " << y.mean;
    EXPECT_GT(x.mean, 0.35) << name;  // all arms alike earn 0.345: it has learnt
  }
}

TEST(BanditSimulation, AReplayedLearnerEarnsWhatALiveOneDoes) {
  expect_replay_is_live(300, 60);
}

TEST(SlowBanditSimulation, EstimatorsAreUnbiased) {
  expect_unbiased(1000, 10'000);
}

TEST(SlowBanditSimulation, AReplayedLearnerEarnsWhatALiveOneDoes) {
  expect_replay_is_live(5000, 200);
}

TEST(SlowBanditSimulation, IntervalsCoverTheTruthAlmostAsOftenAsTheySay) {
  constexpr std::size_t kSeeds = 4000;
  const double slack = 3.3 * std::sqrt(0.05 * 0.95 / kSeeds) + 0.005;
  for (const Estimator estimator : {Estimator::ips, Estimator::snips, Estimator::dm, Estimator::dr}) {
    const double share = coverage({.estimator = estimator,
                                   .interval = IntervalKind::bootstrap,
                                   .events = 1000,
                                   .seeds = kSeeds,
                                   .resamples = 1000});
    EXPECT_NEAR(share, 0.95, slack) << word(estimator);
  }
  const double exact =
      coverage({.estimator = Estimator::replay, .interval = IntervalKind::exact, .uniform = true, .seeds = kSeeds});
  EXPECT_GE(exact, 0.95 - slack);
}

}  // namespace
}  // namespace tamis::replay
