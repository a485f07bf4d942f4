#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/metrics.h"
#include "cli/predictions.h"
#include "tamis/base/error.h"
#include "tamis/evidence/metrics/auc_multiclass.h"
#include "tamis/evidence/metrics/calibration.h"
#include "tamis/evidence/metrics/classification.h"
#include "tamis/evidence/metrics/classification_loss.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using metrics::Average;
using metrics::ClassAverage;
using metrics::MetricValue;

constexpr double kSumTolerance = 1e-3;
const std::vector<std::string> kKnown{"accuracy",
                                      "balanced_accuracy",
                                      "matthews",
                                      "precision_macro",
                                      "precision_micro",
                                      "precision_weighted",
                                      "recall_macro",
                                      "recall_micro",
                                      "recall_weighted",
                                      "f1_macro",
                                      "f1_micro",
                                      "f1_weighted",
                                      "f_beta_macro",
                                      "f_beta_micro",
                                      "f_beta_weighted",
                                      "auc_ovr_macro",
                                      "auc_ovr_weighted",
                                      "auc_ovo_macro",
                                      "auc_ovo_weighted",
                                      "log_loss",
                                      "brier",
                                      "ece"};
const std::vector<std::string> kStandard{"accuracy",    "balanced_accuracy", "f1_macro",
                                         "f1_weighted", "auc_ovr_macro",     "auc_ovo_macro"};

struct MulticlassFlags : PredictionFlags {
  std::vector<std::string> classes;
  std::string zero_division = "null";
  double beta = 2, clip = metrics::kLogLossClip;
  int bins = 10;
};

class MulticlassStates {
 public:
  MulticlassStates(const MulticlassFlags& flags, std::vector<std::string> classes)
      : names_(chosen_metrics(flags.metrics, kKnown, kStandard)),
        classes_(std::move(classes)),
        confusion_(classes_.size()),
        scores_(classes_.size()),
        log_loss_(flags.clip),
        bins_(static_cast<std::size_t>(flags.bins)),
        zero_division_(metrics::parse_zero_division(flags.zero_division)),
        beta_(flags.beta) {
    probability_ = has("log_loss") || has("brier") || has("ece");
  }

  std::string take(const Prediction& row) {
    const auto found = std::find(classes_.begin(), classes_.end(), row.text);
    if (found == classes_.end())
      return fmt::format("label '{}' is no class; the classes are {}", row.text, fmt::join(classes_, ", "));
    const auto truth = static_cast<std::size_t>(found - classes_.begin());
    const auto highest = std::max_element(row.scores.begin(), row.scores.end());
    const auto predicted = static_cast<std::size_t>(highest - row.scores.begin());
    if (probability_) {
      double sum = 0;
      for (const double score : row.scores) {
        if (!(score >= 0 && score <= 1)) return fmt::format("score {} is no probability from 0 to 1", score);
        sum += score;
      }
      if (std::abs(sum - 1) > kSumTolerance) return fmt::format("the probabilities add up to {:g}, not to 1", sum);
      log_loss_.update_class(truth, row.scores, row.weight);
      brier_.update_class(truth, row.scores, row.weight);
      bins_.update(*highest, truth == predicted, row.weight);
    }
    scores_.update(truth, row.scores, row.weight);
    confusion_.update(truth, predicted, row.weight);
    return {};
  }

  std::vector<PrintedMetric> values() const {
    std::vector<PrintedMetric> printed;
    for (const std::string& name : names_) printed.push_back({name, measure(name), confusion_.rows(), {}, {}, {}});
    return printed;
  }
  /// What each class has on its own, against the rest.
  std::vector<std::pair<std::string, std::vector<PrintedMetric>>> of_classes() const;

 private:
  bool has(const std::string& name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }
  MetricValue measure(const std::string& name) const;
  MetricValue averaged(const std::string& name) const;

  std::vector<std::string> names_, classes_;
  metrics::Confusion confusion_;
  metrics::MulticlassScores scores_;
  metrics::LogLoss log_loss_;
  metrics::Brier brier_;
  metrics::CalibrationBins bins_;
  metrics::ZeroDivision zero_division_;
  double beta_;
  bool probability_ = false;
};

MetricValue MulticlassStates::averaged(const std::string& name) const {
  const std::size_t cut = name.rfind('_');
  const std::string metric = name.substr(0, cut);
  const std::string how = name.substr(cut + 1);
  const Average average = how == "micro" ? Average::micro : how == "macro" ? Average::macro : Average::weighted;
  const ClassAverage of_classes = how == "macro" ? ClassAverage::macro : ClassAverage::weighted;
  if (metric == "precision") return metrics::precision(confusion_, average, zero_division_);
  if (metric == "recall") return metrics::recall(confusion_, average, zero_division_);
  if (metric == "f1") return metrics::f_beta(confusion_, average, 1, zero_division_);
  if (metric == "f_beta") return metrics::f_beta(confusion_, average, beta_, zero_division_);
  MetricValue value = metric == "auc_ovr" ? scores_.one_vs_rest(of_classes) : scores_.one_vs_one(of_classes);
  // The library numbers classes; here they have names.
  for (std::size_t c = classes_.size(); c-- > 0;)
    if (value.why == fmt::format("class {} has no rows", c + 1))
      value.why = fmt::format("class '{}' has no rows", classes_[c]);
  return value;
}

MetricValue MulticlassStates::measure(const std::string& name) const {
  if (name == "accuracy") return metrics::accuracy(confusion_);
  if (name == "balanced_accuracy") return metrics::balanced_accuracy(confusion_);
  if (name == "matthews") return metrics::matthews(confusion_, zero_division_);
  if (name == "log_loss") return log_loss_.value();
  if (name == "brier") return brier_.value();
  if (name == "ece") return metrics::expected_calibration_error(bins_.bins());
  return averaged(name);
}

