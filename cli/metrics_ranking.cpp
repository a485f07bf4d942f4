#include "cli/metrics_ranking.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/number.h"
#include "tamis/evidence/metrics/ranking_means.h"
#include "tamis/evidence/metrics/trec.h"

namespace tamis::cli {

using Json = nlohmann::ordered_json;

Json json_of_mean(const stats::Summary& summary, double alpha) {
  Json json{{"value", nullptr}, {"queries", summary.count}, {"low", nullptr}, {"high", nullptr}};
  if (summary.count > 0) json["value"] = summary.mean;
  if (const auto interval = metrics::interval_over_queries(summary, alpha)) {
    json["low"] = interval->low;
    json["high"] = interval->high;
  } else {
    json["why"] = summary.count == 0 ? "no query defines it" : "one query has no interval";
  }
  return json;
}

std::string percent(double alpha) {
  return fmt::format("{:g} %", 100 * (1 - alpha));
}

namespace {

namespace fs = std::filesystem;
using metrics::RankingMeansChoices;

struct RankingFlags {
  Common common;
  std::string qrels, run, per_query, format;
  std::string query = "query", document = "document", relevance = "relevance", score = "score";
  std::vector<std::string> names;
  std::string ties = "trec", gain = "linear", ideal = "judged", denominator = "cutoff", missing = "zero",
              without_relevant = "skip";
  std::int32_t level = 1, max_grade = 0;
  double alpha = 0.05, max_bad = 0.001;
  bool no_header = false;
  SampledFlags sampled;
  BeyondFlags beyond;
};

struct Asked {
  std::vector<metrics::Metric> metrics;
  metrics::RankingChoices choices;
  RankingMeansChoices means;
};

/// The place of a word among those accepted.
template <typename Choice>
Choice chosen(std::string_view option, const std::string& word,
              const std::vector<std::pair<std::string_view, Choice>>& accepted) {
  std::string known;
  for (const auto& entry : accepted) {
    if (entry.first == word) return entry.second;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.first);
  }
  fail_caller(option, fmt::format("\"{}\" is not known; accepted: {}", word, known));
}

Asked read_choices(const RankingFlags& flags) {
  if (flags.qrels.empty() || flags.run.empty())
    fail_caller("metrics ranking", "needs judgments and a run: --qrels FILE --run FILE");
  if (flags.names.empty()) fail_caller("metrics ranking", "names no metric: --metrics ndcg@10,map,mrr");
  if (flags.qrels == "-" && flags.run == "-") fail_caller("metrics ranking", "only one file can be standard input");
  Asked asked;
  for (const std::string& name : flags.names) {
    const auto same = [&](const metrics::Metric& metric) { return metric.name == name; };
    if (std::any_of(asked.metrics.begin(), asked.metrics.end(), same))
      fail_caller("--metrics", fmt::format("{} is named twice", name));
    asked.metrics.push_back(metrics::Metric::parse_any(name));
  }
  using namespace metrics;
  asked.choices.ties =
      chosen<Ties>("--ties", flags.ties, {{"trec", Ties::trec}, {"average", Ties::average}, {"input", Ties::input}});
  asked.choices.gain =
      chosen<Gain>("--gain", flags.gain, {{"linear", Gain::linear}, {"exponential", Gain::exponential}});
  asked.choices.ideal =
      chosen<Ideal>("--ideal", flags.ideal, {{"judged", Ideal::judged}, {"retrieved", Ideal::retrieved}});
  asked.choices.denominator = chosen<Denominator>(
      "--map-denominator", flags.denominator, {{"cutoff", Denominator::cutoff}, {"relevant", Denominator::relevant}});
  asked.choices.level = flags.level;
  asked.choices.max_grade = flags.max_grade;
  using Missing = RankingMeansChoices::Missing;
  using Without = RankingMeansChoices::Without;
  asked.means.missing = chosen<Missing>("--missing", flags.missing, {{"zero", Missing::zero}, {"skip", Missing::skip}});
  asked.means.without_relevant =
      chosen<Without>("--without-relevant", flags.without_relevant, {{"skip", Without::skip}, {"zero", Without::zero}});
  // Everything that needs no data is refused before any is read.
  check_choices(asked.metrics, asked.choices, 0);
  check_beyond(flags.beyond, flags.run, asked.choices.ties);
  return asked;
}

metrics::RankingFile file_of(const RankingFlags& flags, const std::string& path, const std::string& value) {
  metrics::RankingFile file{path, flags.query, flags.document, value};
  file.header = !flags.no_header;
  file.trec = !metrics::names_table(path);
  if (flags.format.empty()) return file;
  using Format = std::optional<TableFormat>;
  file.format = chosen<Format>(
      "--format", flags.format,
      {{"trec", Format()}, {"parquet", TableFormat::parquet}, {"csv", TableFormat::csv}, {"tsv", TableFormat::tsv}});
  file.trec = !file.format.has_value();
  return file;
}

/// All that was read; its inputs are those of the tables of --beyond as well.
struct Read {
  metrics::JudgedFiles files;
  std::optional<Beyond> beyond;
};

Read read(const RankingFlags& flags, metrics::Ties ties) {
  Quarantine quarantine;
  Progress progress(std::cerr, progress_style(flags.common));
  const auto set_aside = [&] {
    if (!flags.common.out.empty()) {
      quarantine.write(fs::path(flags.common.out) / "quarantine.tsv");
    } else if (!flags.per_query.empty()) {
      quarantine.write(fs::path(flags.per_query).parent_path() / "quarantine.tsv");
    }
  };
  Read result;
  std::vector<InputFile>& inputs = result.files.inputs;
  try {
    const metrics::RankingFile run = file_of(flags, flags.run, flags.score);
    result.files = metrics::read_judged(file_of(flags, flags.qrels, flags.relevance), run, quarantine, progress);
    if (flags.beyond.k > 0) {
      result.beyond = measure_beyond(flags.beyond, run, ties, quarantine, progress);
      inputs.insert(inputs.end(), result.beyond->inputs.begin(), result.beyond->inputs.end());
    }
  } catch (...) {
    set_aside();
    throw;
  }
  set_aside();
  std::uint64_t rows = 0;
  for (const InputFile& input : inputs) rows += input.rows_read;
  quarantine.check(rows, flags.max_bad);
  if (quarantine.count() > 0)
    spdlog::warn("{} of {} rows could not be read and are left out; the first: {}", quarantine.count(), rows,
                 quarantine.first());
  return result;
}

/// A row a query, an empty cell where the query is left out.
void write_per_query(const std::string& path, const metrics::Judged& judged, const metrics::Measured& measured) {
  const std::vector<metrics::Metric>& metrics = measured.means.metrics();
  std::vector<OutputColumn> columns(1 + metrics.size());
  columns[0].name = "query";
  columns[0].text = judged.queries;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    columns[m + 1].name = metrics[m].name;
    columns[m + 1].real.reserve(judged.size());
    for (std::size_t q = 0; q < judged.size(); ++q)
      columns[m + 1].real.push_back(measured.values[q * metrics.size() + m]);
  }
  write_table(path, columns);
}

