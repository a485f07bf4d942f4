#include "tamis/evidence/metrics/sampled.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tests/reference/ranking.h"

namespace tamis::metrics {
namespace {

using reference::OwnedList;

std::vector<Metric> parsed(std::initializer_list<const char*> names) {
  std::vector<Metric> metrics;
  for (const char* name : names) metrics.push_back(Metric::parse_any(name));
  return metrics;
}

// Lists of n documents, the given number of them relevant and standing higher than chance would have them.
std::vector<OwnedList> simulated(std::size_t count, std::size_t n, std::size_t relevant, std::uint64_t levels = 0) {
  Stream stream(3, "simulated lists");
  std::vector<OwnedList> lists(count);
  for (OwnedList& list : lists) {
    for (std::size_t i = 0; i < n; ++i) {
      list.ids.push_back("d" + std::to_string(i));
      list.documents.push_back(i < relevant ? reference::Place(1) : std::nullopt);
      list.scores.push_back(levels > 0 ? static_cast<double>(stream.below(levels)) + (i < relevant ? 2 : 0)
                                       : stream.normal() + (i < relevant ? 1.5 : 0));
    }
    list.finish();
  }
  return lists;
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
  judged.highest_grade = 1;
  return judged;
}

// Means over seeds: of the sampled metric and of the corrected one.
struct OverSeeds {
  std::vector<stats::Summary> sampled, corrected;
  std::vector<double> exact;

  double deviation(const std::vector<stats::Summary>& of, std::size_t m) const { return of[m].mean - exact[m]; }
  double error(const std::vector<stats::Summary>& of, std::size_t m) const {
    return std::sqrt(of[m].variance() / static_cast<double>(of[m].count));
  }
};

OverSeeds over_seeds(const Judged& judged, const std::vector<Metric>& metrics, const RankingChoices& choices,
                     std::size_t negatives, std::uint64_t seeds) {
  OverSeeds result{std::vector<stats::Summary>(metrics.size()), std::vector<stats::Summary>(metrics.size()), {}};
  const Measured exact = measure_all(judged, metrics, choices, {}, false);
  for (const stats::Summary& summary : exact.means.value()) result.exact.push_back(summary.mean);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const SampledMeans means = measure_sampled(judged, metrics, choices, {}, negatives, seed);
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      result.sampled[m].update(means.sampled.value()[m].mean);
      result.corrected[m].update(means.corrected[m].mean);
    }
  }
  return result;
}

TEST(SampledList, KeepsTheRelevantAndDrawsOthersWithOneChance) {
  OwnedList list;
  list.ids = {"f", "e", "d", "c", "b", "a", "g"};
  list.scores = {7, 6, 5, 4, 3, 2, 1};
  list.documents = {std::nullopt, 2, 0, -1, 1, std::nullopt, std::nullopt};
  list.elsewhere = {3, 0};
  list.finish();
  std::map<std::vector<double>, int> met;
  SampledList sampled;
  constexpr int kTrials = 4000;
  for (int trial = 0; trial < kTrials; ++trial) {
    Stream stream(11, "sampled list", static_cast<std::uint64_t>(trial));
    sampled.draw(list.view(), 2, 2, stream);
    const JudgedList view = sampled.view();
    ASSERT_EQ(sampled.others(), 6U);
    ASSERT_EQ(view.scores.size(), 3U);
    ++met[{view.scores.begin(), view.scores.end()}];
    // The same by looking every document up again.
    std::vector<std::int32_t> grades = {3, 0};
    std::size_t judged = 0;
    for (std::size_t i = 0; i < view.scores.size(); ++i) {
      const auto place = static_cast<std::size_t>(7 - view.scores[i]);
      EXPECT_EQ(view.id_order[i], list.id_order[place]);
      if (!list.documents[place]) continue;
      grades.push_back(*list.documents[place]);
      ASSERT_LT(judged, view.retrieved.size());
      EXPECT_EQ(view.retrieved[judged].index, i);
      EXPECT_EQ(view.retrieved[judged++].grade, *list.documents[place]);
    }
    EXPECT_EQ(view.retrieved.size(), judged);
    std::sort(grades.rbegin(), grades.rend());
    EXPECT_EQ(std::vector<std::int32_t>(view.grades.begin(), view.grades.end()), grades);
  }
  // 6 choose 2 sets, the relevant document of score 6 in each.
  EXPECT_EQ(met.size(), 15U);
  double chi_square = 0;
  for (const auto& entry : met) {
    EXPECT_EQ(std::count(entry.first.begin(), entry.first.end(), 6.0), 1);
    chi_square += std::pow(entry.second - kTrials / 15.0, 2) / (kTrials / 15.0);
  }
  EXPECT_LT(chi_square, 36.1);  // of 14 degrees of freedom, once in a thousand
}

