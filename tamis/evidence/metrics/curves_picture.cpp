#include "tamis/evidence/metrics/curves_picture.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tamis/base/page.h"

namespace tamis::metrics {

namespace {

using Json = nlohmann::json;

Json axis(const char* name, int gap) {
  return {{"type", "value"},
          {"min", 0},
          {"max", 1},
          {"interval", 0.25},
          {"name", name},
          {"nameLocation", "middle"},
          {"nameGap", gap},
          {"nameTextStyle", {{"color", "var(--muted)"}, {"fontSize", 12}}},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"formatter", "plain"}}},
          {"axisLine", {{"show", true}, {"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

Json line(const Json& data, const char* colour, bool broken) {
  return {{"type", "line"},
          {"data", data},
          {"showSymbol", false},
          {"silent", true},
          {"lineStyle", {{"color", colour}, {"width", broken ? 1 : 2.5}, {"type", broken ? "dashed" : "solid"}}}};
}

Json chart(const Json& x, const Json& y, const Json& series) {
  return {{"grid", {{"left", 34}, {"right", 18}, {"top", 14}, {"bottom", 30}, {"containLabel", true}}},
          {"xAxis", x},
          {"yAxis", y},
          {"series", series}};
}

Json no_skill(CurveKind kind, double positive_share) {
  return kind == CurveKind::roc ? Json{{0, 0}, {1, 1}} : Json{{0, positive_share}, {1, positive_share}};
}

std::string figure(std::string_view name, std::string_view value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape_html(name), escape_html(value));
}

std::string facts_of(const CurveFacts& facts) {
  return "<dl class=\"figures\">" + figure(facts.area_name, facts.area) +
         figure("rows", fmt::format("{}", facts.rows)) +
         figure("share of positives", fmt::format("{:.4g}", facts.positive_share)) + "</dl>";
}

std::string bins_table(std::span<const CalibrationBin> bins) {
  std::string html =
      "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>bin</th><th class=\"number\">weight</th>"
      "<th class=\"number\">mean probability</th><th class=\"number\">share of positives</th></tr></thead><tbody>\n";
  for (const CalibrationBin& bin : bins) {
    const auto cell = [&](double value) { return bin.weight > 0 ? fmt::format("{:.4f}", value) : std::string("-"); };
    html += fmt::format(
        "<tr><td class=\"name\">{:.4g} to {:.4g}</td><td class=\"number\">{:.6g}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td></tr>\n",
        bin.low, bin.high, bin.weight, cell(bin.probability), cell(bin.positives));
  }
  return html + "</tbody></table></div>";
}

}  // namespace

Json curve_chart(CurveKind kind, std::span<const CurvePoint> points, double positive_share) {
  Json data = Json::array();
  for (const CurvePoint& point : points) data.push_back({point.x, point.y});
  const bool is_roc = kind == CurveKind::roc;
  return chart(axis(is_roc ? "false-positive rate" : "recall", 28),
               axis(is_roc ? "true-positive rate" : "precision", 38),
               {line(no_skill(kind, positive_share), "var(--dropped)", true), line(data, "var(--kept)", false)});
}

std::string curve_page(CurveKind kind, std::span<const CurvePoint> points, const CurveFacts& facts) {
  const bool is_roc = kind == CurveKind::roc;
  const std::string title = is_roc ? "ROC curve" : "Precision-recall curve";
  Page page(title);
  page.html(fmt::format("<h1>{}</h1><p class=\"lead\">{}</p>", title, escape_html(facts.source)));
  page.html(facts_of(facts));
  page.chart(curve_chart(kind, points, facts.positive_share).dump(), 460, title);
  page.html(fmt::format(
      "<p class=\"quiet\">{} Broken: a score without skill. {}</p>",
      is_roc ? "Up by 1/P for a positive, to the right by 1/N for a negative, best score first; tied rows are one "
               "diagonal."
             : "A point a threshold, from high scores on the left to low ones on the right; tied rows are one point.",
      points.size() < facts.points ? fmt::format("{} of {} points are drawn.", points.size(), facts.points)
                                   : fmt::format("All {} points are drawn.", facts.points)));
  return page.finish();
}

std::string calibration_page(std::span<const CalibrationBin> bins, const std::string& error, const CurveFacts& facts) {
  Json dots = Json::array();
  Json names = Json::array();
  Json weights = Json::array();
  for (const CalibrationBin& bin : bins) {
    names.push_back(fmt::format("{:.3g} to {:.3g}", bin.low, bin.high));
    weights.push_back(bin.weight);
    if (!(bin.weight > 0)) continue;
    dots.push_back(
        {{"value", {bin.probability, bin.positives}},
         {"tip",
          {fmt::format("{:.4g} to {:.4g}", bin.low, bin.high), fmt::format("mean probability {:.4f}", bin.probability),
           fmt::format("share of positives {:.4f}", bin.positives), fmt::format("weight {:.6g}", bin.weight)}}});
  }
  Json curve = line(dots, "var(--kept)", false);
  curve["showSymbol"] = true;
  curve["silent"] = false;
  curve["symbol"] = "circle";
  curve["symbolSize"] = 9;
  curve["itemStyle"] = {{"color", "var(--kept)"}};
  Page page("Calibration");
  page.html(fmt::format("<h1>Calibration</h1><p class=\"lead\">{}</p>", escape_html(facts.source)));
  page.html("<dl class=\"figures\">" + figure("expected calibration error", error) +
            figure("rows", fmt::format("{}", facts.rows)) +
            figure("share of positives", fmt::format("{:.4g}", facts.positive_share)) + "</dl>");
  page.chart(chart(axis("mean probability", 28), axis("share of positives", 38),
                   {line({{0, 0}, {1, 1}}, "var(--dropped)", true), curve})
                 .dump(),
             420, "Share of positives by mean probability");
  page.html(
      "<p class=\"quiet\">On the broken line probabilities are what they say. Below: the weight of each bin.</p>");
  Json x = axis("probability", 28);
  x.erase("min"), x.erase("max"), x.erase("interval");
  x["type"] = "category";
  x["data"] = names;
  x["axisLabel"] = {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}};
  x["splitLine"] = {{"show", false}};
  Json y = axis("weight", 48);
  y.erase("max"), y.erase("interval");
  y["axisLabel"]["formatter"] = "compact";
  page.chart(chart(x, y, {{{"type", "bar"}, {"data", weights}, {"itemStyle", {{"color", "var(--dropped)"}}}}}).dump(),
             220, "Weight of each bin");
  page.html(bins_table(bins));
  return page.finish();
}

}  // namespace tamis::metrics
