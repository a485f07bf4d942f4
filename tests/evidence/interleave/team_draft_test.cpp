#include "tamis/evidence/interleave/team_draft.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <stdexcept>

#include "tamis/evidence/interleave/credit.h"

namespace tamis::interleave {
namespace {

using List = std::vector<data::Index>;

List shuffled(Stream& stream, std::size_t size, std::size_t items) {
  List all(items);
  for (std::size_t i = 0; i < items; ++i) all[i] = static_cast<data::Index>(i);
  for (std::size_t i = 0; i < size; ++i) std::swap(all[i], all[i + stream.below(items - i)]);
  all.resize(size);
  return all;
}

// The items a team drafted stand in its list's order, and each was the best one not yet taken.
void expect_drafted_in_order(const Merged& merged, const List& list, Team team) {
  std::set<data::Index> taken;
  for (std::size_t i = 0; i < merged.items.size(); ++i) {
    if (merged.team[i] == team) {
      const auto best =
          std::find_if(list.begin(), list.end(), [&](data::Index item) { return taken.count(item) == 0; });
      ASSERT_NE(best, list.end());
      EXPECT_EQ(*best, merged.items[i]);
    }
    taken.insert(merged.items[i]);
  }
}

TEST(TeamDraft, KeepsItsPromisesOnRandomLists) {
  Stream stream(1, "lists");
  for (std::uint64_t trial = 0; trial < 1000; ++trial) {
    const List a = shuffled(stream, stream.below(12), 15);
    const List b = shuffled(stream, stream.below(12), 15);
    const std::size_t k = stream.below(16);
    Stream coin(2, "coin", trial);
    const Merged merged = team_draft(a, b, k, coin);
    std::set<data::Index> all(a.begin(), a.end());
    all.insert(b.begin(), b.end());
    ASSERT_EQ(merged.items.size(), std::min(k, all.size()));
    ASSERT_EQ(merged.team.size(), merged.items.size());
    EXPECT_EQ(std::set<data::Index>(merged.items.begin(), merged.items.end()).size(), merged.items.size());
    expect_drafted_in_order(merged, a, Team::a);
    expect_drafted_in_order(merged, b, Team::b);
  }
}

TEST(TeamDraft, GivesBothTeamsTheSameNumberAfterEachRound) {
  Stream stream(3, "rounds");
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    const List a = shuffled(stream, 20, 20);
    const List b = shuffled(stream, 20, 20);
    Stream coin(4, "coin", trial);
    const Merged merged = team_draft(a, b, 11, coin);
    int lead = 0;
    for (std::size_t i = 0; i < merged.team.size(); ++i) {
      lead += merged.team[i] == Team::a ? 1 : -1;
      EXPECT_LE(std::abs(lead), 1);
      if (i % 2 == 1) {
        EXPECT_EQ(lead, 0);
      }
    }
  }
}

TEST(TeamDraft, PassesWhenAListIsUsedUp) {
  Stream coin(5, "coin");
  const Merged merged = team_draft(List{7}, List{7, 3, 2, 1}, 10, coin);
  EXPECT_EQ(merged.items, (List{7, 3, 2, 1}));
  EXPECT_EQ(std::count(merged.team.begin() + 1, merged.team.end(), Team::b), 3);
  EXPECT_TRUE(team_draft({}, {}, 5, coin).items.empty());
  EXPECT_TRUE(team_draft(List{1}, List{2}, 0, coin).items.empty());
  EXPECT_EQ(team_draft({}, List{4, 5}, 5, coin).items, (List{4, 5}));
}

TEST(TeamDraft, RefusesAListThatRepeats) {
  Stream coin(6, "coin");
  EXPECT_THROW(team_draft(List{1, 2, 1}, List{3}, 5, coin), std::invalid_argument);
  EXPECT_THROW(team_draft(List{3}, List{1, 1}, 5, coin), std::invalid_argument);
}

TEST(TeamDraft, IsTheSameForTheSameCoin) {
  Stream stream(7, "lists");
  const List a = shuffled(stream, 10, 30);
  const List b = shuffled(stream, 10, 30);
  Stream one(8, "coin");
  Stream two(8, "coin");
  const Merged first = team_draft(a, b, 10, one);
  const Merged second = team_draft(a, b, 10, two);
  EXPECT_EQ(first.items, second.items);
  EXPECT_EQ(first.team, second.team);
}

// The mean preference of users who click with a chance falling by rank, whatever the item, and its standard error.
std::pair<double, double> preference_of_blind_users(const List& a, const List& b, std::uint64_t users, CreditBy by) {
  double sum = 0;
  double squares = 0;
  for (std::uint64_t user = 0; user < users; ++user) {
    Stream coin(9, "coin", user);
    Stream clicks(9, "clicks", user);
    Credit credit;
    for (int visit = 0; visit < 3; ++visit) {
      const Merged merged = team_draft(a, b, 10, coin);
      for (std::size_t i = 0; i < merged.team.size(); ++i) {
        const double seconds = -20 * std::log(1 - clicks.uniform());
        if (clicks.uniform() < 0.5 / static_cast<double>(1 + i)) credit.update(merged.team[i], seconds);
      }
    }
    const double x = preference(credit, by);
    sum += x;
    squares += x * x;
  }
  const auto n = static_cast<double>(users);
  return {sum / n, std::sqrt((squares / n - sum / n * sum / n) / n)};
}

TEST(TeamDraft, IsFairBetweenEqualAndBetweenUnrelatedRankers) {
  Stream stream(10, "lists");
  const List a = shuffled(stream, 12, 40);
  const List b = shuffled(stream, 12, 40);
  for (const CreditBy by : {CreditBy::clicks, CreditBy::time}) {
    const auto [same, same_error] = preference_of_blind_users(a, a, 4000, by);
    EXPECT_NEAR(same, 0, 3 * same_error);
    const auto [other, other_error] = preference_of_blind_users(a, b, 4000, by);
    EXPECT_NEAR(other, 0, 3 * other_error);
  }
}

TEST(TeamDraft, PrefersTheRankerWhoseItemsAreClicked) {
  double total = 0;
  for (std::uint64_t user = 0; user < 200; ++user) {
    Stream coin(11, "coin", user);
    const Merged merged = team_draft(List{1, 2, 3}, List{9, 8, 7}, 6, coin);
    Credit credit;
    for (std::size_t i = 0; i < merged.items.size(); ++i)
      if (merged.items[i] >= 8) credit.update(merged.team[i], 10);
    total += preference(credit, CreditBy::clicks);
  }
  EXPECT_EQ(total, 200);
}

TEST(Credit, IsAMonoid) {
  Credit whole;
  Credit left;
  Credit right;
  const std::pair<Team, double> clicks[] = {{Team::a, 3}, {Team::b, 5}, {Team::none, 100}, {Team::b, 1}, {Team::a, 8}};
  for (std::size_t i = 0; i < 5; ++i) {
    whole.update(clicks[i].first, clicks[i].second);
    (i < 2 ? left : right).update(clicks[i].first, clicks[i].second);
  }
  Credit merged;
  merged.merge(left);
  merged.merge(Credit{});
  merged.merge(right);
  EXPECT_EQ(merged.clicks_a, 2);
  EXPECT_EQ(merged.clicks_b, 2);
  EXPECT_EQ(merged.seconds_a, 11);
  EXPECT_EQ(merged.seconds_b, 6);
  EXPECT_EQ(whole.clicks_a, merged.clicks_a);
  EXPECT_EQ(whole.clicks_b, merged.clicks_b);
  EXPECT_EQ(whole.seconds_a, merged.seconds_a);
  EXPECT_EQ(whole.seconds_b, merged.seconds_b);
}

TEST(Preference, IsTheShareOfCreditApart) {
  const Credit credit{1, 3, 30, 10};
  EXPECT_DOUBLE_EQ(preference(credit, CreditBy::clicks), 0.5);
  EXPECT_DOUBLE_EQ(preference(credit, CreditBy::time), -0.5);
  EXPECT_EQ(preference(Credit{}, CreditBy::clicks), 0);
  EXPECT_EQ(preference(Credit{}, CreditBy::time), 0);
}

}  // namespace
}  // namespace tamis::interleave
