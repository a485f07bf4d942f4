#include "tamis/evidence/simulate/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/evidence/simulate/topics.h"

namespace tamis::simulate {

namespace {

constexpr data::Time kEpoch = 19'723 * data::kDay;  // 2024-01-01 UTC
constexpr float kFreshDays = 8;

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

std::size_t aspect_count() {
  return topics().size() * kAspects;
}

}  // namespace

World::World(const WorldSpec& spec) : spec_(spec) {
  if (spec.items < 50 || spec.users < 50) {
    fail_caller("world", fmt::format("needs at least 50 items and 50 users, not {} and {}", spec.items, spec.users));
  }
  if (spec.days < 2 || spec.requests < 1 || spec.length < 1) {
    fail_caller("world", "days must be at least 2, requests and length at least 1");
  }
  make_items();
  make_users();
}

void World::make_items() {
  items_.resize(static_cast<std::size_t>(spec_.items));
  const std::size_t aspects = aspect_count();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    Stream draw(spec_.seed, "world item", i);
    Item& item = items_[i];
    item.aspect = static_cast<std::uint16_t>(draw.below(aspects));
    item.side_aspect = static_cast<std::uint16_t>(draw.below(aspects));
    item.merit = static_cast<float>(draw.normal());
    // A third of the catalogue was fresh before the log begins; the rest come up through its days and after.
    item.peak_day = static_cast<float>(-15 + draw.uniform() * (spec_.days + 30));
    for (float& s : item.style) s = static_cast<float>(draw.normal());
  }
}

void World::make_users() {
  const std::size_t aspects = aspect_count();
  users_.resize(users());
  states_.resize(users());
  taste_.resize(users() * 2 * aspects);
  for (std::size_t u = 0; u < users(); ++u) {
    Stream draw(spec_.seed, "world user", u);
    User& user = users_[u];
    user.activity = static_cast<float>(-1.1 + 0.6 * draw.normal());
    // Two in five are there from the start; the others arrive through the log's days and, one in twelve, after it.
    const double arrival = draw.uniform();
    user.first_day = arrival < 0.4 ? 0 : static_cast<float>((arrival - 0.4) / 0.5166 * spec_.days);
    user.turn = static_cast<float>(0.02 * (1 + draw.uniform()));
    for (float& s : user.style) s = static_cast<float>(draw.normal() / std::sqrt(double{kStyles}));
    for (std::size_t end = 0; end < 2; ++end) {
      float* taste = &taste_[(u * 2 + end) * aspects];
      for (std::size_t topic = 0; topic < topics().size(); ++topic) {
        const double whole = draw.normal();
        for (std::size_t a = 0; a < kAspects; ++a) {
          taste[topic * kAspects + a] = static_cast<float>(0.8 * whole + 0.6 * draw.normal());
        }
      }
    }
    states_[u].satisfaction = 0.6;
  }
}

std::string World::name(data::Index user) const {
  return fmt::format("u{}", user);
}

data::Time World::launch() const {
  return kEpoch + spec_.days * data::kDay;
}

double World::visit_probability(data::Index user, int day, double satisfaction) const {
  const User& who = users_[user];
  if (static_cast<float>(day) + 1 <= who.first_day) return 0;
  if (static_cast<float>(day) <= who.first_day) return 1;
  return logistic(who.activity + 0.8 * (std::min(satisfaction, 3.0) - 0.6));
}

double World::attention(std::size_t rank) const {
  return std::pow(0.86, static_cast<double>(rank - 1));
}

double World::utility(data::Index user, data::Index item, int day) const {
  if (spec_.equal) return 0;
  const Item& what = items_[item];
  const User& who = users_[user];
  const std::size_t aspects = aspect_count();
  const float* from = &taste_[std::size_t{user} * 2 * aspects];
  const float* to = from + aspects;
  const double angle = who.turn * day;
  const double near = std::cos(angle);
  const double far = std::sin(angle);
  const auto taste = [&](std::size_t aspect) { return near * from[aspect] + far * to[aspect]; };
  const double topic = 0.9 * taste(what.aspect) + 0.436 * taste(what.side_aspect);
  double style = 0;
  for (std::size_t s = 0; s < kStyles; ++s) style += double{who.style[s]} * what.style[s];
  const double age = (day - what.peak_day) / kFreshDays;
  const double fresh = 2.2 * std::exp(-0.5 * age * age) - 0.6;
  const double merit = 0.8 * what.merit + 0.6 * fresh;
  return spec_.topic_pull * topic + spec_.style_pull * style + spec_.merit_pull * merit;
}

double World::click_probability(data::Index user, data::Index item, int day) const {
  return logistic(spec_.base + utility(user, item, day));
}

double World::stay(data::Index user, data::Index item, int day, double normal) const {
  return std::exp(3.4 + 0.3 * utility(user, item, day) + 0.8 * normal);
}

}  // namespace tamis::simulate
