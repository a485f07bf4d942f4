#include "tamis/evidence/metrics/ranking.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/golden/rows.h"
#include "tests/reference/ranking.h"

namespace tamis::metrics {
namespace {

using Relevant = std::vector<std::uint8_t>;
using Scores = std::vector<float>;

const char* const kNames[] = {"auc",    "mrr",         "map",      "map@1",    "map@3",    "map@9",
                              "ndcg@1", "ndcg@3",      "ndcg@9",   "recall@2", "recall@5", "precision@1",
                              "hit@1",  "precision@4", "recall@9", "hit@3",    "hit@9",    "precision@9"};

double value(const char* name, const Scores& scores, const Relevant& relevant, Ties ties = Ties::average) {
  const auto measured = measure(Metric::parse(name), scores, relevant, ties);
  EXPECT_TRUE(measured.has_value()) << name;
  return measured.value_or(-1);
}

TEST(Measure, OfAWorkedExample) {
  // Relevant at ranks 1, 4, 5, 6 of 6: precisions there 1, 2/4, 3/5, 4/6.
  const Scores scores = {6, 5, 4, 3, 2, 1};
  const Relevant relevant = {1, 0, 0, 1, 1, 1};
  EXPECT_NEAR(value("map", scores, relevant), 41.5 / 60, 1e-12);
  EXPECT_NEAR(value("map@4", scores, relevant), (1 + 2.0 / 4) / 4, 1e-12);
  EXPECT_NEAR(value("map@2", scores, relevant), 1.0 / 2, 1e-12);
  EXPECT_EQ(value("mrr", scores, relevant), 1);
  // Of 4 x 2 pairs, the first relevant is above both others, the rest below both.
  EXPECT_NEAR(value("auc", scores, relevant), 2.0 / 8, 1e-12);
  EXPECT_NEAR(value("precision@5", scores, relevant), 3.0 / 5, 1e-12);
  EXPECT_NEAR(value("precision@10", scores, relevant), 4.0 / 10, 1e-12);
  EXPECT_NEAR(value("recall@5", scores, relevant), 3.0 / 4, 1e-12);
  EXPECT_EQ(value("hit@1", scores, relevant), 1);
  // DCG 1 + 1 / log2(5); ideal 1 + 1 / log2(3) + 1 / log2(4) + 1 / log2(5).
  EXPECT_NEAR(value("ndcg@4", scores, relevant),
              (1 + 0.43067655807339306) / (1 + 0.6309297535714575 + 0.5 + 0.43067655807339306), 1e-12);
}

TEST(Measure, OfTwoTiedIsTheMeanOfBothOrders) {
  const Scores scores = {1, 1};
  const Relevant relevant = {0, 1};
  EXPECT_NEAR(value("mrr", scores, relevant), (1 + 0.5) / 2, 1e-12);
  EXPECT_NEAR(value("hit@1", scores, relevant), 0.5, 1e-12);
  EXPECT_NEAR(value("auc", scores, relevant), 0.5, 1e-12);
  EXPECT_NEAR(value("mrr", scores, relevant, Ties::input), 0.5, 1e-12);
  EXPECT_EQ(value("hit@1", scores, relevant, Ties::input), 0);
  EXPECT_NEAR(value("auc", scores, relevant, Ties::input), 0.5, 1e-12);
}

TEST(MeasureGolden, IsTrecEvalsAndScikitLearns) {
  int seen = 0;
  for (const auto& row : golden::rows("metrics.tsv")) {
    SCOPED_TRACE(row[0] + " line " + std::to_string(++seen));
    const auto scores = golden::numbers<float>(row[2]);
    const auto relevant = golden::numbers<std::uint8_t>(row[3]);
    EXPECT_NEAR(value(row[0].c_str(), scores, relevant), std::stod(row[1]), 1e-9);
    if (row[0] != "auc") {
      EXPECT_NEAR(value(row[0].c_str(), scores, relevant, Ties::input), std::stod(row[1]), 1e-9);
    }
  }
  EXPECT_GT(seen, 150);
}

TEST(Measure, UnderTiesIsTheMeanOverAllOrders) {
  Stream stream(1, "ties");
  for (int trial = 0; trial < 150; ++trial) {
    const std::size_t n = 1 + stream.below(6);
    const std::uint64_t levels = 1 + stream.below(4);
    Scores scores(n);
    Relevant relevant(n);
    for (float& score : scores) score = static_cast<float>(stream.below(levels));
    for (std::uint8_t& r : relevant) r = static_cast<std::uint8_t>(stream.below(2));
    for (const char* name : kNames) {
      const Metric metric = Metric::parse(name);
      const auto average = measure(metric, scores, relevant, Ties::average);
      const auto expected = reference::over_all_orders(metric, scores, relevant);
      ASSERT_EQ(average.has_value(), expected.has_value()) << name;
      if (expected) {
        EXPECT_NEAR(*average, *expected, 1e-12) << name;
      }
      const auto input =
          metric.kind == Metric::Kind::auc ? expected : reference::in_input_order(metric, scores, relevant);
      if (input) {
        EXPECT_NEAR(*measure(metric, scores, relevant, Ties::input), *input, 1e-12) << name;
      }
    }
  }
}

TEST(Measure, OfLongListsIsThePlainLoop) {
  Stream stream(2, "long lists");
  for (int trial = 0; trial < 60; ++trial) {
    const std::size_t n = 2 + stream.below(300);
    Scores scores(n);
    Relevant relevant(n);
    for (float& score : scores) score = static_cast<float>(stream.below(40)) - 20;
    for (std::uint8_t& r : relevant) r = stream.below(10) < 2 ? 1 : 0;
    relevant[0] = 1;
    relevant[1] = 0;
    for (const char* name : {"mrr", "map", "map@10", "ndcg@10", "recall@20", "precision@7", "hit@5"}) {
      const Metric metric = Metric::parse(name);
      EXPECT_NEAR(*measure(metric, scores, relevant, Ties::input), *reference::in_input_order(metric, scores, relevant),
                  1e-12)
          << name;
    }
  }
}

TEST(Measure, StaysWithinZeroAndOne) {
  Stream stream(3, "range");
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t n = 2 + stream.below(60);
    Scores scores(n);
    Relevant relevant(n);
    for (float& score : scores) score = static_cast<float>(stream.below(6));
    // The best order there is, or the scores alone.
    for (std::size_t i = 0; i < n; ++i) relevant[i] = trial % 2 == 0 ? scores[i] > 2 : stream.below(2) == 1;
    for (const char* name : kNames) {
      const auto measured = measure(Metric::parse(name), scores, relevant, Ties::average);
      if (!measured) continue;
      EXPECT_GE(*measured, 0) << name;
      EXPECT_LE(*measured, 1) << name;
    }
  }
}

TEST(Measure, OfThePerfectAndTheWorstOrder) {
  const Scores scores = {9, 8, 7, 6, 5};
  for (const char* name : {"auc", "mrr", "map", "map@2", "ndcg@3", "recall@2", "precision@2", "hit@1"}) {
    EXPECT_EQ(value(name, scores, {1, 1, 0, 0, 0}), 1) << name;
  }
  for (const char* name : {"auc", "map@3", "ndcg@3", "recall@3", "precision@3", "hit@3"}) {
    EXPECT_EQ(value(name, scores, {0, 0, 0, 1, 1}), 0) << name;
  }
}

TEST(Measure, DoesNotDependOnTheInputOrderUnderAverage) {
  Stream stream(4, "shuffle");
  Scores scores = {1, 2, 2, 2, 3, 3, 5, 5, 5, 5};
  Relevant relevant = {1, 0, 1, 0, 0, 1, 0, 1, 0, 0};
  std::vector<double> before;
  for (const char* name : kNames) before.push_back(value(name, scores, relevant));
  for (int trial = 0; trial < 20; ++trial) {
    for (std::size_t i = scores.size(); i > 1; --i) {
      const std::size_t j = stream.below(i);
      std::swap(scores[i - 1], scores[j]);
      std::swap(relevant[i - 1], relevant[j]);
    }
    std::size_t at = 0;
    for (const char* name : kNames) EXPECT_NEAR(value(name, scores, relevant), before[at++], 1e-14) << name;
  }
}

TEST(Measure, OfInfiniteScoresAndBothZeros) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(value("mrr", {infinity, 1, -infinity}, {1, 0, 0}), 1);
  EXPECT_NEAR(value("mrr", {infinity, 1, -infinity}, {0, 0, 1}), 1.0 / 3, 1e-12);
  EXPECT_NEAR(value("auc", {0.0F, -0.0F}, {1, 0}), 0.5, 1e-12);
}

