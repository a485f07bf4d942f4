#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "cli/metrics.h"
#include "cli/predictions.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/evidence/metrics/auc_delong.h"
#include "tamis/evidence/metrics/auc_groups.h"
#include "tamis/evidence/metrics/auc_streaming.h"
#include "tamis/evidence/metrics/calibration.h"
#include "tamis/evidence/metrics/classification.h"
#include "tamis/evidence/metrics/classification_loss.h"
#include "tamis/evidence/metrics/curves.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using metrics::MetricValue;

const std::vector<std::string> kOrder{"auc", "average_precision", "pr_auc", "partial_auc", "ece_mass"};
const std::vector<std::string> kProbability{"log_loss", "brier", "ece", "ece_mass"};
const std::vector<std::string> kDecision{"accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1",
                                         "f_beta",   "matthews"};
const std::vector<std::string> kStandard{"auc", "average_precision", "accuracy", "precision", "recall", "f1"};

std::vector<std::string> known() {
  std::vector<std::string> names{"auc", "average_precision", "pr_auc", "partial_auc", "auc_streaming", "gauc"};
  names.insert(names.end(), kProbability.begin(), kProbability.end());
  names.insert(names.end(), kDecision.begin(), kDecision.end());
  return names;
}

struct BinaryFlags : PredictionFlags {
  double threshold = 0.5, beta = 2, max_fpr = 0.1, clip = metrics::kLogLossClip, alpha = 0.05;
  std::string zero_division = "null", group_weights = "impressions";
  int bins = 10, streaming_bits = 18;
};

std::string refuse_not_finite(const std::string& text) {
  double value = 0;
  return parse_real(text, value) && std::isfinite(value) ? "" : text + " is not a finite number";
}

// The states that the chosen metrics need.
class BinaryStates {
 public:
  explicit BinaryStates(const BinaryFlags& flags)
      : flags_(flags),
        names_(chosen_metrics(flags.metrics, known(), standard(flags))),
        confusion_(2),
        log_loss_(flags.clip),
        bins_(static_cast<std::size_t>(flags.bins)),
        streaming_(flags.streaming_bits),
        zero_division_(metrics::parse_zero_division(flags.zero_division)) {
    order_ = has_any(kOrder);
    probability_ = has_any(kProbability);
    grouped_ = has("gauc");
    streams_ = has("auc_streaming");
    if (grouped_ && flags.group.empty()) fail_caller("gauc", "needs --group, the column of groups");
    if (!grouped_ && !flags.group.empty())
      fail_caller("metrics binary", "--group goes with the metric gauc, which is not asked for");
    if (!flags.weight.empty() && (grouped_ || streams_))
      fail_caller("metrics binary", "gauc and auc_streaming count rows; they do not go with --weight");
  }

  void reserve(std::size_t rows) {
    if (order_) rows_.reserve(rows);
  }

  std::string take(const Prediction& row) {
    if (row.integer != 0 && row.integer != 1) return fmt::format("label {} is not 0 or 1", row.integer);
    const double score = row.scores[0];
    const bool positive = row.integer == 1;
    if (probability_) {
      if (!(score >= 0 && score <= 1)) return fmt::format("score {} is no probability from 0 to 1", score);
      log_loss_.update(positive, score, row.weight);
      brier_.update(positive, score, row.weight);
      bins_.update(score, positive, row.weight);
    }
    if (order_) rows_.update(score, positive, row.weight);
    if (streams_) streaming_.update(score, positive);
    if (grouped_) {
      const auto number = static_cast<std::uint32_t>(numbers_.size());
      groups_.update(numbers_.try_emplace(std::string(row.group), number).first->second, score, positive);
    }
    confusion_.update(positive ? 1 : 0, score >= flags_.threshold ? 1 : 0, row.weight);
    return {};
  }

  std::vector<PrintedMetric> values() const {
    std::vector<PrintedMetric> printed;
    for (const std::string& name : names_) printed.push_back(measure(name));
    return printed;
  }

  Json conventions() const;
  Json confusion() const {
    const metrics::ConfusionCounts counts = confusion_.counts(1);
    const auto number = [&](double count) {
      return flags_.weight.empty() ? Json(static_cast<std::uint64_t>(count)) : Json(count);
    };
    return {{"true_positive", number(counts.true_positive)},
            {"false_positive", number(counts.false_positive)},
            {"false_negative", number(counts.false_negative)},
            {"true_negative", number(counts.true_negative)}};
  }
  Json groups() const {
    if (!grouped_) return nullptr;
    const auto found = groups_.value(weights());
    return {{"counted", found.groups}, {"only_positive", found.only_positive}, {"only_negative", found.only_negative}};
  }

