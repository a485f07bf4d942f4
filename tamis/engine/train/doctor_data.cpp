#include "tamis/engine/train/doctor_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace tamis::doctor {

using engine::Tensor;

namespace {

Labels look_at_labels(const train::LabelledRows& rows, std::int64_t classes) {
  Labels labels;
  labels.rows = rows.rows();
  labels.classes = classes;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const std::int64_t label = rows.labels[i];
    if (label >= 0 && label < classes) continue;
    if (labels.outside == 0)
      labels.first_outside = fmt::format("row {} (from 0) of {} has label {}",
                                         rows.first + static_cast<std::int64_t>(i), rows.name, label);
    ++labels.outside;
  }
  return labels;
}

/// The entropy of the labels: what the best constant output costs.
double label_entropy(const train::LabelledRows& rows) {
  std::map<std::int32_t, double> counts;
  for (const std::int32_t label : rows.labels) counts[label] += 1;
  double entropy = 0;
  for (const auto& [label, count] : counts) {
    const double share = count / static_cast<double>(rows.rows());
    entropy -= share * std::log(share);
  }
  return entropy;
}

/// Nothing if nothing was applied, or the statistics are the training rows' own.
std::optional<Normalization> normalization_of(const train::Dataset& dataset, const Inputs& seen) {
  const std::size_t groups = dataset.mean.size();
  if (groups == 0 || seen.features.empty() || (groups == 1 && dataset.mean[0] == 0 && dataset.deviation[0] == 1))
    return std::nullopt;
  const auto values = dataset.train.x.span<float>();
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low == 0 && *high == 1) return std::nullopt;
  Normalization result{"configuration", {}, {}};
  std::vector<Feature> after = seen.features;
  if (groups == 1) {
    // The spread of all values: within features and between their means.
    double mean = 0, square = 0;
    for (const Feature& feature : seen.features) {
      mean += feature.mean;
      square += feature.mean * feature.mean + feature.deviation * feature.deviation;
    }
    const auto count = static_cast<double>(seen.features.size());
    mean /= count;
    after = {{mean, std::sqrt(std::max(0.0, square / count - mean * mean))}};
  }
  for (std::size_t i = 0; i < groups; ++i) {
    result.applied.push_back({dataset.mean[i], dataset.deviation[i]});
    result.of_training.push_back(
        {dataset.mean[i] + dataset.deviation[i] * after[i].mean, dataset.deviation[i] * after[i].deviation});
  }
  return result;
}

}  // namespace

Inputs look_at_inputs(const Tensor& given, std::int64_t first_row) {
  Inputs inputs;
  inputs.rows = given.size(0);
  const Tensor x = given.packed();
  const auto values = x.span<float>();
  const auto features = values.size() / static_cast<std::size_t>(inputs.rows);
  std::vector<double> count(features), sum(features), squares(features);
  double length = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (!std::isfinite(value)) {
      if (inputs.not_finite++ == 0)
        inputs.first_not_finite = fmt::format("row {} (from 0), feature {} is {}",
                                              first_row + static_cast<std::int64_t>(i / features), i % features, value);
      continue;
    }
    count[i % features] += 1;
    sum[i % features] += value;
    length += value * value;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    const std::size_t feature = i % features;
    const double off = values[i] - sum[feature] / count[feature];
    squares[feature] += off * off;
  }
  for (std::size_t i = 0; i < features; ++i) {
    const double n = std::max(1.0, count[i]);
    inputs.features.push_back({sum[i] / n, std::sqrt(squares[i] / n)});
  }
  inputs.row_length = std::sqrt(length / static_cast<double>(inputs.rows));
  return inputs;
}

void look_at_data(const train::Dataset& dataset, Evidence& evidence) {
  const auto look = [&](const train::LabelledRows& rows, std::optional<Inputs>& inputs, std::optional<Labels>& labels) {
    if (rows.rows() == 0) return;
    inputs = look_at_inputs(rows.x, rows.first);
    labels = look_at_labels(rows, dataset.classes);
  };
  look(dataset.train, evidence.train_inputs, evidence.train_labels);
  look(dataset.validation, evidence.validation_inputs, evidence.validation_labels);
  look(dataset.test, evidence.test_inputs, evidence.test_labels);
  evidence.chance_loss = label_entropy(dataset.train);
  if (evidence.train_inputs->not_finite == 0)
    evidence.normalization = normalization_of(dataset, *evidence.train_inputs);
}

bool fit_to_run(const Evidence& evidence) {
  const auto sound = [](const std::optional<Inputs>& inputs, const std::optional<Labels>& labels) {
    return (!inputs || inputs->not_finite == 0) && (!labels || labels->outside == 0);
  };
  return sound(evidence.train_inputs, evidence.train_labels) &&
         sound(evidence.validation_inputs, evidence.validation_labels) &&
         sound(evidence.test_inputs, evidence.test_labels);
}

}  // namespace tamis::doctor
