#include "tamis/sift/evaluate_folds.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <unordered_map>

#include "tamis/base/error.h"

namespace tamis::sift {

namespace {

std::vector<data::Time> event_times(const data::EventLog& log) {
  std::vector<data::Time> times(log.size());
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = log.event_time(i);
  return times;
}

/// Those rows of a log, in its order, with the same numbering of users, items and requests.
data::EventLog part_of(const data::EventLog& log, const std::vector<data::Index>& rows) {
  data::EventLog part;
  part.reserve(rows.size());
  for (const data::Index row : rows) part.append(log.row(row));
  return part;
}

std::uint64_t clicks_of(const data::EventLog& log, const std::vector<data::Index>& rows) {
  return static_cast<std::uint64_t>(
      std::count_if(rows.begin(), rows.end(), [&](data::Index row) { return log.event(row) == data::Event::click; }));
}

}  // namespace

LogFolds::LogFolds(const Scene& scene, const FoldPlan& plan, std::uint64_t seed) : scene_(scene), plan_(plan) {
  const data::EventLog& log = scene.data.log;
  lists_ = log.has_impressions() && log.has_requests();
  for (std::size_t i = 0; i < log.size(); ++i) end_ = std::max({end_, log.event_time(i) + 1, log.known_time(i) + 1});
  try {
    draw(seed);
  } catch (const std::invalid_argument& error) {
    fail_plan(error);
  }
}

void LogFolds::fail_plan(const std::exception& error) const {
  fail_caller(plan_.where, error.what());
}

void LogFolds::find_units() {
  const data::EventLog& log = scene_.data.log;
  unit_of_.assign(log.size(), data::kNone);
  std::unordered_map<std::uint64_t, data::Index> of_list;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const bool click = log.event(i) == data::Event::click;
    if (log.event(i) == data::Event::other) continue;
    const bool listed = lists_ && log.request(i) != data::kNone;
    if (!listed && !click) continue;
    auto unit = static_cast<data::Index>(units_.size());
    if (listed) {
      const std::uint64_t key = (std::uint64_t{log.request(i)} << 32) | log.user(i);
      unit = of_list.emplace(key, unit).first->second;
    }
    if (unit == units_.size()) units_.push_back({log.user(i), log.event_time(i), false});
    if (click && !units_[unit].clicked) {
      units_[unit].clicked = true;
      units_[unit].time = log.event_time(i);
    }
    unit_of_[i] = unit;
  }
}

std::vector<data::Index> LogFolds::users_of_units() const {
  std::vector<data::Index> users;
  for (const Unit& unit : units_) users.push_back(unit.user);
  return users;
}

void LogFolds::draw(std::uint64_t seed) {
  const data::EventLog& log = scene_.data.log;
  if (plan_.kind == FoldKind::time || plan_.kind == FoldKind::rolling) {
    const auto times = event_times(log);
    if (plan_.kind == FoldKind::rolling) {
      by_time_ = data::rolling_ranges(times, {plan_.train, plan_.test, plan_.step, plan_.gap, plan_.expanding});
    } else if (plan_.test == 0) {
      by_time_ = {data::last_share(times, plan_.share, plan_.gap)};
    } else {
      const data::TimeSplit split = data::split_by_time(log, plan_.test, plan_.gap);
      by_time_ = {{std::nullopt, split.train_until, split.test_from, split.test_until}};
    }
    return;
  }
  find_units();
  const bool users = plan_.by == FoldUnit::users;
  const auto groups = users_of_units();
  switch (plan_.kind) {
    case FoldKind::holdout:
      folds_ = {users ? data::group_holdout(groups, plan_.share, seed)
                      : data::holdout(units_.size(), plan_.share, seed)};
      return;
    case FoldKind::kfold:
      folds_ = users ? data::group_kfold(groups, plan_.folds, seed) : data::kfold(units_.size(), plan_.folds, seed);
      return;
    case FoldKind::bootstrap:
      folds_ = users ? data::group_bootstrap_folds(groups, plan_.resamples, seed)
                     : data::bootstrap_folds(units_.size(), plan_.resamples, seed);
      return;
    default:
      break;
  }
  // Leave-last: only what was clicked can be asked for; the rest is trained on.
  std::vector<data::Index> clicked, clicked_users;
  std::vector<data::Time> times;
  for (data::Index u = 0; u < units_.size(); ++u) {
    if (!units_[u].clicked) continue;
    clicked.push_back(u);
    clicked_users.push_back(units_[u].user);
    times.push_back(units_[u].time);
  }
  data::Fold fold = data::leave_last_out(clicked_users, times, plan_.last);
  std::vector<bool> test(units_.size());
  for (const data::Index i : fold.test) test[clicked[i]] = true;
  fold = {};
  for (data::Index u = 0; u < units_.size(); ++u) (test[u] ? fold.test : fold.train).push_back(u);
  folds_ = {std::move(fold)};
}

