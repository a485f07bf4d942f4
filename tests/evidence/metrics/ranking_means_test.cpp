#include "tamis/evidence/metrics/ranking_means.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/reference/ranking.h"

namespace tamis::metrics {
namespace {

using Missing = RankingMeansChoices::Missing;
using Without = RankingMeansChoices::Without;
using reference::OwnedList;

std::vector<Metric> all_metrics() {
  std::vector<Metric> metrics;
  for (const char* name : {"ndcg@10", "map", "map@3", "mrr", "auc", "bpref", "rbp@0.8", "err@5", "percentile_rank"})
    metrics.push_back(Metric::parse_any(name));
  return metrics;
}

// Lists among which some are empty, and some have nothing relevant.
std::vector<OwnedList> random_lists(std::size_t count) {
  Stream stream(7, "ranking means");
  std::vector<OwnedList> lists(count);
  for (OwnedList& list : lists) {
    const std::size_t n = stream.below(30);
    const bool barren = stream.below(5) == 0;
    for (std::size_t i = 0; i < n; ++i) {
      list.ids.push_back("d" + std::to_string(i));
      list.scores.push_back(static_cast<double>(stream.below(20)));
      list.documents.emplace_back(barren ? 0 : static_cast<int>(stream.below(4)));
    }
    list.elsewhere.push_back(barren ? 0 : static_cast<int>(stream.below(2)));
    list.finish();
  }
  return lists;
}

RankingChoices err_choices() {
  RankingChoices choices;
  choices.max_grade = 3;
  return choices;
}

Judged judged_of(const std::vector<OwnedList>& lists) {
  Judged judged;
  judged.grade_starts.push_back(0);
  RetrievedLists part;
  for (const OwnedList& list : lists) {
    judged.queries.push_back("q" + std::to_string(judged.queries.size()));
    ListPlace place{0, part.scores.size(), 0, part.retrieved.size(), 0, 0};
    part.scores.insert(part.scores.end(), list.scores.begin(), list.scores.end());
    part.retrieved.insert(part.retrieved.end(), list.retrieved.begin(), list.retrieved.end());
    part.id_orders.push_back(list.id_order);
    place.score_end = part.scores.size();
    place.retrieved_end = part.retrieved.size();
    place.id_order = static_cast<std::uint32_t>(part.id_orders.size());
    judged.places.push_back(place);
    judged.grades.insert(judged.grades.end(), list.grades.begin(), list.grades.end());
    judged.grade_starts.push_back(judged.grades.size());
  }
  judged.parts.push_back(part);
  judged.highest_grade = 3;
  return judged;
}

void expect_same(const RankingMeans& a, const RankingMeans& b) {
  ASSERT_EQ(a.value().size(), b.value().size());
  for (std::size_t m = 0; m < a.value().size(); ++m) {
    SCOPED_TRACE(a.metrics()[m].name);
    EXPECT_EQ(a.value()[m].count, b.value()[m].count);
    EXPECT_NEAR(a.value()[m].mean, b.value()[m].mean, 1e-12);
    EXPECT_NEAR(a.value()[m].variance(), b.value()[m].variance(), 1e-12);
  }
  EXPECT_EQ(a.queries(), b.queries());
  EXPECT_EQ(a.missing(), b.missing());
  EXPECT_EQ(a.without_relevant(), b.without_relevant());
}

TEST(RankingMeans, AreTheSameForEverySplitAndOrderOfMerging) {
  const auto lists = random_lists(200);
  const RankingMeans empty(all_metrics(), err_choices(), {}, 3);
  RankingMeans whole = empty;
  for (const OwnedList& list : lists) whole.update(list.view());
  EXPECT_GT(whole.missing(), 2U);
  EXPECT_GT(whole.without_relevant(), 10U);
  Stream stream(8, "ranking means");
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<RankingMeans> parts(1 + stream.below(9), empty);
    for (const OwnedList& list : lists) parts[stream.below(parts.size())].update(list.view());
    while (parts.size() > 1) {
      const std::size_t from = stream.below(parts.size());
      const std::size_t to = (from + 1 + stream.below(parts.size() - 1)) % parts.size();
      parts[to].merge(parts[from]);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(from));
    }
    expect_same(parts.front(), whole);
  }
}

TEST(RankingMeans, AreMeansOfTheValuesPerQuery) {
  const auto lists = random_lists(100);
  RankingMeans means(all_metrics(), err_choices(), {}, 3);
  std::vector<double> sums(means.metrics().size());
  std::vector<std::uint64_t> counts(means.metrics().size());
  for (const OwnedList& list : lists) {
    const auto values = means.update(list.view());
    for (std::size_t m = 0; m < values.size(); ++m) {
      if (std::isnan(values[m])) continue;
      sums[m] += values[m];
      ++counts[m];
    }
  }
  for (std::size_t m = 0; m < sums.size(); ++m) {
    EXPECT_EQ(means.value()[m].count, counts[m]);
    EXPECT_LT(counts[m], lists.size());
    EXPECT_NEAR(means.value()[m].mean, sums[m] / static_cast<double>(counts[m]), 1e-12);
  }
}

