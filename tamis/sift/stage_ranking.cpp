#include <fmt/format.h>

#include <memory>

#include "tamis/base/error.h"
#include "tamis/sift/stages.h"
#include "tamis/stats/summary.h"

namespace tamis::sift {

namespace {

/// Offline is one step over the whole test part, fitted `gap` before it; a replay is fitted anew at each step.
std::vector<replay::StepQuestions> ask(const Run& run, const StagePlan& stage, data::Time& fit_shift) {
  const data::EventLog& log = run.scene.data.log;
  const data::TimeSplit split = data::split_by_time(log, stage.test, stage.gap);
  fit_shift = split.test_from - split.train_until;
  const data::Time step = stage.kind == StageKind::offline ? split.test_until - split.test_from : stage.step;
  auto steps = replay::steps(log, split.test_from, split.test_until, step);
  std::uint64_t asked = 0, all = 0;
  for (const auto& one : steps) {
    asked += one.questions.list.size();
    all += one.questions.all_clicked;
  }
  if (asked == 0)
    fail_world(stage.where, "the scored part holds no list with a click on what it shows: there is nothing to score");
  if (asked == all) fail_world(stage.where, "in the scored part every item shown was clicked: no order can be judged");
  return steps;
}

/// Fitters by time of fitting, so that candidates share the parts they have in common.
class Fitters {
 public:
  explicit Fitters(const Scene& scene) : scene_(scene) {}
  data::Fitted fit(const recommend::Spec& spec, data::Time until) {
    for (auto& [time, fitter] : made_) {
      if (time == until) return fitter->fit(spec);
    }
    auto texts = made_.empty() ? nullptr : made_.front().second->texts();
    made_.emplace_back(
        until, std::make_unique<recommend::Fitter>(scene_.data.log, scene_.data.items, until, std::move(texts)));
    return made_.back().second->fit(spec);
  }

 private:
  const Scene& scene_;
  std::vector<std::pair<data::Time, std::unique_ptr<recommend::Fitter>>> made_;
};

void note_questions(const std::vector<replay::StepQuestions>& steps, const Measured& measured,
                    std::vector<std::string>& notes) {
  std::uint64_t asked = 0, silent = 0, unlisted = 0, all = 0, cold = 0;
  for (const auto& step : steps) {
    asked += step.questions.list.size();
    silent += step.questions.no_click;
    unlisted += step.questions.unlisted_clicks;
    all += step.questions.all_clicked;
  }
  for (const auto& step : measured.steps) cold += step.cold;
  notes.push_back(
      fmt::format("{} lists were scored in {} step{}; {} came from users with no history by then, whom "
                  "personal candidates serve by popularity.",
                  asked, steps.size(), steps.size() == 1 ? "" : "s", cold));
  if (silent > 0)
    notes.push_back(fmt::format("{} lists without a click were left out: no order can be judged by them.", silent));
  if (all > 0) notes.push_back(fmt::format("{} lists in which everything was clicked have no AUC.", all));
  if (unlisted > 0)
    notes.push_back(fmt::format("{} clicks on an item that their list does not show were left out.", unlisted));
}

}  // namespace

std::vector<Measured> measure_ranking(const Run& run, const StagePlan& stage, const std::vector<std::size_t>& entered,
                                      std::vector<std::string>& notes) {
  const Scene& scene = run.scene;
  data::Time shift = 0;
  const auto steps = ask(run, stage, shift);
  Fitters fitters(scene);
  std::vector<Measured> all;
  std::uint64_t asked = 0;
  for (const auto& step : steps) asked += step.questions.list.size();
  run.progress.begin(std::string(word(stage.kind)), entered.size() * asked);
  for (const std::size_t c : entered) {
    const Candidate& candidate = run.plan.candidates[c];
    const std::string& text = run.journal.once(fmt::format("{}/{}", word(stage.kind), candidate.name), [&] {
      const auto fit = [&](data::Time until) { return fitters.fit(candidate.spec, until - shift); };
      const replay::Result result = replay::daily(steps, fit, *scene.histories, scene.data.log.users.size(),
                                                  scene.catalogue, stage.metrics, stage.ties, run.progress);
      Measured measured;
      measured.values = result.per_user[0];
      for (std::size_t m = 0; m < stage.metrics.size(); ++m) {
        measured.metrics.emplace_back(stage.metrics[m].name, stats::summarize(result.per_user[m].values).mean);
      }
      measured.steps = result.steps;
      for (const replay::Step& step : result.steps) {
        measured.served += step.questions;
        measured.cold += step.cold;
      }
      return to_json(measured);
    });
    all.push_back(measured_from_json(text));
  }
  run.progress.end();
  note_questions(steps, all.front(), notes);
  return all;
}

}  // namespace tamis::sift