Json conventions_of(const RankingFlags& flags, const Asked& asked) {
  Json json{{"ties", flags.ties},
            {"gain", flags.gain},
            {"ideal", flags.ideal},
            {"map_denominator", flags.denominator},
            {"missing", flags.missing},
            {"without_relevant", flags.without_relevant},
            {"level", flags.level},
            {"max_grade", asked.choices.max_grade},
            {"unjudged_documents", "not relevant, gain 0; passed over by bpref"},
            {"negative_grades", "as if not judged"},
            {"unjudged_queries", "ignored"},
            {"duplicates", "the first row is kept"},
            {"aggregation", "mean over queries"},
            {"interval", fmt::format("{}, Student's t over queries, cut to [0, 1]", percent(flags.alpha))}};
  for (const metrics::Metric& metric : asked.metrics)
    json["definitions"][metric.name] = metrics::conventions(metric, asked.choices);
  return json;
}

Json json_of(const RankingFlags& flags, const Asked& asked, const metrics::JudgedFiles& files,
             const metrics::Measured& measured) {
  const metrics::Judged& judged = files.judged;
  Json json = json_result("metrics ranking", flags.common);
  json["conventions"] = conventions_of(flags, asked);
  json["inputs"] = json_inputs(files.inputs);
  json["queries"] = {{"judged", judged.size()},
                     {"missing", measured.means.missing()},
                     {"without_relevant", measured.means.without_relevant()},
                     {"unjudged", judged.unjudged_queries}};
  json["judgments"] = {{"kept", judged.judgments},
                       {"negative", judged.negative_grades},
                       {"duplicates", judged.duplicate_judgments},
                       {"highest_grade", judged.highest_grade}};
  json["documents"] = {{"kept", judged.documents},
                       {"unjudged", judged.unjudged_documents},
                       {"duplicates", judged.duplicate_documents},
                       {"of_unjudged_queries", judged.unjudged_query_rows}};
  json["per_query"] = flags.per_query.empty() ? Json(nullptr) : Json(flags.per_query);
  json["metrics"] = Json::object();
  for (std::size_t m = 0; m < asked.metrics.size(); ++m)
    json["metrics"][asked.metrics[m].name] = json_of_mean(measured.means.value()[m], flags.alpha);
  return json;
}

