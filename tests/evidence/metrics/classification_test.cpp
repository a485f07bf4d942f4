#include "tamis/evidence/metrics/classification.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tamis/base/random.h"
#include "tamis/evidence/metrics/auc_multiclass.h"
#include "tamis/evidence/metrics/calibration.h"
#include "tamis/evidence/metrics/classification_loss.h"
#include "tests/base/scratch.h"
#include "tests/evidence/metrics/classification_cases.h"

namespace tamis::metrics {

namespace {

constexpr double kClose = 1e-9;

// scikit-learn's figure, or none where it says nan.
void expect_same(const MetricValue& ours, const golden::Case::Value& theirs) {
  SCOPED_TRACE(theirs.metric + " " + theirs.parameter + ": " + ours.why);
  ASSERT_EQ(ours.value.has_value(), !std::isnan(theirs.value));
  EXPECT_EQ(ours.value.has_value(), ours.why.empty());
  if (ours.value) {
    EXPECT_NEAR(*ours.value, theirs.value, kClose);
  }
}

MetricValue of_class(const std::string& metric, const ConfusionCounts& counts, ZeroDivision zero) {
  if (metric == "precision") return precision(counts, zero);
  if (metric == "recall") return recall(counts, zero);
  if (metric == "specificity") return specificity(counts, zero);
  return f_beta(counts, metric == "f1" ? 1 : std::stod(metric.substr(2)), zero);
}

MetricValue of_all(const std::string& metric, const Confusion& confusion, Average average, ZeroDivision zero) {
  if (metric == "precision") return precision(confusion, average, zero);
  if (metric == "recall") return recall(confusion, average, zero);
  return f_beta(confusion, average, metric == "f1" ? 1 : std::stod(metric.substr(2)), zero);
}

// True if the metric is one of the confusion matrix.
bool expect_confusion(const Confusion& confusion, const golden::Case::Value& theirs) {
  const std::string& metric = theirs.metric;
  if (metric == "accuracy") {
    expect_same(accuracy(confusion), theirs);
  } else if (metric == "balanced_accuracy") {
    expect_same(balanced_accuracy(confusion), theirs);
  } else if (metric == "matthews") {
    expect_same(matthews(confusion, ZeroDivision::zero), theirs);
  } else if (metric.starts_with("class_f_")) {
    expect_same(
        f_beta(confusion.counts(std::stoul(theirs.parameter)), std::stod(metric.substr(8)), ZeroDivision::undefined),
        theirs);
  } else if (const auto comma = theirs.parameter.find(','); comma != std::string::npos) {
    const std::string average = theirs.parameter.substr(0, comma);
    const ZeroDivision zero = parse_zero_division(theirs.parameter.substr(comma + 1));
    if (average == "binary") {
      expect_same(of_class(metric, confusion.counts(1), zero), theirs);
    } else {
      const Average how = average == "micro" ? Average::micro : average == "macro" ? Average::macro : Average::weighted;
      expect_same(of_all(metric, confusion, how, zero), theirs);
    }
  } else {
    return false;
  }
  return true;
}

}  // namespace

TEST(ClassificationGolden, OfTwoClassesIsScikitLearns) {
  int seen = 0;
  for (const golden::Case& c : golden::classification("binary")) {
    SCOPED_TRACE(c.name);
    const auto [low, high] = std::minmax_element(c.scores.begin(), c.scores.end());
    const bool probabilities = *low >= 0 && *high <= 1;
    Confusion confusion(2);
    LogLoss log_loss;
    Brier brier;
    ScoredRows rows;
    for (std::size_t i = 0; i < c.labels.size(); ++i) {
      confusion.update(c.labels[i] != 0, c.scores[i] >= 0.5, c.weight(i));
      rows.update(c.scores[i], c.labels[i] != 0, c.weight(i));
      if (!probabilities) continue;
      log_loss.update(c.labels[i] != 0, c.scores[i], c.weight(i));
      brier.update(c.labels[i] != 0, c.scores[i], c.weight(i));
    }
    for (const golden::Case::Value& theirs : c.values) {
      if (expect_confusion(confusion, theirs)) {
        ++seen;
      } else if (theirs.metric == "log_loss") {
        expect_same(log_loss.value(), theirs), ++seen;
      } else if (theirs.metric == "brier") {
        expect_same(brier.value(), theirs), ++seen;
      } else if (theirs.metric == "ece") {
        CalibrationBins bins(std::stoul(theirs.parameter));
        for (std::size_t i = 0; i < c.labels.size(); ++i) bins.update(c.scores[i], c.labels[i] != 0, c.weight(i));
        expect_same(expected_calibration_error(bins.bins()), theirs), ++seen;
      } else if (theirs.metric == "ece_mass" && c.weights.empty()) {
        expect_same(expected_calibration_error(equal_mass_bins(rows, std::stoul(theirs.parameter))), theirs), ++seen;
      }
    }
  }
  EXPECT_GT(seen, 1500);
}

TEST(ClassificationGolden, OfThreeClassesIsScikitLearns) {
  int seen = 0;
  for (const golden::Case& c : golden::classification("multi")) {
    SCOPED_TRACE(c.name);
    Confusion confusion(3);
    LogLoss log_loss;
    Brier brier;
    MulticlassScores scores(3);
    for (std::size_t i = 0; i < c.labels.size(); ++i) {
      const auto truth = static_cast<std::size_t>(c.labels[i]);
      const std::span<const double> row = std::span(c.scores).subspan(3 * i, 3);
      confusion.update(truth, static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()),
                       c.weight(i));
      log_loss.update_class(truth, row, c.weight(i));
      brier.update_class(truth, row, c.weight(i));
      scores.update(truth, row, c.weight(i));
    }
    for (const golden::Case::Value& theirs : c.values) {
      ++seen;
      const ClassAverage average = theirs.parameter == "weighted" ? ClassAverage::weighted : ClassAverage::macro;
      if (theirs.metric == "log_loss") {
        expect_same(log_loss.value(), theirs);
      } else if (theirs.metric == "brier") {
        expect_same(brier.value(), theirs);
      } else if (theirs.metric == "auc_ovr") {
        expect_same(scores.one_vs_rest(average), theirs);
      } else if (theirs.metric == "auc_ovo") {
        expect_same(scores.one_vs_one(average), theirs);
      } else {
        EXPECT_TRUE(expect_confusion(confusion, theirs)) << theirs.metric;
      }
    }
  }
  EXPECT_GT(seen, 400);
}

