#include "tamis/evidence/metrics/auc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/evidence/metrics/auc_delong.h"
#include "tamis/evidence/metrics/auc_groups.h"
#include "tamis/evidence/metrics/auc_multiclass.h"
#include "tamis/evidence/metrics/auc_sort.h"
#include "tamis/evidence/metrics/auc_streaming.h"
#include "tamis/evidence/metrics/curves.h"
#include "tests/base/scratch.h"
#include "tests/reference/auc.h"

namespace tamis::metrics {

namespace {

struct Rows {
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
};

// Scores on so many levels (0: any number), a part of them negative; both classes are there.
Rows draw(Stream& stream, std::size_t n, std::uint64_t levels, double share = 0.4) {
  Rows rows;
  for (std::size_t i = 0; i < n; ++i) {
    rows.labels.push_back(stream.uniform() < share ? 1 : 0);
    const double score = stream.uniform() - 0.5 + 0.2 * rows.labels.back();
    rows.scores.push_back(levels == 0 ? score * 1e3 : std::floor(score * static_cast<double>(levels)));
  }
  rows.labels[0] = 1;
  rows.labels[1] = 0;
  return rows;
}

double value(const std::vector<double>& scores, const std::vector<std::uint8_t>& labels) {
  return *auc(std::span<const double>(scores), std::span<const std::uint8_t>(labels));
}

std::vector<float> floats(const std::vector<double>& scores) {
  return {scores.begin(), scores.end()};
}

}  // namespace

TEST(Auc, CountsPairs) {
  EXPECT_EQ(value({0.1, 0.4, 0.35, 0.8}, {0, 0, 1, 1}), 0.75);
  EXPECT_EQ(value({1, 1}, {0, 1}), 0.5);
  EXPECT_EQ(value({2, 1, 3}, {1, 0, 1}), 1);
  EXPECT_EQ(value({1, 2}, {1, 0}), 0);
  EXPECT_EQ(value({-0.0, 0.0}, {1, 0}), 0.5);
  EXPECT_EQ(value({-2, -1, -3, 5e-324, 1e300}, {0, 1, 0, 1, 1}), 1);
}

TEST(Auc, IsUndefinedWithoutBothClasses) {
  const std::vector<float> scores{1, 2};
  EXPECT_FALSE(auc(scores, std::vector<std::uint8_t>{1, 1}));
  EXPECT_FALSE(auc(scores, std::vector<std::uint8_t>{0, 0}));
  EXPECT_FALSE(auc(std::span<const float>(), {}));
}

TEST(Auc, IsTheNaiveCountOfPairs) {
  Stream stream(1, "auc");
  for (int trial = 0; trial < 200; ++trial) {
    const Rows rows = draw(stream, 2 + stream.below(120), trial % 3 == 0 ? 0 : 1 + stream.below(30));
    EXPECT_NEAR(value(rows.scores, rows.labels), reference::auc(rows.scores, rows.labels), 1e-14);
    const std::vector<float> single = floats(rows.scores);
    const std::vector<double> back(single.begin(), single.end());
    EXPECT_EQ(*auc(single, rows.labels), value(back, rows.labels));
  }
}

TEST(Auc, OfManyRowsIsThatOfSortedOnesAtAnyNumberOfThreads) {
  Stream stream(2, "many");
  const int before = threads();
  for (const std::uint64_t levels : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{50}, std::uint64_t{100000}}) {
    const Rows rows = draw(stream, 60000, levels, 0.1);
    // Ranks, one for each different score: the same order, and half of each tie from sorting.
    std::vector<double> sorted = rows.scores;
    std::sort(sorted.begin(), sorted.end());
    double rank_sum = 0;
    double positives = 0;
    for (std::size_t i = 0; i < rows.labels.size(); ++i) {
      if (rows.labels[i] == 0) continue;
      const auto range = std::equal_range(sorted.begin(), sorted.end(), rows.scores[i]);
      rank_sum += static_cast<double>((range.first - sorted.begin()) + (range.second - sorted.begin()) + 1) / 2;
      ++positives;
    }
    const double negatives = static_cast<double>(rows.labels.size()) - positives;
    const double expected = (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
    std::vector<double> seen;
    for (const int count : {1, 2, 5}) {
      set_threads(count);
      seen.push_back(value(rows.scores, rows.labels));
      if (levels != 0) {
        EXPECT_EQ(*auc(floats(rows.scores), rows.labels), seen.back());
      }
    }
    set_threads(before);
    EXPECT_NEAR(seen[0], expected, 1e-14);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], seen[2]);
  }
}

