#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/page.h"
#include "tamis/base/random.h"
#include "tamis/language/embedding/sts.h"

namespace tamis::embedding {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostPoints = 2000;
constexpr std::size_t kWorst = 12;
constexpr std::size_t kFewGrades = 12;
constexpr std::size_t kLongestText = 400;

std::string times_100(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", 100 * *value) : "undefined";
}

std::string interval_text(const stats::ResampledCorrelation& correlation) {
  const auto interval = correlation.resampled.empty() ? std::nullopt : correlation.interval(0.05);
  return interval ? fmt::format("{:.2f} to {:.2f}", 100 * interval->low, 100 * interval->high) : "";
}

std::string number_cell(const std::string& text, const std::string& below = "") {
  return "<td class=\"number\">" + text + (below.empty() ? "" : "<br><small>" + below + "</small>") + "</td>";
}

std::string title_of(const StsRow& row) {
  return row.model + ", " + row.pooling + ", " + row.precision + " on " + row.set->name;
}

std::string table_of(std::span<const StsRow> rows) {
  const bool compared =
      std::any_of(rows.begin(), rows.end(), [](const StsRow& row) { return row.against_f32.has_value(); });
  std::string table =
      "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>model</th><th>pooling</th><th>precision</th>"
      "<th>set</th><th class=\"number\">pairs</th><th class=\"number\">Spearman × 100</th>";
  if (compared) table += "<th class=\"number\">against f32</th>";
  table +=
      "<th class=\"number\">Pearson × 100</th><th class=\"number\">truncated</th><th class=\"number\">texts a "
      "second</th></tr></thead><tbody>\n";
  for (const StsRow& row : rows) {
    table += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td><td>{}</td>", escape_html(row.model),
                         escape_html(row.pooling), escape_html(row.precision), escape_html(row.set->name));
    table += number_cell(fmt::format("{}", row.set->gold.size()));
    table += number_cell(times_100(row.spearman.estimate), interval_text(row.spearman));
    if (compared) {
      table += row.against_f32
                   ? number_cell(row.against_f32->estimate ? fmt::format("{:+.2f}", 100 * *row.against_f32->estimate)
                                                           : "undefined",
                                 interval_text(*row.against_f32))
                   : number_cell("");
    }
    table += number_cell(times_100(row.pearson.estimate), interval_text(row.pearson));
    table += number_cell(fmt::format("{}", row.scores.truncated));
    table += number_cell(row.scores.seconds > 0
                             ? fmt::format("{:.0f}", static_cast<double>(row.scores.texts) / row.scores.seconds)
                             : "");
    table += "</tr>\n";
  }
  return table + "</tbody></table></div>";
}

/// The width to which points of the same grade are strewn so that they do not hide each other; 0: many grades.
double strewing(const StsSet& set) {
  std::vector<double> grades = set.gold;
  std::sort(grades.begin(), grades.end());
  grades.erase(std::unique(grades.begin(), grades.end()), grades.end());
  if (grades.size() < 2 || grades.size() > kFewGrades) return 0;
  double step = grades[1] - grades[0];
  for (std::size_t i = 2; i < grades.size(); ++i) step = std::min(step, grades[i] - grades[i - 1]);
  return 0.6 * step;
}

