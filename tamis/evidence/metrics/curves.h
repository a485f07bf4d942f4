#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/evidence/metrics/metric_value.h"

namespace tamis::metrics {

/// The rows of one score.
struct ScoreStep {
  double threshold = 0;
  double positive = 0;  ///< weight of the positive rows with exactly this score
  double negative = 0;
};

/// Scored rows of two classes, kept whole: 9 bytes a row, 17 from the first weight other than 1 on. The state of every
/// metric that looks at the order of scores. Rows of weight 0 are not kept. Not thread-safe.
class ScoredRows {
 public:
  void reserve(std::size_t rows);
  /// score: finite, higher is more positive; weight: finite, >= 0 (invalid_argument else).
  void update(double score, bool positive, double weight = 1);
  void merge(const ScoredRows& other);

  std::size_t size() const { return scores_.size(); }
  bool weighted() const { return !weights_.empty(); }
  std::span<const double> scores() const { return scores_; }
  std::span<const std::uint8_t> labels() const { return labels_; }
  std::span<const double> weights() const { return weights_; }  ///< empty where all are 1
  /// The sum of weights of each different score, best score first. O(n log n).
  std::vector<ScoreStep> steps() const;

 private:
  void add_weights();
  std::vector<double> scores_;
  std::vector<std::uint8_t> labels_;
  std::vector<double> weights_;
};

/// A point of a curve: what predicting positive from this score on gives.
struct CurvePoint {
  double threshold = 0;  ///< infinite where nothing is predicted positive
  double x = 0;
  double y = 0;
};

/// The ROC curve: x the false-positive rate, y the true-positive rate, from (0, 0) by a step of 1/P up for a positive
/// and 1/N to the right for a negative (weights: w/P, w/N), best score first; tied rows are one diagonal (Fawcett 2006,
/// algorithm 1). Ends at (1, 1). A point a different score, none dropped. Empty unless there are rows of both classes.
std::vector<CurvePoint> roc(std::span<const ScoreStep> steps);
/// The precision-recall curve: x the recall, y the precision, from (0, 1), where nothing is predicted positive, one
/// point a different score to recall 1 and on (Davis & Goadrich 2006). Empty without a positive row.
std::vector<CurvePoint> precision_recall(std::span<const ScoreStep> steps);
/// Precision and recall of the first N of a ranked list, N = 1 .. length: no row is tied with another. relevant: 1 or
/// 0 per place, best first. total_relevant: the denominator of recall, the places' own where there are no others;
/// `threshold` is N. Empty where total_relevant is 0. Throws invalid_argument if the list has more of them.
std::vector<CurvePoint> precision_recall_at(std::span<const std::uint8_t> relevant, std::uint64_t total_relevant);

/// Area below the curve by trapezoids, in order of the points. Of a P-R curve it is what scikit-learn's
/// auc(recall, precision) gives: too high, for precision is not linear between points (Davis & Goadrich 2006).
double trapezoid(std::span<const CurvePoint> points);
/// Average precision of a P-R curve: sum over its points of (recall_i - recall_(i-1)) precision_i, no interpolation.
/// Tied rows are one point, as in scikit-learn's average_precision_score: not the expectation over their orders, which
/// the ranking metrics give as map. With points of a ranked list it is that list's AP over total_relevant.
double average_precision(std::span<const CurvePoint> points);
/// Area of a ROC curve from x = 0 to max_fpr in (0, 1], standardised to 1/2 for no skill and 1 for perfect:
/// (1 + (A - max_fpr^2 / 2) / (max_fpr - max_fpr^2 / 2)) / 2 (McClish 1989); at 1 it is the whole area.
/// Throws invalid_argument for another max_fpr or an empty curve.
double partial_auc(std::span<const CurvePoint> points, double max_fpr);

/// The metric of rows, undefined where a class is missing (auc, partial_auc) or the positive one (the P-R areas).
MetricValue auc(const ScoredRows& rows);
MetricValue partial_auc(const ScoredRows& rows, double max_fpr);
MetricValue average_precision(const ScoredRows& rows);
MetricValue precision_recall_area(const ScoredRows& rows);

/// At most `count` >= 2 of the points: the first, the last, and between them those next to equal shares of the curve's
/// length |dx| + |dy|, so that steep stretches keep theirs. All of them if there are no more.
std::vector<CurvePoint> thin(std::span<const CurvePoint> points, std::size_t count);

}  // namespace tamis::metrics
