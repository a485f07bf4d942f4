#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/sift/report_text.h"

namespace tamis::sift::pages {

namespace {

using Json = nlohmann::json;

constexpr int kRowHeight = 22;
// The sanity arm loses by so much that showing it in full can leave the others a sliver: past this many times the range
// of the others it is marked at the edge instead.
constexpr double kStretch = 2.0;

struct Axis {
  double low = 0, high = 1, step = 1;
};

// Round ends and a round step for about five ticks.
Axis round_axis(double low, double high) {
  if (!(high > low)) {
    const double margin = std::max(std::abs(low) * 0.1, 1e-6);
    low -= margin;
    high += margin;
  }
  const double raw = (high - low) / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double round : {5.0, 2.5, 2.0, 1.0}) {
    if (round * power >= raw) step = round * power;
  }
  // A step of the ends' own size in units in the last place would stand still.
  return {std::floor(low / step) * step, std::ceil(high / step) * step, step};
}

struct Range {
  double low = 0, high = 0;
  bool empty = true;
  void include(const Number& value) {
    if (!value) return;
    low = empty ? *value : std::min(low, *value);
    high = empty ? *value : std::max(high, *value);
    empty = false;
  }
};

// One mark of a chart: a row, a place, an interval maybe, and how it looks.
struct Mark {
  std::string name;
  Number at, low, high;
  std::string_view path;
  std::string colour, fill;
  int size = 10;
  std::vector<std::string> tip;
  std::string label;
  bool strong = false, label_left = false;
};

std::string colour_of(Fate fate) {
  switch (fate) {
    case Fate::kKept:
      return "var(--kept)";
    case Fate::kCapped:
      return "var(--capped)";
    case Fate::kRides:
      return "var(--rides)";
    case Fate::kShipped:
      return "var(--shipped)";
    default:
      return "var(--dropped)";
  }
}

std::string fill_of(Fate fate) {
  return fate == Fate::kDropped || fate == Fate::kCapped ? "var(--paper)" : colour_of(fate);
}

int size_of(Fate fate) {
  return fate == Fate::kShipped ? 17 : fate == Fate::kRides || fate == Fate::kCapped ? 11 : 9;
}

Json row_axis(const std::vector<Mark>& marks) {
  Json names = Json::array();
  for (const Mark& mark : marks) {
    Json name{{"value", mark.name}};
    if (mark.strong) name["textStyle"] = {{"color", mark.colour}, {"fontWeight", 700}};
    names.push_back(name);
  }
  return {{"type", "category"},
          {"inverse", true},
          {"data", names},
          {"axisLine", {{"show", false}}},
          {"axisTick", {{"show", false}}},
          {"axisLabel", {{"interval", 0}, {"overflow", "truncate"}, {"fontSize", 12}, {"color", "var(--ink)"}}}};
}

Json value_axis(const Axis& axis, const char* format) {
  return {{"type", "value"},
          {"min", axis.low},
          {"max", axis.high},
          {"interval", axis.step},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"formatter", format}}},
          {"splitLine", {{"lineStyle", {{"color", "var(--grid)"}}}}}};
}

Json line_between(double low, double high, std::size_t row, const std::string& colour, double width) {
  return {{"coords", {{low, row}, {high, row}}},
          {"lineStyle", {{"color", colour}, {"width", width}, {"opacity", 1}, {"cap", "round"}}}};
}

Json dot(const Mark& mark, double at, std::size_t row) {
  Json item{{"value", {at, row}},
            {"symbol", "path://" + std::string(mark.path)},
            {"symbolSize", mark.size},
            {"itemStyle", {{"color", mark.fill}, {"borderColor", mark.colour}, {"borderWidth", 1.6}, {"opacity", 1}}},
            {"tip", mark.tip}};
  if (!mark.label.empty()) {
    item["label"] = {{"show", true},
                     {"position", mark.label_left ? "left" : "right"},
                     {"formatter", mark.label},
                     {"color", "var(--muted)"},
                     {"fontSize", 11}};
  }
  return item;
}

Json zero_line() {
  return {{"silent", true},
          {"symbol", "none"},
          {"animation", false},
          {"lineStyle", {{"color", "var(--ink)"}, {"type", "solid"}, {"width", 1.2}}},
          {"label",
           {{"formatter", "the incumbent"},
            {"position", "start"},
            {"color", "var(--muted)"},
            {"fontSize", 11},
            {"distance", 4}}},
          {"data", {{{"xAxis", 0}}}}};
}

