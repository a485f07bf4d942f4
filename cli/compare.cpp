#include "cli/compare.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "tamis/base/error.h"
#include "tamis/base/json_number.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

void check_words(const CompareOptions& options) {
  if (!options.interval.empty() && options.interval != "percentile" && options.interval != "bca")
    fail_caller("--interval", fmt::format("\"{}\" is no interval; accepted: percentile, bca", options.interval));
  if (options.missing != "refuse" && options.missing != "skip" && options.missing != "zero")
    fail_caller("--missing", fmt::format("\"{}\" is no choice; accepted: refuse, skip, zero", options.missing));
  if (options.correct != "holm" && options.correct != "bonferroni" && options.correct != "bh" &&
      options.correct != "none")
    fail_caller("--correct",
                fmt::format("\"{}\" is no correction; accepted: holm, bonferroni, bh, none", options.correct));
}

/// Words to choices; what does not fit together is refused before a file is read.
void read_choices(CompareOptions& options) {
  check_words(options);
  options.how.test = stats::parse_paired_test(options.test);
  options.how.ranks.zeros = stats::parse_zero_method(options.zeros);
  options.how.interval = options.interval == "bca"          ? stats::PairedInterval::bca
                         : options.interval == "percentile" ? stats::PairedInterval::percentile
                                                            : stats::PairedInterval::inverted;
  options.how.seed = options.common.seed;
  if (options.how.replicates < 1)
    fail_caller("--replicates", fmt::format("{} replicates; at least 1 is needed", options.how.replicates));
  if (!(options.how.alpha > 0 && options.how.alpha < 1))
    fail_caller("--alpha", fmt::format("{} is not between 0 and 1", options.how.alpha));
  if (!options.cluster.empty() && options.how.test == stats::PairedTest::wilcoxon)
    fail_caller("--cluster",
                "the signed-rank test has no clustered form here; accepted: paired-t, randomization, bootstrap");
  const bool two = !options.a.empty() || !options.b.empty();
  if (two && !options.systems.empty()) fail_caller("compare", "needs either --a and --b, or --systems, not both");
  if (options.systems.empty() && (options.a.empty() || options.b.empty()))
    fail_caller("compare", "needs --a FILE and --b FILE, or --systems FILE FILE …");
  if (options.systems.size() == 1) fail_caller("--systems", "names 1 system; at least 2 are needed");
  if (two && !options.common.out.empty()) fail_caller("--out", "is for --systems; two systems are printed");
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "undefined";
}

Json json_of(const CompareOptions& options, const SystemUnits& a, const SystemUnits& b, const PairedUnits& units,
             const stats::Paired& paired) {
  Json json = json_result("compare", options.common);
  json["conventions"] = compare_conventions(options);
  json["inputs"] = json_inputs({a.input, b.input});
  json["metric"] = options.metric;
  json["test"] = options.test;
  json["method"] = paired.method;
  json["difference"] = paired.difference;
  json["low"] = json_or_null(paired.low);
  json["high"] = json_or_null(paired.high);
  json["p"] = json_or_null(paired.p);
  if (!paired.why.empty()) json["why"] = paired.why;
  json["n"] = paired.units;
  json["clusters"] = options.cluster.empty() ? Json(nullptr) : Json(paired.clusters);
  json["wins"] = paired.wins;
  json["losses"] = paired.losses;
  json["ties"] = paired.ties;
  json["mean_a"] = paired.mean_a;
  json["mean_b"] = paired.mean_b;
  json["standard_error"] = paired.standard_error;
  if (paired.pseudo_median) json["pseudo_median"] = *paired.pseudo_median;
  json["effect"] = {{"cohens_dz", json_or_null(paired.cohens_dz)},
                    {"hedges_g", json_or_null(paired.hedges_g)},
                    {"rank_biserial", json_or_null(paired.rank_biserial)},
                    {"cliffs_delta", json_or_null(paired.cliffs_delta)}};
  if (!paired.cohens_dz || !paired.hedges_g || !paired.rank_biserial)
    json["effect"]["why"] = "the differences do not vary, or there are too few";
  json["units"] = {{"a", a.unit.size()},
                   {"b", b.unit.size()},
                   {"only_a", units.only_a},
                   {"only_b", units.only_b},
                   {"undefined_a", units.undefined_a},
                   {"undefined_b", units.undefined_b},
                   {"undefined_both", units.undefined_both}};
  return json;
}