TEST(RankingMeans, TreatMissingQueriesAsAsked) {
  OwnedList there, missing;
  there.ids = {"a"};
  there.scores = {1};
  there.documents = {1};
  missing.elsewhere = {1};
  there.finish();
  missing.finish();
  const std::vector<Metric> metrics = {Metric::parse_any("mrr"), Metric::parse_any("percentile_rank"),
                                       Metric::parse_any("auc")};
  const auto means = [&](Missing how) {
    RankingMeans result(metrics, {}, {how, Without::skip}, 1);
    result.update(there.view());
    result.update(missing.view());
    return result;
  };
  const RankingMeans zero = means(Missing::zero), skip = means(Missing::skip);
  EXPECT_EQ(zero.value()[0].mean, 0.5);
  EXPECT_EQ(zero.value()[1].mean, 0.5);  // 0 and, the worst there is, 1
  EXPECT_EQ(zero.value()[2].count, 0U);
  EXPECT_EQ(skip.value()[0].mean, 1);
  EXPECT_EQ(skip.value()[0].count, 1U);
  EXPECT_EQ(zero.missing(), 1U);
  EXPECT_EQ(skip.missing(), 1U);
  EXPECT_EQ(skip.queries(), 2U);
}

TEST(RankingMeans, TreatQueriesWithoutRelevantDocumentsAsAsked) {
  OwnedList barren;
  barren.ids = {"a", "b"};
  barren.scores = {1, 0};
  barren.documents = {0, -1};
  barren.finish();
  const auto counts = [&](Without how) {
    RankingMeans means(all_metrics(), err_choices(), {Missing::zero, how}, 3);
    means.update(barren.view());
    EXPECT_EQ(means.without_relevant(), 1U);
    std::vector<std::uint64_t> result;
    for (const stats::Summary& summary : means.value()) {
      result.push_back(summary.count);
      EXPECT_EQ(summary.mean, 0);
    }
    return result;
  };
  EXPECT_EQ(counts(Without::skip), std::vector<std::uint64_t>(9, 0));
  EXPECT_EQ(counts(Without::zero), (std::vector<std::uint64_t>{1, 1, 1, 1, 0, 1, 1, 1, 0}));
}

TEST(RankingMeans, RefuseToMergeWithOthers) {
  RankingMeans a({Metric::parse_any("mrr")}, {}, {}, 1);
  const RankingMeans b({Metric::parse_any("map")}, {}, {}, 1);
  EXPECT_THROW(a.merge(b), std::invalid_argument);
  RankingChoices average;
  average.ties = Ties::average;
  EXPECT_THROW(RankingMeans({Metric::parse_any("err")}, average, {}, 1), std::invalid_argument);
}

TEST(MeasureAll, IsTheMeansAtAnyNumberOfThreads) {
  const auto lists = random_lists(1500);
  const Judged judged = judged_of(lists);
  const auto metrics = all_metrics();
  RankingMeans plain(metrics, err_choices(), {}, 3);
  std::vector<double> values;
  for (const OwnedList& list : lists) {
    const auto row = plain.update(list.view());
    values.insert(values.end(), row.begin(), row.end());
  }
  const int before = threads();
  set_threads(1);
  const Measured one = measure_all(judged, metrics, err_choices(), {}, true);
  set_threads(3);
  const Measured three = measure_all(judged, metrics, err_choices(), {}, false);
  set_threads(before);
  expect_same(one.means, plain);
  EXPECT_TRUE(three.values.empty());
  for (std::size_t m = 0; m < metrics.size(); ++m)
    EXPECT_EQ(one.means.value()[m].mean, three.means.value()[m].mean) << metrics[m].name;
  ASSERT_EQ(one.values.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_TRUE(one.values[i] == values[i] || (std::isnan(one.values[i]) && std::isnan(values[i]))) << i;
}

TEST(IntervalOverQueries, IsStudentsCutToTheRange) {
  // 0, 1, 0, 1, 1: mean 0.6, standard error sqrt(0.3 / 5), t of 4 degrees 2.7764451.
  const double values[] = {0, 1, 0, 1, 1};
  const auto interval = interval_over_queries(stats::summarize(values), 0.05);
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(interval->low, 0);
  EXPECT_EQ(interval->high, 1);
  const auto narrow = interval_over_queries(stats::summarize(values), 0.5);
  EXPECT_NEAR(narrow->low, 0.6 - 0.7406970841 * std::sqrt(0.3 / 5), 1e-8);
  EXPECT_NEAR(narrow->high, 0.6 + 0.7406970841 * std::sqrt(0.3 / 5), 1e-8);
  EXPECT_FALSE(interval_over_queries(stats::summarize({values, 1}), 0.05));
}

}  // namespace
}  // namespace tamis::metrics
