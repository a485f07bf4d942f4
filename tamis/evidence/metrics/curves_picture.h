#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "tamis/evidence/metrics/calibration.h"
#include "tamis/evidence/metrics/curves.h"

namespace tamis::metrics {

enum class CurveKind : std::uint8_t { roc, precision_recall };

/// The ECharts option (tamis/base/page.h) of one curve: x and y from 0 to 1, with the curve of no skill as a broken
/// line: the diagonal (ROC), or the share of positives (P-R), which is `positive_share`.
nlohmann::json curve_chart(CurveKind kind, std::span<const CurvePoint> points, double positive_share);

/// What stands beside a picture.
struct CurveFacts {
  std::string source;         ///< file and columns
  std::string area_name;      ///< "trapezoid"
  std::string area;           ///< as it is printed
  double positive_share = 0;  ///< weighted
  std::uint64_t points = 0;   ///< of the whole curve
  std::uint64_t rows = 0;
};
/// A page with the curve, thinned to the points given.
std::string curve_page(CurveKind kind, std::span<const CurvePoint> points, const CurveFacts& facts);
/// A page with the calibration: the share of positives over the mean probability of each bin, the weight of the bins
/// below. `error` is printed.
std::string calibration_page(std::span<const CalibrationBin> bins, const std::string& error, const CurveFacts& facts);

}  // namespace tamis::metrics