std::string missing_text(const CompareOptions& options, const PairedUnits& units) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(units.only_a, "only in a");
  add(units.only_b, "only in b");
  add(units.undefined_a, "undefined in a");
  add(units.undefined_b, "undefined in b");
  if (!text.empty()) text += options.missing == "zero" ? " (counted as 0)" : " (left out)";
  add(units.undefined_both, "undefined in both (left out)");
  return text.empty() ? "none" : text;
}

std::string table_of(const CompareOptions& options, const SystemUnits& a, const SystemUnits& b,
                     const PairedUnits& units, const stats::Paired& paired) {
  const std::string per = options.cluster.empty() ? "" : fmt::format(" in {} clusters", paired.clusters);
  std::vector<std::vector<std::string>> rows{{options.metric, fmt::format("{} - {}", a.name, b.name)},
                                             {"means", fmt::format("{:.6g} and {:.6g}", paired.mean_a, paired.mean_b)},
                                             {"difference", fmt::format("{:.6g}", paired.difference)}};
  if (paired.pseudo_median) rows.push_back({"pseudo-median", number(paired.pseudo_median)});
  rows.push_back({fmt::format("{:g} % interval{}", 100 * (1 - options.how.alpha),
                              paired.pseudo_median && options.interval.empty() ? " of the pseudo-median" : ""),
                  interval_text(paired)});
  rows.push_back({"p", number(paired.p)});
  rows.push_back({"n", fmt::format("{}{}", paired.units, per)});
  rows.push_back({"wins, losses, ties", fmt::format("{}, {}, {}", paired.wins, paired.losses, paired.ties)});
  rows.push_back({"Cohen's d_z, Hedges' g", fmt::format("{}, {}", number(paired.cohens_dz), number(paired.hedges_g))});
  rows.push_back({"rank-biserial, Cliff's delta",
                  fmt::format("{}, {}", number(paired.rank_biserial), number(paired.cliffs_delta))});
  rows.push_back({"units without a pair", missing_text(options, units)});
  rows.push_back({"method", paired.method});
  std::string text = columns(rows, 2);
  if (!paired.why.empty()) text += fmt::format("\nUndefined: {}.", paired.why);
  return text;
}

void run_compare(CompareOptions& options) {
  read_choices(options);
  apply_threads(options.common);
  if (!options.systems.empty()) return compare_all(options);
  const auto systems = read_systems(options, {options.a, options.b});
  const PairedUnits units = pair_units(options, systems[0], systems[1]);
  Progress progress(std::cerr, progress_style(options.common));
  progress.begin(options.test, 1);
  const stats::Paired paired = stats::compare_paired(units.a, units.b, units.cluster, options.how);
  progress.advance();
  progress.end();
  print(options.common.json ? json_of(options, systems[0], systems[1], units, paired).dump(2)
                            : table_of(options, systems[0], systems[1], units, paired));
}

void add_choices(CLI::App& compare, CompareOptions& options) {
  compare.add_option("--test", options.test, "paired-t, wilcoxon, randomization or bootstrap")->capture_default_str();
  compare.add_option(
      "--interval", options.interval,
      "percentile or bca: of the bootstrap of the mean difference, whatever the test; the test's own when "
      "absent");
  compare.add_option("--alpha", options.how.alpha, "Level of the test; the interval's is 1 - alpha")
      ->capture_default_str();
  compare.add_option("--replicates", options.how.replicates, "Of the bootstrap; signs drawn by the randomisation test")
      ->capture_default_str();
  compare.add_option("--zeros", options.zeros, "Differences of 0 in the signed-rank test: wilcox, pratt or zsplit")
      ->capture_default_str();
  compare.add_flag("--continuity", options.how.ranks.continuity, "Signed-rank test: continuity correction");
  compare.add_option("--correct", options.correct, "Of --systems: holm, bonferroni, bh or none")->capture_default_str();
}

}  // namespace

