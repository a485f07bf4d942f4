#include <cmath>
#include <map>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tamis/evidence/metrics/ranking_values.h"
#include "tests/golden/rows.h"
#include "tests/reference/ranking.h"

namespace tamis::metrics {
namespace {

using reference::OwnedList;

const char* const kNames[] = {
    "auc",    "mrr",      "mrr@2",    "map",         "map@3", "ndcg",           "ndcg@1",      "ndcg@4",
    "ndcg@9", "recall@2", "recall@9", "precision@1", "hit@1", "hit@3",          "precision@9", "r_precision",
    "bpref",  "rbp@0.8",  "rbp@0.05", "err",         "err@2", "percentile_rank"};

bool is_err(const Metric& metric) {
  return metric.kind == Metric::Kind::err;
}

std::optional<double> value(const Metric& metric, const OwnedList& list, const RankingChoices& choices) {
  Ranking ranking;
  const bool auc = metric.kind == Metric::Kind::auc;
  ranking.order(list.view(), choices, auc ? Ties::average : choices.ties, metric.kind == Metric::Kind::bpref);
  return value_of(metric, ranking, choices);
}

double value(const char* name, const OwnedList& list, const RankingChoices& choices = {}) {
  const auto measured = value(Metric::parse_any(name), list, choices);
  EXPECT_TRUE(measured.has_value()) << name;
  return measured.value_or(-1);
}

OwnedList random_list(Stream& stream, std::size_t most, std::uint64_t levels) {
  OwnedList list;
  const std::size_t n = stream.below(most + 1);
  for (std::size_t i = 0; i < n; ++i) {
    list.ids.push_back("d" + std::to_string(stream.below(9)) + std::string(i + 1, 'x'));
    list.scores.push_back(static_cast<double>(stream.below(levels)) / 4);
    const std::uint64_t grade = stream.below(6);
    list.documents.push_back(grade == 5 ? reference::Place() : static_cast<int>(grade) - 1);
  }
  for (std::uint64_t i = stream.below(4); i > 0; --i) list.elsewhere.push_back(static_cast<int>(stream.below(5)) - 1);
  list.finish();
  return list;
}

RankingChoices random_choices(Stream& stream) {
  RankingChoices choices;
  choices.gain = stream.below(2) == 0 ? Gain::linear : Gain::exponential;
  choices.ideal = stream.below(2) == 0 ? Ideal::judged : Ideal::retrieved;
  choices.denominator = stream.below(2) == 0 ? Denominator::cutoff : Denominator::relevant;
  choices.level = 1 + static_cast<std::int32_t>(stream.below(2));
  choices.max_grade = 3 + static_cast<std::int32_t>(stream.below(2));
  return choices;
}

void expect_same(const std::optional<double>& measured, const std::optional<double>& expected, const char* name) {
  ASSERT_EQ(measured.has_value(), expected.has_value()) << name;
  if (expected) {
    EXPECT_NEAR(*measured, *expected, 1e-12) << name;
  }
}

TEST(RankingLists, UnderAverageAreTheMeanOverAllOrders) {
  Stream stream(1, "ranking lists");
  for (int trial = 0; trial < 120; ++trial) {
    const OwnedList list = random_list(stream, 6, 1 + stream.below(4));
    RankingChoices choices = random_choices(stream);
    choices.ties = Ties::average;
    for (const char* name : kNames) {
      const Metric metric = Metric::parse_any(name);
      if (is_err(metric)) continue;
      const auto expected = reference::over_all_orders(metric, list.scores, list.documents, list.judged(), choices);
      expect_same(value(metric, list, choices), expected, name);
    }
  }
}

TEST(RankingLists, ByTrecAndByInputAreThePlainLoop) {
  Stream stream(2, "ranking lists");
  for (int trial = 0; trial < 300; ++trial) {
    // Short lists count, long ones sort; both with ties.
    const OwnedList list = random_list(stream, trial % 3 == 0 ? 120 : 20, 1 + stream.below(40));
    RankingChoices choices = random_choices(stream);
    std::vector<reference::Place> by_input;
    std::vector<std::size_t> order(list.scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return list.scores[a] > list.scores[b]; });
    for (const std::size_t i : order) by_input.push_back(list.documents[i]);
    for (const char* name : kNames) {
      const Metric metric = Metric::parse_any(name);
      if (metric.kind == Metric::Kind::auc) continue;
      choices.ties = Ties::trec;
      expect_same(value(metric, list, choices), reference::of_places(metric, list.trec_order(), list.judged(), choices),
                  name);
      choices.ties = Ties::input;
      expect_same(value(metric, list, choices), reference::of_places(metric, by_input, list.judged(), choices), name);
    }
  }
}

TEST(RankingLists, OfLongTiedListsAreTheSameCountedAndSorted) {
  // 32 judged documents are counted, a 33rd makes all be sorted; one of no grade that matters changes no value.
  Stream stream(3, "ranking lists");
  for (int trial = 0; trial < 30; ++trial) {
    OwnedList list;
    for (std::size_t i = 0; i < 80; ++i) {
      list.ids.push_back("d" + std::to_string(i));
      list.scores.push_back(static_cast<double>(stream.below(12)));
      list.documents.push_back(i < 32 ? reference::Place(1 + static_cast<int>(stream.below(3))) : reference::Place());
    }
    list.scores.push_back(-1);
    list.ids.emplace_back("last");
    list.documents.emplace_back();
    list.finish();
    OwnedList sorted = list;
    sorted.documents.back() = 0;
    sorted.finish();
    for (const Ties ties : {Ties::trec, Ties::average, Ties::input}) {
      for (const char* name : {"ndcg@10", "map", "mrr", "precision@9", "r_precision", "rbp@0.8", "percentile_rank"}) {
        RankingChoices choices;
        choices.ties = ties;
        const Metric metric = Metric::parse_any(name);
        Ranking counted, all;
        counted.order(list.view(), choices, ties, true);
        all.order(sorted.view(), choices, ties, true);
        EXPECT_NEAR(*value_of(metric, counted, choices), *value_of(metric, all, choices), 1e-14) << name;
      }
    }
  }
}

TEST(RankingLists, OfOneRelevantAmongAHundredTiedAreExact) {
  OwnedList list;
  for (int i = 0; i < 100; ++i) {
    list.ids.push_back("d" + std::to_string(i));
    list.scores.push_back(1);
    list.documents.emplace_back(i == 17 ? 1 : 0);
  }
  list.finish();
  RankingChoices choices;
  choices.ties = Ties::average;
  double harmonic = 0, discounts = 0, persistence = 0;
  for (int rank = 1; rank <= 100; ++rank) {
    harmonic += 1.0 / rank;
    if (rank <= 10) discounts += 1 / std::log2(rank + 1.0);
    persistence += 0.2 * std::pow(0.8, rank - 1);
  }
  EXPECT_NEAR(value("mrr", list, choices), harmonic / 100, 1e-15);
  EXPECT_NEAR(value("map", list, choices), harmonic / 100, 1e-15);
  EXPECT_NEAR(value("precision@10", list, choices), 10.0 / 100 / 10, 1e-15);
  EXPECT_NEAR(value("recall@10", list, choices), 0.1, 1e-15);
  EXPECT_NEAR(value("hit@10", list, choices), 0.1, 1e-12);
  EXPECT_NEAR(value("ndcg@10", list, choices), discounts / 100, 1e-15);
  EXPECT_NEAR(value("r_precision", list, choices), 0.01, 1e-15);
  EXPECT_NEAR(value("rbp@0.8", list, choices), persistence / 100, 1e-15);
  EXPECT_NEAR(value("percentile_rank", list, choices), 0.5, 1e-15);
  EXPECT_NEAR(value("auc", list, choices), 0.5, 1e-15);
  // 99 others, each of 0 .. 99 of them above with the same chance: 1 only where none is.
  EXPECT_NEAR(value("bpref", list, choices), 0.01, 1e-15);
  choices.ties = Ties::trec;  // d17 stands after d99 .. d20, and d2, d19 and d18
  const double rank = 1 + static_cast<double>(list.id_order.size() - 1 - list.id_order[17]);
  EXPECT_GT(rank, 80);
  EXPECT_NEAR(value("mrr", list, choices), 1 / rank, 1e-15);
}

struct GoldenCase {
  std::string name;
  OwnedList list;
  RankingChoices choices;
};

std::vector<std::pair<std::string, std::string>> pairs_of(const std::string& cell) {
  std::istringstream in(cell);
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::string entry; std::getline(in, entry, ',');)
    pairs.emplace_back(entry.substr(0, entry.find(':')), entry.substr(entry.find(':') + 1));
  return pairs;
}