TEST(Measure, IsUndefinedWhereNothingCanBeTold) {
  for (const char* name : kNames) {
    EXPECT_FALSE(measure(Metric::parse(name), Scores{1, 2}, Relevant{0, 0}, Ties::average)) << name;
    EXPECT_FALSE(measure(Metric::parse(name), Scores{}, Relevant{}, Ties::input)) << name;
  }
  EXPECT_FALSE(measure(Metric::parse("auc"), Scores{1, 2}, Relevant{1, 1}, Ties::average));
  EXPECT_EQ(value("ndcg@5", {1, 2}, {1, 1}), 1);
}

TEST(Measure, RefusesNaNAndUnequalLengths) {
  const Metric metric = Metric::parse("ndcg@5");
  EXPECT_THROW(measure(metric, Scores{1, std::nanf("")}, Relevant{1, 0}, Ties::average), std::invalid_argument);
  EXPECT_THROW(measure(metric, Scores{1, std::nanf("")}, Relevant{0, 0}, Ties::average), std::invalid_argument);
  EXPECT_THROW(measure(metric, Scores{1, 2}, Relevant{1}, Ties::average), std::invalid_argument);
}

TEST(Metric, ReadsItsNames) {
  EXPECT_EQ(Metric::parse("ndcg@10").kind, Metric::Kind::ndcg);
  EXPECT_EQ(Metric::parse("ndcg@10").k, 10U);
  EXPECT_EQ(Metric::parse("ndcg@10").name, "ndcg@10");
  EXPECT_EQ(Metric::parse("map").k, 0U);
  EXPECT_EQ(Metric::parse("map@20").k, 20U);
  EXPECT_EQ(Metric::parse("auc").kind, Metric::Kind::auc);
}

TEST(Metric, RefusesOtherNamesAndListsThose) {
  for (const char* name :
       {"", "@", "@5", "NDCG@5", "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@5x", "ndcg@ 5",
        "ndcg@99999999999999999999", "auc@5", "mrr@5", "recall", "precisions@5", "ndcg@5@6", "map@1.5"}) {
    try {
      Metric::parse(name);
      ADD_FAILURE() << name << " was accepted";
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("precision@k"), std::string::npos) << error.what();
    }
  }
}

TEST(Metric, SaysItsConventions) {
  EXPECT_NE(conventions(Metric::parse("map@5"), Ties::average).find("min(5, relevant items)"), std::string::npos);
  EXPECT_NE(conventions(Metric::parse("ndcg@5"), Ties::average), conventions(Metric::parse("ndcg@5"), Ties::input));
  EXPECT_EQ(conventions(Metric::parse("auc"), Ties::average), conventions(Metric::parse("auc"), Ties::input));
}

}  // namespace
}  // namespace tamis::metrics