/// What became of queries and rows that are not as others are; nothing of what there is none.
std::string notes_of(const RankingFlags& flags, const metrics::Judged& judged, const metrics::RankingMeans& means) {
  std::string text;
  const auto note = [&text](std::uint64_t count, const char* what, std::string_view fate) {
    if (count > 0) text += fmt::format("{}: {}, {}.\n", what, count, fate);
  };
  note(means.missing(), "Judged queries that are not in the run",
       flags.missing == "zero" ? "measured as empty lists" : "left out");
  note(means.without_relevant(), "Queries without a relevant document",
       flags.without_relevant == "zero" ? "counted as 0" : "left out");
  note(judged.unjudged_queries, "Queries of the run that are not judged", "ignored");
  note(judged.negative_grades, "Grades below 0", "as if not judged");
  note(judged.duplicate_judgments, "Documents judged twice for a query", "the first row is kept");
  note(judged.duplicate_documents, "Documents twice in a list", "the first row is kept");
  return text;
}

std::string table_of(const RankingFlags& flags, const Asked& asked, const metrics::Judged& judged,
                     const metrics::RankingMeans& means) {
  std::vector<std::vector<std::string>> rows{{"metric", "value", percent(flags.alpha), "queries"}};
  for (std::size_t m = 0; m < asked.metrics.size(); ++m) {
    const stats::Summary& summary = means.value()[m];
    const auto interval = metrics::interval_over_queries(summary, flags.alpha);
    rows.push_back({asked.metrics[m].name, summary.count > 0 ? fmt::format("{:.4f}", summary.mean) : "undefined",
                    interval ? fmt::format("[{:.4f}, {:.4f}]", interval->low, interval->high) : "",
                    fmt::format("{}", summary.count)});
  }
  std::string text = columns(rows, 1) + "\n";
  for (const metrics::Metric& metric : asked.metrics)
    text += fmt::format("{}: {}.\n", metric.name, metrics::conventions(metric, asked.choices));
  text += "Mean over queries; interval: Student's t.\n" + notes_of(flags, judged, means);
  if (!flags.per_query.empty()) text += "Per query: " + flags.per_query + "\n";
  return text;
}

void run_ranking(RankingFlags& flags) {
  Asked asked = read_choices(flags);
  apply_threads(flags.common);
  if (!flags.common.out.empty()) make_output_folder(flags.common.out);
  if (!flags.per_query.empty()) make_folder_of(flags.per_query);
  const Read all = read(flags, asked.choices.ties);
  const metrics::JudgedFiles& files = all.files;
  if (asked.choices.max_grade == 0) asked.choices.max_grade = files.judged.highest_grade;
  const metrics::Measured measured =
      metrics::measure_all(files.judged, asked.metrics, asked.choices, asked.means, !flags.per_query.empty());
  if (!flags.per_query.empty()) write_per_query(flags.per_query, files.judged, measured);
  std::optional<metrics::SampledMeans> sampled;
  if (flags.sampled.negatives > 0)
    sampled = metrics::measure_sampled(files.judged, asked.metrics, asked.choices, asked.means, flags.sampled.negatives,
                                       flags.common.seed);
  if (flags.common.json) {
    Json json = json_of(flags, asked, files, measured);
    if (sampled) add_sampled_json(json, *sampled, flags.sampled, measured.means, flags.alpha);
    if (all.beyond) add_beyond_json(json, *all.beyond, flags.beyond);
    print(json.dump(2));
    return;
  }
  std::string text = table_of(flags, asked, files.judged, measured.means);
  if (sampled) text += "\n" + sampled_text(*sampled, flags.sampled, measured.means, flags.alpha);
  if (all.beyond) text += "\n" + beyond_text(*all.beyond, flags.beyond);
  text.pop_back();
  print(text);
}

std::string refuse_alpha(const std::string& text) {
  double alpha = 0;
  return parse_real(text, alpha) && alpha > 0 && alpha < 1 ? "" : text + " does not lie between 0 and 1";
}

