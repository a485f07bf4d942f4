#include "tamis/sift/analysis.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::sift {
namespace {

bool everyone(data::Index) {
  return true;
}

/// A plan of which compare() reads the names and the incumbent: the candidate number 1.
Plan plan_of(std::size_t candidates) {
  Plan plan;
  for (std::size_t c = 0; c < candidates; ++c) {
    Candidate candidate;
    candidate.name = "c";
    candidate.name += std::to_string(c);
    plan.candidates.push_back(candidate);
  }
  plan.incumbent = 1;
  return plan;
}

StagePlan stage_of(StageKind kind, stats::Correction correction = stats::Correction::holm) {
  StagePlan stage;
  stage.kind = kind;
  stage.correction = correction;
  stage.resamples = 4000;
  return stage;
}

Measured measured_of(std::vector<double> values, data::Index first_user = 0) {
  Measured measured;
  for (data::Index u = 0; u < values.size(); ++u) measured.values.users.push_back(first_user + u);
  measured.values.values = std::move(values);
  return measured;
}

std::vector<double> drawn(std::uint64_t seed, std::size_t n, double mean, double spread) {
  Stream draw(seed, "analysis test");
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(mean + spread * draw.normal());
  return values;
}

/// A reference for the corrections: adjusted p-values by their definitions, quadratic.
std::vector<double> adjusted(const std::vector<double>& p, stats::Correction correction) {
  const double m = static_cast<double>(p.size());
  std::vector<double> all(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (correction == stats::Correction::none) {
      all[i] = p[i];
    } else if (correction == stats::Correction::holm) {
      // max over j with p_j <= p_i of (m - rank_j) p_j, rank_j the number of smaller ones
      for (const double pj : p) {
        if (pj > p[i]) continue;
        const auto smaller = std::count_if(p.begin(), p.end(), [&](double x) { return x < pj; });
        all[i] = std::max(all[i], std::min(1.0, (m - static_cast<double>(smaller)) * pj));
      }
    } else {
      // min over j with p_j >= p_i of m p_j / #(p <= p_j)
      all[i] = 1;
      for (const double pj : p) {
        if (pj < p[i]) continue;
        const auto up_to = std::count_if(p.begin(), p.end(), [&](double x) { return x <= pj; });
        all[i] = std::min(all[i], m * pj / static_cast<double>(up_to));
      }
    }
  }
  return all;
}

void expect_intervals_agree(const StagePlan& stage, const std::vector<Arm>& arms) {
  std::vector<double> p;
  std::vector<const Arm*> compared;
  for (const Arm& arm : arms) {
    if (arm.candidate == 1) continue;
    p.push_back(arm.p);
    compared.push_back(&arm);
  }
  const auto corrected = adjusted(p, stage.correction);
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto& interval = compared[i]->interval;
    EXPECT_LE(interval.low, compared[i]->estimate);
    EXPECT_GE(interval.high, compared[i]->estimate);
    EXPECT_EQ(interval.low > 0 || interval.high < 0, corrected[i] < stage.alpha)
        << "p " << p[i] << ", corrected " << corrected[i] << ", [" << interval.low << ", " << interval.high << "]";
  }
}

constexpr stats::Correction kCorrections[] = {stats::Correction::none, stats::Correction::holm,
                                              stats::Correction::benjamini_hochberg};

/// Arms whose p-values lie on both sides of every correction's threshold.
std::vector<Measured> graded_arms(std::uint64_t seed, bool preferences) {
  std::vector<Measured> arms;
  const double shifts[] = {0.00, 0, 0.18, 0.24, 0.28, 0.32, 0.5, -0.4};
  for (std::size_t a = 0; a < std::size(shifts); ++a) {
    arms.push_back(measured_of(drawn(seed * 100 + a, 150, shifts[a] + (preferences ? 0 : 2), 1), 0));
  }
  if (preferences) arms[1] = {};
  return arms;
}

