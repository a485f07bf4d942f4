#include "cli/predictions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

// A corrupt file may say any number of rows.
constexpr std::uint64_t kMostReserved = std::uint64_t{1} << 27;

TableOptions table_options(const PredictionFlags& flags) {
  TableOptions options;
  options.header = !flags.no_header;
  if (flags.format.empty()) return options;
  options.format = flags.format == "parquet" ? TableFormat::parquet
                   : flags.format == "csv"   ? TableFormat::csv
                                             : TableFormat::tsv;
  return options;
}

// Where the columns of a request stand: label, weight, group, then the scores.
struct Places {
  std::vector<ColumnRequest> requests;
  std::size_t weight = 0, group = 0, first_score = 0;
};

Places request(const PredictionFlags& flags, ColumnType label) {
  Places places;
  places.requests.push_back({flags.label, label});
  if (!flags.weight.empty()) {
    places.weight = places.requests.size();
    places.requests.push_back({flags.weight, ColumnType::real});
  }
  if (!flags.group.empty()) {
    places.group = places.requests.size();
    places.requests.push_back({flags.group, ColumnType::text});
  }
  places.first_score = places.requests.size();
  for (const std::string& score : flags.scores) places.requests.push_back({score, ColumnType::real});
  return places;
}

// "" or why the row cannot be used; fills `row` from row i of the batch.
std::string read_row(const std::vector<Column>& batch, const Places& places, std::size_t i, std::vector<double>& scores,
                     Prediction& row) {
  for (std::size_t c = 0; c < batch.size(); ++c)
    if (batch[c].valid[i] == 0) return fmt::format("column '{}' is empty or not a number", places.requests[c].name);
  const Column& label = batch.front();
  if (label.type == ColumnType::text) row.text = label.text[i];
  if (label.type == ColumnType::integer) row.integer = label.integer[i];
  if (label.type == ColumnType::real) row.real = label.real[i];
  if (places.weight > 0) row.weight = batch[places.weight].real[i];
  if (row.weight < 0) return fmt::format("the weight is {}; a number from 0 is needed", row.weight);
  if (places.group > 0) row.group = batch[places.group].text[i];
  for (std::size_t s = 0; s < scores.size(); ++s) scores[s] = batch[places.first_score + s].real[i];
  row.scores = scores;
  return {};
}

}  // namespace

void add_prediction_flags(CLI::App& command, PredictionFlags& flags, const std::string& label_help,
                          const std::string& score_help) {
  command.add_option("--input", flags.input, "Table of labels and scores: .parquet, .csv, .tsv; - is stdin as TSV")
      ->check(refuse_empty);
  command.add_option("--format", flags.format, "parquet, csv or tsv; by extension when absent")
      ->check(CLI::IsMember({"parquet", "csv", "tsv"}));
  command.add_flag("--no-header", flags.no_header, "The first row is data; columns are numbers from 1");
  command.add_option("--label", flags.label, label_help);
  command.add_option("--score", flags.scores, score_help)->delimiter(',');
  command.add_option("--weight", flags.weight, "Column of weights from 0; every row counts 1 when absent");
  command.add_option("--max-bad", flags.max_bad, "Share of rows that may be unreadable")
      ->check(refuse_share)
      ->capture_default_str();
  add_common(command, flags.common, "Print the result as JSON instead of the table");
}

void add_metric_names(CLI::App& command, PredictionFlags& flags, const std::string& names) {
  command.add_option("--metrics", flags.metrics, names)->delimiter(',');
  add_out(command, flags.common, "Folder for the rows that could not be read");
}

void check(const PredictionFlags& flags, std::string_view command, bool one_score) {
  const std::string where = "metrics " + std::string(command);
  if (flags.input.empty()) fail_caller(where, "--input is missing: a table of labels and scores is needed");
  if (flags.label.empty()) fail_caller(where, "--label is missing: the column of true labels is needed");
  if (flags.scores.empty()) fail_caller(where, "--score is missing: the column of scores is needed");
  if (one_score && flags.scores.size() != 1)
    fail_caller(where, fmt::format("--score names {} columns; one is needed", flags.scores.size()));
}