TEST(CorrectedRank, HasTheRankForItsExpectedValue) {
  // All 4-subsets of 9 others, the document in each place.
  for (int rank = 1; rank <= 10; ++rank) {
    double total = 0;
    int subsets = 0;
    for (unsigned bits = 0; bits < 512; ++bits) {
      std::size_t drawn = 0, above = 0;
      for (int other = 0; other < 9; ++other) {
        if ((bits >> other & 1U) == 0) continue;
        ++drawn;
        above += other < rank - 1;
      }
      if (drawn != 4) continue;
      total += corrected_rank(above + 1, 9, drawn);
      ++subsets;
    }
    EXPECT_EQ(subsets, 126);
    EXPECT_NEAR(total / subsets, rank, 1e-12);
  }
  EXPECT_EQ(corrected_rank(1, 0, 0), 1);
  EXPECT_EQ(corrected_rank(3, 100, 100), 3);
  EXPECT_EQ(corrected_rank(2, 1000, 100), 11);
}

TEST(MeasureSampled, LeavesAucAndBendsTheOthers) {
  const Judged judged = judged_of(simulated(40, 200, 4));
  const std::vector<Metric> metrics = parsed({"auc", "recall@10", "ndcg@10", "map"});
  const OverSeeds seeds = over_seeds(judged, metrics, {}, 20, 300);
  EXPECT_LT(std::abs(seeds.deviation(seeds.sampled, 0)), 3.3 * seeds.error(seeds.sampled, 0));
  EXPECT_GT(seeds.error(seeds.sampled, 0), 0);
  for (std::size_t m = 1; m < metrics.size(); ++m) {
    EXPECT_GT(seeds.deviation(seeds.sampled, m), 0.2) << metrics[m].name;
    EXPECT_GT(seeds.deviation(seeds.sampled, m), 100 * seeds.error(seeds.sampled, m)) << metrics[m].name;
  }
}

TEST(MeasureSampled, CorrectsTheRankOfOneRelevantDocument) {
  for (const std::uint64_t levels : {0, 6}) {
    SCOPED_TRACE(levels == 0 ? "no ties" : "ties");
    const Judged judged = judged_of(simulated(40, 200, 1, levels));
    RankingChoices choices;
    choices.ties = Ties::average;
    const std::vector<Metric> metrics = parsed({"percentile_rank", "auc", "recall@10", "ndcg@10", "mrr", "rbp@0.9"});
    const OverSeeds seeds = over_seeds(judged, metrics, choices, 25, 300);
    for (std::size_t m = 0; m < 2; ++m)
      EXPECT_LT(std::abs(seeds.deviation(seeds.corrected, m)), 3.3 * seeds.error(seeds.corrected, m))
          << metrics[m].name;
    for (std::size_t m = 2; m < metrics.size(); ++m)
      EXPECT_LT(std::abs(seeds.deviation(seeds.corrected, m)), 0.5 * std::abs(seeds.deviation(seeds.sampled, m)))
          << metrics[m].name;
  }
}