TEST(Compare, AbIsTheDifferenceOfMeansWithTheIncumbentAtZero) {
  const std::vector<Measured> arms = {measured_of({1, 2, 3, 6}), measured_of({1, 1, 2}, 10), measured_of({0, 4}, 20)};
  const auto result = compare(stage_of(StageKind::ab), {0, 1, 2}, arms, plan_of(3), 7, everyone);
  ASSERT_EQ(result.size(), 3U);
  EXPECT_DOUBLE_EQ(result[0].value, 3);
  EXPECT_NEAR(result[0].estimate, 3 - 4.0 / 3, 1e-12);
  EXPECT_NEAR(result[2].estimate, 2 - 4.0 / 3, 1e-12);
  EXPECT_EQ(result[0].users, 4U);
  EXPECT_EQ(result[1].users, 3U);
  EXPECT_EQ(result[1].estimate, 0);
  EXPECT_EQ(result[1].interval.low, 0);
  EXPECT_EQ(result[1].interval.high, 0);
  EXPECT_EQ(result[1].p, 1);
  EXPECT_NEAR(result[1].value, 4.0 / 3, 1e-12);
}

TEST(Compare, InterleavingIsTheMeanPreference) {
  const std::vector<Measured> arms = {measured_of({1, -0.5, 0.5, 0}), {}, measured_of({-1, -1, 0}, 50)};
  const auto result = compare(stage_of(StageKind::interleave), {0, 1, 2}, arms, plan_of(3), 7, everyone);
  EXPECT_DOUBLE_EQ(result[0].estimate, 0.25);
  EXPECT_NEAR(result[2].estimate, -2.0 / 3, 1e-12);
  EXPECT_EQ(result[1].estimate, 0);
  EXPECT_EQ(result[1].users, 0U);
  EXPECT_EQ(result[1].interval.low, 0);
  EXPECT_EQ(result[1].interval.high, 0);
}

TEST(Compare, OfflineIsTheMeanPairedDifference) {
  for (const StageKind kind : {StageKind::offline, StageKind::replay}) {
    // User by user the first is 0.1 above the incumbent: no resample can differ from that.
    const std::vector<Measured> arms = {measured_of({0.3, 0.5, 0.9}), measured_of({0.2, 0.4, 0.8}),
                                        measured_of({0.5, 0.1, 0.6})};
    const auto result = compare(stage_of(kind), {0, 1, 2}, arms, plan_of(3), 7, everyone);
    EXPECT_NEAR(result[0].estimate, 0.1, 1e-12);
    EXPECT_NEAR(result[0].interval.low, 0.1, 1e-12);
    EXPECT_NEAR(result[0].interval.high, 0.1, 1e-12);
    EXPECT_NEAR(result[2].estimate, (0.3 - 0.3 - 0.2) / 3, 1e-12);
    EXPECT_LT(result[2].interval.low, 0);
    EXPECT_GT(result[2].interval.high, 0);
    EXPECT_EQ(result[1].estimate, 0);
    EXPECT_EQ(result[1].p, 1);
    EXPECT_EQ(result[1].interval.low, 0);
    EXPECT_EQ(result[1].interval.high, 0);
  }
}

TEST(Compare, TheIncumbentIsFoundWhereverItStands) {
  const std::vector<Measured> arms = {measured_of({5, 7}), measured_of({1, 2}, 10)};
  const auto result = compare(stage_of(StageKind::ab), {2, 1}, arms, plan_of(3), 7, everyone);
  EXPECT_EQ(result[0].candidate, 2U);
  EXPECT_DOUBLE_EQ(result[0].estimate, 4.5);
  EXPECT_EQ(result[1].estimate, 0);
}

TEST(Compare, IntervalsOfTTestsExcludeZeroWhenTheCorrectedTestRejects) {
  const std::vector<std::size_t> entered = {0, 1, 2, 3, 4, 5, 6, 7};
  int rejected = 0;
  int spared_by_correction = 0;
  for (const StageKind kind : {StageKind::ab, StageKind::interleave}) {
    for (const auto correction : kCorrections) {
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const StagePlan stage = stage_of(kind, correction);
        const auto arms =
            compare(stage, entered, graded_arms(seed, kind == StageKind::interleave), plan_of(8), seed, everyone);
        expect_intervals_agree(stage, arms);
        for (const Arm& arm : arms) {
          const bool excludes = arm.interval.low > 0 || arm.interval.high < 0;
          rejected += excludes ? 1 : 0;
          spared_by_correction += !excludes && arm.p < stage.alpha ? 1 : 0;
        }
      }
    }
  }
  EXPECT_GT(rejected, 50);
  EXPECT_GT(spared_by_correction, 5) << "the arms must be such that a correction makes a difference";
}