// Split into any parts, merged in any order: the same to 1e-12, counts exactly.
TEST(Classification, IsTheSameInParts) {
  Stream stream(1, "parts");
  for (int trial = 0; trial < 20; ++trial) {
    const bool weighted = trial % 2 == 1;
    const std::size_t n = 1 + stream.below(400);
    const std::size_t parts = 1 + stream.below(5);
    Confusion all(3);
    std::vector<Confusion> some(parts, Confusion(3));
    LogLoss loss;
    std::vector<LogLoss> losses(parts);
    Brier brier;
    std::vector<Brier> briers(parts);
    CalibrationBins bins(10);
    std::vector<CalibrationBins> binned(parts, CalibrationBins(10));
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t part = stream.below(parts);
      const std::size_t truth = stream.below(3);
      const std::size_t predicted = stream.below(3);
      const double p = stream.uniform();
      const double weight = weighted ? stream.uniform() * 10 : 1;
      for (Confusion* state : {&all, &some[part]}) state->update(truth, predicted, weight);
      for (LogLoss* state : {&loss, &losses[part]}) state->update(truth == 1, p, weight);
      for (Brier* state : {&brier, &briers[part]}) state->update(truth == 1, p, weight);
      for (CalibrationBins* state : {&bins, &binned[part]}) state->update(p, truth == 1, weight);
    }
    for (std::size_t part = parts - 1; part-- > 0;) {
      some[parts - 1].merge(some[part]);
      losses[parts - 1].merge(losses[part]);
      briers[parts - 1].merge(briers[part]);
      binned[parts - 1].merge(binned[part]);
    }
    for (std::size_t truth = 0; truth < 3; ++truth) {
      for (std::size_t predicted = 0; predicted < 3; ++predicted) {
        const double expected = all.at(truth, predicted);
        EXPECT_NEAR(some.back().at(truth, predicted), expected, weighted ? 1e-12 * n : 0);
      }
    }
    EXPECT_EQ(some.back().rows(), n);
    EXPECT_NEAR(*matthews(some.back(), ZeroDivision::zero).value, *matthews(all, ZeroDivision::zero).value, 1e-12);
    EXPECT_NEAR(*losses.back().value().value, *loss.value().value, 1e-12);
    EXPECT_NEAR(*briers.back().value().value, *brier.value().value, 1e-12);
    EXPECT_NEAR(*expected_calibration_error(binned.back().bins()).value, *expected_calibration_error(bins.bins()).value,
                1e-12);
  }
}

TEST(Classification, CountsAreThoseOfTheTable) {
  Confusion confusion(2);
  confusion.update(1, 1, 3);
  confusion.update(1, 0, 2);
  confusion.update(0, 1);
  confusion.update(0, 0, 4);
  const ConfusionCounts counts = confusion.counts(1);
  EXPECT_EQ(counts.true_positive, 3);
  EXPECT_EQ(counts.false_negative, 2);
  EXPECT_EQ(counts.false_positive, 1);
  EXPECT_EQ(counts.true_negative, 4);
  EXPECT_EQ(*specificity(counts, ZeroDivision::undefined).value, 0.8);
  EXPECT_EQ(*f_beta(counts, 0, ZeroDivision::undefined).value, 0.75);
  EXPECT_EQ(*f_beta(counts, std::numeric_limits<double>::infinity(), ZeroDivision::undefined).value, 0.6);
  EXPECT_THROW((void)f_beta(counts, -1, ZeroDivision::zero), std::invalid_argument);
  EXPECT_EQ(confusion.rows(), 4u);
}

