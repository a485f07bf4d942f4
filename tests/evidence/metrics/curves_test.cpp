#include "tamis/evidence/metrics/curves.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tamis/base/random.h"
#include "tests/base/scratch.h"
#include "tests/evidence/metrics/classification_cases.h"
#include "tests/reference/auc.h"

namespace tamis::metrics {

namespace {

ScoredRows rows_of(const golden::Case& c) {
  ScoredRows rows;
  for (std::size_t i = 0; i < c.labels.size(); ++i) rows.update(c.scores[i], c.labels[i] != 0, c.weight(i));
  return rows;
}

// A curve of theirs in our order: best score first.
void expect_points(std::span<const CurvePoint> ours, const golden::Case::Points& theirs) {
  const bool backwards = theirs.kind == "pr";
  const std::size_t n = theirs.x.size();
  ASSERT_EQ(ours.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = backwards ? n - 1 - i : i;
    EXPECT_NEAR(ours[i].x, theirs.x[at], 1e-12);
    EXPECT_NEAR(ours[i].y, theirs.y[at], 1e-12);
    if (i == 0) {
      EXPECT_TRUE(std::isinf(ours[i].threshold));
    } else {
      EXPECT_EQ(ours[i].threshold, theirs.thresholds[backwards ? at : at - 1]);
    }
  }
}

MetricValue measured(const ScoredRows& rows, const golden::Case::Value& wanted) {
  if (wanted.metric == "auc") return auc(rows);
  if (wanted.metric == "partial_auc") return partial_auc(rows, std::stod(wanted.parameter));
  if (wanted.metric == "average_precision") return average_precision(rows);
  return precision_recall_area(rows);
}

}  // namespace

TEST(CurvesGolden, AreasAreScikitLearns) {
  int seen = 0;
  for (const golden::Case& c : golden::classification("binary")) {
    SCOPED_TRACE(c.name);
    const ScoredRows rows = rows_of(c);
    const bool no_positive = std::find(c.labels.begin(), c.labels.end(), 1) == c.labels.end();
    for (const golden::Case::Value& theirs : c.values) {
      const bool of_curve = theirs.metric == "auc" || theirs.metric == "partial_auc" ||
                            theirs.metric == "average_precision" || theirs.metric == "pr_auc";
      if (!of_curve) continue;
      SCOPED_TRACE(theirs.metric + " " + theirs.parameter);
      ++seen;
      const MetricValue ours = measured(rows, theirs);
      // Without a positive row scikit-learn warns and takes recall to be 1 (area) and the sum to be 0; there is none.
      if (std::isnan(theirs.value) || no_positive) {
        EXPECT_FALSE(ours.value);
        EXPECT_FALSE(ours.why.empty());
      } else {
        ASSERT_TRUE(ours.value) << ours.why;
        EXPECT_NEAR(*ours.value, theirs.value, 1e-9);
      }
    }
  }
  EXPECT_GT(seen, 140);
}

TEST(CurvesGolden, PointsAreScikitLearns) {
  int seen = 0;
  for (const golden::Case& c : golden::classification("binary")) {
    SCOPED_TRACE(c.name);
    const auto steps = rows_of(c).steps();
    for (const golden::Case::Points& theirs : c.curves) {
      expect_points(theirs.kind == "roc" ? roc(steps) : precision_recall(steps), theirs);
      ++seen;
    }
  }
  EXPECT_GT(seen, 40);
}

TEST(Curves, RocGoesBySteps) {
  ScoredRows rows;
  for (const bool positive : {true, true, false, true, false})
    rows.update(9 - static_cast<double>(rows.size()), positive);
  const auto points = roc(rows.steps());
  ASSERT_EQ(points.size(), 6u);
  const double expected[][2] = {{0, 0}, {0, 1.0 / 3}, {0, 2.0 / 3}, {0.5, 2.0 / 3}, {0.5, 1}, {1, 1}};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(points[i].x, expected[i][0]);
    EXPECT_EQ(points[i].y, expected[i][1]);
  }
  EXPECT_EQ(points[2].threshold, 8);
}

TEST(Curves, TiesAreOneDiagonal) {
  ScoredRows rows;
  for (int i = 0; i < 10; ++i) rows.update(0.5, i < 3);
  const auto points = roc(rows.steps());
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1].x, 1);
  EXPECT_EQ(points[1].y, 1);
  EXPECT_EQ(trapezoid(points), 0.5);
}

// Clicks 1, 0, 0, 1, 1, 1 down a list.
TEST(Curves, OfARankedListHasAPointAPlace) {
  const std::vector<std::uint8_t> clicks{1, 0, 0, 1, 1, 1};
  const auto points = precision_recall_at(clicks, 4);
  ASSERT_EQ(points.size(), 6u);
  EXPECT_EQ(points[2].threshold, 3);
  EXPECT_EQ(points[2].x, 0.25);
  EXPECT_EQ(points[2].y, 1.0 / 3);
  EXPECT_EQ(points[5].x, 1);
  EXPECT_NEAR(average_precision(points), (1 + 2.0 / 4 + 3.0 / 5 + 4.0 / 6) / 4, 1e-15);
  EXPECT_NEAR(average_precision(points), 0.6917, 5e-5);
  EXPECT_NEAR(average_precision(precision_recall_at(clicks, 8)), 0.6917 / 2, 5e-5);
  EXPECT_TRUE(precision_recall_at(std::vector<std::uint8_t>{0, 0}, 0).empty());
  EXPECT_THROW((void)precision_recall_at(clicks, 3), std::invalid_argument);
}

