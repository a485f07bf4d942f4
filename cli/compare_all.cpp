#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/columns.h"
#include "cli/compare.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/page.h"
#include "tamis/base/table.h"
#include "tamis/stats/corrections.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Pair {
  std::size_t a = 0, b = 0;  ///< systems, best mean first
  PairedUnits units;
  stats::Paired paired;
  std::optional<double> adjusted;
};

double mean_of(const SystemUnits& system) {
  double sum = 0, count = 0;
  for (const auto& value : system.value) {
    sum += value.value_or(0);
    count += value ? 1 : 0;
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::lowest();
}

/// Adjusted p-values and the level of each pair's own interval, so that intervals agree with the corrected tests.
void correct(const CompareOptions& options, std::vector<Pair>& pairs, Progress& progress) {
  std::vector<double> p;
  std::vector<Pair*> tested;
  for (Pair& pair : pairs) {
    if (!pair.paired.p) continue;
    p.push_back(*pair.paired.p);
    tested.push_back(&pair);
  }
  const auto correction = options.correct == "holm"         ? stats::Correction::holm
                          : options.correct == "bonferroni" ? stats::Correction::bonferroni
                          : options.correct == "bh"         ? stats::Correction::benjamini_hochberg
                                                            : stats::Correction::none;
  const auto adjusted = stats::adjust(p, correction);
  const auto levels = stats::interval_levels(p, correction, options.how.alpha);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    tested[i]->adjusted = adjusted[i];
    if (levels[i] != options.how.alpha) {
      stats::PairedOptions how = options.how;
      how.alpha = levels[i];
      tested[i]->paired = stats::compare_paired(tested[i]->units.a, tested[i]->units.b, tested[i]->units.cluster, how);
    }
    progress.advance();
  }
}

std::vector<Pair> compare_pairs(const CompareOptions& options, const std::vector<SystemUnits>& systems) {
  Progress progress(std::cerr, progress_style(options.common));
  std::vector<Pair> pairs;
  for (std::size_t a = 0; a < systems.size(); ++a) {
    for (std::size_t b = a + 1; b < systems.size(); ++b)
      pairs.push_back({a, b, pair_units(options, systems[a], systems[b]), {}, {}});
  }
  progress.begin("pairs", 2 * pairs.size());
  for (Pair& pair : pairs) {
    pair.paired = stats::compare_paired(pair.units.a, pair.units.b, pair.units.cluster, options.how);
    progress.advance();
  }
  correct(options, pairs, progress);
  progress.end();
  return pairs;
}

std::string p_text(const std::optional<double>& p) {
  return p ? fmt::format("{:.3g}", *p) : "undefined";
}

std::vector<std::vector<std::string>> cells_of(const std::vector<SystemUnits>& systems,
                                               const std::vector<Pair>& pairs) {
  std::vector<std::vector<std::string>> rows{
      {"a", "b", "difference", "low", "high", "p", "p corrected", "n", "wins", "losses", "ties"}};
  const auto end = [](const std::optional<double>& value) { return value ? fmt::format("{:+.5g}", *value) : "-"; };
  for (const Pair& pair : pairs) {
    const stats::Paired& paired = pair.paired;
    rows.push_back({systems[pair.a].name, systems[pair.b].name, fmt::format("{:+.5g}", paired.difference),
                    end(paired.low), end(paired.high), p_text(paired.p), p_text(pair.adjusted),
                    fmt::format("{}", paired.units), fmt::format("{}", paired.wins), fmt::format("{}", paired.losses),
                    fmt::format("{}", paired.ties)});
  }
  return rows;
}