std::vector<data::Index> LogFolds::rows_of_units(const std::vector<bool>& wanted) const {
  std::vector<data::Index> rows;
  for (std::size_t i = 0; i < unit_of_.size(); ++i) {
    if (unit_of_[i] != data::kNone && wanted[unit_of_[i]]) rows.push_back(static_cast<data::Index>(i));
  }
  return rows;
}

/// `units`: as often as each was drawn, ascending.
data::EventLog LogFolds::fitted_on(const std::vector<data::Index>& units, LogFold& fold) const {
  const data::EventLog& log = scene_.data.log;
  std::vector<std::uint32_t> times(units_.size());
  for (const data::Index unit : units) ++times[unit];
  data::EventLog train;
  const auto users = static_cast<data::Index>(log.users.size());
  const bool as_others = plan_.kind == FoldKind::bootstrap && plan_.by == FoldUnit::users;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (unit_of_[i] == data::kNone) continue;
    data::Row row = log.row(i);
    for (std::uint32_t copy = 0; copy < times[unit_of_[i]]; ++copy) {
      train.append(row);
      if (as_others) row.user += users;
    }
  }
  if (plan_.by == FoldUnit::users && plan_.kind != FoldKind::leave_last) {
    std::vector<bool> seen(users);
    for (const data::Index unit : units) seen[units_[unit].user] = true;
    fold.train_units = static_cast<std::uint64_t>(std::count(seen.begin(), seen.end(), true));
  } else {
    fold.train_units = static_cast<std::uint64_t>(
        std::count_if(times.begin(), times.end(), [](std::uint32_t drawn) { return drawn > 0; }));
  }
  return train;
}

std::vector<bool> LogFolds::asked_of(const std::vector<bool>& test_units) const {
  std::vector<data::Index> order;
  for (data::Index u = 0; u < units_.size(); ++u) {
    if (test_units[u] && units_[u].clicked) order.push_back(u);
  }
  std::stable_sort(order.begin(), order.end(), [&](data::Index a, data::Index b) {
    return units_[a].user != units_[b].user ? units_[a].user < units_[b].user : units_[a].time < units_[b].time;
  });
  std::vector<bool> asked(units_.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && units_[order[end]].user == units_[order[begin]].user) ++end;
    const std::size_t all = end - begin;
    auto count = static_cast<std::size_t>(std::llround(plan_.asked * static_cast<double>(all)));
    count = std::clamp<std::size_t>(count, 1, std::max<std::size_t>(1, all - 1));
    for (std::size_t i = end - count; i < end; ++i) asked[order[i]] = true;
  }
  return asked;
}

void LogFolds::ask(const std::vector<bool>& asked, const std::vector<bool>& history, LogFold& fold) const {
  const data::EventLog& log = scene_.data.log;
  fold.histories = std::make_shared<data::Histories>(part_of(log, rows_of_units(history)), log.users.size());
  const data::EventLog part = part_of(log, rows_of_units(asked));
  if (part.size() == 0) return;
  fold.questions = data::questions(part, part.event_time(0), part.event_time(part.size() - 1) + 1, 0);
  if (lists_) return;
  const bool at_end = plan_.by == FoldUnit::events && plan_.kind != FoldKind::leave_last;
  for (data::Question& question : fold.questions.list) {
    question.id = question.user;
    question.time = at_end ? fold.until : question.time + 1;  // ties in time belong to the history
    const auto known = fold.histories->before(question.user, question.time);
    fold.questions.unlisted_clicks += std::erase_if(question.clicked, [&](data::Index item) {
      return std::any_of(known.begin(), known.end(), [&](const data::Interaction& past) { return past.item == item; });
    });
  }
  fold.questions.no_click +=
      std::erase_if(fold.questions.list, [](const data::Question& question) { return question.clicked.empty(); });
}