Json axis(const char* name, const char* place, int gap) {
  return {{"type", "value"},
          {"scale", true},
          {"name", name},
          {"nameLocation", place},
          {"nameGap", gap},
          {"nameTextStyle", {{"color", "var(--muted)"}, {"fontSize", 11}, {"align", gap > 20 ? "center" : "left"}}},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}, {"formatter", "plain"}}},
          {"axisLine", {{"onZero", false}, {"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

std::string picture(const StsRow& row, const StsChoices& choices) {
  const StsSet& set = *row.set;
  const std::size_t pairs = set.gold.size();
  const std::size_t shown = std::min(pairs, kMostPoints);
  const double strewn = strewing(set);
  Stream stream(0, "strewn points");
  Json data = Json::array();
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t pair = i * pairs / shown;
    const double x = set.gold[pair] + strewn * (stream.uniform() - 0.5);
    const double y = row.scores.score[pair];
    data.push_back({{"value", {std::round(x * 1e4) / 1e4, std::round(y * 1e4) / 1e4}},
                    {"tip",
                     {fmt::format("gold {:g}, {} {:.3f}", set.gold[pair], text(choices.similarity), y),
                      fmt::format("line {}, {}", set.line[pair], set.parts[set.part[pair]])}}});
  }
  const std::string name(text(choices.similarity));
  const Json option{{"grid", {{"left", 8}, {"right", 16}, {"top", 34}, {"bottom", 30}, {"containLabel", true}}},
                    {"xAxis", axis("gold", "middle", 26)},
                    {"yAxis", axis(name.c_str(), "end", 10)},
                    {"series",
                     {{{"type", "scatter"},
                       {"data", data},
                       {"symbolSize", shown > 500 ? 4 : 6},
                       {"itemStyle", {{"color", "var(--kept)"}, {"opacity", shown > 500 ? 0.45 : 0.7}}}}}}};
  return option.dump();
}

std::string picture_words(const StsRow& row) {
  const std::size_t pairs = row.set->gold.size();
  std::string words = "Each point is a pair of texts: what people said against what the encoder says.";
  if (pairs > kMostPoints) words += fmt::format(" {} of the {} pairs are drawn, evenly spaced.", kMostPoints, pairs);
  if (strewing(*row.set) > 0)
    words += " Points of the same grade are strewn sideways, so that they do not hide each other.";
  return words;
}

std::string shortened(const std::string& text) {
  if (text.size() <= kLongestText) return escape_html(text);
  std::size_t end = kLongestText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return escape_html(text.substr(0, end)) + "…";
}

std::string worst_table(const StsRow& row, const StsChoices& choices) {
  std::string table = fmt::format(
      "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th class=\"number\">ranks apart</th>"
      "<th class=\"number\">gold</th><th class=\"number\">{}</th><th>texts</th></tr></thead><tbody>\n",
      text(choices.similarity));
  for (const auto& [pair, apart] : worst_disagreements(*row.set, row.scores.score, kWorst)) {
    table += "<tr>" + number_cell(fmt::format("{:+.0f} %", 100 * apart)) +
             number_cell(fmt::format("{:g}", row.set->gold[pair])) +
             number_cell(fmt::format("{:.3f}", row.scores.score[pair])) + "<td class=\"text long\">" +
             shortened(row.set->first[pair]) + "<br>" + shortened(row.set->second[pair]) + "</td></tr>\n";
  }
  return table + "</tbody></table></div>";
}

}  // namespace

std::string sts_page(std::span<const StsRow> rows, const StsChoices& choices) {
  Page page("How good the vectors are");
  page.html("<h1>How good the vectors are</h1>");
  page.html(fmt::format(
      "<p class=\"lead\">Likeness of two texts by the {} of their vectors, against what people said. Aggregation over "
      "the parts of a set: <b>{}</b>.{}</p>",
      text(choices.similarity), stats::text(choices.aggregate),
      choices.resamples > 0
          ? fmt::format(" Below each figure its 95 % interval: percentile bootstrap over pairs, {} resamples.",
                        choices.resamples)
          : ""));
  page.html(table_of(rows));
  for (const StsRow& row : rows) {
    page.html("<h2>" + escape_html(title_of(row)) + "</h2>");
    page.html("<p class=\"quiet\">" + picture_words(row) + "</p>");
    page.chart(picture(row, choices), 340, title_of(row) + ": score against gold");
    page.html("<details><summary>Where people and encoder are farthest apart</summary>");
    page.html(
        "<p class=\"quiet\">Places in the order of all pairs, in percent of them; + where the encoder finds the "
        "texts more alike than people do.</p>");
    page.html(worst_table(row, choices) + "</details>");
  }
  page.html("<footer>All numbers are in sts.json beside this page.</footer>");
  return page.finish();
}

}  // namespace tamis::embedding