/// A cell of the matrix: the row's system less the column's.
Json cell_of(const CompareOptions& options, const std::vector<SystemUnits>& systems, const Pair& pair, bool turned,
             double largest) {
  const double difference = turned ? -pair.paired.difference : pair.paired.difference;
  const std::size_t row = turned ? pair.b : pair.a, column = turned ? pair.a : pair.b;
  const bool sure = pair.adjusted && *pair.adjusted < options.how.alpha;
  Json tip{fmt::format("{} less {}", systems[row].name, systems[column].name),
           fmt::format("difference {:+.5g}", difference),
           fmt::format("corrected p {}, n {}", p_text(pair.adjusted), pair.paired.units)};
  if (pair.paired.low)
    tip.push_back(fmt::format("interval [{:.5g}, {:.5g}]", turned ? -*pair.paired.high : *pair.paired.low,
                              turned ? -*pair.paired.low : *pair.paired.high));
  return {{"value", {column, row, difference}},
          {"tip", tip},
          {"label",
           {{"formatter", fmt::format("{:+.3g}{}", difference, sure ? " *" : "")},
            {"fontWeight", sure ? "bold" : "normal"}}},
          // Half as strong at most, so that ink on it is read in both themes.
          {"itemStyle",
           {{"color", difference < 0 ? "var(--shipped)" : "var(--kept)"},
            {"opacity", largest > 0 ? 0.5 * std::abs(difference) / largest : 0.0}}}};
}

Json matrix_of(const CompareOptions& options, const std::vector<SystemUnits>& systems, const std::vector<Pair>& pairs) {
  double largest = 0;
  Json names = Json::array(), cells = Json::array();
  for (const SystemUnits& system : systems) names.push_back(system.name);
  for (const Pair& pair : pairs) largest = std::max(largest, std::abs(pair.paired.difference));
  for (const Pair& pair : pairs) {
    for (const bool turned : {false, true}) cells.push_back(cell_of(options, systems, pair, turned, largest));
  }
  const Json label{{"color", "var(--ink)"}, {"overflow", "truncate"}};
  Json across = label;
  across["interval"] = 0;
  across["rotate"] = systems.size() > 4 ? 40 : 0;
  across["width"] = 90;
  const Json line{{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}};
  return {{"grid", {{"left", 8}, {"right", 12}, {"top", 8}, {"bottom", 8}, {"containLabel", true}}},
          {"xAxis",
           {{"type", "category"},
            {"data", names},
            {"axisLabel", across},
            {"position", "top"},
            {"splitLine", line},
            {"axisTick", {{"show", false}}},
            {"axisLine", {{"show", false}}}}},
          {"yAxis",
           {{"type", "category"},
            {"data", names},
            {"inverse", true},
            {"axisLabel", label},
            {"splitLine", line},
            {"axisTick", {{"show", false}}},
            {"axisLine", {{"show", false}}}}},
          {"series",
           {{{"type", "heatmap"},
             {"data", cells},
             {"label", {{"show", systems.size() <= 12}, {"color", "var(--ink)"}, {"opacity", 1}, {"fontSize", 12}}},
             {"labelLayout", {{"hideOverlap", true}}}}}}};
}

std::string table_html(const std::vector<std::vector<std::string>>& rows) {
  std::string html = "<div class=\"table\"><table>";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    html += r == 0 ? "<thead><tr>" : "<tr>";
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      html += fmt::format("<{0}{1}>{2}</{0}>", r == 0 ? "th" : "td", c < 2 ? "" : " class=\"number\"",
                          escape_html(rows[r][c]));
    html += r == 0 ? "</tr></thead>" : "</tr>";
  }
  return html + "</table></div>";
}

std::string page_of(const CompareOptions& options, const std::vector<SystemUnits>& systems,
                    const std::vector<Pair>& pairs) {
  Page page(fmt::format("{} of {} systems", options.metric, systems.size()));
  page.html(fmt::format(
      "<h1>{} of {} systems, all pairs</h1><p class=\"quiet\">A cell is the row's system less the column's, over the "
      "units of both; blue where the row is better, orange where the column is, the stronger the larger. A star and "
      "bold type: corrected p below {:g}. Test: {}; correction over {} pairs: {}.</p>",
      escape_html(options.metric), systems.size(), options.how.alpha, escape_html(options.test), pairs.size(),
      escape_html(options.correct)));
  page.chart(matrix_of(options, systems, pairs).dump(), static_cast<int>(120 + 44 * systems.size()),
             "Differences of all pairs of systems; the table below has the numbers");
  page.html("<h2>Pairs</h2>" + table_html(cells_of(systems, pairs)));
  std::string conventions;
  const Json all = compare_conventions(options);
  for (const auto& item : all.items()) {
    const std::string value = item.value().is_string() ? item.value().get<std::string>() : item.value().dump();
    conventions += fmt::format("<li>{}: {}</li>", escape_html(item.key()), escape_html(value));
  }
  page.html(
      "<h2>Conventions</h2><p class=\"quiet\">Each interval is drawn at the level at which it leaves out 0 exactly "
      "when the corrected test rejects (up to the grain of the replicates).</p><ul>" +
      conventions + "</ul>");
  return page.finish();
}