// The picture all three kinds share: rows, a faint guide from each name, intervals, and marks on top.
Chart dots_and_intervals(const std::vector<Mark>& marks, const Axis& axis, const char* format, bool zero) {
  Json guides = Json::array(), intervals = Json::array(), dots = Json::array();
  for (std::size_t row = 0; row < marks.size(); ++row) {
    const Mark& mark = marks[row];
    guides.push_back(line_between(axis.low, axis.high, row, "var(--grid)", 1));
    const bool inside = *mark.at >= axis.low && *mark.at <= axis.high;
    if (mark.low && mark.high && inside) {
      const double low = std::max(axis.low, *mark.low), high = std::min(axis.high, *mark.high);
      intervals.push_back(line_between(low, high, row, mark.colour, mark.strong ? 3 : 2));
    }
    const double edge = inside ? 0 : (axis.high - axis.low) / 60;
    dots.push_back(dot(mark, std::clamp(*mark.at, axis.low + edge, axis.high - edge), row));
  }
  const auto lines = [](const Json& data, int z) {
    return Json{{"type", "lines"}, {"coordinateSystem", "cartesian2d"}, {"silent", true}, {"z", z}, {"data", data}};
  };
  Json points{{"type", "scatter"}, {"z", 4}, {"data", dots}};
  if (zero) points["markLine"] = zero_line();
  const Json option{
      {"grid", {{"left", 14}, {"right", 22}, {"top", zero ? 24 : 8}, {"bottom", 6}, {"containLabel", true}}},
      {"xAxis", value_axis(axis, format)},
      {"yAxis", row_axis(marks)},
      {"series", {lines(guides, 1), lines(intervals, 3), points}}};
  return {option.dump(), static_cast<int>(marks.size()) * kRowHeight + (zero ? 62 : 46)};
}

std::vector<std::string> tip_of(const Row& row) {
  const Measure& at = *row.measure;
  const Difference gap = difference(at.estimate, at.low, at.high);
  std::vector<std::string> tip{row.candidate->name, fate_name(at) + (at.why.empty() ? "" : ": " + at.why),
                               typographic(gap.estimate + " " + gap.interval)};
  if (at.p) tip.push_back("p " + probability(at.p));
  if (!row.candidate->describe.empty()) tip.push_back(row.candidate->describe);
  return tip;
}

// The axis for everyone, or for all but the sanity arm where that would squeeze them; then one step more on the left,
// for the mark that says where it lies.
Axis axis_for(const Range& all, const Range& others) {
  const double width = others.empty ? 0 : others.high - others.low;
  if (!(width > 0 && all.high - all.low > kStretch * width)) return round_axis(all.low, all.high);
  Axis axis = round_axis(others.low, others.high);
  if (all.low < axis.low) axis.low -= axis.step;
  return axis;
}

Axis stage_axis(const std::vector<Row>& rows, const std::string& sanity) {
  Range all, others;
  all.include(0.0);
  others.include(0.0);
  for (const Row& row : rows) {
    const Measure& at = *row.measure;
    for (const Number& value : {at.estimate, at.low, at.high}) {
      if (!at.estimate) continue;
      all.include(value);
      if (row.candidate->name != sanity) others.include(value);
    }
  }
  return axis_for(all, others);
}

}  // namespace

std::string_view mark_path(Fate fate) {
  switch (fate) {
    case Fate::kShipped:
      return "M12 0.5 15.4 8.3 23.9 9.1 17.5 14.7 19.4 23 12 18.7 4.6 23 6.5 14.7 0.1 9.1 8.6 8.3Z";
    case Fate::kRides:
      return "M12 1 23 12 12 23 1 12Z";
    case Fate::kCapped:
      return "M2 3H22L12 22Z";
    default:
      return "M12 2A10 10 0 1 0 12 22A10 10 0 1 0 12 2Z";
  }
}

Chart stage_chart(const Report& report, std::size_t stage) {
  std::vector<Row> rows = rows_at(report, stage);
  rows.erase(std::remove_if(rows.begin(), rows.end(), [](const Row& row) { return !row.measure->estimate; }),
             rows.end());
  if (rows.empty()) return {};
  const Axis axis = stage_axis(rows, report.sanity);
  std::vector<Mark> marks;
  for (const Row& row : rows) {
    const Measure& at = *row.measure;
    Mark mark{row.candidate->name, at.estimate,      at.low,      at.high, mark_path(at.fate),       colour_of(at.fate),
              fill_of(at.fate),    size_of(at.fate), tip_of(row), "",      at.fate == Fate::kShipped};
    if (*at.estimate < axis.low)
      mark.label = "← off the picture, at " + typographic(difference(at.estimate, {}, {}).estimate);
    if (*at.estimate > axis.high)
      mark.label = typographic(difference(at.estimate, {}, {}).estimate) + ", off the picture →";
    mark.label_left = *at.estimate > axis.high;
    marks.push_back(std::move(mark));
  }
  return dots_and_intervals(marks, axis, "signed", true);
}

