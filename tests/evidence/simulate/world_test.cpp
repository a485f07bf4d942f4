#include "tamis/evidence/simulate/world.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tests/evidence/simulate/simulated_people.h"

namespace tamis::simulate {
namespace {

WorldSpec small(std::uint64_t seed) {
  WorldSpec spec;
  spec.seed = seed;
  spec.items = 200;
  spec.users = 400;
  spec.days = 6;
  return spec;
}

struct Made {
  explicit Made(const WorldSpec& spec) : world(spec) {
    Progress silent;
    data = world.make_log(silent);
  }
  World world;
  data::Dataset data;
};

/// One world for the tests that only look at it.
const Made& shared() {
  static const Made made(small(5));
  return made;
}

bool same(const data::Row& a, const data::Row& b) {
  return a.user == b.user && a.item == b.item && a.event == b.event && a.value == b.value && a.position == b.position &&
         a.request == b.request && a.event_time == b.event_time && a.known_time == b.known_time;
}

bool same(const data::EventLog& a, const data::EventLog& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a.row(i), b.row(i))) return false;
  }
  return true;
}

TEST(World, TheSameSeedGivesTheSameWorldAtAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  const Made one(small(9));
  set_threads(2);
  const Made two(small(9));
  set_threads(before);
  EXPECT_GT(one.data.log.size(), 1000U);
  EXPECT_TRUE(same(one.data.log, two.data.log));
  EXPECT_EQ(one.data.items.text, two.data.items.text);
  EXPECT_EQ(one.data.items.category, two.data.items.category);
  for (data::Index u = 0; u < one.world.users(); ++u) {
    EXPECT_EQ(one.world.satisfaction(u), two.world.satisfaction(u));
    EXPECT_EQ(one.world.history(u).size(), two.world.history(u).size());
  }
}

TEST(World, AnotherSeedGivesAnotherWorld) {
  const Made other(small(6));
  EXPECT_FALSE(same(shared().data.log, other.data.log));
  EXPECT_NE(shared().data.items.text, other.data.items.text);
  EXPECT_NE(shared().world.click_probability(3, 7, 2), other.world.click_probability(3, 7, 2));
}

TEST(World, AttentionFallsFromOne) {
  const World& world = shared().world;
  EXPECT_DOUBLE_EQ(world.attention(1), 1);
  for (std::size_t rank = 2; rank <= 50; ++rank) {
    EXPECT_LE(world.attention(rank), world.attention(rank - 1)) << rank;
    EXPECT_GE(world.attention(rank), 0) << rank;
  }
}

TEST(World, ProbabilitiesAreProbabilities) {
  const World& world = shared().world;
  double spread = 0;
  for (data::Index u = 0; u < 60; ++u) {
    for (const int day : {0, 3, 6, 40, 400}) {
      for (const double satisfaction : {0.0, 0.6, 5.0, 1000.0}) {
        const double visit = world.visit_probability(u, day, satisfaction);
        EXPECT_TRUE(visit >= 0 && visit <= 1) << visit;
      }
      for (data::Index i = 0; i < 40; ++i) {
        const double click = world.click_probability(u, i, day);
        EXPECT_TRUE(click >= 0 && click <= 1) << click;
        spread = std::max(spread, click);
      }
    }
  }
  EXPECT_GT(spread, 0.3) << "some item should please someone";
}

TEST(World, BetterServedUsersComeBackMoreOften) {
  const World& world = shared().world;
  const int late = 1000;  // everyone has arrived
  for (data::Index u = 0; u < 60; ++u) {
    EXPECT_LT(world.visit_probability(u, late, 0.2), world.visit_probability(u, late, 0.6));
    EXPECT_LT(world.visit_probability(u, late, 0.6), world.visit_probability(u, late, 2.0));
  }
}

TEST(World, StayIsPositiveAndRisesWithLuck) {
  const World& world = shared().world;
  for (data::Index i = 0; i < 20; ++i) {
    EXPECT_GT(world.stay(1, i, 3, -3), 0);
    EXPECT_LT(world.stay(1, i, 3, -1), world.stay(1, i, 3, 1));
  }
}

TEST(World, EqualMeansEqualForEveryoneAndEverything) {
  WorldSpec spec = small(2);
  spec.equal = true;
  const World world(spec);
  for (data::Index u = 0; u < 30; ++u) {
    for (data::Index i = 0; i < 30; ++i) {
      EXPECT_EQ(world.click_probability(u, i, 3), world.click_probability(0, 0, 9));
      EXPECT_EQ(world.stay(u, i, 3, 0.5), world.stay(0, 0, 9, 0.5));
    }
  }
}

TEST(World, PullsOfZeroLeaveNothingToLearn) {
  WorldSpec spec = small(2);
  spec.topic_pull = spec.style_pull = spec.merit_pull = 0;
  const World world(spec);
  const double expected = 1 / (1 + std::exp(2.9));
  EXPECT_NEAR(world.click_probability(1, 1, 3), expected, 1e-12);
  EXPECT_NEAR(world.click_probability(9, 17, 5), expected, 1e-12);
}

