#include "tamis/engine/optim/schedule.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace tamis::optim {
namespace {

using Kind = Schedule::Kind;

std::string complaint(const Schedule& schedule) {
  try {
    schedule.check();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

Schedule of(Kind kind) {
  Schedule schedule;
  schedule.kind = kind;
  schedule.base = 0.8;
  schedule.period = 4;
  schedule.warmup = 4;
  schedule.total = 12;
  schedule.low = 0.2;
  schedule.factor = 0.5;
  return schedule;
}

std::vector<double> rates(const Schedule& schedule, std::int64_t steps) {
  std::vector<double> result;
  for (std::int64_t step = 0; step < steps; ++step) result.push_back(schedule.rate(step));
  return result;
}

void expect_rates(const Schedule& schedule, const std::vector<double>& expected) {
  const auto found = rates(schedule, static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-15) << "step " << i;
}

TEST(Schedule, ByHand) {
  expect_rates(of(Kind::constant), {0.8, 0.8, 0.8});
  expect_rates(of(Kind::step), {0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2});
  expect_rates(of(Kind::exponential), {0.8, 0.4, 0.2, 0.1});
  expect_rates(of(Kind::cyclic), {0.2, 0.35, 0.5, 0.65, 0.8, 0.65, 0.5, 0.35, 0.2, 0.35});
  expect_rates(of(Kind::warmup_linear),
               {0.2, 0.4, 0.6, 0.8, 0.8, 0.725, 0.65, 0.575, 0.5, 0.425, 0.35, 0.275, 0.2, 0.2});
}

TEST(Schedule, CosineRestartsAfterEachPeriod) {
  Schedule schedule = of(Kind::cosine);
  const double quarter = 0.2 + 0.6 * (1 + std::sqrt(0.5)) / 2;
  const double three_quarters = 0.2 + 0.6 * (1 - std::sqrt(0.5)) / 2;
  expect_rates(schedule, {0.8, quarter, 0.5, three_quarters, 0.8, quarter, 0.5});
  schedule.period_factor = 2;
  EXPECT_NEAR(schedule.rate(4), 0.8, 1e-15);
  EXPECT_NEAR(schedule.rate(8), 0.5, 1e-15);
  EXPECT_NEAR(schedule.rate(12), 0.8, 1e-15);
  EXPECT_NEAR(schedule.rate(20), 0.5, 1e-15);
}

TEST(Schedule, WarmupCosineEndsAtLow) {
  const Schedule schedule = of(Kind::warmup_cosine);
  EXPECT_NEAR(schedule.rate(0), 0.2, 1e-15);
  EXPECT_NEAR(schedule.rate(4), 0.8, 1e-15);
  EXPECT_NEAR(schedule.rate(8), 0.5, 1e-15);
  EXPECT_NEAR(schedule.rate(12), 0.2, 1e-15);
  EXPECT_NEAR(schedule.rate(1000), 0.2, 1e-15);
}

TEST(Schedule, OneCycleReachesItsThreeRates) {
  Schedule schedule = of(Kind::one_cycle);
  schedule.end_divisor = 100;
  EXPECT_NEAR(schedule.rate(0), 0.8 / 25, 1e-15);
  EXPECT_NEAR(schedule.rate(2), (0.8 / 25 + 0.8) / 2, 1e-15);
  EXPECT_NEAR(schedule.rate(4), 0.8, 1e-15);
  EXPECT_NEAR(schedule.rate(12), 0.8 / 2500, 1e-15);
  EXPECT_NEAR(schedule.rate(13), 0.8 / 2500, 1e-15);
}

TEST(Schedule, NoStepOfATrainingHasARateOfZero) {
  for (const Kind kind : {Kind::cosine, Kind::warmup_linear, Kind::warmup_cosine, Kind::one_cycle}) {
    Schedule schedule = of(kind);
    schedule.low = 0;
    schedule.check();
    for (const double rate : rates(schedule, schedule.total)) EXPECT_GT(rate, 0) << name(kind);
  }
}

TEST(Schedule, RefusesARateThatIsNotAboveZero) {
  for (const double base : {0.0, -0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    Schedule schedule;
    schedule.base = base;
    EXPECT_TRUE(complaint(schedule).starts_with("[schedule] constant: base is ")) << complaint(schedule);
  }
}

TEST(Schedule, RefusesWhatAKindNeedsAndLacks) {
  const auto spoilt = [](Kind kind, auto spoil) {
    Schedule schedule = of(kind);
    EXPECT_EQ(complaint(schedule), "");
    spoil(schedule);
    return complaint(schedule);
  };
  EXPECT_EQ(spoilt(Kind::step, [](Schedule& s) { s.period = 0; }),
            "[schedule] step: period is 0; it must be 1 step or more");
  EXPECT_EQ(spoilt(Kind::exponential, [](Schedule& s) { s.factor = 0; }),
            "[schedule] exponential: factor is 0; it must be above 0");
  EXPECT_EQ(spoilt(Kind::cosine, [](Schedule& s) { s.period_factor = 0.5; }),
            "[schedule] cosine: period_factor is 0.5; it must be 1 or more");
  EXPECT_EQ(spoilt(Kind::cosine, [](Schedule& s) { s.low = 1; }),
            "[schedule] cosine: low is 1; it must be from 0 to base");
  EXPECT_EQ(spoilt(Kind::warmup_linear, [](Schedule& s) { s.total = 4; }),
            "[schedule] warmup_linear: total is 4; it must be more steps than warmup");
  EXPECT_EQ(spoilt(Kind::warmup_cosine, [](Schedule& s) { s.warmup = -1; }),
            "[schedule] warmup_cosine: warmup is -1; it must be 0 steps or more");
  EXPECT_EQ(spoilt(Kind::cyclic, [](Schedule& s) { s.low = 0; }),
            "[schedule] cyclic: low is 0; it must be above 0 and at most base: it is the first step's rate");
  EXPECT_EQ(spoilt(Kind::one_cycle, [](Schedule& s) { s.end_divisor = 0; }),
            "[schedule] one_cycle: end_divisor is 0; it must be 1 or more");
  EXPECT_THROW(of(Kind::step).rate(-1), std::invalid_argument);
}

TEST(Schedule, NamesGoBothWays) {
  for (int i = 0; i < 8; ++i) {
    const auto kind = static_cast<Kind>(i);
    EXPECT_EQ(schedule_named(name(kind)), kind);
  }
  try {
    schedule_named("cosinus");
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "[schedule] \"cosinus\" is no schedule; the schedules are: constant, step, exponential, cosine, "
                 "warmup_linear, warmup_cosine, cyclic, one_cycle");
  }
}

}  // namespace
}  // namespace tamis::optim