void LogFolds::finish(LogFold& fold) const {
  if (plan_.cold != data::Cold::keep) {
    std::erase_if(fold.questions.list, [&](const data::Question& question) {
      const bool cold = fold.histories->before(question.user, question.time).empty();
      return cold == (plan_.cold == data::Cold::drop);
    });
  }
  if (fold.questions.list.empty())
    fail_world(plan_.where,
               fmt::format("{} asks nothing: no click is left on its test side{}", fold.name,
                           plan_.cold == data::Cold::keep   ? ""
                           : plan_.cold == data::Cold::drop ? " of a user with history (cold = \"drop\")"
                                                            : " of a user without history (cold = \"only\")"));
}

LogFold LogFolds::make_ranges(const data::TimeRanges& ranges) const {
  const data::EventLog& log = scene_.data.log;
  std::vector<data::Time> known(log.size());
  for (std::size_t i = 0; i < known.size(); ++i) known[i] = log.known_time(i);
  data::Fold rows;
  try {
    rows = data::time_fold(event_times(log), ranges, known);
  } catch (const std::invalid_argument& error) {
    fail_plan(error);
  }
  LogFold fold;
  fold.ranges = ranges;
  fold.train = part_of(log, rows.train);
  fold.until = ranges.train_until;
  fold.train_units = clicks_of(log, rows.train);
  fold.test_units = clicks_of(log, rows.test);
  if (fold.train_units == 0)
    fail_world(plan_.where, fmt::format("no click was known before {}: there is nothing to fit on",
                                        data::format_time(ranges.train_until)));
  fold.questions = data::questions(log, ranges.test_from, ranges.test_until.value_or(end_), 0);
  fold.histories = std::shared_ptr<const data::Histories>(scene_.histories.get(), [](const data::Histories*) {});
  return fold;
}

LogFold LogFolds::make(std::size_t number) const {
  LogFold fold;
  if (!by_time_.empty()) {
    fold = make_ranges(by_time_[number]);
  } else {
    const data::Fold& units = folds_[number];
    fold.until = end_;
    fold.train = fitted_on(units.train, fold);
    std::vector<bool> test(units_.size()), train(units_.size());
    for (const data::Index unit : units.test) test[unit] = true;
    for (const data::Index unit : units.train) train[unit] = true;
    if (plan_.by == FoldUnit::users && plan_.kind != FoldKind::leave_last) {
      const auto asked = asked_of(test);
      std::vector<bool> history(units_.size());
      for (std::size_t u = 0; u < history.size(); ++u) history[u] = test[u] && !asked[u];
      std::vector<bool> seen(scene_.data.log.users.size());
      for (const data::Index unit : units.test) seen[units_[unit].user] = true;
      fold.test_units = static_cast<std::uint64_t>(std::count(seen.begin(), seen.end(), true));
      ask(asked, history, fold);
    } else {
      fold.test_units = units.test.size();
      ask(test, train, fold);
    }
    if (plan_.kind == FoldKind::leave_last) {
      data::Time first = end_;
      for (const data::Index unit : units.test) first = std::min(first, units_[unit].time);
      fold.later = static_cast<std::uint64_t>(std::count_if(units.train.begin(), units.train.end(), [&](data::Index u) {
        return units_[u].clicked && units_[u].time >= first;
      }));
    }
  }
  fold.name = fmt::format("fold {} of {}", number, size());
  finish(fold);
  return fold;
}

data::EventLog LogFolds::whole() const {
  return part_of(scene_.data.log, rows_of_units(std::vector<bool>(units_.size(), true)));
}

}  // namespace tamis::sift
