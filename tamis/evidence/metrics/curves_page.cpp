#include "tamis/evidence/metrics/curves_page.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/page.h"
#include "tamis/evidence/metrics/curves_picture.h"

namespace tamis::metrics {

namespace {

using Json = nlohmann::json;

constexpr double kLowest = -4, kHighest = 7, kStep = 0.1;
constexpr std::size_t kFirst = 15;  // the stop that is shown first: average

// Rows per unit of score at the places the picture is drawn at.
Json heights(double mean, double rows) {
  Json points = Json::array();
  const int places = static_cast<int>(std::lround((kHighest - kLowest) / kStep));
  for (int i = 0; i <= places; ++i) {
    const double x = kLowest + i * kStep;
    const double height = rows * std::exp(-0.5 * (x - mean) * (x - mean)) / std::sqrt(2 * std::acos(-1.0));
    points.push_back({std::round(x * 10) / 10, std::round(height * 100) / 100});
  }
  return points;
}

Json hill(const char* name, const Json& data, const char* colour, const char* dash) {
  return {{"type", "line"},
          {"name", name},
          {"data", data},
          {"showSymbol", false},
          {"silent", true},
          {"lineStyle", {{"color", colour}, {"width", 2.5}, {"type", dash}}},
          {"areaStyle", {{"color", colour}, {"opacity", 0.14}}}};
}

Json distributions(const CurvesStudy& study) {
  const auto rows = static_cast<double>(study.rows_of_class);
  const Json label{{"color", "var(--muted)"}, {"fontSize", 11}};
  return {{"grid", {{"left", 12}, {"right", 12}, {"top", 12}, {"bottom", 30}, {"containLabel", true}}},
          {"xAxis",
           {{"type", "value"},
            {"min", kLowest},
            {"max", kHighest},
            {"name", "score"},
            {"nameLocation", "middle"},
            {"nameGap", 26},
            {"nameTextStyle", {{"color", "var(--muted)"}, {"fontSize", 12}}},
            {"axisLabel", label},
            {"axisLine", {{"onZero", false}, {"lineStyle", {{"color", "var(--line)"}}}}},
            {"splitLine", {{"show", false}}}}},
          {"yAxis",
           {{"type", "value"},
            {"min", 0},
            {"axisLabel", label},
            {"axisLine", {{"show", false}}},
            {"axisTick", {{"show", false}}},
            {"splitLine", {{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}}}}},
          {"series",
           {hill("negatives", heights(0, rows), "var(--dropped)", "dashed"),
            hill("positives", heights(study.stops[kFirst].distance, rows), "var(--shipped)", "solid")}}};
}

Json coordinates(std::span<const CurvePoint> points) {
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  Json data = Json::array();
  for (const CurvePoint& point : points) data.push_back({rounded(point.x), rounded(point.y)});
  return data;
}

// What the script moves through, one entry a stop.
Json moves(const CurvesStudy& study) {
  Json stops = Json::array();
  for (const CurvesStop& stop : study.stops)
    stops.push_back(
        {{"distance", stop.distance},
         {"word", stop.word},
         {"auc", fmt::format("{:.3f}", stop.auc)},
         {"ap", {fmt::format("{:.3f}", stop.average_precision), fmt::format("{:.3f}", stop.average_precision_copied)}},
         {"roc", coordinates(stop.roc)},
         {"pr", {coordinates(stop.precision_recall), coordinates(stop.precision_recall_copied)}}});
  return {{"rows", study.rows_of_class}, {"copies", study.copies}, {"stops", stops}};
}

constexpr std::string_view kControls = R"(<style>
.controls { margin: 1.4rem 0 1.2rem; }
.controls label { display: block; font-size: .95rem; }
.controls input[type=range] { width: 100%; margin: .5rem 0 .1rem; accent-color: var(--shipped); }
.controls input[type=checkbox] { width: 1.1em; height: 1.1em; margin: 0 .5em 0 0; vertical-align: -.15em;
  accent-color: var(--shipped); }
.controls .ends { display: flex; justify-content: space-between; font-size: .82rem; color: var(--muted); margin-bottom: .9rem; }
.controls :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.swatch { display: inline-block; width: 1.4em; border-top: 3px solid; vertical-align: .25em; margin-right: .35em; }
</style>
)";

// The option of each figure stays the text beside it, so that a change of theme or width draws what is shown.
constexpr std::string_view kScript = R"(<script>
addEventListener('load', () => {
  'use strict';
  const study = JSON.parse(document.getElementById('moves').textContent);
  const slider = document.getElementById('stop');
  const copy = document.getElementById('copy');
  const [hills, roc, pr] = document.querySelectorAll('figure.chart');
  const show = (id, text) => { document.getElementById(id).textContent = text; };
  const bell = (points, mean, rows) => points.map(([x]) =>
    [x, Math.round(100 * rows * Math.exp(-(x - mean) * (x - mean) / 2) / Math.sqrt(2 * Math.PI)) / 100]);

  function change(figure, series) {
    const text = figure.querySelector('script');
    const option = JSON.parse(text.textContent);
    series.forEach((data, i) => { option.series[i].data = data; });
    text.textContent = JSON.stringify(option);
    const chart = echarts.getInstanceByDom(figure.querySelector('.canvas'));
    if (chart) chart.setOption({series: series.map((data) => ({data}))});
    return option;
  }

  const places = JSON.parse(hills.querySelector('script').textContent).series[0].data;
  function move() {
    const stop = study.stops[Number(slider.value)];
    const copied = copy.checked ? 1 : 0;
    const times = copied ? study.copies : 1;
    const share = 1 / (1 + times);
    change(hills, [bell(places, 0, study.rows * times), bell(places, stop.distance, study.rows)]);
    change(roc, [[[0, 0], [1, 1]], stop.roc]);
    change(pr, [[[0, share], [1, share]], stop.pr[copied]]);
    const apart = stop.distance.toFixed(1) + ' standard deviations apart';
    slider.setAttribute('aria-valuetext', stop.word + ', ' + apart);
    show('word', stop.word);
    show('apart', apart);
    show('auc', stop.auc);
    show('ap', stop.ap[copied]);
    show('share', (100 * share).toFixed(share < 0.1 ? 1 : 0) + '\u00a0%');
    show('rows', study.rows + ' positive rows, ' + study.rows * times + ' negative');
  }
  slider.addEventListener('input', move);
  copy.addEventListener('change', move);
});
</script>)";