 private:
  static std::vector<std::string> standard(const BinaryFlags& flags) {
    std::vector<std::string> names = kStandard;
    if (!flags.group.empty()) names.insert(names.begin() + 1, "gauc");
    return names;
  }
  bool has(const std::string& name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }
  bool has_any(const std::vector<std::string>& names) const {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return has(name); });
  }
  metrics::GroupWeights weights() const {
    return flags_.group_weights == "equal" ? metrics::GroupWeights::equal : metrics::GroupWeights::impressions;
  }

  PrintedMetric auc() const;
  PrintedMetric measure(const std::string& name) const;
  MetricValue of_order(const std::string& name) const;
  MetricValue of_decisions(const std::string& name) const;

  const BinaryFlags& flags_;
  std::vector<std::string> names_;
  metrics::Confusion confusion_;
  metrics::LogLoss log_loss_;
  metrics::Brier brier_;
  metrics::CalibrationBins bins_;
  metrics::ScoredRows rows_;
  metrics::StreamingAuc streaming_;
  metrics::GroupAuc groups_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  metrics::ZeroDivision zero_division_;
  bool order_ = false, probability_ = false, grouped_ = false, streams_ = false;
};

PrintedMetric BinaryStates::auc() const {
  PrintedMetric printed{"auc", {}, confusion_.rows(), {}, {}, "DeLong's variance needs two rows of each class"};
  if (rows_.weighted()) {
    printed.value = metrics::auc(rows_);
    printed.why_no_interval = "DeLong's variance is that of rows that count 1 each";
    return printed;
  }
  const auto found = metrics::delong(rows_.scores(), rows_.labels());
  if (!found) {
    printed.value = metrics::auc(rows_);
    return printed;
  }
  printed.value = {found->auc, {}};
  if (const auto interval = metrics::interval(*found, flags_.alpha)) {
    printed.low = interval->low;
    printed.high = interval->high;
  }
  return printed;
}

MetricValue BinaryStates::of_order(const std::string& name) const {
  if (name == "average_precision") return metrics::average_precision(rows_);
  if (name == "pr_auc") return metrics::precision_recall_area(rows_);
  if (name == "partial_auc") return metrics::partial_auc(rows_, flags_.max_fpr);
  return metrics::expected_calibration_error(metrics::equal_mass_bins(rows_, static_cast<std::size_t>(flags_.bins)));
}

MetricValue BinaryStates::of_decisions(const std::string& name) const {
  const metrics::ConfusionCounts counts = confusion_.counts(1);
  if (name == "accuracy") return metrics::accuracy(confusion_);
  if (name == "balanced_accuracy") return metrics::balanced_accuracy(confusion_);
  if (name == "matthews") return metrics::matthews(confusion_, zero_division_);
  if (name == "precision") return metrics::precision(counts, zero_division_);
  if (name == "recall") return metrics::recall(counts, zero_division_);
  if (name == "specificity") return metrics::specificity(counts, zero_division_);
  return metrics::f_beta(counts, name == "f1" ? 1 : flags_.beta, zero_division_);
}

PrintedMetric BinaryStates::measure(const std::string& name) const {
  if (name == "auc") return auc();
  PrintedMetric printed{name, {}, confusion_.rows(), {}, {}, {}};
  if (name == "gauc") {
    const metrics::GroupAucValue found = groups_.value(weights());
    printed.value = found.value;
    printed.rows = found.rows;
  } else if (name == "auc_streaming") {
    printed.value = streaming_.value();
    if (printed.value.value) {
      printed.low = std::max(0.0, *printed.value.value - streaming_.error());
      printed.high = std::min(1.0, *printed.value.value + streaming_.error());
    }
  } else if (name == "log_loss") {
    printed.value = log_loss_.value();
  } else if (name == "brier") {
    printed.value = brier_.value();
  } else if (name == "ece") {
    printed.value = metrics::expected_calibration_error(bins_.bins());
  } else if (std::find(kDecision.begin(), kDecision.end(), name) != kDecision.end()) {
    printed.value = of_decisions(name);
  } else {
    printed.value = of_order(name);
  }
  return printed;
}

