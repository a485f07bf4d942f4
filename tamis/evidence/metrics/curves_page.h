#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tamis/evidence/metrics/curves.h"

namespace tamis::metrics {

/// Two classes whose scores lie `distance` standard deviations apart, and what curves make of them: as they are, and
/// with every negative row copied ten times.
struct CurvesStop {
  double distance = 0;
  std::string word;  ///< excellent (AUC from 0.9), average (from 0.7) or poor
  double auc = 0, auc_copied = 0;
  double average_precision = 0, average_precision_copied = 0;
  double roc_difference = 0;  ///< largest difference of a coordinate of the two ROC curves
  std::vector<CurvePoint> roc, precision_recall, precision_recall_copied;  ///< thinned for drawing
};

struct CurvesStudy {
  std::size_t rows_of_class = 0;  ///< before copying
  std::size_t copies = 0;
  std::vector<CurvesStop> stops;  ///< from far apart to lying on each other
};

/// Scores of both classes are the (i - 1/2) / n quantiles of a normal distribution of standard deviation 1, the
/// positives' mean `distance` above the negatives': no randomness. Curves and areas by curves.h.
CurvesStudy study_curves();

std::vector<std::string> study_findings(const CurvesStudy& study);
nlohmann::ordered_json study_json(const CurvesStudy& study);
/// One page: a slider over the stops, a switch for the copies; distributions, ROC and P-R follow.
std::string study_page(const CurvesStudy& study);

}  // namespace tamis::metrics