GoldenCase read_case(const std::vector<std::string>& row) {
  GoldenCase golden{row[1], {}, {}};
  std::map<std::string, int> judged;
  for (const auto& entry : pairs_of(row[2])) judged[entry.first] = std::stoi(entry.second);
  for (const auto& entry : pairs_of(row[3])) {
    golden.list.ids.push_back(entry.first);
    golden.list.scores.push_back(std::stod(entry.second));
    const auto found = judged.find(entry.first);
    golden.list.documents.push_back(found == judged.end() ? reference::Place() : found->second);
    if (found != judged.end()) judged.erase(found);
  }
  for (const auto& entry : judged) golden.list.elsewhere.push_back(entry.second);
  golden.list.finish();
  golden.choices.level = std::stoi(row[4]);
  golden.choices.denominator = Denominator::relevant;
  return golden;
}

TEST(RankingGolden, IsTrecEvalsAndRanxs) {
  GoldenCase golden;
  std::map<std::string, int> seen;
  for (const auto& row : golden::rows("ranking.tsv")) {
    if (row[0] == "case") {
      golden = read_case(row);
      continue;
    }
    SCOPED_TRACE(golden.name + " " + row[0] + " " + row[1]);
    ++seen[row[0]];
    std::string name = row[1];
    RankingChoices choices = golden.choices;
    if (const std::string suffix = "_exponential"; name.find(suffix) != std::string::npos) {
      choices.gain = Gain::exponential;
      name.erase(name.find(suffix), suffix.size());
    }
    const auto measured = value(Metric::parse_any(name), golden.list, choices);
    // Without a relevant document trec_eval says 0.
    EXPECT_NEAR(measured.value_or(0), std::stod(row[2]), 1e-9);
  }
  EXPECT_GT(seen["trec_eval"], 500);
  EXPECT_GT(seen["ranx"], 100);
}