Json BinaryStates::conventions() const {
  Json json = Json::object();
  if (has("auc"))
    json["auc"] =
        fmt::format("tied pairs count 1/2; interval: DeLong, {:g} %, cut to [0, 1]", 100 * (1 - flags_.alpha));
  if (has("average_precision"))
    json["average_precision"] =
        "sum of (R_i - R_i-1) P_i over thresholds; tied rows are one point, not the mean over their orders";
  if (has("pr_auc")) json["pr_auc"] = "trapezoids between the points of the precision-recall curve";
  if (has("partial_auc"))
    json["partial_auc"] = fmt::format("false-positive rates up to {:g}, standardised by McClish", flags_.max_fpr);
  if (has("auc_streaming"))
    json["auc_streaming"] = fmt::format("2^{} bins; low and high hold the exact value", flags_.streaming_bits);
  if (has("gauc"))
    json["gauc"] = fmt::format("groups count {}; those without both labels are left out",
                               flags_.group_weights == "equal" ? "1 each" : "by their rows");
  if (has("log_loss")) json["log_loss"] = fmt::format("natural logarithm, probabilities clipped at {:g}", flags_.clip);
  if (has("brier")) json["brier"] = "mean of (p - y)^2";
  if (has("ece")) json["ece"] = fmt::format("{} bins of equal width, (low, high]", flags_.bins);
  if (has("ece_mass")) json["ece_mass"] = fmt::format("{} bins of equal rows, edges at quantiles", flags_.bins);
  if (has_any(kDecision)) {
    json["threshold"] = fmt::format("positive where the score >= {:g}", flags_.threshold);
    json["zero_division"] = flags_.zero_division;
  }
  if (has("f_beta")) json["beta"] = flags_.beta;
  if (!flags_.weight.empty()) json["weight"] = flags_.weight;
  return json;
}

void run_binary(BinaryFlags& flags) {
  check(flags, "binary", true);
  BinaryStates states(flags);
  apply_threads(flags.common);
  const PredictionTable table = read_predictions(
      flags, ColumnType::integer, flags.common.out, [&](const Prediction& row) { return states.take(row); },
      [&](std::size_t rows) { states.reserve(rows); });
  const std::vector<PrintedMetric> values = states.values();
  if (!flags.common.json) return print(table_of(values, states.conventions()));
  Json json = json_result("metrics binary", flags.common);
  json["conventions"] = states.conventions();
  json["inputs"] = json_inputs({table.input});
  json["rows"] = table.rows;
  json["metrics"] = json_of(values);
  json["confusion"] = states.confusion();
  if (const Json groups = states.groups(); !groups.is_null()) json["groups"] = groups;
  print(json.dump(2));
}

}  // namespace

void add_metrics_binary(CLI::App& metrics) {
  auto flags = std::make_shared<BinaryFlags>();
  CLI::App* binary = metrics.add_subcommand("binary", "Scores of two classes against 0/1 labels");
  add_prediction_flags(*binary, *flags, "Column of labels, 0 or 1", "Column of scores, higher is more positive");
  add_metric_names(*binary, *flags,
                   "auc, average_precision, pr_auc, partial_auc, auc_streaming, gauc; of probabilities log_loss, "
                   "brier, ece, ece_mass; of decisions accuracy, balanced_accuracy, precision, recall, specificity, "
                   "f1, f_beta, matthews; when absent auc, average_precision, accuracy, precision, recall, f1");
  binary->add_option("--group", flags->group, "Column of groups (users) for gauc");
  binary->add_option("--group-weights", flags->group_weights, "gauc: impressions (a group's rows) or equal")
      ->check(CLI::IsMember({"impressions", "equal"}))
      ->capture_default_str();
  binary->add_option("--threshold", flags->threshold, "Predicted positive from this score on")
      ->check(refuse_not_finite)
      ->capture_default_str();
  binary->add_option("--zero-division", flags->zero_division, "What 0 / 0 is: null, 0 or 1")->capture_default_str();
  binary->add_option("--beta", flags->beta, "f_beta: how many times recall counts")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  binary->add_option("--max-fpr", flags->max_fpr, "partial_auc: the largest false-positive rate")
      ->check(CLI::Range(1e-9, 1.0))
      ->capture_default_str();
  binary->add_option("--clip", flags->clip, "log_loss: probabilities are kept so far from 0 and 1")
      ->check(CLI::Range(1e-300, 0.4))
      ->capture_default_str();
  binary->add_option("--bins", flags->bins, "ece, ece_mass: how many bins")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  binary->add_option("--alpha", flags->alpha, "1 less the level of the interval of auc")
      ->check(CLI::Range(1e-12, 0.999))
      ->capture_default_str();
  binary->footer(
      "Examples:\n"
      "  tamis metrics binary --input scores.csv --label clicked --score p\n"
      "  tamis metrics binary --input scores.parquet --label clicked --score p --metrics auc,log_loss,ece --json\n"
      "  tamis metrics binary --input scores.csv --label clicked --score p --group user --metrics auc,gauc");
  binary->callback([flags] { run_binary(*flags); });
}

}  // namespace tamis::cli