Json json_or_null(const std::optional<double>& value) {
  return value ? json_number(*value) : Json(nullptr);
}

std::string interval_text(const stats::Paired& paired) {
  return paired.low ? fmt::format("[{:.6g}, {:.6g}]", *paired.low, *paired.high) : "undefined";
}

Json compare_conventions(const CompareOptions& options) {
  const bool bootstrapped = options.how.test == stats::PairedTest::bootstrap || !options.interval.empty();
  Json json{{"difference", "mean of a - b over the units"},
            {"p", "two-sided"},
            {"alpha", options.how.alpha},
            {"unit", options.unit},
            {"cluster", options.cluster.empty() ? Json(nullptr) : Json(options.cluster)},
            {"missing", options.missing},
            {"undefined_in_both", "left out"}};
  json["interval"] = !options.interval.empty()                         ? options.interval
                     : options.how.test == stats::PairedTest::t        ? "Student's t"
                     : options.how.test == stats::PairedTest::wilcoxon ? "of the pseudo-median, by Walsh averages"
                     : options.how.test == stats::PairedTest::bootstrap
                         ? "percentile"
                         : "shifts the randomisation test does not reject";
  if (options.how.test == stats::PairedTest::wilcoxon) {
    json["zeros"] = options.zeros;
    json["continuity"] = options.how.ranks.continuity;
    json["exact"] = "at most 50 differences, no ties, no zeros";
  }
  if (bootstrapped) json["weights"] = "multinomial";
  if (bootstrapped || options.how.test == stats::PairedTest::randomization) json["replicates"] = options.how.replicates;
  json["rank_biserial"] = fmt::format("(T+ - T-) / (T+ + T-), zeros {}", options.zeros);
  json["cliffs_delta"] = "of all pairs of values";
  json["effect"] = "over units, not clusters";
  return json;
}

void add_compare(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* compare = app.add_subcommand("compare", "Compare systems by a metric over the same units");
  compare->add_option("--a", options->a, "Table of the first system, a row a unit")->check(refuse_empty);
  compare->add_option("--b", options->b, "Table of the second system")->check(refuse_empty);
  compare->add_option("--systems", options->systems, "Tables of two or more systems instead: all pairs")
      ->check(refuse_empty);
  compare->add_option("--metric", options->metric, "Column of the values; an empty cell is undefined")->required();
  compare->add_option("--unit", options->unit, "Column that names the unit")->capture_default_str();
  compare->add_option("--cluster", options->cluster, "Column of what is independent: a user's or a day's units")
      ->check(refuse_empty);
  compare
      ->add_option("--missing", options->missing,
                   "Units with a value in one system alone: refuse, skip, or zero (count as 0)")
      ->capture_default_str();
  add_choices(*compare, *options);
  compare->add_option("--max-bad", options->max_bad, "Share of rows that may be unreadable")
      ->check(refuse_share)
      ->capture_default_str();
  add_out(*compare, options->common, "Of --systems: a page (.html) or a table (.tsv, .csv, .parquet)");
  add_common(*compare, options->common, "Print the result as JSON instead of the table");
  compare->footer(
      "Examples:\n"
      "  tamis compare --a new.tsv --b old.tsv --metric ndcg@10\n"
      "  tamis compare --a new.tsv --b old.tsv --metric map --test bootstrap --interval bca --cluster user --json\n"
      "  tamis compare --systems one.tsv two.tsv three.tsv --metric mrr --correct holm --out pairs.html");
  compare->callback([options] { run_compare(*options); });
}

}  // namespace tamis::cli
