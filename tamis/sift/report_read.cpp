#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/sift/report_text.h"

namespace tamis::sift::pages {

namespace {

using Json = nlohmann::ordered_json;

// A value of the report and where it stands, so that a wrong type is reported by its key. An absent key reads as null.
class Value {
 public:
  Value(const Json* json, std::string path) : json_(json), path_(std::move(path)) {}

  bool null() const { return json_ == nullptr || json_->is_null(); }

  Value operator[](const char* key) const {
    if (!null() && !json_->is_object()) wrong("an object");
    const std::string path = path_.empty() ? std::string(key) : path_ + "." + key;
    if (null()) return {nullptr, path};
    const auto found = json_->find(key);
    return {found == json_->end() ? nullptr : &*found, path};
  }

  std::string text() const {
    if (null()) return "";
    if (!json_->is_string()) wrong("a text or null");
    return json_->get<std::string>();
  }

  Number number() const {
    if (null()) return std::nullopt;
    if (!json_->is_number()) wrong("a number or null");
    return json_->get<double>();
  }

  std::optional<bool> truth() const {
    if (null()) return std::nullopt;
    if (!json_->is_boolean()) wrong("true, false or null");
    return json_->get<bool>();
  }

  // Whatever it is, in words: a text as it is, anything else as JSON.
  std::string words() const {
    if (null()) return "";
    return json_->is_string() ? json_->get<std::string>() : json_->dump();
  }

  std::vector<Value> list() const {
    std::vector<Value> values;
    if (null()) return values;
    if (!json_->is_array()) wrong("a list");
    for (std::size_t i = 0; i < json_->size(); ++i) {
      values.emplace_back(&(*json_)[i], path_ + "[" + std::to_string(i) + "]");
    }
    return values;
  }

  std::vector<std::pair<std::string, Value>> members() const {
    std::vector<std::pair<std::string, Value>> values;
    if (null()) return values;
    if (!json_->is_object()) wrong("an object");
    for (const auto& [key, value] : json_->items()) values.emplace_back(key, Value(&value, path_ + "." + key));
    return values;
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Value& value : list()) texts.push_back(value.text());
    return texts;
  }

  [[noreturn]] void wrong(const std::string& accepted) const {
    fail_caller("report",
                "key \"" + path_ + "\" holds " + (json_ ? json_->type_name() : "nothing") + "; accepted: " + accepted);
  }

