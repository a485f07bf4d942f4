#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/evidence/metrics/curves_page.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kRows = 300;
constexpr std::size_t kCopies = 10;
constexpr std::size_t kDrawn = 80;
constexpr int kStops = 30;
constexpr double kFarthest = 3;

ScoredRows rows_at(double distance, std::size_t copies) {
  ScoredRows rows;
  const boost::math::normal normal;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double score = boost::math::quantile(normal, (static_cast<double>(i) + 0.5) / kRows);
    rows.update(score + distance, true);
    for (std::size_t copy = 0; copy < copies; ++copy) rows.update(score, false);
  }
  return rows;
}

CurvesStop stop_at(double distance) {
  const ScoredRows once = rows_at(distance, 1);
  const ScoredRows copied = rows_at(distance, kCopies);
  const auto roc_once = roc(once.steps());
  const auto roc_copied = roc(copied.steps());
  const auto once_points = precision_recall(once.steps());
  const auto copied_points = precision_recall(copied.steps());
  CurvesStop stop;
  stop.distance = distance;
  stop.auc = trapezoid(roc_once);
  stop.auc_copied = trapezoid(roc_copied);
  stop.word = stop.auc >= 0.9 ? "excellent" : stop.auc >= 0.7 ? "average" : "poor";
  stop.average_precision = average_precision(once_points);
  stop.average_precision_copied = average_precision(copied_points);
  for (std::size_t i = 0; i < roc_once.size(); ++i)
    stop.roc_difference = std::max(
        {stop.roc_difference, std::abs(roc_once[i].x - roc_copied[i].x), std::abs(roc_once[i].y - roc_copied[i].y)});
  stop.roc = thin(roc_once, kDrawn);
  stop.precision_recall = thin(once_points, kDrawn);
  stop.precision_recall_copied = thin(copied_points, kDrawn);
  return stop;
}

}  // namespace

CurvesStudy study_curves() {
  CurvesStudy study{kRows, kCopies, {}};
  for (int i = kStops; i >= 0; --i) study.stops.push_back(stop_at(kFarthest * i / kStops));
  return study;
}

std::vector<std::string> study_findings(const CurvesStudy& study) {
  double difference = 0;
  const CurvesStop* most = &study.stops.front();
  for (const CurvesStop& stop : study.stops) {
    difference = std::max(difference, stop.roc_difference);
    if (stop.average_precision - stop.average_precision_copied >
        most->average_precision - most->average_precision_copied)
      most = &stop;
  }
  return {fmt::format("Copying every negative row {} times leaves the ROC curve where it is: over all {} distances {}.",
                      study.copies, study.stops.size(),
                      difference == 0 ? "not one coordinate moves"
                                      : fmt::format("no coordinate moves by more than {:g}", difference)),
          fmt::format("The precision-recall curve falls: at {:.1f} standard deviations apart (AUC {:.3f}) the average "
                      "precision goes from {:.3f} to {:.3f}.",
                      most->distance, most->auc, most->average_precision, most->average_precision_copied)};
}

nlohmann::ordered_json study_json(const CurvesStudy& study) {
  nlohmann::ordered_json json{{"rows_of_class", study.rows_of_class}, {"copies", study.copies}};
  json["findings"] = study_findings(study);
  json["stops"] = nlohmann::ordered_json::array();
  for (const CurvesStop& stop : study.stops) {
    json["stops"].push_back({{"distance", stop.distance},
                             {"word", stop.word},
                             {"auc", stop.auc},
                             {"auc_copied", stop.auc_copied},
                             {"average_precision", stop.average_precision},
                             {"average_precision_copied", stop.average_precision_copied},
                             {"roc_difference", stop.roc_difference}});
  }
  return json;
}

}  // namespace tamis::metrics