TEST(Auc, RefusesWhatIsNoScoreAndNoLabel) {
  const auto message = [](std::vector<float> scores, std::vector<std::uint8_t> labels) {
    return test::message_of<std::invalid_argument>([&] { (void)auc(scores, labels); });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(message({1, nan}, {0, 1}), "[auc] score 2 is nan; a finite number is needed");
  EXPECT_EQ(message({-infinite, 1}, {0, 1}), "[auc] score 1 is -inf; a finite number is needed");
  EXPECT_EQ(message({1, 2}, {0, 2}), "[auc] label 2 is 2; 0 or 1 is needed");
  EXPECT_EQ(message({1}, {0, 1}), "[auc] 1 scores but 2 labels; one of each a row is needed");
  const std::vector<double> wide{1, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(test::message_of<std::invalid_argument>([&] {
              (void)auc(wide, std::vector<std::uint8_t>{0, 1});
            }),
            "[auc] score 2 is inf; a finite number is needed");
}

TEST(AucSort, KeysHaveTheOrderOfScoresAndGoBack) {
  const std::vector<double> ascending{-1e300, -2, -5e-324, 0, 5e-324, 1, 1.5, 1e300};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(score_of(key_of(ascending[i])), ascending[i]);
    if (i > 0) {
      EXPECT_LT(key_of(ascending[i - 1]), key_of(ascending[i]));
      EXPECT_LE(key_of(static_cast<float>(ascending[i - 1])), key_of(static_cast<float>(ascending[i])));
    }
  }
  EXPECT_EQ(key_of(-0.0F), key_of(0.0F));
  EXPECT_TRUE(are_floats(std::vector<double>{0.5, -3, 1e30F}));
  EXPECT_FALSE(are_floats(std::vector<double>{0.5, 0.1}));
  EXPECT_FALSE(are_floats(std::vector<double>{1e300}));
}

TEST(AucDelong, IsTheNaiveVariance) {
  Stream stream(3, "delong");
  for (int trial = 0; trial < 60; ++trial) {
    Rows rows = draw(stream, 6 + stream.below(60), trial % 2 == 0 ? 0 : 1 + stream.below(12));
    rows.labels[2] = 1;
    rows.labels[3] = 0;
    const auto result = delong(rows.scores, rows.labels);
    EXPECT_NEAR(result->auc, reference::auc(rows.scores, rows.labels), 1e-14);
    const double variance = reference::delong_covariance(rows.scores, rows.scores, rows.labels);
    EXPECT_NEAR(*result->standard_error * *result->standard_error, variance, 1e-13);
    const auto around = interval(*result, 0.05);
    EXPECT_NEAR(around->high, std::min(1.0, result->auc + 1.959963984540054 * std::sqrt(variance)), 1e-9);
    EXPECT_NEAR(around->low, std::max(0.0, result->auc - 1.959963984540054 * std::sqrt(variance)), 1e-9);
  }
}

// The two ways to the same variance: by groups of ties in parts, and by the midranks of all rows.
TEST(AucDelong, OfManyRowsIsThatOfMidranksAtAnyNumberOfThreads) {
  Stream stream(10, "delong");
  const int before = threads();
  for (const std::uint64_t levels : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{40}, std::uint64_t{20000}}) {
    const Rows rows = draw(stream, 20000, levels, 0.05);
    const std::vector<std::span<const double>> scores{rows.scores};
    const double variance = delong_together(scores, rows.labels)->covariance[0];
    std::vector<double> seen;
    for (const int count : {1, 2, 5}) {
      set_threads(count);
      const auto result = delong(rows.scores, rows.labels);
      EXPECT_EQ(result->auc, value(rows.scores, rows.labels));
      seen.push_back(*result->standard_error);
    }
    set_threads(before);
    EXPECT_NEAR(seen[0] * seen[0], variance, 1e-15);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_EQ(seen[0], seen[2]);
  }
}