TEST(Classification, SaysWhyThereIsNoValue) {
  Confusion none(2);
  EXPECT_EQ(accuracy(none).why, "there are no rows");
  EXPECT_EQ(precision(none, Average::macro, ZeroDivision::zero).why, "there are no rows");
  EXPECT_EQ(matthews(none, ZeroDivision::zero).why, "there are no rows");
  EXPECT_EQ(LogLoss().value().why, "there are no rows of a weight above 0");
  EXPECT_EQ(Brier().value().why, "there are no rows of a weight above 0");
  EXPECT_EQ(expected_calibration_error(CalibrationBins(3).bins()).why, "there are no rows of a weight above 0");
  Confusion negative(2);
  negative.update(0, 0);
  const ConfusionCounts counts = negative.counts(1);
  EXPECT_EQ(precision(counts, ZeroDivision::undefined).why, "nothing was predicted positive");
  EXPECT_EQ(recall(counts, ZeroDivision::undefined).why, "there is no positive row");
  EXPECT_EQ(*recall(counts, ZeroDivision::one).value, 1);
  EXPECT_EQ(*recall(counts, ZeroDivision::zero).value, 0);
  EXPECT_EQ(matthews(negative, ZeroDivision::undefined).why, "all rows are of one class");
  negative.update(1, 0);
  EXPECT_EQ(matthews(negative, ZeroDivision::undefined).why, "all rows are predicted as one class");
  Confusion weightless(2);
  weightless.update(0, 0, 0);
  EXPECT_EQ(accuracy(weightless).why, "all weights are 0");
  EXPECT_EQ(parse_zero_division(text(ZeroDivision::one)), ZeroDivision::one);
  EXPECT_THROW((void)parse_zero_division("nan"), std::invalid_argument);
}

// Thirds do not sum exactly: one class must be seen as one all the same.
TEST(Classification, MatthewsOfOneWeightedClassIsUndefined) {
  Confusion confusion(2);
  for (int i = 0; i < 7; ++i) confusion.update(1, static_cast<std::size_t>(i) % 2, 1.0 / 3);
  EXPECT_FALSE(matthews(confusion, ZeroDivision::undefined).value);
}

TEST(Classification, LogLossIsClippedAsSaid) {
  LogLoss wrong(1e-15);
  wrong.update(true, 0);
  EXPECT_NEAR(*wrong.value().value, 15 * std::log(10.0), 1e-12);
  LogLoss standard;
  standard.update(false, 1);
  EXPECT_NEAR(*standard.value().value, 52 * std::log(2.0), 1e-12);
  EXPECT_THROW(standard.merge(wrong), std::invalid_argument);
  EXPECT_THROW(LogLoss(0), std::invalid_argument);
  EXPECT_THROW(LogLoss(0.5), std::invalid_argument);
}

TEST(Classification, RefusesWhatIsNoProbabilityNoClassAndNoWeight) {
  LogLoss loss;
  EXPECT_EQ(test::message_of<std::invalid_argument>([&] { loss.update(true, 1.5); }),
            "[metrics] 1.5 is no probability; a number from 0 to 1 is needed");
  EXPECT_THROW(loss.update(true, NAN), std::invalid_argument);
  EXPECT_THROW(loss.update(true, 0.5, -1), std::invalid_argument);
  EXPECT_THROW(Brier().update(true, -0.1), std::invalid_argument);
  EXPECT_THROW(CalibrationBins(2).update(2, true), std::invalid_argument);
  EXPECT_THROW(CalibrationBins(0), std::invalid_argument);
  const double row[] = {0.5, 0.5};
  EXPECT_THROW(loss.update_class(2, row), std::invalid_argument);
  Confusion confusion(2);
  EXPECT_THROW(confusion.update(2, 0), std::invalid_argument);
  EXPECT_THROW(confusion.update(0, 0, NAN), std::invalid_argument);
  EXPECT_THROW(confusion.merge(Confusion(3)), std::invalid_argument);
  EXPECT_THROW(Confusion(1), std::invalid_argument);
}

TEST(Calibration, OfAPerfectModelIsNear0AndBinsTellWhere) {
  Stream stream(2, "calibration");
  CalibrationBins bins(10);
  ScoredRows rows;
  for (int i = 0; i < 40000; ++i) {
    const double p = stream.uniform();
    const bool positive = stream.uniform() < p;
    bins.update(p, positive);
    rows.update(p, positive);
  }
  EXPECT_LT(*expected_calibration_error(bins.bins()).value, 0.012);
  const auto mass = equal_mass_bins(rows, 8);
  EXPECT_LT(*expected_calibration_error(mass).value, 0.012);
  for (const CalibrationBin& bin : mass) {
    EXPECT_NEAR(bin.weight, 5000, 1);
    EXPECT_GE(bin.probability, bin.low);
    EXPECT_LE(bin.probability, bin.high);
  }
  CalibrationBins sure(10);
  sure.update(0.95, true);
  sure.update(0.95, false);
  EXPECT_NEAR(*expected_calibration_error(sure.bins()).value, 0.45, 1e-15);
  EXPECT_EQ(sure.bins()[9].weight, 2);
}

}  // namespace tamis::metrics
