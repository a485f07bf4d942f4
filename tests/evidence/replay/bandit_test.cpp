#include "tamis/evidence/replay/bandit.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/stats/proportion.h"
#include "tests/reference/bandit.h"

namespace tamis::replay {
namespace {

using reference::NaiveBandit;

BanditEstimate estimate(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options) {
  Progress progress;
  return estimate_bandit(log, policy, options, progress);
}

BanditOptions quick(Estimator estimator) {
  BanditOptions options;
  options.estimator = estimator;
  options.resamples = 200;
  options.cells = RewardCells::situation;
  return options;
}

std::string message_of(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options) {
  try {
    estimate(log, policy, options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(BanditEstimators, AreWhatTheirFormulasSay) {
  const auto policy = reference::as_table(reference::bandit_candidate());
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const BanditLog log = reference::draw_log(reference::bandit_world(false), 120, seed);
    for (const double clip : {1e300, 1.5}) {
      const NaiveBandit naive(log, policy, clip);
      BanditOptions options = quick(Estimator::ips);
      options.interval = IntervalKind::none;
      options.seed = seed;
      if (clip < 2) options.clip = clip;
      const auto value = [&](Estimator estimator, RewardCells cells) {
        options.estimator = estimator;
        options.cells = cells;
        if (estimator == Estimator::dm) options.clip.reset();
        return estimate(log, policy, options).value.value();
      };
      EXPECT_NEAR(value(Estimator::ips, RewardCells::arm), naive.ips(), 1e-12);
      EXPECT_NEAR(value(Estimator::snips, RewardCells::arm), naive.snips(), 1e-12);
      const Luck luck(seed, "bandit folds");
      const auto fold = [&](std::size_t e) {
        return static_cast<int>(luck.uniform(static_cast<std::uint32_t>(e)) * 5);
      };
      const auto one = [](std::size_t) { return std::size_t{0}; };
      const auto each = [](std::size_t s) { return s; };
      EXPECT_NEAR(value(Estimator::dr, RewardCells::arm), naive.dr(one, fold), 1e-12);
      EXPECT_NEAR(value(Estimator::dr, RewardCells::situation), naive.dr(each, fold), 1e-12);
      EXPECT_NEAR(value(Estimator::dm, RewardCells::arm), naive.dm(one), 1e-12);
      EXPECT_NEAR(value(Estimator::dm, RewardCells::position), naive.dm(one), 1e-12);  // no positions: one
      EXPECT_NEAR(value(Estimator::dm, RewardCells::situation), naive.dm(each), 1e-12);
    }
  }
}

TEST(BanditEstimators, TellTheirWeights) {
  BanditLog log;
  log.arms.add("a");
  log.arms.add("b");
  log.contexts.add("");
  log.add_situation({0, 0});
  log.arm = {0, 1, 0, 1};
  log.situation = {0, 0, 0, 0};
  log.propensity = {0.5, 0.25, 0.1, 1};
  log.reward = {1, 0, 1, 1};
  const ActionProbabilities always_a{2, {1, 0}};  // weights 2 0 10 0
  BanditOptions options = quick(Estimator::ips);
  BanditEstimate found = estimate(log, always_a, options);
  EXPECT_DOUBLE_EQ(found.value.value(), 3);
  EXPECT_EQ(found.matched, 2U);
  EXPECT_DOUBLE_EQ(found.effective.value(), 144.0 / 104);
  EXPECT_DOUBLE_EQ(found.mean_weight.value(), 3);
  EXPECT_DOUBLE_EQ(found.max_weight.value(), 10);
  options.clip = 4;  // 2 0 4 0
  found = estimate(log, always_a, options);
  EXPECT_DOUBLE_EQ(found.value.value(), 1.5);
  EXPECT_EQ(found.clipped, 1U);
  EXPECT_DOUBLE_EQ(found.mean_weight.value(), 3);
  EXPECT_DOUBLE_EQ(found.max_weight.value(), 4);
  EXPECT_EQ(found.cautions.at(0), "1 weight is clipped: the value is no longer unbiased.");
  options.clip.reset();
  options.estimator = Estimator::snips;
  EXPECT_DOUBLE_EQ(estimate(log, always_a, options).value.value(), 1);
}

TEST(BanditReplay, KeepsWhatAFixedChoiceWouldHaveShown) {
  BanditLog log = reference::draw_log(reference::bandit_world(true), 400, 5);
  const ActionProbabilities always_2{4, {0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0}};
  const BanditEstimate found = estimate(log, always_2, quick(Estimator::replay));
  double sum = 0;
  std::vector<data::Index> kept;
  for (std::size_t e = 0; e < log.size(); ++e) {
    if (log.arm[e] != 2) continue;
    kept.push_back(static_cast<data::Index>(e));
    sum += log.reward[e];
  }
  EXPECT_EQ(found.kept, kept);
  EXPECT_EQ(found.matched, kept.size());
  EXPECT_DOUBLE_EQ(found.value.value(), sum / static_cast<double>(kept.size()));
  EXPECT_EQ(found.interval, IntervalKind::exact);
  const auto exact = stats::clopper_pearson(static_cast<std::uint64_t>(sum), kept.size(), 0.05);
  EXPECT_DOUBLE_EQ(found.low.value(), exact.low);
  EXPECT_DOUBLE_EQ(found.high.value(), exact.high);
}

TEST(BanditReplay, ResamplesUsersWhereThereAreUsers) {
  BanditLog log = reference::draw_log(reference::bandit_world(true), 400, 6);
  for (std::size_t e = 0; e < log.size(); ++e) log.user.push_back(log.users.add("u" + std::to_string(e / 100)));
  const BanditEstimate found = estimate(log, uniform_policy(log), quick(Estimator::replay));
  EXPECT_EQ(found.interval, IntervalKind::bootstrap);
  EXPECT_EQ(found.units, 4U);
  EXPECT_LT(found.low.value(), found.value.value());
  EXPECT_GT(found.high.value(), found.value.value());
  log.user.assign(log.size(), 0);
  log.users = {};
  log.users.add("only");
  const BanditEstimate one = estimate(log, uniform_policy(log), quick(Estimator::replay));
  EXPECT_TRUE(one.value.has_value());
  EXPECT_FALSE(one.low.has_value());
  EXPECT_NE(one.why_no_interval.find("one unit only"), std::string::npos);
}

TEST(BanditReplay, IsTheSameAtAnyNumberOfThreads) {
  const BanditLog log = reference::draw_log(reference::bandit_world(true), 300, 7);
  const auto policy = reference::as_table(reference::bandit_candidate());
  const int before = threads();
  for (const Estimator estimator :
       {Estimator::replay, Estimator::ips, Estimator::snips, Estimator::dm, Estimator::dr}) {
    BanditOptions options = quick(estimator);
    options.interval = IntervalKind::bootstrap;
    std::vector<BanditEstimate> found;
    for (const int count : {1, 3}) {
      set_threads(count);
      found.push_back(estimate(log, policy, options));
    }
    EXPECT_EQ(found[0].value, found[1].value);
    EXPECT_EQ(found[0].low, found[1].low);
    EXPECT_EQ(found[0].high, found[1].high);
    EXPECT_LT(found[0].low.value(), found[0].high.value());
  }
  set_threads(before);
}

TEST(BanditReplay, HasNoValueWhereNothingMatches) {
  BanditLog log = reference::draw_log(reference::bandit_world(true), 50, 8);
  for (data::Index& arm : log.arm) arm = arm == 3 ? 0 : arm;
  const ActionProbabilities always_3{4, {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}};
  const BanditEstimate found = estimate(log, always_3, quick(Estimator::replay));
  EXPECT_FALSE(found.value.has_value());
  EXPECT_FALSE(found.low.has_value());
  EXPECT_FALSE(found.effective.has_value());
  EXPECT_EQ(found.why, "the policy would have shown the logged arm at none of the 50 events");
  ASSERT_FALSE(found.cautions.empty());
  EXPECT_NE(found.cautions[0].find("100 % of what the policy shows"), std::string::npos);
  const BanditEstimate weighed = estimate(log, always_3, quick(Estimator::snips));
  EXPECT_FALSE(weighed.value.has_value());
  EXPECT_NE(weighed.why.find("no chance at any of the 50 events"), std::string::npos);
}

TEST(BanditReplay, SaysWhenAllRewardsAreEqual) {
  BanditLog log = reference::draw_log(reference::bandit_world(true), 50, 9);
  log.reward.assign(log.size(), 0);
  const BanditEstimate found = estimate(log, uniform_policy(log), quick(Estimator::ips));
  EXPECT_EQ(found.value.value(), 0);
  EXPECT_FALSE(found.low.has_value());
  EXPECT_NE(found.why_no_interval.find("every resample gives the same value"), std::string::npos);
  EXPECT_EQ(found.cautions.at(0), "Every reward of the log is 0: no policy can be told from another.");
  const BanditEstimate exact = estimate(log, uniform_policy(log), quick(Estimator::replay));
  EXPECT_EQ(exact.low.value(), 0);
  EXPECT_GT(exact.high.value(), 0.05);
}

TEST(BanditReplay, RefusesWhatItCannotWeigh) {
  const BanditLog log = reference::draw_log(reference::bandit_world(false), 60, 10);
  const auto policy = reference::as_table(reference::bandit_candidate());
  BanditLog silent = log;
  silent.propensity.clear();
  for (const Estimator estimator : {Estimator::ips, Estimator::snips, Estimator::dr})
    EXPECT_NE(message_of(silent, policy, quick(estimator)).find("has no propensities"), std::string::npos);
  EXPECT_EQ(message_of(silent, policy, quick(Estimator::dm)), "");
  EXPECT_NE(message_of(silent, policy, quick(Estimator::replay)).find("say --uniform"), std::string::npos);
  BanditOptions trusting = quick(Estimator::replay);
  trusting.trust_uniform = true;
  EXPECT_EQ(message_of(silent, policy, trusting), "");
  EXPECT_NE(message_of(log, policy, quick(Estimator::replay)).find("the log is not uniform"), std::string::npos);

  BanditLog telling = log;
  telling.carries_all = true;
  telling.unsupported.assign(12, 0);
  EXPECT_EQ(message_of(telling, policy, quick(Estimator::ips)), "");
  telling.unsupported[4 + 1] = 3;  // context1, arm1
  for (const Estimator estimator : {Estimator::ips, Estimator::snips, Estimator::dr}) {
    EXPECT_NE(message_of(telling, policy, quick(estimator))
                  .find("arm 'arm1' with probability 0.6 (context context1), "
                        "where the logging policy gave it no chance at 3"),
              std::string::npos);
  }
  EXPECT_EQ(message_of(telling, policy, quick(Estimator::dm)), "");
}

TEST(BanditReplay, RefusesOptionsThatCannotBe) {
  const BanditLog log = reference::draw_log(reference::bandit_world(true), 60, 11);
  const auto policy = uniform_policy(log);
  BanditOptions options = quick(Estimator::ips);
  for (const double clip : {0.0, -1.0, std::nan("")}) {
    options.clip = clip;
    EXPECT_NE(message_of(log, policy, options).find("is not above 0"), std::string::npos);
  }
  options.clip = 2;
  options.estimator = Estimator::dm;
  EXPECT_NE(message_of(log, policy, options).find("dm weighs no event"), std::string::npos);
  options = quick(Estimator::snips);
  options.interval = IntervalKind::exact;
  EXPECT_NE(message_of(log, policy, options).find("snips is none"), std::string::npos);
  options.estimator = Estimator::replay;
  BanditLog half = log;
  half.reward[0] = 0.5;
  EXPECT_NE(message_of(half, policy, options).find("rewards of 0 and 1"), std::string::npos);
  BanditLog users = log;
  users.user.assign(log.size(), 0);
  EXPECT_NE(message_of(users, policy, options).find("independent events"), std::string::npos);
  EXPECT_EQ(message_of(log, policy, options), "");
  EXPECT_THROW(parse_estimator("ipw"), std::invalid_argument);
  EXPECT_THROW(parse_cells("user"), std::invalid_argument);
  EXPECT_THROW(parse_interval("exact"), std::invalid_argument);
  EXPECT_EQ(word(parse_interval("clopper-pearson")), "clopper-pearson");
  EXPECT_EQ(word(parse_cells("context")), "context");
  EXPECT_EQ(word(parse_estimator("dr")), "dr");
}

TEST(BanditReplay, RunsLearnersOnKeptEventsAlone) {
  const BanditLog log = reference::draw_log(reference::bandit_world(true), 500, 12);
  // Counts what it is told; always wants arm 1.
  struct Counting : BanditPolicy {
    data::Index choose(data::Index, Stream&) override { return 1; }
    void update(data::Index, data::Index arm, double) override {
      EXPECT_EQ(arm, 1U);
      ++told;
    }
    std::size_t told = 0;
  } policy;
  Progress progress;
  const BanditEstimate found = replay_learner(log, policy, quick(Estimator::replay), progress);
  EXPECT_EQ(policy.told, found.matched);
  EXPECT_EQ(found.interval, IntervalKind::bootstrap);
  EXPECT_NE(found.cautions.back().find("another course of learning"), std::string::npos);
  EXPECT_THROW(replay_learner(log, policy, quick(Estimator::ips), progress), std::invalid_argument);
  BanditOptions exact = quick(Estimator::replay);
  exact.interval = IntervalKind::exact;
  EXPECT_THROW(replay_learner(log, policy, exact, progress), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::replay
