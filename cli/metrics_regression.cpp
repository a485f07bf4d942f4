#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/metrics.h"
#include "cli/predictions.h"
#include "tamis/evidence/metrics/regression.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

const std::vector<std::string> kKnown{"rmse", "mae", "mape", "r2", "quantile_loss"};
const std::vector<std::string> kStandard{"rmse", "mae", "r2"};

struct RegressionFlags : PredictionFlags {
  std::string zero_targets = "null";
  double quantile = 0.5;
};

metrics::MetricValue measure(const std::string& name, const metrics::Regression& state, const RegressionFlags& flags) {
  if (name == "rmse") return state.rmse();
  if (name == "mae") return state.mae();
  if (name == "mape") return state.mape(metrics::parse_zero_targets(flags.zero_targets));
  if (name == "r2") return state.r2();
  return state.quantile_loss(flags.quantile);
}

Json conventions_of(const RegressionFlags& flags, const std::vector<std::string>& names,
                    const metrics::Regression& state) {
  Json json = Json::object();
  for (const std::string& name : names) {
    if (name == "mape")
      json["mape"] =
          fmt::format("a share, 0.1 is 10 %; targets of 0 ({} rows): {}", state.zero_targets(), flags.zero_targets);
    if (name == "r2") json["r2"] = "1 less the squared errors over those of the mean; undefined for equal targets";
    if (name == "quantile_loss") json["quantile_loss"] = fmt::format("of the quantile {:g}", flags.quantile);
  }
  if (!flags.weight.empty()) json["weight"] = flags.weight;
  return json;
}

void run_regression(RegressionFlags& flags) {
  check(flags, "regression", true);
  const auto names = chosen_metrics(flags.metrics, kKnown, kStandard);
  metrics::parse_zero_targets(flags.zero_targets);
  apply_threads(flags.common);
  metrics::Regression state;
  const PredictionTable table = read_predictions(flags, ColumnType::real, flags.common.out, [&](const Prediction& row) {
    state.update(row.real, row.scores[0], row.weight);
    return std::string();
  });
  std::vector<PrintedMetric> values;
  for (const std::string& name : names) values.push_back({name, measure(name, state, flags), state.rows(), {}, {}, {}});
  const Json conventions = conventions_of(flags, names, state);
  if (!flags.common.json) return print(table_of(values, conventions));
  Json json = json_result("metrics regression", flags.common);
  json["conventions"] = conventions;
  json["inputs"] = json_inputs({table.input});
  json["rows"] = table.rows;
  json["metrics"] = json_of(values);
  print(json.dump(2));
}

}  // namespace

void add_metrics_regression(CLI::App& metrics) {
  auto flags = std::make_shared<RegressionFlags>();
  CLI::App* regression = metrics.add_subcommand("regression", "Predicted numbers against true ones");
  add_prediction_flags(*regression, *flags, "Column of true numbers", "Column of predicted numbers");
  add_metric_names(*regression, *flags, "rmse, mae, mape, r2, quantile_loss; when absent rmse, mae, r2");
  regression->add_option("--quantile", flags->quantile, "quantile_loss: which quantile, in (0, 1)")
      ->check(CLI::Range(1e-9, 1 - 1e-9))
      ->capture_default_str();
  regression
      ->add_option("--zero-targets", flags->zero_targets,
                   "mape where a target is 0: null (no value), leave-out, or epsilon (over 2.2e-16, as scikit-learn)")
      ->capture_default_str();
  regression->footer(
      "Examples:\n"
      "  tamis metrics regression --input ratings.csv --label rating --score predicted\n"
      "  tamis metrics regression --input sales.csv --label y --score p90 --metrics quantile_loss --quantile 0.9");
  regression->callback([flags] { run_regression(*flags); });
}

}  // namespace tamis::cli