PredictionTable read_predictions(const PredictionFlags& flags, ColumnType label, const std::string& folder,
                                 const std::function<std::string(const Prediction&)>& take,
                                 const std::function<void(std::size_t)>& expect) {
  const Places places = request(flags, label);
  Quarantine quarantine;
  TableReader reader(flags.input, places.requests, table_options(flags), quarantine);
  if (!folder.empty()) make_output_folder(folder);
  Progress progress(std::cerr, progress_style(flags.common));
  progress.begin("read", reader.expected_rows());
  if (expect) expect(static_cast<std::size_t>(std::min(reader.expected_rows(), kMostReserved)));
  PredictionTable table;
  std::vector<double> scores(flags.scores.size());
  while (const std::vector<Column>* batch = reader.next()) {
    const std::size_t rows = batch->front().valid.size();
    for (std::size_t i = 0; i < rows; ++i) {
      Prediction row;
      std::string why = read_row(*batch, places, i, scores, row);
      if (why.empty()) why = take(row);
      if (why.empty()) {
        ++table.rows;
      } else {
        reader.reject(i, why);
      }
    }
    progress.advance(rows);
  }
  progress.end();
  table.input = reader.input();
  const std::uint64_t all = table.input.rows_read;
  if (!folder.empty()) quarantine.write(std::filesystem::path(folder) / "quarantine.tsv");
  quarantine.check(all, flags.max_bad);
  if (quarantine.count() > 0)
    spdlog::warn("{} of {} rows could not be read and are left out; the first: {}", quarantine.count(), all,
                 quarantine.first());
  if (table.rows == 0) fail_world(flags.input, "holds no rows");
  return table;
}

namespace {

std::string why_not(const PrintedMetric& metric) {
  return metric.value.value ? "it is beyond the range of a double" : metric.value.why;
}

}  // namespace

nlohmann::ordered_json json_of(const std::vector<PrintedMetric>& metrics) {
  Json json = Json::object();
  for (const PrintedMetric& metric : metrics) {
    Json& entry = json[metric.name];
    const bool there = metric.value.value && std::isfinite(*metric.value.value);
    entry["value"] = there ? Json(*metric.value.value) : Json(nullptr);
    if (!there) entry["why"] = why_not(metric);
    entry["rows"] = metric.rows;
    if (there && metric.low) {
      entry["low"] = *metric.low;
      entry["high"] = *metric.high;
    } else if (!metric.why_no_interval.empty()) {
      entry["low"] = nullptr;
      entry["high"] = nullptr;
      if (there) entry["why"] = metric.why_no_interval;
    }
  }
  return json;
}

std::string table_of(const std::vector<PrintedMetric>& metrics, const nlohmann::ordered_json& conventions) {
  std::vector<std::vector<std::string>> rows{{"metric", "value", "interval", "rows"}};
  std::string undefined;
  for (const PrintedMetric& metric : metrics) {
    const bool there = metric.value.value && std::isfinite(*metric.value.value);
    rows.push_back({metric.name, there ? fmt::format("{:.6g}", *metric.value.value) : "-",
                    metric.low ? fmt::format("{:.4f} to {:.4f}", *metric.low, *metric.high) : "",
                    fmt::format("{}", metric.rows)});
    if (!there) undefined += fmt::format("{} is undefined: {}.\n", metric.name, why_not(metric));
  }
  std::string text = columns(rows, 1) + undefined;
  for (const auto& [name, convention] : conventions.items())
    text += fmt::format("{}: {}\n", name, convention.is_string() ? convention.get<std::string>() : convention.dump());
  text.pop_back();
  return text;
}

std::vector<std::string> chosen_metrics(const std::vector<std::string>& asked, const std::vector<std::string>& known,
                                        const std::vector<std::string>& standard) {
  std::vector<std::string> chosen;
  for (const std::string& name : asked.empty() ? standard : asked) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail_caller("--metrics", fmt::format("no metric \"{}\"; known are {}", name, fmt::join(known, ", ")));
    if (std::find(chosen.begin(), chosen.end(), name) == chosen.end()) chosen.push_back(name);
  }
  return chosen;
}

}  // namespace tamis::cli