std::vector<std::pair<std::string, std::vector<PrintedMetric>>> MulticlassStates::of_classes() const {
  std::vector<std::pair<std::string, std::vector<PrintedMetric>>> classes;
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const metrics::ConfusionCounts counts = confusion_.counts(c);
    const std::uint64_t rows = confusion_.rows();
    classes.push_back({classes_[c],
                       {{"precision", metrics::precision(counts, zero_division_), rows, {}, {}, {}},
                        {"recall", metrics::recall(counts, zero_division_), rows, {}, {}, {}},
                        {"f1", metrics::f_beta(counts, 1, zero_division_), rows, {}, {}, {}},
                        {"specificity", metrics::specificity(counts, zero_division_), rows, {}, {}, {}},
                        {"auc", scores_.one_vs_rest(c), rows, {}, {}, {}}}});
  }
  return classes;
}

Json conventions_of(const MulticlassFlags& flags, const std::vector<std::string>& classes) {
  Json json{{"classes", fmt::format("{}", fmt::join(classes, ", "))},
            {"predicted", "the class with the highest score, the first of tied ones"},
            {"zero_division", flags.zero_division},
            {"macro", "mean over all classes; those without a value are left out"},
            {"weighted", "by the weight of true rows; auc_ovo: by the rows of the pair"},
            {"auc_ovo", "Hand & Till (2001)"},
            {"log_loss", fmt::format("natural logarithm, probabilities clipped at {:g}", flags.clip)},
            {"brier", classes.size() == 2 ? "mean of (p - y)^2" : "mean of the sum over classes of (p - y)^2"},
            {"ece", fmt::format("highest probability against right or wrong, {} bins of equal width", flags.bins)},
            {"beta", flags.beta}};
  if (!flags.weight.empty()) json["weight"] = flags.weight;
  return json;
}

std::string class_table(const std::vector<std::pair<std::string, std::vector<PrintedMetric>>>& classes) {
  std::vector<std::vector<std::string>> rows{{"class", "precision", "recall", "f1", "specificity", "auc"}};
  for (const auto& [name, values] : classes) {
    rows.push_back({name});
    for (const PrintedMetric& metric : values)
      rows.back().push_back(metric.value.value ? fmt::format("{:.6g}", *metric.value.value) : "-");
  }
  return columns(rows, 1);
}

void run_multiclass(MulticlassFlags& flags) {
  check(flags, "multiclass", false);
  const std::vector<std::string> classes = flags.classes.empty() ? flags.scores : flags.classes;
  if (flags.scores.size() < 2 || classes.size() != flags.scores.size())
    fail_caller("metrics multiclass", fmt::format("{} score columns and {} classes; as many of both, two or more, are "
                                                  "needed",
                                                  flags.scores.size(), classes.size()));
  MulticlassStates states(flags, classes);
  apply_threads(flags.common);
  const PredictionTable table = read_predictions(flags, ColumnType::text, flags.common.out,
                                                 [&](const Prediction& row) { return states.take(row); });
  const auto values = states.values();
  const auto of_classes = states.of_classes();
  const Json conventions = conventions_of(flags, classes);
  if (!flags.common.json) return print(class_table(of_classes) + "\n" + table_of(values, conventions));
  Json json = json_result("metrics multiclass", flags.common);
  json["conventions"] = conventions;
  json["inputs"] = json_inputs({table.input});
  json["rows"] = table.rows;
  json["metrics"] = json_of(values);
  json["classes"] = Json::array();
  for (const auto& [name, of_class] : of_classes)
    json["classes"].push_back({{"name", name}, {"metrics", json_of(of_class)}});
  print(json.dump(2));
}

}  // namespace

void add_metrics_multiclass(CLI::App& metrics) {
  auto flags = std::make_shared<MulticlassFlags>();
  CLI::App* multiclass = metrics.add_subcommand("multiclass", "A score per class against labels");
  add_prediction_flags(*multiclass, *flags, "Column of labels: names of classes",
                       "Columns of scores, one a class: A,B,C");
  add_metric_names(*multiclass, *flags,
                   "accuracy, balanced_accuracy, matthews; precision, recall, f1 or f_beta with _macro, _micro or "
                   "_weighted; auc_ovr or auc_ovo with _macro or _weighted; of probabilities log_loss, brier, ece; "
                   "when absent accuracy, balanced_accuracy, f1_macro, f1_weighted, auc_ovr_macro, auc_ovo_macro");
  multiclass->add_option("--classes", flags->classes, "The label of each score column; their names when absent")
      ->delimiter(',');
  multiclass->add_option("--zero-division", flags->zero_division, "What 0 / 0 is: null, 0 or 1")->capture_default_str();
  multiclass->add_option("--beta", flags->beta, "f_beta: how many times recall counts")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  multiclass->add_option("--clip", flags->clip, "log_loss: probabilities are kept so far from 0 and 1")
      ->check(CLI::Range(1e-300, 0.4))
      ->capture_default_str();
  multiclass->add_option("--bins", flags->bins, "ece: how many bins")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  multiclass->footer(
      "Examples:\n"
      "  tamis metrics multiclass --input scores.csv --label species --score cat,dog,bird\n"
      "  tamis metrics multiclass --input scores.csv --label y --score p0,p1,p2 --classes 0,1,2 --metrics log_loss");
  multiclass->callback([flags] { run_multiclass(*flags); });
}

}  // namespace tamis::cli
