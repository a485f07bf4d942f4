#include "tamis/sift/replay_daily_days.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"

namespace tamis::sift {

namespace {

using Json = nlohmann::json;

std::string to_json(const DayTotals& day) {
  return Json{{"users", day.users}, {"counts", day.counts}, {"sums", day.sums}, {"cold", day.cold}}.dump();
}

DayTotals from_json(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    return {json.at("users"), json.at("counts"), json.at("sums"), json.at("cold")};
  } catch (const Json::exception& error) {
    fail_world("journal", std::string("a day cannot be read back: ") + error.what());
  }
}

class DayMaker {
 public:
  DayMaker(const DaysToReplay& what, Progress& progress)
      : what_(what), stage_(what.plan.stages[0]), progress_(progress) {}

  DayTotals make(const replay::StepQuestions& day, Cadence cadence) {
    const std::size_t candidates = what_.candidates.size();
    std::map<data::Index, std::vector<double>> sums;  // count, then a sum a candidate
    DayTotals totals;
    const std::span<const data::Question> all = day.questions.list;
    for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      const data::Time at = fit_time(day, all[begin], cadence);
      while (end < all.size() && fit_time(day, all[end], cadence) == at) ++end;
      const auto questions = all.subspan(begin, end - begin);
      for (std::size_t c = 0; c < candidates; ++c) {
        const data::Fitted ranker = fitter(at, cadence).fit(what_.plan.candidates[what_.candidates[c]].spec);
        const replay::Answers answers = replay::answer(questions, *ranker, *what_.scene.histories,
                                                       what_.scene.catalogue, stage_.metrics, stage_.ties, progress_);
        if (c == 0) totals.cold += answers.cold;
        add(questions, answers.values, c, sums);
      }
    }
    totals.sums.resize(candidates);
    for (const auto& entry : sums) {
      totals.users.push_back(entry.first);
      totals.counts.push_back(static_cast<std::uint64_t>(entry.second[0]));
      for (std::size_t c = 0; c < candidates; ++c) totals.sums[c].push_back(entry.second[c + 1]);
    }
    return totals;
  }

 private:
  data::Time fit_time(const replay::StepQuestions& day, const data::Question& question, Cadence cadence) const {
    if (cadence == Cadence::frozen) return what_.steps.front().from;
    if (cadence == Cadence::daily) return day.from;
    return day.from + (question.time - day.from) / data::kHour * data::kHour;
  }

  /// The fits of one time; those of another, but for the frozen ones, are let go.
  recommend::Fitter& fitter(data::Time at, Cadence cadence) {
    auto& held = cadence == Cadence::frozen ? frozen_ : latest_;
    if (held == nullptr || held->first != at) {
      if (held != nullptr && texts_ == nullptr) texts_ = held->second.texts();
      held.reset();
      held = std::make_unique<std::pair<data::Time, recommend::Fitter>>(
          at, recommend::Fitter(what_.scene.data.log, what_.scene.data.items, at, texts_));
    }
    return held->second;
  }

  /// Whether a metric is defined depends on the question alone: all candidates count the same questions.
  void add(std::span<const data::Question> questions, const std::vector<double>& values, std::size_t candidate,
           std::map<data::Index, std::vector<double>>& sums) const {
    for (std::size_t i = 0; i < questions.size(); ++i) {
      if (std::isnan(values[i])) continue;
      auto& sum = sums.try_emplace(questions[i].user, std::vector<double>(what_.candidates.size() + 1)).first->second;
      if (candidate == 0) ++sum[0];
      sum[candidate + 1] += values[i];
    }
  }

  using Fits = std::unique_ptr<std::pair<data::Time, recommend::Fitter>>;
  const DaysToReplay& what_;
  const StagePlan& stage_;
  Progress& progress_;
  std::shared_ptr<const recommend::TextMatrix> texts_;
  Fits frozen_, latest_;
};

}  // namespace

DaysReplayed replay_days(const DaysToReplay& what, Journal& journal, Progress& progress) {
  std::uint64_t asked = 0;
  for (const auto& day : what.steps) asked += day.questions.list.size();
  progress.begin("daily replay", asked * what.candidates.size() * what.cadences.size());
  DayMaker maker(what, progress);
  DaysReplayed replayed;
  replayed.totals.resize(what.cadences.size());
  for (const replay::StepQuestions& day : what.steps) {
    for (std::size_t k = 0; k < what.cadences.size(); ++k) {
      bool made = false;
      const std::string piece =
          fmt::format("{} {} {}", word(what.cadences[k]), replayed.totals[k].size() + 1, data::format_time(day.from));
      const std::string& text = journal.once(piece, [&] {
        made = true;
        return to_json(maker.make(day, what.cadences[k]));
      });
      replayed.totals[k].push_back(from_json(text));
      if (made) continue;
      ++replayed.resumed;
      progress.advance(day.questions.list.size() * what.candidates.size());
    }
  }
  progress.end();
  return replayed;
}

}  // namespace tamis::sift
