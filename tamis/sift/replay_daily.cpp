#include "tamis/sift/replay_daily.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/nearest.h"
#include "tamis/base/random.h"
#include "tamis/evidence/replay/daily.h"
#include "tamis/sift/journal.h"
#include "tamis/sift/replay_daily_days.h"
#include "tamis/sift/scene.h"
#include "tamis/stats/intervals.h"

namespace tamis::sift {

namespace {

constexpr std::string_view kWhere = "daily replay";
constexpr std::pair<std::string_view, Cadence> kCadences[] = {
    {"frozen", Cadence::frozen}, {"daily", Cadence::daily}, {"hourly", Cadence::hourly}};

struct Span {
  data::Time from = 0, until = 0;
};

/// The plan with its replay stage alone: nobody is simulated, and no user is kept from the candidates.
Plan read_replay_plan(const DailyReplayOptions& options) {
  Plan plan = read_plan(options.plan, options.data, options.seed);
  const auto is_replay = [](const StagePlan& stage) { return stage.kind == StageKind::replay; };
  const auto found = std::find_if(plan.stages.begin(), plan.stages.end(), is_replay);
  if (found == plan.stages.end())
    fail_caller(plan.path.string(),
                "the plan has no [[stage]] of kind replay, whose metrics, test and step a daily "
                "replay goes by");
  StagePlan stage = *found;
  if (!options.metric.empty()) stage.metrics = {metrics::Metric::parse(options.metric)};
  stage.metrics.resize(1);
  plan.stages = {std::move(stage)};
  plan.truth_users = 0;
  return plan;
}

Span span_of(const DailyReplayOptions& options, const StagePlan& stage, const data::EventLog& log) {
  const data::Time first = log.event_time(0), last = log.event_time(log.size() - 1);
  Span span{last + 1 - stage.test, last + 1};
  if (options.from) span.from = *options.from;
  if (options.until) span.until = *options.until;
  const auto text = [](data::Time time) { return data::format_time(time); };
  if (span.from >= span.until)
    fail_caller(kWhere, fmt::format("the days begin at {} and end at {}: nothing lies between", text(span.from),
                                    text(span.until)));
  if (span.from <= first || span.from > last || span.until > last + stage.step)
    fail_caller(kWhere, fmt::format("the days from {} to {} lie outside the log, which runs from {} to {} (there must "
                                    "be something to learn from before them)",
                                    text(span.from), text(span.until), text(first), text(last)));
  bool learns = false;
  for (std::size_t i = 0; i < log.size() && log.event_time(i) < span.from && !learns; ++i)
    learns = log.event(i) == data::Event::click && log.known_time(i) < span.from;
  if (!learns) fail_caller(kWhere, fmt::format("no click was known before {}: nothing to fit on", text(span.from)));
  if ((span.until - span.from) / stage.step > 1000)
    fail_caller(stage.where, "the step cuts the days asked for into more than 1000");
  return span;
}

std::vector<std::size_t> chosen_candidates(const DailyReplayOptions& options, const Plan& plan) {
  std::vector<std::size_t> chosen;
  std::vector<std::string_view> names;
  for (const Candidate& candidate : plan.candidates) names.push_back(candidate.name);
  for (const std::string& name : options.candidates) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      fail_caller(kWhere, fmt::format("the plan has no candidate \"{}\"{}", name, nearest(name, names)));
    const auto c = static_cast<std::size_t>(found - names.begin());
    if (std::find(chosen.begin(), chosen.end(), c) != chosen.end())
      fail_caller(kWhere, fmt::format("candidate \"{}\" is asked for twice", name));
    chosen.push_back(c);
  }
  for (std::size_t c = 0; c < plan.candidates.size() && options.candidates.empty(); ++c) chosen.push_back(c);
  return chosen;
}

std::string heading(const DailyReplayOptions& options, const Plan& plan, const Scene& scene, const Span& span,
                    const std::vector<std::string>& candidates) {
  return nlohmann::json{{"protocol", "daily replay"},
                        {"version", options.version},
                        {"plan", fmt::format("{:016x}", fnv1a(plan.text))},
                        {"data", fmt::format("{:016x}", scene.fingerprint)},
                        {"seed", options.seed},
                        {"metric", plan.stages[0].metrics[0].name},
                        {"from", span.from},
                        {"until", span.until},
                        {"candidates", candidates}}
      .dump();
}

/// Means over users with intervals, for rows of values over the same users.
std::vector<Score> scores_of(const std::vector<std::vector<double>>& rows, const DailyReplay& replay,
                             std::uint64_t seed) {
  std::vector<Score> scores(rows.size());
  if (rows.empty() || rows[0].empty()) {
    for (Score& score : scores) score.why = "the metric is defined for no list asked";
    return scores;
  }
  if (rows[0].size() == 1) {
    for (std::size_t i = 0; i < rows.size(); ++i) scores[i] = {rows[i][0], {}, {}, "one user: no interval"};
    return scores;
  }
  const std::vector<std::span<const double>> spans(rows.begin(), rows.end());
  const auto bootstraps = stats::bootstrap_all(spans, replay.resamples, seed);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto interval = bootstraps[i].interval(replay.alpha);
    scores[i] = {bootstraps[i].estimate(), interval.low, interval.high, ""};
  }
  return scores;
}

