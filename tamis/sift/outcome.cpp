#include "tamis/sift/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tamis/base/json_number.h"
#include "tamis/evidence/experiment/assignment.h"
#include "tamis/sift/telling.h"

namespace tamis::sift {

namespace {

using Json = nlohmann::ordered_json;

std::string correction_word(stats::Correction correction) {
  switch (correction) {
    case stats::Correction::none:
      return "none";
    case stats::Correction::bonferroni:
      return "bonferroni";
    case stats::Correction::holm:
      return "holm";
    case stats::Correction::benjamini_hochberg:
      return "bh";
  }
  return "";
}

Json steps_of(const StageOutcome& stage) {
  Json steps = Json::array();
  if (stage.plan.kind != StageKind::replay || stage.measured.empty()) return steps;
  for (const replay::Step& step : stage.measured.front().steps) {
    steps.push_back({{"from", data::format_time(step.from)},
                     {"questions", step.questions},
                     {"users", step.users},
                     {"cold", step.cold}});
  }
  return steps;
}

Json stage_json(const StageOutcome& stage, const Plan& plan, bool last) {
  const auto dropped = static_cast<std::size_t>(std::count_if(
      stage.verdicts.begin(), stage.verdicts.end(), [](const Verdict& v) { return v.decision == Decision::dropped; }));
  const auto capped =
      std::count_if(stage.verdicts.begin(), stage.verdicts.end(), [](const Verdict& v) { return v.by_cap; });
  Json json = {{"kind", word(stage.plan.kind)},
               {"simulated", is_online(stage.plan.kind)},
               {"metric", metric_name(stage.plan)},
               {"unit", unit_words(stage.plan)},
               {"entered", stage.entered.size()},
               {"kept", stage.entered.size() - dropped},
               {"dropped", dropped},
               {"dropped_by_cap", capped},
               {"riding", last ? 0 : (plan.sanity ? 2 : 1)},
               {"keep", stage.plan.keep},
               {"keep_max", stage.plan.keep_max},
               {"users", stage.users},
               {"cost", {{"users", stage.cost_users}, {"days", stage.cost_days}}},
               {"correction", correction_word(stage.plan.correction)},
               {"comparisons", stage.entered.size() - 1},
               {"alpha", stage.plan.alpha},
               {"interval", interval_words(stage.plan)},
               {"notes", stage.notes}};
  const Json steps = steps_of(stage);
  if (!steps.empty()) json["steps"] = steps;
  return json;
}

/// The arms' p-values, corrected as the stage is; 1 for the incumbent, which is compared with nothing.
std::vector<double> corrected_p(const StageOutcome& stage, const Plan& plan) {
  std::vector<double> p;
  for (const Arm& arm : stage.arms) {
    if (arm.candidate != plan.incumbent) p.push_back(arm.p);
  }
  const auto adjusted = stats::adjust(p, stage.plan.correction);
  std::vector<double> all;
  std::size_t next = 0;
  for (const Arm& arm : stage.arms) all.push_back(arm.candidate == plan.incumbent ? 1 : adjusted[next++]);
  return all;
}

Json candidates_json(const Outcome& outcome, const Plan& plan) {
  Json all = Json::array();
  std::vector<std::vector<double>> p;
  for (const StageOutcome& stage : outcome.stages) p.push_back(corrected_p(stage, plan));
  for (std::size_t c = 0; c < plan.candidates.size(); ++c) {
    const Candidate& candidate = plan.candidates[c];
    Json stages = Json::array();
    for (std::size_t s = 0; s < outcome.stages.size(); ++s) {
      const StageOutcome& stage = outcome.stages[s];
      const auto at = std::find(stage.entered.begin(), stage.entered.end(), c);
      if (at == stage.entered.end()) continue;
      const auto a = static_cast<std::size_t>(at - stage.entered.begin());
      const Arm& arm = stage.arms[a];
      Json metrics = Json::object();
      for (const auto& [name, value] : stage.measured[a].metrics) metrics[name] = json_number(value);
      stages.push_back({{"kind", word(stage.plan.kind)},
                        {"estimate", json_number(arm.estimate)},
                        {"low", json_number(arm.interval.low)},
                        {"high", json_number(arm.interval.high)},
                        {"p", json_number(p[s][a])},
                        {"value", json_number(arm.value)},
                        {"users", arm.users},
                        {"served", stage.measured[a].served},
                        {"served_by_fallback", stage.measured[a].cold},
                        {"metrics", metrics},
                        {"decision", word(stage.verdicts[a].decision)},
                        {"by_cap", stage.verdicts[a].by_cap},
                        {"why", stage.verdicts[a].why}});
    }
    all.push_back(
        {{"name", candidate.name}, {"family", candidate.family}, {"describe", candidate.describe}, {"stages", stages}});
  }
  return all;
}

/// Per stage and family: does its best candidate stand clear of the arm that must lose?
Json sanity_json(const Outcome& outcome, const Plan& plan) {
  Json rows = Json::array();
  if (!plan.sanity) return rows;
  for (const StageOutcome& stage : outcome.stages) {
    const Arm* sanity = nullptr;
    for (const Arm& arm : stage.arms) {
      if (arm.candidate == plan.sanity) sanity = &arm;
    }
    for (const std::string_view family : {"popularity", "item_knn", "content", "blend"}) {
      const Arm* best = nullptr;
      for (const Arm& arm : stage.arms) {
        if (plan.candidates[arm.candidate].family != family || arm.candidate == plan.sanity) continue;
        if (best == nullptr || arm.estimate > best->estimate) best = &arm;
      }
      if (best == nullptr) continue;
      rows.push_back({{"stage", word(stage.plan.kind)},
                      {"family", family},
                      {"candidate", plan.candidates[best->candidate].name},
                      {"low", json_number(best->interval.low)},
                      {"high", json_number(best->interval.high)},
                      {"random_low", json_number(sanity->interval.low)},
                      {"random_high", json_number(sanity->interval.high)},
                      {"apart", best->interval.low > sanity->interval.high}});
    }
  }
  return rows;
}

Json lift_json(const Outcome& outcome) {
  const auto number = [](const std::optional<double>& x) { return x ? json_number(*x) : Json(); };
  Json lift = {{"estimate", outcome.lift ? json_number(outcome.lift->estimate) : Json()},
               {"low", outcome.lift ? json_number(outcome.lift->interval.low) : Json()},
               {"high", outcome.lift ? json_number(outcome.lift->interval.high) : Json()},
               {"naive", number(outcome.naive)},
               {"unit", "relative to the incumbent's mean per user"}};
  if (!outcome.lift) lift["why"] = outcome.why_no_lift;
  return lift;
}

Json cost_json(const Outcome& outcome, const Plan& plan) {
  std::uint64_t users = 0;
  int days = 0;
  Json all = {{"users", nullptr}, {"days", nullptr}, {"why", "the plan has no A/B stage to compare with"}};
  for (const StageOutcome& stage : outcome.stages) {
    users += stage.cost_users;
    days += stage.cost_days;
    if (stage.plan.kind == StageKind::ab) {
      // A site has only so many visitors a day: more arms of the same size take proportionally longer.
      const std::uint64_t all_users = static_cast<std::uint64_t>(stage.plan.users) * plan.candidates.size();
      const std::uint64_t all_days =
          (all_users * static_cast<std::uint64_t>(stage.plan.days) + stage.cost_users - 1) / stage.cost_users;
      all = {{"users", all_users}, {"days", all_days}};
    }
  }
  return {{"funnel", {{"users", users}, {"days", days}}}, {"ab_for_all", all}};
}

Json truth_json(const Outcome& outcome, const Plan& plan) {
  const Outcome::Truth& truth = *outcome.truth;
  std::vector<std::size_t> order(truth.values.size());
  for (std::size_t c = 0; c < order.size(); ++c) order[c] = c;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return truth.values[a] > truth.values[b]; });
  const std::size_t live = outcome.shipped.value_or(plan.incumbent);
  const double best = truth.values[order.front()];
  const double regret = best - truth.values[live];
  const double gap = best - truth.values[plan.incumbent];
  Json values = Json::array();
  for (const std::size_t c : order) values.push_back({{"name", plan.candidates[c].name}, {"value", truth.values[c]}});
  Json json = {{"true_best", plan.candidates[order.front()].name},
               {"rank_of_shipped", std::find(order.begin(), order.end(), live) - order.begin() + 1},
               {"regret", regret},
               {"gap", gap},
               {"regret_share", gap > 0 ? Json(regret / gap) : Json()},
               {"unit", truth.unit},
               {"users", truth.users},
               {"days", truth.days},
               {"values", values}};
  if (gap <= 0) json["why"] = "the incumbent is the true best: there is no gap to take a share of";
  return json;
}

