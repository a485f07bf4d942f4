#include "tamis/evidence/replay/bandit_policy.h"

#include <cmath>
#include <stdexcept>

#include "tamis/evidence/replay/bandit.h"
#include "tests/base/scratch.h"
#include "tests/reference/bandit.h"

namespace tamis::replay {
namespace {

class BanditPolicyFile : public testing::Test {
 protected:
  BanditPolicyFile() {
    for (const char* arm : {"x", "y"}) log_.arms.add(arm);
    log_.contexts.add("");
    log_.add_situation({0, 1});
    log_.add_situation({0, 2});
  }

  ActionProbabilities read(const std::string& text) {
    test::put(folder_ / "policy.csv", text);
    return read_policy(folder_ / "policy.csv", log_);
  }
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  }

  test::Scratch folder_;
  BanditLog log_;
};

TEST_F(BanditPolicyFile, GivesProbabilitiesByPosition) {
  const auto policy = read("position,arm,probability\n1,x,0.25\n1,y,0.75\n2,y,0.5\n2,z,0.5\n");
  EXPECT_EQ(log_.arms.size(), 3U);
  EXPECT_EQ(policy.values, (std::vector<double>{0.25, 0.75, 0, 0, 0.5, 0.5}));
  EXPECT_EQ(log_.inputs.back().rows_read, 4U);
}

TEST_F(BanditPolicyFile, HoldsEverywhereWithoutPositions) {
  const auto policy = read("arm,probability\nx,0.2\ny,0.8\n");
  EXPECT_EQ(policy.values, (std::vector<double>{0.2, 0.8, 0.2, 0.8}));
}

TEST_F(BanditPolicyFile, IsRefusedWithTheReason) {
  EXPECT_NE(refusal("arm,probability\nx,0.2\ny,0.7\n").find("sum to 0.9, not 1"), std::string::npos);
  EXPECT_NE(refusal("arm,probability\nx,1.2\n").find("line 2] the probability is not a number from 0 to 1"),
            std::string::npos);
  EXPECT_NE(refusal("arm,probability\nx,\n").find("not a number from 0 to 1"), std::string::npos);
  EXPECT_NE(refusal("arm,probability\nx,much\n").find("cannot be read"), std::string::npos);
  EXPECT_NE(refusal("arm,probability\nx,0.5\nx,0.5\n").find("gives arm 'x' two probabilities for position 1"),
            std::string::npos);
  EXPECT_NE(refusal("position,arm,probability\n1,x,1\n").find("no arm a probability for position 2"),
            std::string::npos);
  log_.closed_arms = true;
  EXPECT_NE(refusal("arm,probability\nq,1\n").find("arm 'q' is not one that the log knows of"), std::string::npos);
}

TEST(AveragePolicy, IsTheShareOfEventsInWhichAnArmWasShown) {
  BanditLog of;
  of.contexts.add("");
  for (const char* arm : {"b", "a", "c"}) of.arms.add(arm);
  of.add_situation({0, 2});
  of.add_situation({0, 1});
  of.arm = {0, 0, 1, 2, 1};
  of.situation = {0, 0, 0, 1, 0};
  of.reward = {0, 0, 0, 0, 0};
  BanditLog log;
  log.contexts.add("new");
  log.contexts.add("old");
  log.arms.add("a");
  log.arms.add("b");
  log.add_situation({0, 1});
  log.add_situation({1, 2});
  const auto policy = average_policy(of, log);
  EXPECT_EQ(log.arms.size(), 3U);  // c was added
  EXPECT_EQ(policy.values, (std::vector<double>{0, 0, 1, 0.5, 0.5, 0}));
  log.add_situation({0, 3});
  EXPECT_THROW(average_policy(of, log), std::invalid_argument);
}

TEST(FixedPolicy, DrawsByItsProbabilities) {
  const ActionProbabilities policy{4, {0, 0.25, 0, 0.75}};
  FixedPolicy fixed(policy);
  int second = 0;
  constexpr int kDraws = 10000;
  for (int i = 0; i < kDraws; ++i) {
    Stream stream(1, "test", static_cast<std::uint64_t>(i));
    const data::Index arm = fixed.choose(0, stream);
    ASSERT_TRUE(arm == 1 || arm == 3);
    second += arm == 1 ? 1 : 0;
  }
  EXPECT_NEAR(second / double{kDraws}, 0.25, 3.3 * std::sqrt(0.25 * 0.75 / kDraws));
  EXPECT_FALSE(fixed.learns());
}

TEST(Ucb1, TriesEveryArmAndThenTheHighestBound) {
  Ucb1 policy(3);
  Stream stream(1, "test");
  for (data::Index arm = 0; arm < 3; ++arm) {
    ASSERT_EQ(policy.choose(0, stream), arm);
    policy.update(0, arm, arm == 1 ? 1 : 0);
  }
  // After 3: means 0 1 0, equal bonuses.
  EXPECT_EQ(policy.choose(0, stream), 1U);
  for (int i = 0; i < 8; ++i) policy.update(0, 1, 0.25);
  // After 11: arm 1 has mean 1/3 + sqrt(2 ln 11 / 9) = 1.063, the others sqrt(2 ln 11) = 2.19.
  EXPECT_EQ(policy.choose(0, stream), 0U);
  policy.update(0, 0, 0);
  EXPECT_EQ(policy.choose(0, stream), 2U);
}

TEST(EpsilonGreedy, TakesTheBestAndSometimesAny) {
  EpsilonGreedy greedy(3, 0);
  greedy.update(0, 2, 1);
  greedy.update(0, 0, -1);
  for (std::uint64_t i = 0; i < 50; ++i) {
    Stream stream(1, "test", i);
    EXPECT_EQ(greedy.choose(0, stream), 2U);
  }
  greedy.update(0, 2, -3);  // mean -1, as arm 0: arm 1, never shown, has 0
  Stream stream(1, "test");
  EXPECT_EQ(greedy.choose(0, stream), 1U);
  EpsilonGreedy curious(2, 0.5);
  curious.update(0, 1, 1);
  int first = 0;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    Stream own(2, "test", i);
    first += curious.choose(0, own) == 0 ? 1 : 0;
  }
  EXPECT_NEAR(first / 1e4, 0.25, 3.3 * std::sqrt(0.25 * 0.75 / 1e4));
  EXPECT_THROW(EpsilonGreedy(2, 1.5), std::invalid_argument);
  EXPECT_THROW(EpsilonGreedy(2, std::nan("")), std::invalid_argument);
}

