#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/page.h"
#include "tamis/language/embedding/study.h"

namespace tamis::embedding {

namespace {

using Json = nlohmann::json;

std::string cell(const std::string& text, const std::string& below = "") {
  return "<td class=\"number\">" + text + (below.empty() ? "" : "<br><small>" + below + "</small>") + "</td>";
}

std::string figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", 100 * *value) : "undefined";
}

std::string range(const stats::ResampledCorrelation& found, const char* form) {
  const auto interval = found.interval(0.05);
  return interval ? fmt::format(fmt::runtime(form), 100 * interval->low, 100 * interval->high) : "";
}

std::string head(const std::vector<std::string>& names) {
  std::string html = "<div class=\"table\" tabindex=\"0\"><table><thead><tr>";
  for (std::size_t c = 0; c < names.size(); ++c)
    html += fmt::format("<th{}>{}</th>", c == 0 ? "" : " class=\"number\"", escape_html(names[c]));
  return html + "</tr></thead>\n<tbody>\n";
}

bool is_ablation(const StudyResult& result) {
  return result.method.family == "ablation";
}

std::string scores_table(const EmbeddingStudy& study) {
  std::vector<std::string> names{"method"};
  for (const StsSet& set : study.sets) names.push_back(set.name);
  if (!study.sets.empty()) names.push_back(study.sets[0].name + ", wmean");
  names.insert(names.end(), {"seeds", "alignment", "uniformity", "BERT-base, published", "seconds"});
  std::string html = head(names);
  for (const StudyResult& result : study.methods) {
    if (is_ablation(result)) continue;
    html += "<tr><td class=\"name\">" + escape_html(result.method.name) + "<br><small>" + result.method.family +
            "</small></td>";
    for (const StudyScore& score : result.scores)
      html += score.by_seed.empty() ? cell("") : cell(figure(score.all.estimate), range(score.all, "{:.1f} to {:.1f}"));
    if (!result.scores.empty()) html += cell(figure(result.scores[0].weighted.estimate));
    std::string seeds;
    if (!result.scores.empty() && result.scores[0].by_seed.size() > 1) {
      for (const double value : result.scores[0].by_seed)
        seeds += (seeds.empty() ? "" : ", ") + fmt::format("{:.1f}", 100 * value);
    }
    html += cell(seeds.empty() ? "-" : seeds) + cell(fmt::format("{:.3f}", result.alignment)) +
            cell(fmt::format("{:.2f}", result.uniformity));
    html += result.method.published ? cell(fmt::format("{:.1f}", *result.method.published)) : cell("");
    html += cell(fmt::format("{:.0f}", result.seconds)) + "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string pairs_table(const EmbeddingStudy& study, std::size_t set) {
  std::vector<std::string> names{"row less column"};
  for (const StudyResult& result : study.methods)
    if (!is_ablation(result)) names.push_back(result.method.name);
  std::string html = head(names);
  for (const StudyResult& a : study.methods) {
    if (is_ablation(a)) continue;
    html += "<tr><td class=\"name\">" + escape_html(a.method.name) + "</td>";
    for (const StudyResult& b : study.methods) {
      if (is_ablation(b)) continue;
      const auto difference = study_difference(a, b, set);
      html += &a == &b || !difference.estimate
                  ? cell("")
                  : cell(fmt::format("{:+.1f}", 100 * *difference.estimate), range(difference, "{:+.1f} to {:+.1f}"));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string ablation_table(const EmbeddingStudy& study) {
  const auto base = std::find_if(study.methods.begin(), study.methods.end(), is_ablation);
  if (base == study.methods.end() || study.sets.empty()) return "";
  std::string html = head({"what is changed", study.sets[0].name, "against the first row", "alignment", "uniformity"});
  for (const StudyResult& result : study.methods) {
    if (!is_ablation(result)) continue;
    const auto difference = study_difference(result, *base, 0);
    html += "<tr><td class=\"name\">" + escape_html(result.method.name) + "</td>";
    html += cell(figure(result.scores[0].all.estimate), range(result.scores[0].all, "{:.1f} to {:.1f}"));
    html += &result == &*base || !difference.estimate
                ? cell("")
                : cell(fmt::format("{:+.1f}", 100 * *difference.estimate), range(difference, "{:+.1f} to {:+.1f}"));
    html += cell(fmt::format("{:.3f}", result.alignment)) + cell(fmt::format("{:.2f}", result.uniformity)) + "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

Json axis(const char* name, const char* kind = "value", int gap = 30) {
  return {{"type", kind},
          {"scale", true},
          {"name", name},
          {"nameLocation", "middle"},
          {"nameGap", gap},
          {"nameTextStyle", {{"color", "var(--muted)"}, {"fontSize", 11}}},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}, {"formatter", "plain"}}},
          {"axisLine", {{"onZero", false}, {"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

const char* colour(std::size_t i) {
  constexpr const char* kColours[] = {"var(--kept)", "var(--shipped)", "var(--capped)", "var(--dropped)", "var(--ink)"};
  return kColours[i % std::size(kColours)];
}

Json chart(Json x, Json y, Json series) {
  return {{"grid", {{"left", 40}, {"right", 90}, {"top", 20}, {"bottom", 36}, {"containLabel", true}}},
          {"xAxis", std::move(x)},
          {"yAxis", std::move(y)},
          {"series", std::move(series)}};
}

/// A point a method: both axes better when lower.
Json plane(const EmbeddingStudy& study) {
  Json data = Json::array();
  for (const StudyResult& result : study.methods) {
    if (is_ablation(result)) continue;
    data.push_back({{"name", result.method.name},
                    {"value", {result.uniformity, result.alignment}},
                    {"tip",
                     {result.method.name, fmt::format("alignment {:.3f}", result.alignment),
                      fmt::format("uniformity {:.3f}", result.uniformity),
                      result.scores.empty() ? "" : "Spearman x 100 " + figure(result.scores[0].all.estimate)}}});
  }
  return chart(
      axis("uniformity"), axis("alignment", "value", 46),
      {{{"type", "scatter"},
        {"data", data},
        {"symbolSize", 9},
        {"label",
         {{"show", true}, {"position", "right"}, {"formatter", "{b}"}, {"fontSize", 10}, {"color", "var(--muted)"}}},
        {"labelLayout", {{"hideOverlap", true}}},
        {"itemStyle", {{"color", "var(--kept)"}}}}});
}

Json line(const std::string& name, Json data, std::size_t i) {
  return {{"type", "line"},
          {"name", name},
          {"data", std::move(data)},
          {"symbolSize", 4},
          {"showSymbol", false},
          {"endLabel", {{"show", true}, {"formatter", "{a}"}, {"fontSize", 10}, {"color", "var(--muted)"}}},
          {"labelLayout", {{"moveOverlap", "shiftY"}}},
          {"lineStyle", {{"color", colour(i)}, {"width", 2}}},
          {"itemStyle", {{"color", colour(i)}}}};
}

Json spectra(const EmbeddingStudy& study) {
  Json series = Json::array();
  for (const StudyResult& result : study.methods) {
    const std::string& name = result.method.name;
    if (name != "last-mean" && name != "first-last" && name != "first-last, whitened" && name != "SimCSE, texts" &&
        name != "SBERT, scores of STS-B")
      continue;
    Json data = Json::array();
    for (std::size_t i = 0; i < result.spectrum.size(); ++i) {
      if (result.spectrum[i] > 1e-4) data.push_back({i + 1, result.spectrum[i]});
    }
    series.push_back(line(name, data, series.size()));
  }
  return chart(axis("place"), axis("singular value, the largest 1", "log", 46), series);
}

Json widths(const EmbeddingStudy& study) {
  Json series = Json::array();
  std::vector<std::string> models;
  for (const StudyWidth& width : study.widths)
    if (std::find(models.begin(), models.end(), width.model) == models.end()) models.push_back(width.model);
  for (const std::string& model : models) {
    Json data = Json::array();
    for (const StudyWidth& width : study.widths)
      if (width.model == model) data.push_back({width.kept, 100 * width.spearman});
    series.push_back(line(model, data, series.size()));
  }
  return chart(axis("columns kept"), axis("Spearman x 100", "value", 46), series);
}

}  // namespace

std::string study_page(const EmbeddingStudy& study) {
  Page page("Ways to a sentence vector");
  page.html("<h1>Ways to a sentence vector</h1>");
  page.html(fmt::format(
      "<p class=\"lead\">One encoder ({}), every method on it, {} seeds of each training. Spearman's correlation "
      "× 100 of cosine and people's scores; below each figure its 95 % interval, from {} resamples of the pairs of the "
      "set, the same for all methods. Whitening, flow and SimCSE learn from the same {} sentences, of which no score "
      "is "
      "read. Checkpoints are chosen on STS-B dev.</p>",
      escape_html(study.options.model.filename().string()), study.options.seeds, study.options.resamples, study.texts));
  page.html("<h2>What holds here</h2><ul>");
  for (const std::string& finding : study_findings(study)) page.html("<li>" + escape_html(finding) + "</li>");
  page.html("</ul><h2>Methods</h2>");
  page.html(
      "<p class=\"quiet\">The published figures are of another, much larger model, BERT-base, as means over seven "
      "English sets: their order can be compared with the order here, the figures themselves cannot.</p>");
  page.html(scores_table(study));
  std::string sources;
  for (const StudyResult& result : study.methods) {
    if (result.method.published)
      sources += (sources.empty() ? "" : "; ") + result.method.name + ": " + result.method.source;
  }
  page.html("<p class=\"quiet\">Sources of the published figures. " + escape_html(sources) + ".</p>");
  page.html(
      "<h2>Alignment and uniformity</h2><p class=\"quiet\">Both are better when lower: pairs that people scored "
      "above 4 lie close together, and all sentences spread over the sphere. STS-B dev.</p>");
  page.chart(plane(study).dump(), 420, "Each method's uniformity and alignment; the table above has the numbers");
  page.html(
      "<h2>Spectrum</h2><p class=\"quiet\">Singular values of the sentences of STS-B dev, before vectors are "
      "normalised. A steep fall is the narrow cone that whitening removes.</p>");
  page.chart(spectra(study).dump(), 340, "Singular values by place, for five methods");
  if (!study.widths.empty()) {
    page.html("<h2>Whitening, columns kept</h2>");
    page.chart(widths(study).dump(), 320, "Spearman on STS-B test by the number of columns kept");
  }
  for (std::size_t set = 0; set < study.sets.size(); ++set) {
    page.html("<details><summary>Every pair of methods on " + escape_html(study.sets[set].name) + "</summary>" +
              pairs_table(study, set) + "</details>");
  }
  if (std::any_of(study.methods.begin(), study.methods.end(), is_ablation)) {
    page.html(
        fmt::format("<h2>What matters in SimCSE</h2><p class=\"quiet\">Without labels, on {} sentences a seed; "
                    "each row changes one thing of the first.</p>",
                    study.options.ablation));
    page.html(ablation_table(study));
  }
  std::string absent;
  for (const std::string& name : study.absent) absent += (absent.empty() ? "" : ", ") + name;
  if (!absent.empty()) page.html("<p class=\"quiet\">Not there, and left out: " + escape_html(absent) + ".</p>");
  page.html("<footer>All numbers are in embeddings.json beside this page.</footer>");
  return page.finish();
}

}  // namespace tamis::embedding