TEST(Curves, NegativesCopiedTenTimesLeaveRocAndMovePrecisionRecall) {
  Stream stream(1, "copies");
  for (int trial = 0; trial < 20; ++trial) {
    ScoredRows once;
    ScoredRows copied;
    ScoredRows weighed;
    for (int i = 0; i < 200; ++i) {
      const bool positive = i % 4 == 0;
      const double score = std::floor(20 * (stream.normal() + (positive ? 1 : 0)));
      once.update(score, positive);
      for (int copy = 0; copy < (positive ? 1 : 10); ++copy) copied.update(score, positive);
      weighed.update(score, positive, positive ? 1 : 10);
    }
    const auto before = roc(once.steps());
    for (const ScoredRows* rows : {&copied, &weighed}) {
      const auto after = roc(rows->steps());
      ASSERT_EQ(before.size(), after.size());
      for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(before[i].x, after[i].x);
        EXPECT_EQ(before[i].y, after[i].y);
      }
      EXPECT_NEAR(*auc(*rows).value, *auc(once).value, 1e-15);
      EXPECT_LT(*average_precision(*rows).value, *average_precision(once).value - 0.1);
    }
  }
}

TEST(Curves, WeightedAucIsTheNaiveOne) {
  Stream stream(2, "weighted");
  for (int trial = 0; trial < 50; ++trial) {
    ScoredRows rows;
    const std::size_t n = 2 + stream.below(60);
    for (std::size_t i = 0; i < n; ++i)
      rows.update(static_cast<double>(stream.below(10)), i == 0 || (i > 1 && stream.below(2) == 0),
                  stream.below(3) == 0 ? 1 : 0.1 + stream.uniform());
    const double expected = reference::auc(rows.scores(), rows.labels(), rows.weights());
    EXPECT_NEAR(*auc(rows).value, expected, 1e-13);
    EXPECT_NEAR(trapezoid(roc(rows.steps())), expected, 1e-13);
    EXPECT_NEAR(*partial_auc(rows, 1).value, expected, 1e-13);
  }
}

TEST(Curves, AreTheSameInParts) {
  Stream stream(3, "parts");
  for (int trial = 0; trial < 20; ++trial) {
    ScoredRows whole;
    std::vector<ScoredRows> parts(1 + stream.below(5));
    for (int i = 0; i < 300; ++i) {
      const double score = static_cast<double>(stream.below(40)) / 7;
      const bool positive = stream.below(3) == 0;
      // The first rows have the weight 1, whose weights are not kept until one differs.
      const double weight = trial % 2 == 0 || i < 150 ? 1 : 3 * stream.uniform();
      whole.update(score, positive, weight);
      parts[stream.below(parts.size())].update(score, positive, weight);
    }
    ScoredRows merged;
    for (std::size_t part = parts.size(); part-- > 0;) merged.merge(parts[part]);
    EXPECT_EQ(merged.size(), whole.size());
    EXPECT_NEAR(*auc(merged).value, *auc(whole).value, trial % 2 == 0 ? 0 : 1e-12);
    EXPECT_NEAR(*average_precision(merged).value, *average_precision(whole).value, 1e-12);
    EXPECT_NEAR(*precision_recall_area(merged).value, *precision_recall_area(whole).value, 1e-12);
    EXPECT_NEAR(*partial_auc(merged, 0.2).value, *partial_auc(whole, 0.2).value, 1e-12);
  }
}

TEST(Curves, SayWhyThereIsNoneAndRefuseWhatIsWrong) {
  ScoredRows rows;
  EXPECT_EQ(auc(rows).why, "there are no rows");
  EXPECT_EQ(average_precision(rows).why, "there are no rows");
  rows.update(1, false, 0);
  EXPECT_EQ(rows.size(), 0u);
  rows.update(1, false);
  EXPECT_EQ(auc(rows).why, "all labels are negative");
  EXPECT_EQ(average_precision(rows).why, "all labels are negative");
  ScoredRows positive;
  positive.update(1, true, 2);
  EXPECT_EQ(auc(positive).why, "all labels are positive");
  EXPECT_EQ(partial_auc(positive, 0.5).why, "all labels are positive");
  EXPECT_EQ(*average_precision(positive).value, 1);
  EXPECT_THROW(rows.update(std::numeric_limits<double>::infinity(), true), std::invalid_argument);
  EXPECT_THROW(rows.update(1, true, -1), std::invalid_argument);
  rows.update(2, true);
  for (const double max_fpr : {0.0, -1.0, 1.5, std::nan("")})
    EXPECT_THROW((void)partial_auc(rows, max_fpr), std::invalid_argument);
}

TEST(Curves, ThinnedKeepTheirEndsAndTheirShape) {
  Stream stream(4, "thin");
  ScoredRows rows;
  for (int i = 0; i < 5000; ++i) rows.update(stream.normal() + (i % 2 == 0 ? 1 : 0), i % 2 == 0);
  const auto points = roc(rows.steps());
  const auto few = thin(points, 100);
  EXPECT_LE(few.size(), 100u);
  EXPECT_GE(few.size(), 95u);
  EXPECT_EQ(few.front().x, 0);
  EXPECT_EQ(few.back().y, 1);
  EXPECT_NEAR(trapezoid(few), trapezoid(points), 1e-3);
  EXPECT_EQ(thin(points, points.size()).size(), points.size());
  EXPECT_EQ(thin(points, 2).size(), 2u);
  EXPECT_THROW((void)thin(points, 1), std::invalid_argument);
}

}  // namespace tamis::metrics
