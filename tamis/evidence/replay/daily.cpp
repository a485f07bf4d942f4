#include "tamis/evidence/replay/daily.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::replay {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// What is asked of every candidate alike.
struct Setting {
  const data::Histories& histories;
  std::span<const data::Index> catalogue;
  std::size_t items;  // one past the highest item of the catalogue
  std::span<const metrics::Metric> metrics;
  metrics::Ties ties;
};

// The catalogue as this question sees it.
std::vector<data::Index> choices(const Setting& setting, const data::Question& question,
                                 std::span<const data::Interaction> history) {
  enum : std::uint8_t { kPlain, kSeen, kClicked };
  std::vector<std::uint8_t> mark(setting.items, kPlain);
  for (const data::Interaction& past : history) {
    if (past.item < setting.items) mark[past.item] = kSeen;
  }
  for (const data::Index item : question.clicked) {
    if (item < setting.items) mark[item] = kClicked;
  }
  std::vector<data::Index> candidates;
  candidates.reserve(setting.catalogue.size() + question.clicked.size());
  for (const data::Index item : setting.catalogue) {
    if (mark[item] == kSeen) continue;
    candidates.push_back(item);
    mark[item] = kPlain;
  }
  for (const data::Index item : question.clicked) {
    if (item >= setting.items || mark[item] == kClicked) candidates.push_back(item);
  }
  return candidates;
}

// Fills one value a metric (NaN where undefined); returns true if the user had no history.
bool answer_one(const Setting& setting, const data::Ranker& ranker, const data::Question& question,
                std::span<double> values) {
  const auto history = setting.histories.before(question.user, question.time);
  std::vector<data::Index> candidates;
  if (question.shown.empty()) candidates = choices(setting, question, history);
  const std::span<const data::Index> list = question.shown.empty() ? candidates : question.shown;
  std::vector<data::Index> clicked = question.clicked;
  std::sort(clicked.begin(), clicked.end());
  std::vector<std::uint8_t> relevant(list.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    relevant[i] = std::binary_search(clicked.begin(), clicked.end(), list[i]) ? 1 : 0;
  std::vector<float> scores(list.size());
  ranker.score({question.user, question.time, question.id, history, list}, scores);
  for (std::size_t m = 0; m < setting.metrics.size(); ++m)
    values[m] = metrics::measure(setting.metrics[m], scores, relevant, setting.ties).value_or(kUndefined);
  return history.empty();
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::uint64_t distinct_users(const data::Questions& questions) {
  std::vector<data::Index> users;
  users.reserve(questions.list.size());
  for (const data::Question& question : questions.list) users.push_back(question.user);
  std::sort(users.begin(), users.end());
  return static_cast<std::uint64_t>(std::unique(users.begin(), users.end()) - users.begin());
}

}  // namespace

std::vector<StepQuestions> steps(const data::EventLog& log, data::Time from, data::Time until, data::Time step) {
  if (from >= until)
    fail_caller("replay",
                fmt::format("nothing to replay: from {} until {}", data::format_time(from), data::format_time(until)));
  if (step <= 0) fail_caller("replay", fmt::format("a step of {} microseconds; it must be > 0", step));
  // Asked of the whole span at once: a list shown just before a step's end keeps the clicks that came just after it.
  data::Questions all = data::questions(log, from, until, step);
  std::vector<StepQuestions> result;
  auto next = all.list.begin();
  for (data::Time begin = from; begin < until;) {
    const data::Time end = until - begin > step ? begin + step : until;
    StepQuestions& here = result.emplace_back(StepQuestions{begin, {}});
    for (; next != all.list.end() && next->time < end; ++next) {
      here.questions.all_clicked += next->clicked.size() == next->shown.size();
      here.questions.list.push_back(std::move(*next));
    }
    begin = end;
  }
  result.front().questions.no_click = all.no_click;
  result.front().questions.unlisted_clicks = all.unlisted_clicks;
  return result;
}

Answers answer(std::span<const data::Question> questions, const data::Ranker& ranker, const data::Histories& histories,
               std::span<const data::Index> catalogue, std::span<const metrics::Metric> metrics, metrics::Ties ties,
               Progress& progress) {
  if (metrics.empty()) fail_caller("replay", "no metric to score by; at least one is needed");
  const std::size_t items =
      catalogue.empty() ? 0 : *std::max_element(catalogue.begin(), catalogue.end()) + std::size_t{1};
  const Setting setting{histories, catalogue, items, metrics, ties};
  Answers answers{std::vector<double>(questions.size() * metrics.size(), kUndefined), 0};
  std::vector<std::uint8_t> cold(questions.size());
  parallel_for(
      questions.size(),
      [&](std::size_t i) {
        const auto slot = std::span(answers.values).subspan(i * metrics.size(), metrics.size());
        cold[i] = answer_one(setting, ranker, questions[i], slot) ? 1 : 0;
        progress.advance();
      },
      0);
  answers.cold = std::accumulate(cold.begin(), cold.end(), std::uint64_t{0});
  return answers;
}

Result daily(std::span<const StepQuestions> steps, const Fit& fit, const data::Histories& histories, std::size_t users,
             std::span<const data::Index> catalogue, std::span<const metrics::Metric> metrics, metrics::Ties ties,
             Progress& progress) {
  if (metrics.empty()) fail_caller("replay", "no metric to score by; at least one is needed");
  std::vector<data::UserMeans> whole(metrics.size(), data::UserMeans(users));
  Result result;
  for (const StepQuestions& asked : steps) {
    const data::Fitted ranker = fit(asked.from);
    if (ranker == nullptr) fail_caller("replay", "the fit gave no ranker");
    const auto& list = asked.questions.list;
    const Answers answers = answer(list, *ranker, histories, catalogue, metrics, ties, progress);
    Step step{asked.from, list.size(), distinct_users(asked.questions), answers.cold, std::nullopt};
    data::UserMeans here(users);
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        const double value = answers.values[i * metrics.size() + m];
        if (!std::isnan(value)) whole[m].update(list[i].user, value);
      }
      const double deciding = answers.values[i * metrics.size()];
      if (std::isnan(deciding))
        ++result.unmeasured;
      else
        here.update(list[i].user, deciding);
    }
    const std::vector<double> means = here.value().values;
    if (!means.empty()) step.value = mean(means);
    result.steps.push_back(step);
  }
  for (const data::UserMeans& metric : whole) result.per_user.push_back(metric.value());
  return result;
}

}  // namespace tamis::replay
