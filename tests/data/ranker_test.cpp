#include "tamis/data/ranker.h"

#include <algorithm>
#include <numeric>

namespace tamis::data {
namespace {

/// Scores an item by a table; falls back when asked to.
class Table : public Ranker {
 public:
  Table(std::vector<float> by_item, bool personal) : by_item_(std::move(by_item)), personal_(personal) {}
  void fit(const EventLog&, const Items&, Time) override {}
  bool score(const Request& request, std::span<float> scores) const override {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = by_item_[request.candidates[i]];
    return personal_;
  }

 private:
  std::vector<float> by_item_;
  bool personal_;
};

TEST(Rank, GivesTheBestFirst) {
  const std::vector<Index> candidates = {4, 0, 2, 3, 1};
  Request request;
  request.candidates = candidates;
  const Table table({5, 1, 9, 1, 7}, true);
  EXPECT_EQ(rank(table, request, 3), (std::vector<Index>{2, 4, 0}));
  EXPECT_EQ(rank(table, request, 0), std::vector<Index>{});
  EXPECT_EQ(rank(table, request, 99), (std::vector<Index>{2, 4, 0, 3, 1}));
}

TEST(Rank, EqualScoresKeepTheOrderOfTheCandidates) {
  std::vector<Index> candidates(100);
  std::iota(candidates.rbegin(), candidates.rend(), Index{0});
  Request request;
  request.candidates = candidates;
  const std::vector<Index> expected(candidates.begin(), candidates.begin() + 10);
  EXPECT_EQ(rank(Table(std::vector<float>(100, 1.0F), true), request, 10), expected);
}

TEST(Rank, TellsOfTheFallback) {
  bool fallback = false;
  EXPECT_TRUE(rank(Table({}, false), {}, 5, &fallback).empty());
  EXPECT_TRUE(fallback);
  rank(Table({}, true), {}, 5, &fallback);
  EXPECT_FALSE(fallback);
}

}  // namespace
}  // namespace tamis::data
