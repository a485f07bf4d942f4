#include "tamis/engine/optim/schedule.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "tamis/base/error.h"

namespace tamis::optim {

namespace {

constexpr std::array<std::string_view, 8> kNames{"constant",      "step",          "exponential", "cosine",
                                                 "warmup_linear", "warmup_cosine", "cyclic",      "one_cycle"};

/// From `from` at share 0 to `to` at share 1 along half a cosine.
double half_cosine(double from, double to, double share) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

double straight(double from, double to, double share) {
  return from + (to - from) * share;
}

double share_of(std::int64_t step, std::int64_t steps) {
  return static_cast<double>(step) / static_cast<double>(steps);
}

double cosine_with_restarts(const Schedule& schedule, std::int64_t step) {
  if (schedule.period_factor == 1) {
    return half_cosine(schedule.base, schedule.low, share_of(step % schedule.period, schedule.period));
  }
  auto since_restart = static_cast<double>(step);
  auto period = static_cast<double>(schedule.period);
  while (since_restart >= period) {
    since_restart -= period;
    period *= schedule.period_factor;
  }
  return half_cosine(schedule.base, schedule.low, since_restart / period);
}

double triangle(const Schedule& schedule, std::int64_t step) {
  const std::int64_t in_cycle = step % (2 * schedule.period);
  const std::int64_t from_low = in_cycle < schedule.period ? in_cycle : 2 * schedule.period - in_cycle;
  return straight(schedule.low, schedule.base, share_of(from_low, schedule.period));
}

double after_warmup(const Schedule& schedule, std::int64_t step, double (*way)(double, double, double)) {
  if (step < schedule.warmup) return schedule.base * share_of(step + 1, schedule.warmup);
  if (step >= schedule.total) return schedule.low;
  return way(schedule.base, schedule.low, share_of(step - schedule.warmup, schedule.total - schedule.warmup));
}

double up_and_down(const Schedule& schedule, std::int64_t step) {
  const double start = schedule.base / schedule.start_divisor;
  const double end = start / schedule.end_divisor;
  if (step < schedule.warmup) return half_cosine(start, schedule.base, share_of(step, schedule.warmup));
  if (step >= schedule.total) return end;
  return half_cosine(schedule.base, end, share_of(step - schedule.warmup, schedule.total - schedule.warmup));
}

void require(bool holds, const Schedule& schedule, std::string_view setting, double given, std::string_view accepted) {
  if (!holds) {
    fail_caller("schedule", fmt::format("{}: {} is {}; it must be {}", name(schedule.kind), setting, given, accepted));
  }
}

void check_period(const Schedule& schedule) {
  require(schedule.period >= 1, schedule, "period", static_cast<double>(schedule.period), "1 step or more");
}

void check_factor(const Schedule& schedule) {
  require(schedule.factor > 0 && std::isfinite(schedule.factor), schedule, "factor", schedule.factor, "above 0");
}

void check_low(const Schedule& schedule) {
  require(schedule.low >= 0 && schedule.low <= schedule.base, schedule, "low", schedule.low, "from 0 to base");
}

void check_total(const Schedule& schedule) {
  require(schedule.warmup >= 0, schedule, "warmup", static_cast<double>(schedule.warmup), "0 steps or more");
  require(schedule.total > schedule.warmup, schedule, "total", static_cast<double>(schedule.total),
          "more steps than warmup");
}

void check_divisors(const Schedule& schedule) {
  for (const auto& [setting, value] :
       {std::pair{"start_divisor", schedule.start_divisor}, std::pair{"end_divisor", schedule.end_divisor}}) {
    require(value >= 1 && std::isfinite(value), schedule, setting, value, "1 or more");
  }
}

}  // namespace

double Schedule::rate(std::int64_t step) const {
  if (step < 0) fail_caller("schedule", fmt::format("step {} is before the first, 0", step));
  switch (kind) {
    case Kind::constant:
      return base;
    case Kind::step:
      return base * std::pow(factor, static_cast<double>(step / period));
    case Kind::exponential:
      return base * std::pow(factor, static_cast<double>(step));
    case Kind::cosine:
      return cosine_with_restarts(*this, step);
    case Kind::warmup_linear:
      return after_warmup(*this, step, straight);
    case Kind::warmup_cosine:
      return after_warmup(*this, step, half_cosine);
    case Kind::cyclic:
      return triangle(*this, step);
    case Kind::one_cycle:
      break;
  }
  return up_and_down(*this, step);
}

void Schedule::check() const {
  require(base > 0 && std::isfinite(base), *this, "base", base, "a learning rate above 0");
  switch (kind) {
    case Kind::constant:
      return;
    case Kind::step:
      check_period(*this);
      return check_factor(*this);
    case Kind::exponential:
      return check_factor(*this);
    case Kind::cosine:
      check_period(*this);
      check_low(*this);
      return require(period_factor >= 1 && std::isfinite(period_factor), *this, "period_factor", period_factor,
                     "1 or more");
    case Kind::warmup_linear:
    case Kind::warmup_cosine:
      check_low(*this);
      return check_total(*this);
    case Kind::cyclic:
      check_period(*this);
      return require(low > 0 && low <= base, *this, "low", low,
                     "above 0 and at most base: it is the first step's rate");
    case Kind::one_cycle:
      check_divisors(*this);
      return check_total(*this);
  }
}

std::string_view name(Schedule::Kind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

Schedule::Kind schedule_named(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Schedule::Kind>(i);
    known += (i == 0 ? "" : ", ") + std::string(kNames[i]);
  }
  fail_caller("schedule", fmt::format("\"{}\" is no schedule; the schedules are: {}", name, known));
}

}  // namespace tamis::optim
