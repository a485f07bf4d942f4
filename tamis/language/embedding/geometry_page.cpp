#include "tamis/language/embedding/geometry_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tamis/base/page.h"

namespace tamis::embedding {

namespace {

using Json = nlohmann::json;

std::string row(const std::string& name, const std::string& value, const std::string& words) {
  return fmt::format("<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td>{}</td></tr>\n", name, value,
                     words);
}

std::string estimate(const geometry::Estimate& found) {
  return found.standard_error > 0 ? fmt::format("{:.4f} ± {:.4f}", found.value, found.standard_error)
                                  : fmt::format("{:.4f}", found.value);
}

std::string measures(const GeometryReport& report) {
  std::string html =
      "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>measure</th><th class=\"number\">value</th>"
      "<th>what it says</th></tr></thead><tbody>\n";
  if (report.alignment) {
    html += row("alignment", fmt::format("{:.4f}", *report.alignment),
                fmt::format("mean squared distance of the {} pairs scored above {:g}; better when lower", report.close,
                            report.above));
  }
  html += row("uniformity", estimate(report.pairs.uniformity),
              "log mean exp(-2 d²) over pairs of all vectors; better when lower");
  html += row("mean cosine", estimate(report.pairs.cosine), "0 for directions that are spread evenly");
  html += row("negative entries of WWᵀ", fmt::format("{:.2f} %", 100 * report.pairs.negative.value),
              "share of pairs whose product is below 0");
  html += row("largest eigenvalue of WWᵀ", fmt::format("{:.5g}", report.normalized.largest),
              fmt::format("rows of length 1; {:.1f} % of the trace",
                          100 * report.normalized.largest / static_cast<double>(report.rows)));
  html += row("Sum(WWᵀ)", fmt::format("{:.5g}", report.normalized.sum),
              report.pairs.negative.value == 0 ? "bounds the eigenvalue: no entry is negative"
                                               : "is no bound of the eigenvalue: some entries are negative");
  return html + "</tbody></table></div>";
}

Json axis(const char* name, const char* kind, int gap = 30) {
  return {{"type", kind},
          {"name", name},
          {"nameLocation", "middle"},
          {"nameGap", gap},
          {"nameTextStyle", {{"color", "var(--muted)"}, {"fontSize", 11}}},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}}},
          {"axisLine", {{"onZero", false}, {"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

Json chart(const Json& x, const Json& y, const Json& series) {
  return {{"grid", {{"left", 40}, {"right", 20}, {"top", 20}, {"bottom", 36}, {"containLabel", true}}},
          {"xAxis", x},
          {"yAxis", y},
          {"series", series}};
}

Json spectrum_chart(const GeometryReport& report) {
  Json data = Json::array();
  for (std::size_t i = 0; i < report.singular.size(); ++i) {
    const double share = report.singular[0] > 0 ? report.singular[i] / report.singular[0] : 0;
    if (share > 1e-6) data.push_back({i + 1, share});
  }
  return chart(axis("place", "value"), axis("singular value, the largest 1", "log", 46),
               {{{"type", "line"},
                 {"data", data},
                 {"showSymbol", false},
                 {"lineStyle", {{"color", "var(--kept)"}, {"width", 2}}}}});
}

std::string band_name(const geometry::Band& band) {
  return fmt::format("{} to {}", band.begin, band.end);
}

Json bands_chart(const GeometryReport& report) {
  Json names = Json::array(), norms = Json::array(), distances = Json::array();
  for (const geometry::Band& band : report.bands) {
    names.push_back(band_name(band));
    norms.push_back(band.norm);
    distances.push_back(band.distance[0]);
  }
  Json x = axis("rank of frequency", "category");
  x["data"] = names;
  const auto bars = [](const char* name, const Json& data, const char* colour) -> Json {
    return {{"type", "bar"}, {"name", name}, {"data", data}, {"itemStyle", {{"color", colour}}}};
  };
  return chart(x, axis("", "value"),
               {bars("norm", norms, "var(--kept)"), bars("distance to the nearest", distances, "var(--shipped)")});
}

std::string bands_table(const GeometryReport& report) {
  std::string html =
      "<div class=\"table\" tabindex=\"0\"><table><thead><tr><th>rank of frequency</th>"
      "<th class=\"number\">words</th><th class=\"number\">mean norm</th>";
  for (const int k : report.ks) html += fmt::format("<th class=\"number\">distance, k = {}</th>", k);
  for (const int k : report.ks) html += fmt::format("<th class=\"number\">product, k = {}</th>", k);
  html += "</tr></thead><tbody>\n";
  for (const geometry::Band& band : report.bands) {
    html += fmt::format("<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"number\">{:.3f}</td>",
                        band_name(band), band.words, band.norm);
    for (const double value : band.distance) html += fmt::format("<td class=\"number\">{:.3f}</td>", value);
    for (const double value : band.product) html += fmt::format("<td class=\"number\">{:.3f}</td>", value);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

}  // namespace

std::string geometry_page(const GeometryReport& report) {
  Page page("How the vectors lie");
  page.html("<h1>How the vectors lie</h1>");
  page.html(fmt::format("<p class=\"lead\">{}: {} vectors of {} dimensions. {}</p>", escape_html(report.title),
                        report.rows, report.dimensions,
                        report.pairs.uniformity.standard_error > 0
                            ? fmt::format("Pairs are a sample of {}; ± is one standard error.", report.pairs.looked_at)
                            : fmt::format("All {} pairs.", report.pairs.looked_at)));
  page.html(measures(report));
  page.html(
      "<h2>Spectrum</h2><p class=\"quiet\">Singular values of the vectors as they are. A steep fall is a narrow "
      "cone: a few directions hold what all vectors have in common.</p>");
  page.chart(spectrum_chart(report).dump(), 320, "Singular values by place");
  if (!report.bands.empty()) {
    page.html(
        "<h2>Word vectors by frequency</h2><p class=\"quiet\">Of the tokens of the vocabulary that the text has: "
        "blue, mean Euclidean length; orange, mean distance to the nearest others. Where rare words lie farther "
        "out and farther apart, sentence vectors follow how common their words are (Li et al., "
        "arXiv:2011.05864, table 1).</p>");
    page.chart(bands_chart(report).dump(), 300, "Norm and distance by band; the table below has the numbers");
    page.html(bands_table(report));
  }
  return page.finish();
}

}  // namespace tamis::embedding
