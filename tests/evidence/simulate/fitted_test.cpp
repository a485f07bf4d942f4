#include "tamis/evidence/simulate/fitted.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

namespace tamis::simulate {
namespace {

constexpr std::size_t kItems = 60;  // even items are of category "a", odd ones of "b"; item 0 is everybody's darling
constexpr double kCurve[] = {1, 0.5, 0.25};
constexpr int kDays = 40;
constexpr double kActive = 0.25;  // share of days on which a person is active after the first

struct Made {
  data::Items items;
  data::EventLog log;
};

std::string numbered(const char* word, std::size_t number) {
  std::string text = word;
  text += std::to_string(number);
  return text;
}

/// A log with known structure: half the people like "a", half "b"; they click what they like ten times as readily.
Made make_log(bool lists, int people = 240) {
  Made made;
  for (std::size_t i = 0; i < kItems; ++i) {
    made.items.add_from_log(numbered("item", i));
    made.items.category[i] = std::string(1, i % 2 == 0 ? 'a' : 'b');
  }
  made.items.catalogued = kItems;
  for (int p = 0; p < people; ++p) {
    Stream draw(31, "fitted test", static_cast<std::uint64_t>(p));
    const std::string name = numbered(p % 2 == 0 ? "a" : "b", static_cast<std::size_t>(p));
    const data::Index user = made.log.users.add(name);
    for (int day = 0; day < kDays; ++day) {
      if (day > 0 && draw.uniform() >= kActive) continue;
      for (int list = 0; list < 2; ++list) {
        const data::Time time = (1000 + day) * data::kDay + (p * 2 + list + 1) * data::kSecond;
        const data::Index request =
            lists ? made.log.requests.add(numbered("request", made.log.requests.size())) : data::kNone;
        for (std::size_t rank = 1; rank <= 3; ++rank) {
          const auto item = static_cast<data::Index>(draw.uniform() < 0.1 ? 0 : draw.below(kItems));
          const bool likes = item == 0 || (item % 2 == 0) == (p % 2 == 0);
          data::Row row{user, item, data::Event::impression, 0, 0, request, time, time};
          if (lists) {
            row.position = static_cast<std::uint16_t>(rank);
            made.log.append(row);
          }
          if (draw.uniform() >= kCurve[rank - 1] * (likes ? 0.8 : 0.08)) continue;
          row.event = data::Event::click;
          row.event_time = row.known_time = time + 1;
          made.log.append(row);
        }
      }
    }
  }
  made.log.sort_by_time();
  return made;
}

FitSpec spec_of(std::uint64_t seed, std::size_t users = 400) {
  FitSpec spec;
  spec.seed = seed;
  spec.users = users;
  spec.launch = (1000 + kDays) * data::kDay;
  return spec;
}

const Made& listed() {
  static const Made made = make_log(true);
  return made;
}

const FittedAudience& shared() {
  static const FittedAudience audience(listed().log, listed().items, spec_of(3));
  return audience;
}

std::string person(const FittedAudience& audience, data::Index user) {
  const std::string name = audience.name(user);
  return {name.begin(), std::find(name.begin(), name.end(), '#')};
}

std::string all_notes(const FittedAudience& audience) {
  std::string text;
  for (const std::string& note : audience.notes()) text.append(note).append("\n");
  return text;
}

TEST(Fitted, AttentionIsTheLogsCurve) {
  EXPECT_DOUBLE_EQ(shared().attention(1), 1);
  // About 2,600 lists a position are clicked in 44 % at the first: standard errors of the ratios below 0.03.
  EXPECT_NEAR(shared().attention(2), 0.5, 0.09);
  EXPECT_NEAR(shared().attention(3), 0.25, 0.07);
  for (std::size_t rank = 2; rank < 30; ++rank) EXPECT_LE(shared().attention(rank), shared().attention(rank - 1));
}

TEST(Fitted, AttentionNeverRises) {
  // Clicks at the third position as often as at the first, hardly any at the second: made level, not rising.
  data::EventLog log;
  data::Items items;
  for (int i = 0; i < 3; ++i) items.add_from_log(std::to_string(i));
  for (data::Index n = 0; n < 100; ++n) {
    const data::Index user = log.users.add(numbered("u", n % 10));
    const data::Index request = log.requests.add(std::to_string(n));
    for (data::Index rank = 1; rank <= 3; ++rank) {
      data::Row row{user, rank - 1, data::Event::impression, 0, static_cast<std::uint16_t>(rank), request, n, n};
      log.append(row);
      if (n % 10 >= (rank == 2 ? 2U : 5U)) continue;
      row.event = data::Event::click;
      log.append(row);
    }
  }
  FitSpec spec;
  spec.users = 5;
  spec.launch = data::kDay;
  const FittedAudience audience(log, items, spec);
  EXPECT_DOUBLE_EQ(audience.attention(1), 1);
  EXPECT_DOUBLE_EQ(audience.attention(2), 0.4);
  EXPECT_DOUBLE_EQ(audience.attention(3), 0.4);
}

TEST(Fitted, PeopleClickWhatTheirGroupLikes) {
  double own = 0, other = 0, pairs = 0;
  for (data::Index u = 0; u < shared().users(); ++u) {
    const bool likes_even = person(shared(), u)[0] == 'a';
    for (data::Index item = 1; item + 1 < kItems; item += 2) {
      const double odd = shared().click_probability(u, item, 0);
      const double even = shared().click_probability(u, item + 1, 0);
      own += likes_even ? even : odd;
      other += likes_even ? odd : even;
      pairs += 1;
    }
  }
  EXPECT_GT(own / pairs, 2 * other / pairs);
}

TEST(Fitted, TheDarlingIsClickedMoreThanOthersOfItsKind) {
  double darling = 0, others = 0;
  for (data::Index u = 0; u < shared().users(); ++u) {
    darling += shared().click_probability(u, 0, 0);
    for (data::Index item = 2; item < kItems; item += 2) others += shared().click_probability(u, item, 0) / 29;
  }
  EXPECT_GT(darling, 1.3 * others);
}

TEST(Fitted, TheMeanClickRateIsTheLogs) {
  // Over random people and items, chosen ones aside (they get their bonus on top).
  std::size_t clicks = 0, shown = 0;
  for (std::size_t i = 0; i < listed().log.size(); ++i) {
    (listed().log.event(i) == data::Event::click ? clicks : shown) += 1;
  }
  const double rate = static_cast<double>(clicks) / static_cast<double>(shown);
  std::set<std::pair<data::Index, data::Index>> clicked;
  for (std::size_t i = 0; i < listed().log.size(); ++i) {
    if (listed().log.event(i) == data::Event::click) clicked.insert({listed().log.user(i), listed().log.item(i)});
  }
  double sum = 0, pairs = 0;
  for (data::Index u = 0; u < shared().users(); ++u) {
    const std::string name = shared().name(u);
    const data::Index person = listed().log.users.find(name.substr(0, name.find('#')));
    for (data::Index item = 0; item < kItems; ++item) {
      const double p = shared().click_probability(u, item, 0);
      EXPECT_TRUE(p >= 0 && p <= 1);
      if (clicked.count({person, item}) > 0) continue;
      sum += p;
      pairs += 1;
    }
  }
  // What a person clicked pulls more than what they did not, so the rest lies somewhat below the log's rate.
  EXPECT_LT(sum / pairs, rate);
  EXPECT_GT(sum / pairs, 0.5 * rate);
  EXPECT_NE(all_notes(shared()).find("as in the log"), std::string::npos) << all_notes(shared());
}

TEST(Fitted, EveryoneComesOnceInTheFirstWeekAndThenAtTheirOwnRate) {
  double rate = 0;
  std::vector<int> first_days(7);
  for (data::Index u = 0; u < shared().users(); ++u) {
    int first = 0;
    while (first < 7 && shared().visit_probability(u, first, 0) == 0) ++first;
    ASSERT_LT(first, 7);
    ++first_days[static_cast<std::size_t>(first)];
    EXPECT_EQ(shared().visit_probability(u, first, 0), 1);
    const double later = shared().visit_probability(u, first + 1, 0);
    EXPECT_GT(later, 0);
    EXPECT_LT(later, 1);
    EXPECT_EQ(later, shared().visit_probability(u, 100, 5)) << "satisfaction plays no part";
    rate += later;
  }
  // 240 people over 39 days at 0.25: standard error 0.005, and as much again from drawing 400 copies.
  EXPECT_NEAR(rate / static_cast<double>(shared().users()), kActive, 0.02);
  for (const int count : first_days) EXPECT_NEAR(count, 400 / 7.0, 4 * std::sqrt(400 / 7.0));
}

TEST(Fitted, HistoryIsTheEarlierHalfAndNothingLater) {
  const data::EventLog& log = listed().log;
  const data::Histories histories(log, log.users.size());
  for (data::Index u = 0; u < shared().users(); ++u) {
    const auto clicks = histories.before(log.users.find(person(shared(), u)), spec_of(3).launch);
    const auto told = shared().history(u);
    ASSERT_EQ(told.size(), clicks.size() / 2);
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(told[i].item, clicks[i].item);
      EXPECT_EQ(told[i].time, clicks[i].time);
    }
    for (std::size_t i = told.size(); i < clicks.size() && !told.empty(); ++i) {
      EXPECT_LE(told.back().time, clicks[i].time) << "a later click among the history";
    }
  }
}

TEST(Fitted, ItemsChosenInTheLaterHalfAreClickedMoreReadily) {
  const data::EventLog& log = listed().log;
  const data::Histories histories(log, log.users.size());
  double chosen = 0, not_chosen = 0, chosen_pairs = 0, not_chosen_pairs = 0;
  for (data::Index u = 0; u < 100; ++u) {
    const auto clicks = histories.before(log.users.find(person(shared(), u)), spec_of(3).launch);
    std::vector<bool> later(kItems);
    for (std::size_t i = clicks.size() / 2; i < clicks.size(); ++i) later[clicks[i].item] = true;
    const data::Index parity = person(shared(), u)[0] == 'a' ? 0 : 1;
    for (data::Index item = parity + 2; item < kItems; item += 2) {
      (later[item] ? chosen : not_chosen) += shared().click_probability(u, item, 0);
      (later[item] ? chosen_pairs : not_chosen_pairs) += 1;
    }
  }
  EXPECT_GT(chosen / chosen_pairs, not_chosen / not_chosen_pairs + 0.05);
}

TEST(Fitted, ClicksOfTheLaunchDayAndAfterAreNotKnown) {
  FitSpec spec = spec_of(3);
  spec.launch = (1000 + kDays / 2) * data::kDay;
  const FittedAudience audience(listed().log, listed().items, spec);
  for (data::Index u = 0; u < audience.users(); ++u) {
    for (const auto& click : audience.history(u)) EXPECT_LT(click.time, spec.launch);
  }
}

TEST(Fitted, WithoutListsThePriorsAreSaid) {
  const Made bare = make_log(false);
  FitSpec spec = spec_of(3);
  spec.click_prior = 0.2;
  const FittedAudience audience(bare.log, bare.items, spec);
  EXPECT_DOUBLE_EQ(audience.attention(1), 1);
  EXPECT_NEAR(audience.attention(3), 0.86 * 0.86, 1e-12);
  const std::string notes = all_notes(audience);
  EXPECT_NE(notes.find("0.86^(rank - 1), not fitted"), std::string::npos) << notes;
  EXPECT_NE(notes.find("0.200, a prior, since the log shows no impressions"), std::string::npos) << notes;
}

TEST(Fitted, TooFewListsToFitACurveLeaveThePrior) {
  // Two lists: a click rate by position from these would be nothing but chance.
  const Made few = make_log(true, 1);
  data::EventLog log;
  log.users.add("one");
  for (std::size_t i = 0; i < few.log.size() && log.size() < 12; ++i) {
    data::Row row = few.log.row(i);
    row.request = log.requests.add(std::to_string(row.request));
    log.append(row);
  }
  ASSERT_GE(log.clicks(), 2U);
  const FittedAudience audience(log, few.items, spec_of(3));
  EXPECT_NEAR(audience.attention(2), 0.86, 1e-12) << all_notes(audience);
  EXPECT_NE(all_notes(audience).find("prior, 0.86^(rank - 1)"), std::string::npos) << all_notes(audience);
}

TEST(Fitted, TheSameSeedGivesTheSamePeople) {
  const FittedAudience again(listed().log, listed().items, spec_of(3));
  const FittedAudience other(listed().log, listed().items, spec_of(4));
  EXPECT_EQ(again.notes(), shared().notes());
  int moved = 0;
  for (data::Index u = 0; u < 200; ++u) {
    EXPECT_EQ(again.name(u), shared().name(u));
    EXPECT_EQ(again.click_probability(u, u % kItems, 0), shared().click_probability(u, u % kItems, 0));
    for (int day = 0; day < 8; ++day) {
      EXPECT_EQ(again.visit_probability(u, day, 0), shared().visit_probability(u, day, 0));
    }
    moved += other.name(u) != shared().name(u) ? 1 : 0;
  }
  EXPECT_GT(moved, 150);
}

TEST(Fitted, NamesAreUnique) {
  std::map<std::string, int> met;
  for (data::Index u = 0; u < shared().users(); ++u) ++met[shared().name(u)];
  EXPECT_EQ(met.size(), shared().users());
}

TEST(Fitted, StayIsPositive) {
  EXPECT_GT(shared().stay(0, 0, 0, -4), 0);
}

TEST(Fitted, RefusesALogWithoutClicks) {
  data::EventLog log;
  data::Items items;
  items.add_from_log("x");
  const data::Index user = log.users.add("u");
  data::Row row{user, 0, data::Event::impression, 0, 1, data::kNone, 1, 1};
  log.append(row);
  EXPECT_THROW(FittedAudience(log, items, spec_of(1)), std::invalid_argument);
  row.event = data::Event::click;
  log.append(row);
  EXPECT_THROW(FittedAudience(log, items, spec_of(1)), std::invalid_argument);
  log.append(row);
  EXPECT_THROW(FittedAudience(log, items, spec_of(1, 0)), std::invalid_argument);
  EXPECT_EQ(FittedAudience(log, items, spec_of(1)).users(), 400U);
}

}  // namespace
}  // namespace tamis::simulate