TEST(RankingLists, ReproduceTheAveragePrecisionOfClicks) {
  OwnedList list;
  const int clicks[] = {1, 0, 0, 1, 1, 1};
  for (int i = 0; i < 6; ++i) {
    list.ids.push_back(std::string(1, static_cast<char>('a' + i)));
    list.scores.push_back(6 - i);
    list.documents.emplace_back(clicks[i]);
  }
  list.finish();
  for (const Ties ties : {Ties::trec, Ties::average, Ties::input}) {
    RankingChoices choices;
    choices.ties = ties;
    EXPECT_NEAR(value("map", list, choices), (1 + 2.0 / 4 + 3.0 / 5 + 4.0 / 6) / 4, 1e-15);
    EXPECT_NEAR(value("map", list, choices), 0.6917, 5e-5);
  }
}

TEST(RankingLists, KeepTheWorkedExampleOfErr) {
  // Grades 3, 2, 4 of a scale to 4: 7/16 + 1/2 (9/16)(3/16) + 1/3 (9/16)(13/16)(15/16).
  OwnedList list;
  list.ids = {"a", "b", "c"};
  list.scores = {3, 2, 1};
  list.documents = {3, 2, 4};
  list.finish();
  RankingChoices choices;
  choices.max_grade = 4;
  const double first = 7.0 / 16, second = 9.0 / 16 * 3 / 16, third = 9.0 / 16 * 13 / 16 * 15 / 16;
  EXPECT_NEAR(value("err", list, choices), first + second / 2 + third / 3, 1e-15);
  EXPECT_NEAR(value("err@2", list, choices), first + second / 2, 1e-15);
}

TEST(RankingLists, RefuseWhatHasNoAnswer) {
  RankingChoices choices;
  choices.ties = Ties::average;
  const auto refused = [&](const char* name, std::int32_t highest, const char* says) {
    const Metric metric = Metric::parse_any(name);
    try {
      check_choices({&metric, 1}, choices, highest);
      ADD_FAILURE() << name << " was accepted";
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
  };
  refused("err", 1, "err has no closed form");
  choices.ties = Ties::trec;
  choices.max_grade = 3;
  refused("err@5", 4, "from 4");
  choices.gain = Gain::exponential;
  refused("ndcg", 1001, "2^grade - 1");
  choices.level = 0;
  refused("map", 1, "1 or more");
  OwnedList list;
  list.ids = {"a", "b"};
  list.scores = {1, 1};
  list.documents = {1, 0};
  list.finish();
  list.id_order.clear();
  EXPECT_THROW(value("mrr", list), std::invalid_argument);
}

TEST(Metric, ReadsAllNames) {
  EXPECT_EQ(Metric::parse_any("mrr@10").k, 10U);
  EXPECT_EQ(Metric::parse_any("ndcg").k, 0U);
  EXPECT_EQ(Metric::parse_any("rbp@0.8").p, 0.8);
  EXPECT_EQ(Metric::parse_any("percentile_rank").kind, Metric::Kind::percentile_rank);
  for (const char* name : {"rbp", "rbp@0", "rbp@1", "rbp@nan", "rbp@x", "rbp@", "bpref@5", "r_precision@1", "err@0",
                           "NDCG@10", "auc@3", "percentile_rank@4", "precision"})
    EXPECT_THROW(Metric::parse_any(name), std::invalid_argument) << name;
  EXPECT_THROW(Metric::parse("mrr@10"), std::invalid_argument);
}

TEST(Metric, SaysTheConventionsThatWereChosen) {
  RankingChoices choices;
  const std::string plain = conventions(Metric::parse_any("ndcg@10"), choices);
  choices.gain = Gain::exponential;
  EXPECT_NE(conventions(Metric::parse_any("ndcg@10"), choices), plain);
  choices.ideal = Ideal::retrieved;
  EXPECT_NE(conventions(Metric::parse_any("ndcg@10"), choices).find("retrieved"), std::string::npos);
  choices.max_grade = 4;
  EXPECT_NE(conventions(Metric::parse_any("err@10"), choices).find("2^4"), std::string::npos);
  for (const char* name : kNames) EXPECT_GT(conventions(Metric::parse_any(name), choices).size(), 40U) << name;
}

}  // namespace
}  // namespace tamis::metrics