void write_pairs(const std::string& path, const std::vector<SystemUnits>& systems, const std::vector<Pair>& pairs) {
  std::vector<OutputColumn> table(11);
  const char* names[] = {"a", "b", "difference", "low", "high", "p", "p_corrected", "n", "wins", "losses", "ties"};
  for (std::size_t c = 0; c < table.size(); ++c) table[c].name = names[c];
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const Pair& pair : pairs) {
    const stats::Paired& paired = pair.paired;
    table[0].text.push_back(systems[pair.a].name);
    table[1].text.push_back(systems[pair.b].name);
    table[2].real.push_back(paired.difference);
    table[3].real.push_back(paired.low.value_or(none));
    table[4].real.push_back(paired.high.value_or(none));
    table[5].real.push_back(paired.p.value_or(none));
    table[6].real.push_back(pair.adjusted.value_or(none));
    table[7].integer.push_back(static_cast<std::int64_t>(paired.units));
    table[8].integer.push_back(static_cast<std::int64_t>(paired.wins));
    table[9].integer.push_back(static_cast<std::int64_t>(paired.losses));
    table[10].integer.push_back(static_cast<std::int64_t>(paired.ties));
  }
  write_table(path, table);
}

Json json_of(const CompareOptions& options, const std::vector<SystemUnits>& systems, const std::vector<Pair>& pairs) {
  Json json = json_result("compare", options.common);
  json["conventions"] = compare_conventions(options);
  json["conventions"]["correction"] = options.correct;
  json["conventions"]["levels"] = "each interval's own, so that it agrees with the corrected test";
  std::vector<InputFile> inputs;
  json["metric"] = options.metric;
  json["test"] = options.test;
  json["systems"] = Json::array();
  for (const SystemUnits& system : systems) {
    inputs.push_back(system.input);
    json["systems"].push_back({{"name", system.name}, {"path", system.input.path}, {"units", system.unit.size()}});
  }
  json["inputs"] = json_inputs(inputs);
  json["pairs"] = Json::array();
  for (const Pair& pair : pairs) {
    const stats::Paired& paired = pair.paired;
    Json entry{{"a", systems[pair.a].name},
               {"b", systems[pair.b].name},
               {"difference", paired.difference},
               {"low", json_or_null(paired.low)},
               {"high", json_or_null(paired.high)},
               {"p", json_or_null(paired.p)},
               {"p_corrected", json_or_null(pair.adjusted)},
               {"n", paired.units},
               {"wins", paired.wins},
               {"losses", paired.losses},
               {"ties", paired.ties},
               {"only_a", pair.units.only_a + pair.units.undefined_b},
               {"only_b", pair.units.only_b + pair.units.undefined_a},
               {"undefined_both", pair.units.undefined_both}};
    if (!paired.why.empty()) entry["why"] = paired.why;
    json["pairs"].push_back(entry);
  }
  json["out"] = options.common.out.empty() ? Json(nullptr) : Json(options.common.out);
  return json;
}

}  // namespace

void compare_all(const CompareOptions& options) {
  const std::string& out = options.common.out;
  const bool page = out.ends_with(".html");
  if (!out.empty() && !page && !table_format(out))
    fail_caller("--out", fmt::format("{} is neither a page (.html) nor a table (.tsv, .csv, .parquet)", out));
  auto systems = read_systems(options, options.systems);
  std::stable_sort(systems.begin(), systems.end(),
                   [](const SystemUnits& a, const SystemUnits& b) { return mean_of(a) > mean_of(b); });
  const auto pairs = compare_pairs(options, systems);
  if (!out.empty()) {
    make_folder_of(out);
    if (page) {
      write_file(out, page_of(options, systems, pairs));
    } else {
      write_pairs(out, systems, pairs);
    }
  }
  if (options.common.json) return print(json_of(options, systems, pairs).dump(2));
  std::string text = columns(cells_of(systems, pairs), 2);
  text += fmt::format("\nTest: {}, correction over {} pairs: {}; intervals agree with the corrected tests.",
                      options.test, pairs.size(), options.correct);
  print(text);
}

}  // namespace tamis::cli
