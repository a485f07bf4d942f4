#include "tamis/recommend/content.h"

#include <cmath>
#include <stdexcept>

#include "tamis/base/words.h"
#include "tests/recommend/small_log.h"
#include "tests/reference/naive_tfidf.h"

namespace tamis::recommend {
namespace {

using data::Index;
using data::kDay;

std::vector<std::vector<double>> naive_rows(const data::Items& items) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < items.size(); ++i) {
    rows.push_back(words(items.text[i]));
    if (!items.category[i].empty()) rows.back().push_back("category=" + items.category[i]);
  }
  return reference::naive_tfidf(rows);
}

/// The dense profile of a history.
std::vector<double> naive_profile(const std::vector<std::vector<double>>& rows,
                                  std::span<const data::Interaction> history, data::Time now, double half_life) {
  std::vector<double> profile(rows[0].size());
  for (const data::Interaction& click : history) {
    const double weight = half_life > 0 ? std::pow(2.0, -static_cast<double>(now - click.time) / half_life) : 1;
    for (std::size_t term = 0; term < profile.size(); ++term) profile[term] += weight * rows[click.item][term];
  }
  return profile;
}

TEST(TextMatrix, ByHand) {
  data::Items items = bare_items(4);
  items.text = {"red red fish", "Fish, blue", "", "blue only"};
  items.category = {"", "red", "", ""};
  const TextMatrix texts(items);
  // fish is in two of three texts, blue in two; red, only and the category red in one each.
  ASSERT_EQ(texts.terms(), 2U);
  ASSERT_EQ(texts.of_item(0).size(), 1U);
  EXPECT_NEAR(texts.of_item(0)[0].weight, 1, 1e-6);
  ASSERT_EQ(texts.of_item(1).size(), 2U);
  EXPECT_NEAR(texts.of_item(1)[0].weight, std::sqrt(0.5), 1e-6);
  EXPECT_TRUE(texts.of_item(2).empty());
  EXPECT_TRUE(texts.of_item(99).empty());
  ASSERT_EQ(texts.of_term(0).size(), 2U);
  EXPECT_EQ(texts.of_term(0)[0].index, 0U);
  EXPECT_EQ(texts.of_term(0)[1].index, 1U);
}

TEST(TextMatrix, AgreesWithTheNaiveReference) {
  const auto items = texted_items(50, 2);
  const auto rows = naive_rows(items);
  const TextMatrix texts(items);
  for (Index a = 0; a < 50; ++a) {
    for (Index b = 0; b < 50; ++b) {
      double dot = 0;
      for (const auto& left : texts.of_item(a)) {
        for (const auto& right : texts.of_item(b)) {
          if (left.index == right.index) dot += static_cast<double>(left.weight) * right.weight;
        }
      }
      ASSERT_NEAR(dot, reference::naive_cosine(rows[a], rows[b]), 1e-6);
    }
  }
}

TEST(Content, AgreesWithTheNaiveReference) {
  const auto items = texted_items(200, 1);
  const auto rows = naive_rows(items);
  const auto log = random_log(2000, 40, 200, 4);
  const data::Histories histories(log, 40);
  const data::Time now = 90 * kDay;
  for (const data::Time half_life : {data::Time{0}, 10 * kDay}) {
    Content content(6, half_life);
    content.fit(log, items, now);
    // Few candidates are scored by row, many by term: both must agree.
    for (const std::size_t count : {std::size_t{200}, std::size_t{3}}) {
      const auto candidates = first_items(count);
      for (Index user = 0; user < 40; ++user) {
        auto history = histories.before(user, now);
        const auto scores = scores_of(content, {user, now, 0, history, candidates});
        if (history.size() > 6) history = history.last(6);
        const auto profile = naive_profile(rows, history, now, static_cast<double>(half_life));
        for (Index item = 0; item < count; ++item) {
          ASSERT_NEAR(scores[item], reference::naive_cosine(profile, rows[item]), 1e-5);
        }
      }
    }
  }
}

TEST(Content, WithoutTextInTheHistoryIsPopularity) {
  const auto items = texted_items(20, 1);
  const auto log = random_log(500, 20, 20, 4);
  Content content(10, 0);
  content.fit(log, items, 50 * kDay);
  Popularity popularity(0);
  popularity.fit(log, items, 50 * kDay);
  const auto candidates = first_items(20);
  const std::vector<data::Interaction> textless = {{4, 0, 0}, {9, 0, 0}, {77, 0, 0}};
  bool personal = true;
  const data::Request request = {0, 60 * kDay, 0, textless, candidates};
  EXPECT_EQ(scores_of(content, request, &personal), scores_of(popularity, request));
  EXPECT_FALSE(personal);
}

TEST(Content, OfACatalogueWithoutTextIsPopularity) {
  const auto items = bare_items(20);
  const auto log = random_log(500, 20, 20, 4);
  Content content(10, 0);
  content.fit(log, items, 50 * kDay);
  const std::vector<data::Interaction> history = {{4, 0, 0}};
  const auto candidates = first_items(20);
  bool personal = true;
  scores_of(content, {0, 60 * kDay, 0, history, candidates}, &personal);
  EXPECT_FALSE(personal);
}

TEST(Content, LeavesNothingBehindBetweenRequestsAndCatalogues) {
  const auto large = texted_items(300, 1), small = texted_items(10, 2);
  Content a(10, 0), b(10, 0);
  a.fit({}, large, kDay);
  b.fit({}, small, kDay);
  const std::vector<data::Interaction> one = {{3, 0, 0}}, other = {{1, 0, 0}, {8, 0, 0}};
  const auto many = first_items(300), few = first_items(10);
  const auto first = scores_of(a, {0, kDay, 0, one, many});
  const auto second = scores_of(b, {0, kDay, 0, other, few});
  scores_of(a, {0, kDay, 0, other, few});
  EXPECT_EQ(scores_of(a, {0, kDay, 0, one, many}), first);
  EXPECT_EQ(scores_of(b, {0, kDay, 0, other, few}), second);
}

TEST(Content, RefusesWhatItCannotDo) {
  EXPECT_THROW(Content(0, 0), std::invalid_argument);
  EXPECT_THROW(Content(1, -1), std::invalid_argument);
  const std::vector<Index> candidates = {0};
  data::Request request;
  request.candidates = candidates;
  EXPECT_THROW(scores_of(Content(1, 0), request), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::recommend