Chart lift_chart(const Report& report) {
  const Lift& lift = report.lift;
  if (!lift.given || !lift.estimate) return {};
  const bool percent = is_relative(lift.unit);
  std::vector<Mark> marks;
  Range range;
  range.include(0.0);
  const auto add = [&](const char* name, Number at, Number low, Number high, Fate fate) {
    if (!at) return;
    const Difference text = difference(at, low, high, percent);
    marks.push_back({name,
                     at,
                     low,
                     high,
                     mark_path(fate),
                     colour_of(fate),
                     fill_of(fate),
                     size_of(fate),
                     {name, typographic(text.estimate + " " + text.interval)},
                     "",
                     fate == Fate::kShipped});
    for (const Number& value : {at, low, high}) range.include(value);
  };
  add("naive", lift.naive, lift.naive_low, lift.naive_high, Fate::kDropped);
  add("fresh users", lift.estimate, lift.low, lift.high, Fate::kShipped);
  return dots_and_intervals(marks, round_axis(range.low, range.high), percent ? "percent" : "signed", true);
}

Chart truth_chart(const Report& report) {
  std::vector<Mark> marks;
  Range all, others;
  for (const auto& [name, value] : true_values(report)) {
    if (!value) continue;
    all.include(value);
    if (name != report.sanity) others.include(value);
    const std::string said = truth_mark(report, name);
    const bool shipped = !report.ship.empty() && name == report.ship;
    const bool best = name == report.truth.true_best;
    const Fate fate = shipped                                             ? Fate::kShipped
                      : name == report.incumbent || name == report.sanity ? Fate::kRides
                                                                          : Fate::kUnknown;
    Mark mark{name,          value,         {},     {},   mark_path(fate), colour_of(fate),
              fill_of(fate), size_of(fate), {name}, said, !said.empty()};
    if (best && fate == Fate::kUnknown) {
      mark.colour = "var(--best)";
      mark.fill = "var(--paper)";
      mark.size = 13;
    }
    mark.tip.push_back(plain(value) + (report.truth.unit.empty() ? "" : " " + report.truth.unit));
    if (!said.empty()) mark.tip.push_back(said);
    marks.push_back(std::move(mark));
  }
  if (marks.empty()) return {};
  const Axis axis = axis_for(all, others);
  for (Mark& mark : marks) {
    if (*mark.at < axis.low) mark.label += " ← off the picture, at " + typographic(plain(mark.at));
    mark.label_left = *mark.at > (axis.low + axis.high) / 2;
  }
  return dots_and_intervals(marks, axis, "plain", false);
}

Chart cost_chart(const Report& report, bool days) {
  const auto pick = [&](const Cost& cost) { return days ? cost.days : cost.users; };
  Json names = Json::array(), bars = Json::array();
  double largest = 0;
  const auto add = [&](const std::string& name, const Cost& cost, const char* colour, bool strong) {
    const Number value = pick(cost);
    if (!value) return;
    largest = std::max(largest, *value);
    names.push_back({{"value", name}, {"textStyle", {{"fontWeight", strong ? 700 : 400}}}});
    bars.push_back({{"value", *value},
                    {"itemStyle", {{"color", colour}}},
                    {"label", {{"formatter", count(value)}}},
                    {"tip", {name, count(value) + (days ? " days" : " users")}}});
  };
  for (const Stage& stage : report.stages) add(stage_name(stage.kind), stage.cost, "var(--kept)", false);
  add("The funnel", report.funnel_cost, "var(--shipped)", true);
  add("A/B for " + how_many(report), report.ab_for_all_cost, "var(--dropped)", true);
  if (bars.empty()) return {};
  Json axis = row_axis({});
  axis["data"] = names;
  const Json option{
      {"grid", {{"left", 14}, {"right", 8}, {"top", 4}, {"bottom", 4}, {"containLabel", true}}},
      {"xAxis", {{"type", "value"}, {"show", false}, {"min", 0}, {"max", largest > 0 ? largest * 1.4 : 1}}},
      {"yAxis", axis},
      {"series",
       {{{"type", "bar"},
         {"barWidth", 14},
         {"barMinHeight", 1},
         {"data", bars},
         {"label", {{"show", true}, {"position", "right"}, {"color", "var(--muted)"}, {"fontSize", 12}}}}}}};
  return {option.dump(), static_cast<int>(bars.size()) * 30 + 12};
}

}  // namespace tamis::sift::pages