TEST(AucDelong, OfSeveralScoresIsTheNaiveCovariance) {
  Stream stream(4, "delong");
  for (int trial = 0; trial < 30; ++trial) {
    Rows rows = draw(stream, 8 + stream.below(50), 0);
    rows.labels[2] = 1;
    rows.labels[3] = 0;
    std::vector<double> other = rows.scores;
    for (double& score : other) score = std::floor(score / 100 + 3 * stream.uniform());
    const std::vector<std::span<const double>> scores{rows.scores, other};
    const auto together = delong_together(scores, rows.labels);
    for (std::size_t a = 0; a < 2; ++a)
      for (std::size_t b = 0; b < 2; ++b)
        EXPECT_NEAR(together->covariance[a * 2 + b], reference::delong_covariance(scores[a], scores[b], rows.labels),
                    1e-13);
    const double p = delong_p(*together, 0, 1);
    const double variance = together->covariance[0] + together->covariance[3] - 2 * together->covariance[1];
    const double z = std::abs(together->auc[0] - together->auc[1]) / std::sqrt(variance);
    EXPECT_NEAR(p, std::erfc(z / std::sqrt(2.0)), 1e-9);
    EXPECT_EQ(delong_p(*together, 1, 1), 1);
  }
}

TEST(AucDelong, HasNoErrorWithOneRowOfAClass) {
  const std::vector<double> scores{1, 2, 3};
  const std::vector<std::uint8_t> labels{0, 1, 1};
  const auto result = delong(scores, labels);
  EXPECT_EQ(result->auc, 1);
  EXPECT_FALSE(result->standard_error);
  EXPECT_FALSE(interval(*result, 0.05));
  EXPECT_FALSE(delong(scores, std::vector<std::uint8_t>{1, 1, 1}));
  EXPECT_THROW((void)interval(*result, 1), std::invalid_argument);
}

// Normal scores one apart: AUC Phi(1 / sqrt 2). Of 95 % intervals about 95 % hold it.
TEST(AucDelong, CoversTheTruth) {
  Stream stream(5, "coverage");
  const double truth = 0.760249938906523;
  int covered = 0;
  for (int trial = 0; trial < 400; ++trial) {
    Rows rows;
    for (int i = 0; i < 200; ++i) {
      rows.labels.push_back(i % 2 == 0 ? 1 : 0);
      rows.scores.push_back(stream.normal() + rows.labels.back());
    }
    const auto around = interval(*delong(rows.scores, rows.labels), 0.05);
    covered += around->low <= truth && truth <= around->high ? 1 : 0;
  }
  EXPECT_GE(covered, 365);
  EXPECT_LE(covered, 395);
}

TEST(AucGroups, AveragesGroupsWithBothLabels) {
  GroupAuc rows;
  const auto add = [&](std::uint32_t group, double score, bool positive) { rows.update(group, score, positive); };
  add(7, 2, true), add(7, 1, false);                    // 1
  add(3, 1, true), add(3, 2, false), add(3, 1, false);  // 1/4
  add(7, 1, false), add(7, 1, false);
  add(1, 5, true), add(2, 5, false), add(2, 6, false);
  const GroupAucValue impressions = rows.value(GroupWeights::impressions);
  EXPECT_NEAR(*impressions.value.value, (4 * 1 + 3 * 0.25) / 7, 1e-15);
  EXPECT_EQ(impressions.groups, 2u);
  EXPECT_EQ(impressions.rows, 7u);
  EXPECT_EQ(impressions.only_positive, 1u);
  EXPECT_EQ(impressions.only_negative, 1u);
  EXPECT_NEAR(*rows.value(GroupWeights::equal).value.value, 1.25 / 2, 1e-15);
  GroupAuc none;
  EXPECT_EQ(none.value(GroupWeights::equal).value.why, "there are no rows");
  none.update(1, 1, true);
  EXPECT_EQ(none.value(GroupWeights::equal).value.why, "no group has both labels");
  EXPECT_THROW(none.update(1, NAN, true), std::invalid_argument);
}

TEST(AucGroups, IsTheSameInParts) {
  Stream stream(6, "groups");
  GroupAuc whole;
  std::vector<GroupAuc> parts(3);
  for (int i = 0; i < 2000; ++i) {
    const auto group = static_cast<std::uint32_t>(stream.below(60));
    const auto score = static_cast<double>(stream.below(9));
    const bool positive = stream.below(3) == 0;
    whole.update(group, score, positive);
    parts[stream.below(3)].update(group, score, positive);
  }
  parts[2].merge(parts[0]);
  parts[2].merge(parts[1]);
  for (const GroupWeights weights : {GroupWeights::equal, GroupWeights::impressions}) {
    EXPECT_NEAR(*parts[2].value(weights).value.value, *whole.value(weights).value.value, 1e-12);
    EXPECT_EQ(parts[2].value(weights).rows, whole.value(weights).rows);
  }
}

