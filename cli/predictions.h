#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.h"
#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::cli {

/// Options of the commands that read a table of labels and scores.
struct PredictionFlags {
  Common common;
  std::string input, format, label, weight, group;
  std::vector<std::string> scores, metrics;
  bool no_header = false;
  double max_bad = 0.001;
};
/// --input, --format, --no-header, --label, --score, --weight, --max-bad and what all commands share, but for --out.
void add_prediction_flags(CLI::App& command, PredictionFlags& flags, const std::string& label_help,
                          const std::string& score_help);
/// --metrics, with the names there are.
void add_metric_names(CLI::App& command, PredictionFlags& flags, const std::string& names);
/// Throws invalid_argument where the input, the label or a score is not named, or more than one score is where one is
/// asked for.
void check(const PredictionFlags& flags, std::string_view command, bool one_score);

/// A row of the table. The label is read as one of the three.
struct Prediction {
  std::string_view text;
  std::int64_t integer = 0;
  double real = 0;
  std::span<const double> scores;  ///< finite
  double weight = 1;               ///< finite, >= 0
  std::string_view group;
};

/// What was read.
struct PredictionTable {
  InputFile input;
  std::uint64_t rows = 0;  ///< taken
};
/// Calls take(row) for each row; what it says other than "" is why the row is quarantined, as are rows where a cell is
/// empty, NaN, infinite or no number, and those with a negative weight. quarantine.tsv goes to `folder` where it is
/// named. `expect` is told beforehand about how many rows there will be, at most 2^27, to reserve room. Throws
/// runtime_error where more than --max-bad of the rows are bad, or where there are none.
PredictionTable read_predictions(const PredictionFlags& flags, ColumnType label, const std::string& folder,
                                 const std::function<std::string(const Prediction&)>& take,
                                 const std::function<void(std::size_t)>& expect = {});

/// A metric as it is printed.
struct PrintedMetric {
  std::string name;
  metrics::MetricValue value;
  std::uint64_t rows = 0;
  std::optional<double> low, high;
  std::string why_no_interval;  ///< where there is a value but no interval, for metrics that have one
};
/// Values beyond the range of a double become null.
nlohmann::ordered_json json_of(const std::vector<PrintedMetric>& metrics);
/// The table of metrics, and below it the conventions that changed a number.
std::string table_of(const std::vector<PrintedMetric>& metrics, const nlohmann::ordered_json& conventions);

/// Names in the order asked for, `standard` where none were. Throws invalid_argument for one that is not among `known`.
std::vector<std::string> chosen_metrics(const std::vector<std::string>& asked, const std::vector<std::string>& known,
                                        const std::vector<std::string>& standard);

}  // namespace tamis::cli
