#include "tamis/evidence/metrics/regression.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tamis/base/random.h"
#include "tests/evidence/metrics/classification_cases.h"

namespace tamis::metrics {

namespace {

MetricValue measured(const Regression& state, const golden::Case::Value& wanted) {
  if (wanted.metric == "rmse") return state.rmse();
  if (wanted.metric == "mae") return state.mae();
  if (wanted.metric == "mape") return state.mape(ZeroTargets::epsilon);
  if (wanted.metric == "r2") return state.r2();
  return state.quantile_loss(std::stod(wanted.parameter));
}

}  // namespace

TEST(RegressionGolden, IsScikitLearns) {
  int seen = 0;
  for (const golden::Case& c : golden::classification("regression")) {
    Regression state;
    for (std::size_t i = 0; i < c.labels.size(); ++i) state.update(c.labels[i], c.scores[i], c.weight(i));
    for (const golden::Case::Value& theirs : c.values) {
      SCOPED_TRACE(c.name + " " + theirs.metric + " " + theirs.parameter);
      ++seen;
      const MetricValue ours = measured(state, theirs);
      if (c.name == "equal targets" && theirs.metric == "r2") {
        EXPECT_EQ(theirs.value, 0);
        EXPECT_EQ(ours.why, "all targets are equal");
        continue;
      }
      ASSERT_TRUE(ours.value) << ours.why;
      EXPECT_NEAR(*ours.value, theirs.value, 1e-9 * std::max(1.0, std::abs(theirs.value)));
    }
  }
  EXPECT_GT(seen, 45);
}

TEST(Regression, IsTheSameInParts) {
  Stream stream(1, "parts");
  for (int trial = 0; trial < 20; ++trial) {
    Regression whole;
    std::vector<Regression> parts(1 + stream.below(5));
    for (int i = 0; i < 500; ++i) {
      const double truth = std::floor(50 + 20 * stream.normal());
      const double predicted = truth + stream.normal();
      const double weight = trial % 2 == 0 ? 1 : stream.uniform();
      whole.update(truth, predicted, weight);
      parts[stream.below(parts.size())].update(truth, predicted, weight);
    }
    Regression merged;
    for (std::size_t part = parts.size(); part-- > 0;) merged.merge(parts[part]);
    EXPECT_EQ(merged.rows(), 500u);
    EXPECT_NEAR(*merged.rmse().value, *whole.rmse().value, 1e-12);
    EXPECT_NEAR(*merged.mae().value, *whole.mae().value, 1e-12);
    EXPECT_NEAR(*merged.r2().value, *whole.r2().value, 1e-12);
    EXPECT_NEAR(*merged.mape(ZeroTargets::leave_out).value, *whole.mape(ZeroTargets::leave_out).value, 1e-12);
    EXPECT_NEAR(*merged.quantile_loss(0.3).value, *whole.quantile_loss(0.3).value, 1e-12);
  }
}

TEST(Regression, TargetsOf0AreAConvention) {
  Regression state;
  state.update(0, 0.5);
  state.update(2, 1);
  state.update(4, 5);
  EXPECT_EQ(state.zero_targets(), 1u);
  EXPECT_EQ(state.mape(ZeroTargets::undefined).why, "1 targets are 0");
  EXPECT_EQ(*state.mape(ZeroTargets::leave_out).value, (0.5 + 0.25) / 2);
  EXPECT_GT(*state.mape(ZeroTargets::epsilon).value, 1e14);
  Regression zero;
  zero.update(0, 1);
  EXPECT_EQ(zero.mape(ZeroTargets::leave_out).why, "all targets are 0");
  EXPECT_EQ(parse_zero_targets("leave-out"), ZeroTargets::leave_out);
  EXPECT_THROW((void)parse_zero_targets("skip"), std::invalid_argument);
}

TEST(Regression, OfLargeTargetsLosesNothing) {
  Regression state;
  for (const double target : {1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4}) state.update(target, 1e9 + 2.5);
  EXPECT_NEAR(*state.r2().value, 0, 1e-9);
  EXPECT_NEAR(*state.rmse().value, std::sqrt(1.25), 1e-12);
}

TEST(Regression, SaysWhyAndRefuses) {
  Regression state;
  EXPECT_EQ(state.rmse().why, "there are no rows of a weight above 0");
  EXPECT_EQ(state.r2().why, "there are no rows of a weight above 0");
  state.update(1, 2);
  EXPECT_EQ(state.r2().why, "there is one row");
  EXPECT_EQ(*state.mae().value, 1);
  EXPECT_THROW(state.update(NAN, 1), std::invalid_argument);
  EXPECT_THROW(state.update(1, std::numeric_limits<double>::infinity()), std::invalid_argument);
  EXPECT_THROW(state.update(1, 1, -2), std::invalid_argument);
  for (const double q : {0.0, 1.0, std::nan("")}) EXPECT_THROW((void)state.quantile_loss(q), std::invalid_argument);
}

}  // namespace tamis::metrics