Json data_json(const Scene& scene) {
  const data::EventLog& log = scene.data.log;
  std::size_t impressions = 0;
  std::vector<bool> seen(log.users.size());
  for (std::size_t i = 0; i < log.size(); ++i) {
    impressions += log.event(i) == data::Event::impression ? 1 : 0;
    seen[log.user(i)] = true;
  }
  return {{"source", scene.source},
          {"simulated", scene.world},
          {"users", std::count(seen.begin(), seen.end(), true)},
          {"items", scene.data.items.size()},
          {"events", log.size()},
          {"clicks", log.clicks()},
          {"impressions", impressions},
          {"from", data::format_time(log.event_time(0))},
          {"until", data::format_time(log.event_time(log.size() - 1))},
          {"notes", scene.notes}};
}

Json inputs_json(const Scene& scene) {
  Json inputs = Json::array();
  for (const InputFile& file : scene.data.inputs) {
    inputs.push_back({{"path", file.path},
                      {"bytes", file.bytes},
                      {"rows_read", file.rows_read},
                      {"rows_quarantined", file.rows_quarantined}});
  }
  return inputs;
}

}  // namespace

std::string report_json(const Outcome& outcome, const Plan& plan, const Scene& scene, std::uint64_t seed,
                        const std::string& version) {
  Json stages = Json::array();
  for (std::size_t s = 0; s < outcome.stages.size(); ++s) {
    stages.push_back(stage_json(outcome.stages[s], plan, s + 1 == outcome.stages.size()));
  }
  Json conventions = Json::object();
  for (const auto& [name, words] : convention_words(plan)) conventions[name] = words;
  const StageOutcome& last = outcome.stages.back();
  Json json = {{"tamis", version},
               {"command", "sift"},
               {"seed", seed},
               {"plan", plan.path.filename().string()},
               {"title", plan.title},
               {"conventions", conventions},
               {"inputs", inputs_json(scene)},
               {"data", data_json(scene)},
               {"incumbent", plan.candidates[plan.incumbent].name},
               {"sanity", plan.sanity ? Json(plan.candidates[*plan.sanity].name) : Json()},
               {"stages", stages},
               {"cost", cost_json(outcome, plan)},
               {"candidates", candidates_json(outcome, plan)},
               {"sanity_check", sanity_json(outcome, plan)},
               {"ship", outcome.shipped ? Json(plan.candidates[*outcome.shipped].name) : Json()},
               {"decision", decision_words(outcome, plan)},
               {"lift", lift_json(outcome)}};
  if (!outcome.shipped) json["why"] = outcome.why_not;
  if (last.sample_ratio_p) {
    Json arms = Json::array();
    Json users = Json::array();
    for (std::size_t a = 0; a < last.entered.size(); ++a) {
      arms.push_back(plan.candidates[last.entered[a]].name);
      users.push_back(last.measured[a].exposed.size());
    }
    json["sample_ratio"] = {
        {"p", *last.sample_ratio_p}, {"threshold", experiment::kSampleRatioAlpha}, {"arms", arms}, {"users", users}};
  }
  if (outcome.truth) json["truth"] = truth_json(outcome, plan);
  return json.dump();
}

}  // namespace tamis::sift