TEST(MeasureSampled, OfAllOthersIsExact) {
  const std::vector<Metric> metrics = parsed({"ndcg@10", "map@7", "mrr", "recall@5", "precision@5", "hit@5", "auc",
                                              "r_precision", "rbp@0.8", "err@20", "percentile_rank"});
  for (const Ties ties : {Ties::trec, Ties::input, Ties::average}) {
    std::vector<Metric> asked = metrics;
    if (ties == Ties::average) std::erase_if(asked, [](const Metric& m) { return m.kind == Metric::Kind::err; });
    RankingChoices choices;
    choices.ties = ties;
    choices.max_grade = 1;
    const Judged judged = judged_of(simulated(50, 30, 1, 5));
    const Measured exact = measure_all(judged, asked, choices, {}, false);
    const SampledMeans sampled = measure_sampled(judged, asked, choices, {}, 29, 0);
    EXPECT_EQ(sampled.fewer, 0U);
    EXPECT_EQ(measure_sampled(judged, asked, choices, {}, 30, 0).fewer, 50U);
    for (std::size_t m = 0; m < asked.size(); ++m) {
      EXPECT_EQ(sampled.sampled.value()[m].mean, exact.means.value()[m].mean) << asked[m].name;
      EXPECT_NEAR(sampled.corrected[m].mean, exact.means.value()[m].mean, 1e-14) << asked[m].name;
      EXPECT_EQ(sampled.corrected[m].count, 50U) << asked[m].name;
    }
  }
}

TEST(MeasureSampled, TellsQueriesThatAreNotAsOthersAre) {
  OwnedList one, two, gone, barren, missing;
  one.ids = two.ids = gone.ids = barren.ids = {"a", "b", "c"};
  one.scores = two.scores = gone.scores = barren.scores = {3, 2, 1};
  one.documents = {0, 1, std::nullopt};
  two.documents = {1, 0, 1};
  gone.documents = {0, 0, 0};
  gone.elsewhere = {1};
  barren.documents = {0, 0, 0};
  missing.elsewhere = {1};
  for (OwnedList* list : {&one, &two, &gone, &barren, &missing}) list->finish();
  const Judged judged = judged_of({one, two, gone, barren, missing});
  const std::vector<Metric> metrics = parsed({"mrr", "bpref"});
  const SampledMeans skip = measure_sampled(judged, metrics, {}, {}, 2, 0);
  EXPECT_EQ(skip.fewer, 1U);  // the second; of the last nothing was retrieved
  EXPECT_EQ(skip.several, 1U);
  EXPECT_EQ(skip.sampled.missing(), 1U);
  EXPECT_EQ(skip.sampled.value()[0].count, 4U);
  EXPECT_EQ(skip.corrected[0].count, 3U);
  EXPECT_NEAR(skip.corrected[0].mean, 0.5 / 3, 1e-15);
  EXPECT_EQ(skip.corrected[1].count, 0U);
  const SampledMeans zero = measure_sampled(
      judged, metrics, {}, {RankingMeansChoices::Missing::skip, RankingMeansChoices::Without::zero}, 2, 0);
  EXPECT_EQ(zero.sampled.value()[0].count, 4U);
  EXPECT_EQ(zero.corrected[0].count, 3U);
  EXPECT_TRUE(unbiased_by_sampling(Metric::parse_any("auc")));
  EXPECT_FALSE(unbiased_by_sampling(Metric::parse_any("ndcg@10")));
  EXPECT_THROW(measure_sampled(judged, metrics, {}, {}, 0, 0), std::invalid_argument);
}

TEST(MeasureSampled, GoesByTheSeedAndNotByThreads) {
  const Judged judged = judged_of(simulated(1100, 30, 2));
  const std::vector<Metric> metrics = parsed({"ndcg@10", "auc"});
  const int before = threads();
  std::vector<double> means;
  for (const int count : {1, 3}) {
    set_threads(count);
    const SampledMeans sampled = measure_sampled(judged, metrics, {}, {}, 5, 9);
    means.push_back(sampled.sampled.value()[0].mean);
    means.push_back(sampled.sampled.value()[1].mean);
    EXPECT_EQ(sampled.several, 1100U);
  }
  set_threads(before);
  EXPECT_EQ(means[0], means[2]);
  EXPECT_EQ(means[1], means[3]);
  EXPECT_NE(measure_sampled(judged, metrics, {}, {}, 5, 10).sampled.value()[0].mean, means[0]);
}

}  // namespace
}  // namespace tamis::metrics