TEST(Thompson, ChoosesAsOftenAsAnArmIsBest) {
  Thompson policy(2);
  for (int i = 0; i < 3; ++i) policy.update(0, 0, 1);
  policy.update(0, 1, 1);
  policy.update(0, 1, 0);
  // P(Beta(4, 1) > Beta(2, 2)): integral over x of 4 x^3 (3 x^2 - 2 x^3) = 4 (3 / 6 - 2 / 7) = 6 / 7.
  int first = 0;
  constexpr int kDraws = 20000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    Stream stream(3, "test", i);
    first += policy.choose(0, stream) == 0 ? 1 : 0;
  }
  EXPECT_NEAR(first / double{kDraws}, 6.0 / 7, 3.3 * std::sqrt(6.0 / 49 / kDraws));
}

TEST(Learners, AreMadeByNameAndRefuseRewardsTheyAreNotFor) {
  BanditLog log = reference::draw_log(reference::bandit_world(true), 20, 1);
  for (const char* name : {"ucb1", "thompson", "epsilon-greedy:0.1"}) {
    EXPECT_TRUE(is_learner(name));
    EXPECT_NE(make_learner(name, log), nullptr);
  }
  EXPECT_FALSE(is_learner("uniform"));
  EXPECT_THROW(make_learner("epsilon-greedy:much", log), std::invalid_argument);
  EXPECT_THROW(make_learner("epsilon-greedy:2", log), std::invalid_argument);
  log.reward[3] = 0.5;
  EXPECT_THROW(make_learner("thompson", log), std::invalid_argument);
  EXPECT_NE(make_learner("ucb1", log), nullptr);
  log.reward[3] = 2;
  EXPECT_THROW(make_learner("ucb1", log), std::invalid_argument);
  EXPECT_NE(make_learner("epsilon-greedy:0", log), nullptr);
}

}  // namespace
}  // namespace tamis::replay