/// Per user of one day or of several: the mean of the user's questions, a row for each cadence and candidate.
std::vector<std::vector<double>> user_rows(const std::vector<std::vector<DayTotals>>& days, std::size_t begin,
                                           std::size_t end, std::size_t candidates) {
  std::vector<std::vector<double>> rows;
  for (const std::vector<DayTotals>& cadence : days) {
    std::map<data::Index, std::vector<double>> sums;  // count, then a sum a candidate
    for (std::size_t d = begin; d < end; ++d) {
      const DayTotals& day = cadence[d];
      for (std::size_t u = 0; u < day.users.size(); ++u) {
        auto& sum = sums.try_emplace(day.users[u], std::vector<double>(candidates + 1)).first->second;
        sum[0] += static_cast<double>(day.counts[u]);
        for (std::size_t c = 0; c < candidates; ++c) sum[c + 1] += day.sums[c][u];
      }
    }
    for (std::size_t c = 0; c < candidates; ++c) {
      auto& row = rows.emplace_back();
      for (const auto& entry : sums) row.push_back(entry.second[c + 1] / entry.second[0]);
    }
  }
  return rows;
}

void summarize(const std::vector<std::vector<DayTotals>>& days, std::uint64_t seed, DailyReplay& replay) {
  const std::size_t candidates = replay.candidates.size(), cadences = replay.cadences.size();
  for (std::size_t d = 0; d < replay.days.size(); ++d) {
    ReplayedDay& day = replay.days[d];
    const DayTotals& totals = days[0][d];
    day.cold = totals.cold;
    day.users = totals.users.size();
    day.scores = scores_of(user_rows(days, d, d + 1, candidates), replay, seed ^ fnv1a(kWhere));
    if (day.questions > 0) continue;
    for (Score& score : day.scores) score.why = "an empty day: no list with a click was asked for";
  }
  auto rows = user_rows(days, 0, replay.days.size(), candidates);
  replay.users = rows[0].size();
  rows.resize(2 * cadences * candidates, std::vector<double>(replay.users));
  for (std::size_t i = 0; i < cadences * candidates; ++i) {
    const std::vector<double>& fresh = rows[replay.at(replay.freshest(), i % candidates)];
    for (std::size_t u = 0; u < replay.users; ++u) rows[cadences * candidates + i][u] = fresh[u] - rows[i][u];
  }
  auto scores = scores_of(rows, replay, seed ^ fnv1a(kWhere));
  replay.scores.assign(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(cadences * candidates));
  replay.staleness.assign(scores.begin() + static_cast<std::ptrdiff_t>(cadences * candidates), scores.end());
}

