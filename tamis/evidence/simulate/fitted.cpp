#include "tamis/evidence/simulate/fitted.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tamis/base/error.h"

namespace tamis::simulate {

namespace {

constexpr double kSmooth = 5;  // clicks' worth of everyone's taste in each person's
constexpr int kLists = 30;     // lists that show a position, for its click rate to be more than chance

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

FittedAudience::FittedAudience(const data::EventLog& log, const data::Items& items, const FitSpec& spec) : spec_(spec) {
  if (log.clicks() < 2) fail_caller("fit", "needs a log with at least two clicks to fit users to");
  if (spec.users < 1) fail_caller("fit", "needs at least one user to make");
  std::map<std::string, std::size_t> categories;
  for (std::size_t i = 0; i < items.size(); ++i) {
    category_.push_back(categories.emplace(items.category[i], categories.size()).first->second);
  }
  category_share_.assign(categories.size(), 1.0);
  item_clicks_.assign(items.size(), 0.0);
  read_people(log);
  fit_visits(log);
  fit_attention(log);
  fit_taste();
  fit_base(log);
  Stream draw(spec.seed, "copies of fitted users");
  for (std::size_t u = 0; u < spec.users; ++u) copies_.push_back(static_cast<data::Index>(draw.below(people_.size())));
}

std::string FittedAudience::name(data::Index user) const {
  return fmt::format("{}#{}", people_[copies_[user]].name, user);
}

std::span<const data::Interaction> FittedAudience::history(data::Index user) const {
  return people_[copies_[user]].history;
}

double FittedAudience::visit_probability(data::Index user, int day, double) const {
  const auto first = static_cast<int>(Luck(spec_.seed, "first visit of a fitted user").uniform(user) * 7);
  if (day < first) return 0;
  return day == first ? 1 : people_[copies_[user]].visit;
}

double FittedAudience::attention(std::size_t rank) const {
  if (attention_.empty()) return std::pow(0.86, static_cast<double>(rank - 1));
  return attention_[std::min(rank, attention_.size()) - 1];
}

double FittedAudience::appeal(const Person& person, data::Index item, bool without_own) const {
  const double own = without_own && has_chosen(person, item) ? 1 : 0;
  return std::log(item_clicks_[item] - own + 1);
}

bool FittedAudience::has_chosen(const Person& person, data::Index item) const {
  return std::binary_search(person.chosen.begin(), person.chosen.end(), item);
}

double FittedAudience::pull(const Person& person, data::Index item) const {
  return appeal_weight_ * appeal(person, item, false) + taste_weight_ * double{person.taste[category_[item]]};
}

double FittedAudience::click_probability(data::Index user, data::Index item, int) const {
  const Person& person = people_[copies_[user]];
  const double chosen = has_chosen(person, item) ? chosen_weight_ : 0;
  return logistic(base_ + pull(person, item) + chosen);
}

double FittedAudience::stay(data::Index, data::Index, int, double normal) const {
  return std::exp(3.4 + 0.8 * normal);
}

void FittedAudience::read_people(const data::EventLog& log) {
  const data::Histories histories(log, log.users.size());
  std::vector<double> category_clicks(category_share_.size(), 0.0);
  for (data::Index u = 0; u < log.users.size(); ++u) {
    const auto clicks = histories.before(u, spec_.launch);
    if (clicks.empty()) continue;
    Person person;
    person.name = log.users.at(u);
    const std::size_t half = clicks.size() / 2;
    person.history.assign(clicks.begin(), clicks.begin() + static_cast<std::ptrdiff_t>(half));
    for (const auto& click : clicks.subspan(half)) person.chosen.push_back(click.item);
    std::sort(person.chosen.begin(), person.chosen.end());
    person.chosen.erase(std::unique(person.chosen.begin(), person.chosen.end()), person.chosen.end());
    for (const data::Index item : person.chosen) {
      item_clicks_[item] += 1;
      category_clicks[category_[item]] += 1;
    }
    people_.push_back(std::move(person));
  }
  double sum = 0;
  for (std::size_t c = 0; c < category_clicks.size(); ++c) sum += category_share_[c] += category_clicks[c];
  for (double& share : category_share_) share /= sum;
  for (Person& person : people_) {
    std::vector<double> mine(category_share_.size(), 0.0);
    for (const data::Index item : person.chosen) mine[category_[item]] += 1;
    for (std::size_t c = 0; c < mine.size(); ++c) {
      const double share =
          (mine[c] + kSmooth * category_share_[c]) / (static_cast<double>(person.chosen.size()) + kSmooth);
      person.taste.push_back(static_cast<float>(std::log(share / category_share_[c])));
    }
  }
}

void FittedAudience::fit_visits(const data::EventLog& log) {
  // Active days after a user's first, over the days the log went on after it; shrunk by ten days of everyone's rate.
  std::map<std::string, std::pair<data::Time, double>> seen;  // first day, active days after it
  std::map<std::string, data::Time> last_day;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const std::string& name = log.users.at(log.user(i));
    const data::Time day = log.event_time(i) / data::kDay;
    const auto [entry, fresh] = seen.try_emplace(name, day, 0.0);
    if (!fresh && last_day[name] != day) entry->second.second += 1;
    last_day[name] = day;
  }
  const data::Time end = log.event_time(log.size() - 1) / data::kDay;
  double active = 0;
  double possible = 0;
  std::size_t once = 0;
  for (const auto& [name, days] : seen) {
    active += days.second;
    possible += static_cast<double>(end - days.first);
    once += days.second == 0 ? 1 : 0;
  }
  const double rate = possible > 0 ? active / possible : 0;
  for (Person& person : people_) {
    const auto& days = seen.at(person.name);
    person.visit = (days.second + 10 * rate) / (static_cast<double>(end - days.first) + 10);
  }
  notes_.push_back(
      fmt::format("Fitted visits: after a first day, users are active on {:.1f} % of days; {} of {} are seen "
                  "on one day only, and return at a rate drawn towards everyone's.",
                  100 * rate, once, seen.size()));
}

void FittedAudience::fit_attention(const data::EventLog& log) {
  if (!log.has_positions() || !log.has_impressions()) {
    notes_.push_back("The log has no positions: attention by rank is a prior, 0.86^(rank - 1), not fitted.");
    return;
  }
  std::vector<double> shown(50, 0.0);
  std::vector<double> clicked(50, 0.0);
  for (std::size_t i = 0; i < log.size(); ++i) {
    const std::size_t rank = log.position(i);
    if (rank < 1 || rank > shown.size()) continue;
    if (log.event(i) == data::Event::impression) shown[rank - 1] += 1;
    if (log.event(i) == data::Event::click) clicked[rank - 1] += 1;
  }
  if (shown[0] < kLists || shown[1] < kLists || clicked[0] < 1) {
    notes_.push_back(
        fmt::format("The log has too few lists to fit attention to (it takes {} with two positions and a click at the "
                    "first): it is a prior, 0.86^(rank - 1).",
                    kLists));
    return;
  }
  const double first = clicked[0] / shown[0];
  double last = 1;
  for (std::size_t r = 0; r < shown.size() && shown[r] >= kLists; ++r) {
    last = std::min(last, clicked[r] / shown[r] / first);
    attention_.push_back(last);
  }
  notes_.push_back(
      fmt::format("Fitted attention: click rate by position, {} positions, {:.2f} of the first at the last and below.",
                  attention_.size(), attention_.back()));
}

}  // namespace tamis::simulate