std::string controls(const CurvesStudy& study) {
  const CurvesStop& first = study.stops[kFirst];
  std::string html(kControls);
  html += fmt::format(
      "<div class=\"controls\"><label for=\"stop\">How far apart the scores of the two classes lie: "
      "<strong id=\"word\">{}</strong></label>\n<input type=\"range\" id=\"stop\" min=\"0\" max=\"{}\" step=\"1\" "
      "value=\"{}\" autocomplete=\"off\">\n<div class=\"ends\"><span>excellent</span><span>average</span>"
      "<span>poor</span></div>\n<label><input type=\"checkbox\" id=\"copy\" autocomplete=\"off\">Copy every negative "
      "row {} times</label></div>\n",
      first.word, study.stops.size() - 1, kFirst, study.copies);
  html += fmt::format(
      "<dl class=\"figures\"><div><dt>area under ROC</dt><dd id=\"auc\">{:.3f}</dd></div>"
      "<div><dt>average precision</dt><dd id=\"ap\">{:.3f}</dd></div>"
      "<div><dt>share of positives</dt><dd id=\"share\">50&nbsp;%</dd><small id=\"rows\">{} positive rows, {} "
      "negative</small></div><div><dt>classes</dt><dd id=\"apart\" style=\"font-size:1rem\">{:.1f} standard deviations "
      "apart</dd></div></dl>",
      first.auc, first.average_precision, study.rows_of_class, study.rows_of_class, first.distance);
  return html;
}

std::string table(const CurvesStudy& study) {
  std::string html =
      "<details><summary>The numbers</summary><div class=\"table\" tabindex=\"0\"><table><thead><tr><th>apart</th>"
      "<th></th><th class=\"number\">AUC</th><th class=\"number\">AUC, copied</th><th class=\"number\">average "
      "precision</th><th class=\"number\">average precision, copied</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < study.stops.size(); i += 5) {
    const CurvesStop& stop = study.stops[i];
    html += fmt::format(
        "<tr><td class=\"name\">{:.1f}</td><td>{}</td><td class=\"number\">{:.4f}</td><td class=\"number\">{:.4f}</td>"
        "<td class=\"number\">{:.4f}</td><td class=\"number\">{:.4f}</td></tr>\n",
        stop.distance, stop.word, stop.auc, stop.auc_copied, stop.average_precision, stop.average_precision_copied);
  }
  return html + "</tbody></table></div></details>";
}

}  // namespace

std::string study_page(const CurvesStudy& study) {
  const CurvesStop& first = study.stops[kFirst];
  Page page("ROC and precision-recall");
  page.html(
      "<h1>ROC and precision-recall</h1><p class=\"lead\">Two classes of rows get scores. The farther apart the scores "
      "lie, the better a threshold tells the classes from each other. Move the slider and both curves follow.</p>");
  page.html(controls(study));
  page.html(
      "<h2>The scores</h2><p class=\"quiet\"><span class=\"swatch\" style=\"border-color:var(--shipped)\"></span>"
      "positives &ensp; <span class=\"swatch\" style=\"border-color:var(--dropped);border-top-style:dashed\"></span>"
      "negatives, rows per unit of score</p>");
  page.chart(distributions(study).dump(), 240, "How many rows have which score, by class");
  page.html("<div class=\"pair\"><div><h3>ROC</h3>");
  Json option = curve_chart(CurveKind::roc, {}, 0);
  option["series"][1]["data"] = coordinates(first.roc);
  page.chart(option.dump(), 360, "ROC curve");
  page.html("</div><div><h3>Precision and recall</h3>");
  option = curve_chart(CurveKind::precision_recall, {}, 0.5);
  option["series"][1]["data"] = coordinates(first.precision_recall);
  page.chart(option.dump(), 360, "Precision-recall curve");
  page.html("</div></div><p class=\"quiet\">Broken: a score without skill.</p>");
  page.html("<h2>What the copies show</h2>");
  for (const std::string& finding : study_findings(study)) page.html("<p>" + escape_html(finding) + "</p>");
  page.html(
      "<p>The true-positive rate looks at positives alone, the false-positive rate at negatives alone: neither changes "
      "when one class grows. Precision sets the two against each other. Where positives are rare, a good ROC curve can "
      "stand beside a poor list.</p>");
  page.html(table(study));
  page.html("<script type=\"application/json\" id=\"moves\">" + moves(study).dump() + "</script>");
  page.html(kScript);
  return page.finish();
}

}  // namespace tamis::metrics