Scene load(const DailyReplayOptions& options, const Plan& plan, Progress& progress) {
  make_output_folder(options.out);
  Quarantine quarantine;
  std::error_code absent;  // one of an earlier run would speak of rows that this result does not miss
  std::filesystem::remove(options.out / "quarantine.tsv", absent);
  try {
    Scene scene = load_scene(plan, options.seed, quarantine, options.max_bad, progress);
    quarantine.write(options.out / "quarantine.tsv");
    return scene;
  } catch (...) {
    quarantine.write(options.out / "quarantine.tsv");
    throw;
  }
}

/// The questions by day; no day may be left if nothing was asked on any of them.
std::vector<replay::StepQuestions> ask(const StagePlan& stage, const data::EventLog& log, const Span& span,
                                       DailyReplay& replay) {
  auto steps = replay::steps(log, span.from, span.until, stage.step);
  std::uint64_t asked = 0, empty = 0;
  for (const auto& step : steps) {
    const data::Time end = std::min(span.until, step.from + stage.step);
    replay.days.push_back({step.from, end, step.questions.list.size(), 0, 0, {}});
    asked += step.questions.list.size();
    empty += step.questions.list.empty() ? 1 : 0;
  }
  if (asked == 0)
    fail_world(kWhere, fmt::format("no list with a click was asked for from {} to {}: there is nothing to score",
                                   data::format_time(span.from), data::format_time(span.until)));
  if (empty > 0)
    replay.notes.push_back(
        fmt::format("{} of {} days are empty: they have no value, and no part in the mean.", empty, steps.size()));
  const auto& left = steps.front().questions;
  if (left.no_click > 0)
    replay.notes.push_back(
        fmt::format("{} lists without a click were left out: no order can be judged by them.", left.no_click));
  return steps;
}

}  // namespace

Cadence parse_cadence(std::string_view text) {
  for (const auto& [name, cadence] : kCadences) {
    if (name == text) return cadence;
  }
  fail_caller("cadence", fmt::format("\"{}\" is not one of frozen, daily, hourly", text));
}

std::string_view word(Cadence cadence) {
  return kCadences[static_cast<std::size_t>(cadence)].first;
}

std::size_t DailyReplay::freshest() const {
  return static_cast<std::size_t>(std::max_element(cadences.begin(), cadences.end()) - cadences.begin());
}

DailyReplay replay_daily(const DailyReplayOptions& options, Progress& progress) {
  const Plan plan = read_replay_plan(options);
  const StagePlan& stage = plan.stages[0];
  const std::vector<std::size_t> chosen = chosen_candidates(options, plan);
  DailyReplay replay;
  replay.title = plan.title;
  replay.metric = stage.metrics[0].name;
  replay.convention = metrics::conventions(stage.metrics[0], stage.ties);
  replay.alpha = stage.alpha;
  replay.resamples = stage.resamples;
  replay.cadences = options.cadences;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    replay.candidates.push_back(plan.candidates[chosen[i]].name);
    if (options.candidates.empty() && chosen[i] == plan.incumbent) replay.first = i;
  }
  const Scene scene = load(options, plan, progress);
  replay.source = scene.source;
  replay.inputs = scene.data.inputs;
  replay.notes = scene.notes;
  const Span span = span_of(options, stage, scene.data.log);
  const auto steps = ask(stage, scene.data.log, span, replay);
  Journal journal(options.out / "daily_replay.jsonl", heading(options, plan, scene, span, replay.candidates),
                  options.resume);
  const DaysReplayed days = replay_days({plan, scene, chosen, replay.cadences, steps}, journal, progress);
  replay.resumed = days.resumed;
  summarize(days.totals, options.seed, replay);
  return replay;
}

}  // namespace tamis::sift