TEST(Compare, OnlyUsersThatCountDoCount) {
  const std::vector<Measured> arms = {measured_of({1, 2, 100}), measured_of({0, 0, 50})};
  const auto result =
      compare(stage_of(StageKind::offline), {0, 1}, arms, plan_of(2), 7, [](data::Index user) { return user < 2; });
  EXPECT_DOUBLE_EQ(result[0].estimate, 1.5);
  EXPECT_EQ(result[0].users, 2U);
}

TEST(Compare, TheSameSeedGivesTheSameBootstrap) {
  const std::vector<Measured> arms = {measured_of(drawn(1, 50, 0.1, 1)), measured_of(drawn(2, 50, 0, 1))};
  const auto stage = stage_of(StageKind::offline);
  const auto a = compare(stage, {0, 1}, arms, plan_of(2), 7, everyone);
  const auto b = compare(stage, {0, 1}, arms, plan_of(2), 7, everyone);
  const auto c = compare(stage, {0, 1}, arms, plan_of(2), 8, everyone);
  EXPECT_EQ(a[0].interval.low, b[0].interval.low);
  EXPECT_NE(a[0].interval.low, c[0].interval.low);
}

TEST(Compare, TooFewUsersAreTheWorldsFaultAndNamed) {
  const std::vector<Measured> arms = {measured_of({1}), measured_of({1, 2})};
  const auto message = test::message_of<std::runtime_error>([&] {
    compare(stage_of(StageKind::ab), {0, 1}, arms, plan_of(2), 7, everyone);
  });
  EXPECT_NE(message.find("c0 has 1 user "), std::string::npos) << message;
  EXPECT_NE(message.find("ab"), std::string::npos) << message;
  const std::vector<Measured> silent = {measured_of({1, 2}), {}};
  const auto other = test::message_of<std::runtime_error>([&] {
    compare(stage_of(StageKind::offline), {0, 1}, silent, plan_of(2), 7, everyone);
  });
  EXPECT_NE(other.find("c1 has 0 users"), std::string::npos) << other;
  // The incumbent has no users of its own in interleaving: that is no fault.
  EXPECT_NO_THROW(compare(stage_of(StageKind::interleave), {0, 1}, silent, plan_of(2), 7, everyone));
}

TEST(LiftOf, AbByHand) {
  const auto arm = measured_of({2, 4});
  const auto incumbent = measured_of({1, 2, 3}, 10);
  const auto lift = lift_of(stage_of(StageKind::ab), arm, incumbent, 0.05, everyone);
  ASSERT_TRUE(lift);
  EXPECT_DOUBLE_EQ(lift->estimate, 0.5);
  // Delta method: (1 + 1.5^2 / 3) / 2^2, as in the test of relative_lift.
  EXPECT_NEAR(lift->standard_error, std::sqrt(0.4375), 1e-12);
}

TEST(LiftOf, PairedByHandWithItsCovariance) {
  const auto arm = measured_of({2, 3, 7});
  const auto incumbent = measured_of({1, 3, 5});
  const auto lift = lift_of(stage_of(StageKind::replay), arm, incumbent, 0.05, everyone);
  ASSERT_TRUE(lift);
  // Means 4 and 3, variances 7 and 4, covariance (-2 -2 + -1 0 + 3 2) / 2 = 5; of the means: 7/3, 4/3, 5/3.
  const double ratio = 4.0 / 3;
  const double variance = (7.0 / 3 - 2 * ratio * 5 / 3 + ratio * ratio * 4 / 3) / 9;
  EXPECT_NEAR(lift->estimate, 1.0 / 3, 1e-12);
  EXPECT_NEAR(lift->standard_error, std::sqrt(variance), 1e-12);
  const auto unpaired = lift_of(stage_of(StageKind::ab), arm, incumbent, 0.05, everyone);
  EXPECT_GT(unpaired->standard_error, lift->standard_error);
}

TEST(LiftOf, IsAbsentWhereThereIsNoLevel) {
  const auto arm = measured_of({2, 4});
  EXPECT_FALSE(lift_of(stage_of(StageKind::interleave), arm, arm, 0.05, everyone));
  EXPECT_FALSE(lift_of(stage_of(StageKind::ab), arm, measured_of({0, 0}), 0.05, everyone));
  EXPECT_FALSE(lift_of(stage_of(StageKind::ab), arm, measured_of({1}), 0.05, everyone));
  EXPECT_FALSE(lift_of(stage_of(StageKind::ab), arm, arm, 0.05, [](data::Index user) { return user == 0; }));
}

}  // namespace
}  // namespace tamis::sift