TEST(AucStreaming, IsWithinItsErrorOfTheExactValue) {
  Stream stream(7, "streaming");
  for (const int bits : {10, 12, 18, 24}) {
    const Rows rows = draw(stream, 3000, 0);
    StreamingAuc whole(bits);
    std::vector<StreamingAuc> parts(3, StreamingAuc(bits));
    for (std::size_t i = 0; i < rows.scores.size(); ++i) {
      whole.update(rows.scores[i], rows.labels[i] != 0);
      parts[stream.below(3)].update(rows.scores[i], rows.labels[i] != 0);
    }
    const double exact = value(rows.scores, rows.labels);
    EXPECT_LE(std::abs(*whole.value().value - exact), whole.error() + 1e-15);
    EXPECT_EQ(whole.rows(), 3000u);
    parts[1].merge(parts[2]);
    parts[1].merge(parts[0]);
    EXPECT_EQ(*parts[1].value().value, *whole.value().value);
    EXPECT_EQ(parts[1].error(), whole.error());
    if (bits == 24) {
      EXPECT_LT(whole.error(), 1e-5);
    }
    if (bits == 10) {
      EXPECT_GT(whole.error(), 1e-3);
    }
  }
}

TEST(AucStreaming, ErrorIsReached) {
  // All rows in one bin: the value is 1/2, the truth 1, the error 1/2.
  StreamingAuc state(10);
  state.update(1.001, true);
  state.update(1.0005, false);
  EXPECT_EQ(*state.value().value, 0.5);
  EXPECT_EQ(state.error(), 0.5);
  StreamingAuc empty;
  EXPECT_EQ(empty.value().why, "there are no rows");
  empty.update(1e300, true);
  EXPECT_EQ(empty.value().why, "all labels are positive");
  EXPECT_EQ(empty.error(), 0);
  EXPECT_THROW(StreamingAuc(9), std::invalid_argument);
  EXPECT_THROW(empty.merge(state), std::invalid_argument);
  EXPECT_THROW(empty.update(NAN, true), std::invalid_argument);
}

TEST(AucMulticlass, OfTwoClassesIsTheAuc) {
  Stream stream(8, "two");
  const Rows rows = draw(stream, 100, 7);
  MulticlassScores scores(2);
  for (std::size_t i = 0; i < rows.scores.size(); ++i) {
    const double both[] = {-rows.scores[i], rows.scores[i]};
    scores.update(rows.labels[i], both);
  }
  const double expected = value(rows.scores, rows.labels);
  for (const ClassAverage average : {ClassAverage::macro, ClassAverage::weighted}) {
    EXPECT_NEAR(*scores.one_vs_rest(average).value, expected, 1e-14);
    EXPECT_NEAR(*scores.one_vs_one(average).value, expected, 1e-14);
  }
}

TEST(AucMulticlass, IsTheSameInPartsAndRefusesWhatIsWrong) {
  Stream stream(9, "parts");
  MulticlassScores whole(3);
  std::vector<MulticlassScores> parts(2, MulticlassScores(3));
  for (int i = 0; i < 300; ++i) {
    const double scores[] = {stream.uniform(), stream.uniform(), static_cast<double>(stream.below(4))};
    const double weight = i < 150 ? 1 : 2 * stream.uniform();
    whole.update(static_cast<std::size_t>(i) % 3, scores, weight);
    parts[i < 150 ? 0 : 1].update(static_cast<std::size_t>(i) % 3, scores, weight);
  }
  parts[1].merge(parts[0]);
  EXPECT_NEAR(*parts[1].one_vs_rest(ClassAverage::weighted).value, *whole.one_vs_rest(ClassAverage::weighted).value,
              1e-12);
  EXPECT_EQ(whole.one_vs_one(ClassAverage::macro).why, "one against one is not defined for weighted rows");
  MulticlassScores few(3);
  const double scores[] = {1, 2, 3};
  few.update(0, scores);
  EXPECT_EQ(few.one_vs_rest(0).why, "all rows are of class 1");
  few.update(1, scores);
  EXPECT_EQ(few.one_vs_rest(ClassAverage::macro).why, "class 3 has no rows");
  EXPECT_EQ(few.one_vs_one(ClassAverage::macro).why, "class 3 has no rows");
  EXPECT_THROW(few.update(3, scores), std::invalid_argument);
  EXPECT_THROW(few.update(0, std::span(scores).first(2)), std::invalid_argument);
  EXPECT_THROW(few.merge(MulticlassScores(2)), std::invalid_argument);
  EXPECT_THROW(MulticlassScores(1), std::invalid_argument);
}

}  // namespace tamis::metrics
