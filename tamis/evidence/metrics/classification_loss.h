#pragma once

#include <cstdint>
#include <span>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// scikit-learn's clipping of doubles: the distance from 1 to the next of them, 2.2e-16. Of 32-bit floats it takes
/// 1.2e-7.
inline constexpr double kLogLossClip = 2.220446049250313e-16;

/// Weighted mean of -ln p, p the probability given to the true class, clipped to [clip, 1 - clip] (Good 1952). >= 0,
/// at most -ln clip. A monoid. Probabilities are used as given: rows need not sum to 1.
class LogLoss {
 public:
  /// clip: in (0, 0.5) (invalid_argument else).
  explicit LogLoss(double clip = kLogLossClip);
  /// probability: of the positive class, in [0, 1]; weight: finite, >= 0 (invalid_argument else).
  void update(bool positive, double probability, double weight = 1);
  /// probabilities: one a class, each in [0, 1]; truth: which class it is (invalid_argument else).
  void update_class(std::size_t truth, std::span<const double> probabilities, double weight = 1);
  /// Throws invalid_argument for another clip.
  void merge(const LogLoss& other);
  /// Undefined without weight.
  MetricValue value() const;
  double clip() const { return clip_; }

 private:
  double clip_;
  CompensatedSum loss_;
  CompensatedSum weight_;
};

/// Brier score (1950): weighted mean of (p - y)² in [0, 1] for two classes, of the sum over classes of (p_k - y_k)² in
/// [0, 2] for more: scikit-learn's scale_by_half="auto". A monoid.
class Brier {
 public:
  void update(bool positive, double probability, double weight = 1);                               ///< as LogLoss
  void update_class(std::size_t truth, std::span<const double> probabilities, double weight = 1);  ///< as LogLoss
  void merge(const Brier& other);
  MetricValue value() const;

 private:
  CompensatedSum loss_;
  CompensatedSum weight_;
};

}  // namespace tamis::metrics