void add_choices(CLI::App& ranking, RankingFlags& flags) {
  ranking
      .add_option("--ties", flags.ties, "trec (float scores, then id), average (expected value) or input (as given)")
      ->capture_default_str();
  ranking.add_option("--gain", flags.gain, "Of ndcg: linear (the grade) or exponential (2^grade - 1)")
      ->capture_default_str();
  ranking.add_option("--ideal", flags.ideal, "Of ndcg: the best order of all judged documents, or of the retrieved")
      ->capture_default_str();
  ranking
      .add_option("--map-denominator", flags.denominator,
                  "Of map@k: cutoff (min(k, relevant)) or relevant (all of them)")
      ->capture_default_str();
  ranking.add_option("--missing", flags.missing, "Judged queries that are not in the run: zero or skip")
      ->capture_default_str();
  ranking.add_option("--without-relevant", flags.without_relevant, "Queries without a relevant document: skip or zero")
      ->capture_default_str();
  ranking.add_option("--level", flags.level, "A grade from here on is relevant")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  ranking
      .add_option("--max-grade", flags.max_grade,
                  "Of err: the highest grade of the scale; the highest judged, if absent")
      ->check(CLI::Range(1, 1000));
  ranking.add_option("--alpha", flags.alpha, "1 less the level of the intervals")
      ->check(refuse_alpha)
      ->capture_default_str();
}

void add_files(CLI::App& ranking, RankingFlags& flags) {
  ranking.add_option("--qrels", flags.qrels, "Judgments: TREC's lines, or a table (.parquet, .csv, .tsv)")
      ->check(refuse_empty);
  ranking.add_option("--run", flags.run, "What was retrieved: TREC's lines, or a table")->check(refuse_empty);
  ranking.add_option("--format", flags.format, "trec, parquet, csv or tsv, of both files; by extension when absent");
  ranking.add_option("--query", flags.query, "Column of a table, by name or number")
      ->check(refuse_empty)
      ->capture_default_str();
  ranking.add_option("--document", flags.document, "Column of a table")->check(refuse_empty)->capture_default_str();
  ranking.add_option("--relevance", flags.relevance, "Column of a table of judgments")
      ->check(refuse_empty)
      ->capture_default_str();
  ranking.add_option("--score", flags.score, "Column of a table of documents retrieved")
      ->check(refuse_empty)
      ->capture_default_str();
  ranking.add_flag("--no-header", flags.no_header, "A table's first row is data; columns are numbers from 1");
  ranking.add_option("--max-bad", flags.max_bad, "Share of rows that may be unreadable")
      ->check(refuse_share)
      ->capture_default_str();
}

}  // namespace

void add_metrics_ranking(CLI::App& metrics) {
  auto flags = std::make_shared<RankingFlags>();
  CLI::App* ranking = metrics.add_subcommand("ranking", "Ranked lists against judgments");
  add_files(*ranking, *flags);
  ranking
      ->add_option(
          "--metrics", flags->names,
          "auc, mrr, mrr@k, map, map@k, ndcg, ndcg@k, recall@k, precision@k, hit@k, r_precision, bpref, rbp@p, "
          "err, err@k, percentile_rank")
      ->delimiter(',');
  add_choices(*ranking, *flags);
  add_sampled(*ranking, flags->sampled);
  add_beyond(*ranking, flags->beyond);
  ranking->add_option("--per-query", flags->per_query, "Write each query's values: .tsv, .csv or .parquet")
      ->check(refuse_empty);
  add_out(*ranking, flags->common, "Folder for the rows that could not be read; beside --per-query when absent");
  add_common(*ranking, flags->common, "Print the result as JSON instead of the table");
  ranking->footer(
      "Examples:\n"
      "  tamis metrics ranking --qrels qrels.txt --run run.txt --metrics ndcg@10,map,mrr\n"
      "  tamis metrics ranking --qrels judged.parquet --run scored.parquet --metrics ndcg@10 --ties average --json\n"
      "  tamis metrics ranking --qrels qrels.txt --run run.txt --metrics map@100,rbp@0.8 --per-query values.tsv\n"
      "  tamis metrics ranking --qrels qrels.txt --run run.txt --metrics ndcg@10,auc --negatives 100 --seed 1\n"
      "  tamis metrics ranking --qrels qrels.txt --run run.txt --metrics ndcg@10 --beyond 10 --popularity counts.tsv");
  ranking->callback([flags] { run_ranking(*flags); });
}

}  // namespace tamis::cli