TEST(World, TheLogIsSortedAndItsListsAreWhole) {
  const data::EventLog& log = shared().data.log;
  const WorldSpec spec = small(5);
  std::map<data::Index, std::map<std::uint16_t, data::Index>> shown;  // request, position, item
  std::map<data::Index, data::Index> whose;
  std::vector<data::Row> clicks;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const data::Row row = log.row(i);
    if (i > 0) {
      ASSERT_LE(log.event_time(i - 1), row.event_time) << i;
    }
    EXPECT_GE(row.known_time, row.event_time);
    EXPECT_LT(row.event_time, shared().world.launch());
    ASSERT_EQ(whose.try_emplace(row.request, row.user).first->second, row.user) << "a request of two users";
    if (row.event == data::Event::impression) {
      EXPECT_TRUE(shown[row.request].emplace(row.position, row.item).second) << "two items at one position";
    } else {
      EXPECT_GT(row.value, 0) << "a click without a stay";
      const auto at = shown[row.request].find(row.position);
      ASSERT_NE(at, shown[row.request].end()) << "clicked before it was shown";
      EXPECT_EQ(at->second, row.item);
      clicks.push_back(row);
    }
  }
  EXPECT_EQ(log.clicks(), clicks.size());
  EXPECT_EQ(log.requests.size(), shown.size());
  for (const auto& [request, list] : shown) {
    ASSERT_EQ(list.size(), static_cast<std::size_t>(spec.length)) << request;
    std::set<data::Index> distinct;
    for (const auto& [position, item] : list) distinct.insert(item);
    EXPECT_EQ(distinct.size(), list.size()) << "an item twice in one list";
    EXPECT_EQ(list.begin()->first, 1);
    EXPECT_EQ(list.rbegin()->first, spec.length);
  }
}

TEST(World, TheLoggingPolicyShowsEveryItem) {
  const Made& made = shared();
  std::vector<int> shown(made.data.items.size());
  for (std::size_t i = 0; i < made.data.log.size(); ++i) {
    shown[made.data.log.item(i)] += made.data.log.event(i) == data::Event::impression ? 1 : 0;
  }
  EXPECT_GT(*std::min_element(shown.begin(), shown.end()), 0);
}

TEST(World, HistoryIsTheLogsClicksInOrder) {
  const Made& made = shared();
  const data::Histories histories(made.data.log, made.data.log.users.size());
  std::size_t clicks = 0;
  for (data::Index u = 0; u < made.world.users(); ++u) {
    const auto told = made.world.history(u);
    const auto logged = histories.before(u, made.world.launch());
    ASSERT_EQ(told.size(), logged.size()) << u;
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(told[i].item, logged[i].item);
      EXPECT_EQ(told[i].time, logged[i].time);
    }
    clicks += told.size();
  }
  EXPECT_EQ(clicks, made.data.log.clicks());
}

TEST(World, WhoArrivesAfterTheLaunchHasNoHistory) {
  const Made& made = shared();
  std::size_t late = 0;
  for (data::Index u = 0; u < made.world.users(); ++u) {
    if (made.world.visit_probability(u, made.world.launch_day() - 1, 0.6) > 0) continue;
    ++late;
    EXPECT_TRUE(made.world.history(u).empty());
  }
  // One in twelve by construction.
  const double expected = 400.0 / 12;
  EXPECT_NEAR(static_cast<double>(late), expected, 4 * std::sqrt(expected));
  std::size_t clicks_at_all = 0;
  for (data::Index u = 0; u < made.world.users(); ++u) clicks_at_all += made.world.history(u).empty() ? 0 : 1;
  EXPECT_GT(clicks_at_all, 200U);
}

TEST(World, TheTextTellsTheCategory) {
  // Items of one category share more words than items of two: what a content recommender lives on.
  const data::Items& items = shared().data.items;
  std::vector<std::set<std::string>> words(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string word;
    for (const char c : items.text[i] + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words[i].insert(std::exchange(word, ""));
      }
    }
  }
  double within = 0, between = 0;
  std::size_t within_pairs = 0, between_pairs = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      double shared_words = 0;
      for (const auto& word : words[i]) shared_words += words[j].count(word) > 0 ? 1 : 0;
      const bool same_category = items.category[i] == items.category[j];
      (same_category ? within : between) += shared_words;
      (same_category ? within_pairs : between_pairs) += 1;
    }
  }
  EXPECT_GT(within / static_cast<double>(within_pairs), 1.3 * between / static_cast<double>(between_pairs));
}

TEST(World, RefusesSizesThatCannotBe) {
  for (const auto& spoil : std::vector<void (*)(WorldSpec&)>{
           [](WorldSpec& s) { s.items = 49; }, [](WorldSpec& s) { s.users = 49; }, [](WorldSpec& s) { s.days = 1; },
           [](WorldSpec& s) { s.requests = 0; }, [](WorldSpec& s) { s.length = 0; }}) {
    WorldSpec spec = small(1);
    spoil(spec);
    EXPECT_THROW(World{spec}, std::invalid_argument);
  }
}

}  // namespace
}  // namespace tamis::simulate