 private:
  const Json* json_;
  std::string path_;
};

// Reports without `by_cap` say it in words.
Fate fate_of(const std::string& decision, const std::string& why, std::optional<bool> by_cap) {
  if (decision == "dropped") {
    const bool capped = by_cap.value_or(why.find("dropped by the cap") != std::string::npos);
    return capped ? Fate::kCapped : Fate::kDropped;
  }
  if (decision == "kept") return Fate::kKept;
  if (decision == "rides") return Fate::kRides;
  if (decision == "shipped") return Fate::kShipped;
  return Fate::kUnknown;
}

Cost read_cost(const Value& value) {
  return {value["users"].number(), value["days"].number(), value["why"].text()};
}

Stage read_stage(const Value& value) {
  Stage stage;
  stage.kind = value["kind"].text();
  if (stage.kind.empty()) value["kind"].wrong("offline, replay, interleave or ab");
  stage.simulated = value["simulated"].truth().value_or(false);
  stage.metric = value["metric"].text();
  stage.unit = value["unit"].text();
  stage.entered = value["entered"].number();
  stage.kept = value["kept"].number();
  stage.dropped = value["dropped"].number();
  stage.riding = value["riding"].number();
  stage.keep = value["keep"].number();
  stage.keep_max = value["keep_max"].number();
  stage.users = value["users"].number();
  stage.cost = read_cost(value["cost"]);
  stage.correction = value["correction"].text();
  stage.alpha = value["alpha"].number();
  stage.comparisons = value["comparisons"].number();
  stage.interval = value["interval"].text();
  stage.notes = value["notes"].texts();
  for (const Value& step : value["steps"].list()) {
    stage.steps.push_back(
        {step["from"].text(), step["questions"].number(), step["users"].number(), step["cold"].number()});
  }
  return stage;
}

Candidate read_candidate(const Value& value) {
  Candidate candidate{value["name"].text(), value["family"].text(), value["describe"].text(), {}};
  if (candidate.name.empty()) value["name"].wrong("the candidate's name");
  for (const Value& at : value["stages"].list()) {
    Measure measure;
    measure.kind = at["kind"].text();
    measure.estimate = at["estimate"].number();
    measure.low = at["low"].number();
    measure.high = at["high"].number();
    measure.p = at["p"].number();
    measure.value = at["value"].number();
    measure.users = at["users"].number();
    measure.fallback = at["served_by_fallback"].number();
    for (const auto& [name, metric] : at["metrics"].members()) measure.metrics.emplace_back(name, metric.number());
    measure.decision = at["decision"].text();
    measure.why = at["why"].text();
    measure.fate = fate_of(measure.decision, measure.why, at["by_cap"].truth());
    candidate.stages.push_back(std::move(measure));
  }
  return candidate;
}

Data read_data(const Value& value) {
  Data data;
  data.given = !value.null();
  data.simulated = value["simulated"].truth().value_or(false);
  data.source = value["source"].text();
  data.from = value["from"].text();
  data.until = value["until"].text();
  data.users = value["users"].number();
  data.items = value["items"].number();
  data.events = value["events"].number();
  data.clicks = value["clicks"].number();
  data.impressions = value["impressions"].number();
  data.notes = value["notes"].texts();
  return data;
}

Lift read_lift(const Value& value) {
  Lift lift;
  lift.given = !value.null();
  lift.estimate = value["estimate"].number();
  lift.low = value["low"].number();
  lift.high = value["high"].number();
  lift.naive = value["naive"].number();
  lift.naive_low = value["naive_low"].number();
  lift.naive_high = value["naive_high"].number();
  lift.unit = value["unit"].text();
  lift.why = value["why"].text();
  return lift;
}

Truth read_truth(const Value& value) {
  Truth truth;
  truth.given = !value.null();
  truth.true_best = value["true_best"].text();
  truth.rank_of_shipped = value["rank_of_shipped"].number();
  truth.regret = value["regret"].number();
  truth.gap = value["gap"].number();
  truth.regret_share = value["regret_share"].number();
  truth.unit = value["unit"].text();
  truth.users = value["users"].number();
  truth.days = value["days"].number();
  truth.why = value["why"].text();
  for (const Value& at : value["values"].list()) truth.values.emplace_back(at["name"].text(), at["value"].number());
  return truth;
}

void read_checks(const Value& root, Report& report) {
  for (const Value& at : root["sanity_check"].list()) {
    report.sanity_check.push_back({at["stage"].text(), at["family"].text(), at["candidate"].text(), at["low"].number(),
                                   at["high"].number(), at["random_low"].number(), at["random_high"].number(),
                                   at["apart"].truth(), at["why"].text()});
  }
  const Value ratio = root["sample_ratio"];
  report.sample_ratio.given = !ratio.null();
  report.sample_ratio.p = ratio["p"].number();
  report.sample_ratio.why = ratio["why"].text();
  for (const Value& users : ratio["users"].list()) report.sample_ratio.users.push_back(users.number());
  for (const Value& arm : ratio["arms"].list()) report.sample_ratio.arms.push_back(arm.words());
}

Json parse(std::string_view json) {
  try {
    return Json::parse(json);
  } catch (const Json::exception& problem) {
    fail_caller("report", std::string("not JSON: ") + problem.what() + "; accepted: the report.json of `tamis sift`");
  }
}

}  // namespace

Report read_report(std::string_view json) {
  const Json document = parse(json);
  const Value root(&document, "");
  if (!document.is_object() || root["command"].words() != "sift") {
    fail_caller("report", "not a report: accepted is a JSON object with \"command\": \"sift\"");
  }
  for (const char* key : {"stages", "candidates"}) {
    if (root[key].null()) root[key].wrong("a list");
  }
  Report report;
  report.version = root["tamis"].text();
  report.plan = root["plan"].text();
  report.seed = root["seed"].words();
  report.title = root["title"].text();
  report.incumbent = root["incumbent"].text();
  report.sanity = root["sanity"].text();
  report.ship = root["ship"].text();
  report.decision = root["decision"].text();
  for (const auto& [name, value] : root["conventions"].members()) report.conventions.emplace_back(name, value.words());
  for (const Value& at : root["inputs"].list()) {
    report.inputs.push_back(
        {at["path"].text(), at["bytes"].number(), at["rows_read"].number(), at["rows_quarantined"].number()});
  }
  report.data = read_data(root["data"]);
  for (const Value& stage : root["stages"].list()) report.stages.push_back(read_stage(stage));
  report.funnel_cost = read_cost(root["cost"]["funnel"]);
  report.ab_for_all_cost = read_cost(root["cost"]["ab_for_all"]);
  for (const Value& candidate : root["candidates"].list()) report.candidates.push_back(read_candidate(candidate));
  read_checks(root, report);
  report.lift = read_lift(root["lift"]);
  report.truth = read_truth(root["truth"]);
  return report;
}

}  // namespace tamis::sift::pages
