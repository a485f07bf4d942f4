#include "tamis/engine/train/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "tamis/base/page.h"

namespace tamis::train {

namespace {

using Json = nlohmann::json;
using Point = std::pair<double, double>;  // epochs, value

constexpr std::size_t kPoints = 200;  // of one line
// After these the lines are dashed: more colours could not be told apart.
constexpr std::array kColours = {"var(--kept)", "var(--shipped)", "var(--capped)", "var(--dropped)", "var(--rides)"};

constexpr std::string_view kOnlyTower = "network.";

struct Line {
  std::string name;
  std::vector<Point> points;
  std::string colour;
  bool marks = false;  ///< a mark at each point
  bool dashed = false;
  bool faint = false;
};

struct Chart {
  std::string title, words;
  std::vector<Line> lines;
  bool logarithmic = false;
};

double epochs_of(const Log& log, double step) {
  return step / static_cast<double>(std::max<std::int64_t>(1, log.heading.steps_per_epoch));
}

/// Means over stretches of steps, so that a line has kPoints points at the most.
template <typename Value>
std::vector<Point> steps_line(const Log& log, const Value& value) {
  std::vector<Point> points;
  const std::size_t stretch = (log.steps.size() + kPoints - 1) / kPoints;
  for (std::size_t begin = 0; begin < log.steps.size(); begin += stretch) {
    const std::size_t end = std::min(log.steps.size(), begin + stretch);
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += value(log.steps[i]);
    const double middle = static_cast<double>(log.steps[begin].step + log.steps[end - 1].step + 1) / 2;
    points.emplace_back(epochs_of(log, middle), sum / static_cast<double>(end - begin));
  }
  return points;
}

std::vector<Point> evaluations_line(const Log& log, const std::string& metric) {
  std::vector<Point> points;
  for (const EvaluationLine& line : log.evaluations) {
    const auto found = line.metrics.find(metric);
    if (found != line.metrics.end()) points.emplace_back(epochs_of(log, static_cast<double>(line.step)), found->second);
  }
  return points;
}

Json data_of(const Line& line, bool logarithmic) {
  Json data = Json::array();
  for (const auto& [x, y] : line.points) {
    if (!std::isfinite(y) || (logarithmic && y <= 0)) {
      data.push_back({{"value", {x, nullptr}}});
      continue;
    }
    data.push_back({{"value", {x, y}}, {"tip", {line.name, fmt::format("epoch {:.2f}: {:.4g}", x, y)}}});
  }
  return data;
}

Json axis(const char* type, bool grid) {
  return {{"type", type},
          {"scale", true},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}, {"formatter", "plain"}}},
          {"axisLine", {{"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", grid}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

std::string option_of(const Chart& chart) {
  Json series = Json::array(), names = Json::array();
  for (const Line& line : chart.lines) {
    names.push_back(line.name);
    series.push_back({{"type", "line"},
                      {"name", line.name},
                      {"data", data_of(line, chart.logarithmic)},
                      {"symbol", "circle"},
                      {"symbolSize", line.marks ? 5 : 4},
                      {"showSymbol", line.marks},
                      {"color", line.colour},
                      {"lineStyle",
                       {{"color", line.colour},
                        {"width", line.faint ? 1.2 : 1.8},
                        {"type", line.dashed ? "dashed" : "solid"},
                        {"opacity", line.faint ? 0.7 : 1.0}}},
                      {"itemStyle", {{"color", line.colour}}}});
  }
  Json horizontal = axis("value", false);
  horizontal["min"] = 0;
  horizontal["name"] = "epochs";
  horizontal["nameLocation"] = "middle";
  horizontal["nameGap"] = 26;
  horizontal["nameTextStyle"] = {{"color", "var(--muted)"}, {"fontSize", 11}};
  const Json option{{"grid", {{"left", 8}, {"right", 16}, {"top", 40}, {"bottom", 34}, {"containLabel", true}}},
                    {"legend",
                     {{"type", "scroll"},
                      {"data", names},
                      {"top", 0},
                      {"left", 0},
                      {"itemWidth", 18},
                      {"textStyle", {{"color", "var(--ink)"}, {"fontSize", 12}}},
                      {"pageTextStyle", {{"color", "var(--muted)"}}},
                      {"pageIconColor", "var(--ink)"},
                      {"pageIconInactiveColor", "var(--line)"}}},
                    {"xAxis", horizontal},
                    {"yAxis", axis(chart.logarithmic ? "log" : "value", true)},
                    {"series", series}};
  return option.dump();
}

void add_chart(Page& page, const Chart& chart) {
  const auto empty = [](const Line& line) { return line.points.empty(); };
  if (std::all_of(chart.lines.begin(), chart.lines.end(), empty)) return;
  page.html("<h2>" + escape_html(chart.title) + "</h2>");
  if (!chart.words.empty()) page.html("<p class=\"quiet\">" + escape_html(chart.words) + "</p>");
  page.chart(option_of(chart), 320, chart.title);
}

std::string figure(const std::string& name, const std::string& value, const std::string& small) {
  return fmt::format("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>\n", escape_html(name), escape_html(value),
                     escape_html(small));
}

/// The mean over the last epoch that was gone through to its end, as RunResult::train_loss; NaN if there is none.
double last_epoch_loss(const Log& log) {
  const auto epoch = static_cast<std::size_t>(std::max<std::int64_t>(1, log.heading.steps_per_epoch));
  const std::size_t end = log.steps.size() / epoch * epoch;
  if (end == 0) return NAN;
  double sum = 0;
  for (std::size_t i = end - epoch; i < end; ++i) sum += log.steps[i].loss;
  return sum / static_cast<double>(epoch);
}

/// A share is shown in percent, anything else in four digits.
std::string metric_text(const std::string& metric, double value) {
  return metric == "accuracy" ? fmt::format("{:.2f} %", 100 * value) : fmt::format("{:.4g}", value);
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

void add_figures(Page& page, const Log& log) {
  std::string figures = "<dl class=\"figures\">\n";
  if (!log.evaluations.empty()) {
    const EvaluationLine& last = log.evaluations.back();
    for (const auto& [metric, value] : last.metrics) {
      figures += figure(capital(metric), metric_text(metric, value), last.part + " rows, last weights");
    }
  }
  if (!log.steps.empty()) {
    figures += figure("Steps", fmt::format("{}", log.steps.back().step + 1), fmt::format("of {}", log.heading.steps));
  }
  figures += figure("Batch", fmt::format("{}", log.heading.batch), fmt::format("in {} shards", log.heading.shards));
  page.html(figures + "</dl>");
}

Chart norms_chart(const Log& log) {
  Chart chart{.title = "Gradient norm by layer",
              .words =
                  "Mean over stretches of steps, before clipping. Layers whose lines lie apart by many powers of ten "
                  "learn at very different speeds.",
              .lines = {},
              .logarithmic = true};
  for (std::size_t layer = 0; layer < log.heading.layers.size(); ++layer) {
    const std::string& name = log.heading.layers[layer];
    chart.lines.push_back({.name = name.starts_with(kOnlyTower) ? name.substr(kOnlyTower.size()) : name,
                           .points = steps_line(log, [layer](const StepLine& line) { return line.norms[layer]; }),
                           .colour = kColours[layer % kColours.size()],
                           .dashed = layer / kColours.size() % 2 == 1,
                           .faint = true});
  }
  chart.lines.push_back({.name = "all",
                         .points = steps_line(log, [](const StepLine& line) { return line.norm; }),
                         .colour = "var(--ink)"});
  return chart;
}

}  // namespace

std::string curves_page(const Log& log) {
  Page page(log.heading.title);
  page.html("<h1>" + escape_html(log.heading.title) + "</h1>");
  page.html(fmt::format("<p class=\"lead\">Task {}, {} examples, seed {}.</p>", escape_html(log.heading.task),
                        log.heading.examples, log.heading.seed));
  add_figures(page, log);
  const std::string part = log.evaluations.empty() ? "held out" : log.evaluations.back().part;
  add_chart(
      page,
      {.title = "Loss",
       .words = "",
       .lines = {{.name = "train",
                  .points = steps_line(log, [](const StepLine& line) { return line.loss; }),
                  .colour = "var(--kept)"},
                 {.name = part, .points = evaluations_line(log, "loss"), .colour = "var(--shipped)", .marks = true}},
       .logarithmic = true});
  for (const std::string& metric : log.heading.metrics) {
    if (metric == "loss") continue;
    add_chart(
        page,
        {.title = capital(metric),
         .words = "",
         .lines = {
             {.name = part, .points = evaluations_line(log, metric), .colour = "var(--shipped)", .marks = true}}});
  }
  add_chart(page, {.title = "Learning rate",
                   .words = "",
                   .lines = {{.name = "rate",
                              .points = steps_line(log, [](const StepLine& line) { return line.rate; }),
                              .colour = "var(--kept)"}}});
  add_chart(page, norms_chart(log));
  page.html("<footer>Drawn from log.jsonl beside this page.</footer>");
  return page.finish();
}

std::string comparison_page(const std::string& title, const std::vector<NamedLog>& runs) {
  Page page(title);
  page.html("<h1>" + escape_html(title) + "</h1>");
  const std::string watch = runs.empty() ? "loss" : runs.front().log.heading.watch;
  std::vector<Chart> charts{{.title = capital(watch), .words = "Of the rows held out.", .lines = {}},
                            {.title = "Training loss", .words = "", .lines = {}, .logarithmic = true},
                            {.title = "Gradient norm", .words = "Before clipping.", .lines = {}, .logarithmic = true}};
  std::string table = fmt::format(
      "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>run</th><th class=\"number\">{}</th>"
      "<th class=\"number\">training loss, last epoch</th><th>what it changes</th></tr></thead><tbody>\n",
      escape_html(watch));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& [name, note, log] = runs[i];
    Line line{
        .name = name, .points = {}, .colour = kColours[i % kColours.size()], .dashed = i / kColours.size() % 2 == 1};
    line.points = evaluations_line(log, watch);
    const double ended = line.points.empty() ? NAN : line.points.back().second;
    line.marks = true;
    charts[0].lines.push_back(line);
    line.marks = false;
    line.points = steps_line(log, [](const StepLine& step) { return step.loss; });
    const double loss = last_epoch_loss(log);
    charts[1].lines.push_back(line);
    line.points = steps_line(log, [](const StepLine& step) { return step.norm; });
    charts[2].lines.push_back(line);
    table += fmt::format(
        "<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"text\">{}</td></tr>\n",
        escape_html(name), std::isfinite(ended) ? metric_text(watch, ended) : "none",
        std::isfinite(loss) ? fmt::format("{:.4g}", loss) : "none", escape_html(note));
  }
  page.html(table + "</tbody></table></div>");
  for (const Chart& chart : charts) add_chart(page, chart);
  return page.finish();
}

}  // namespace tamis::train
