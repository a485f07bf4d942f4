#include "tamis/language/embedding/sts.h"

#include <cmath>
#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis::embedding {
namespace {

/// A text "x y" is the vector (x, y); counts what it is asked.
struct Numbers {
  std::multiset<std::string> asked;
  TextEncoder encoder() {
    return {2, [this](std::span<const std::string_view> texts, std::span<float> out,
                      std::span<encoder::TextReport> reports) {
              for (std::size_t i = 0; i < texts.size(); ++i) {
                asked.insert(std::string(texts[i]));
                std::istringstream in{std::string(texts[i])};
                in >> out[2 * i] >> out[2 * i + 1];
                reports[i] = {.tokens = 4, .dropped = texts[i].size() > 6 ? 2U : 0U, .replaced = 1, .empty = false};
              }
            }};
  }
};

StsSet small() {
  StsSet set;
  set.name = "small";
  set.first = {"1 0", "3 4", "0 0", "-1.25 0"};
  set.second = {"1 0", "4 3", "1 0", "1 0"};
  set.gold = {5, 4, 2, 0};
  set.part = {0, 0, 1, 1};
  set.parts = {"a", "b"};
  set.line = {1, 2, 3, 4};
  return set;
}

TEST(Sts, SimilaritiesByHand) {
  const std::vector<float> a{3, 4}, b{4, 3}, none{0, 0};
  EXPECT_DOUBLE_EQ(similarity(Similarity::cosine, a, b), 0.96);
  EXPECT_DOUBLE_EQ(similarity(Similarity::dot, a, b), 24);
  EXPECT_DOUBLE_EQ(similarity(Similarity::euclidean, a, b), -std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(similarity(Similarity::manhattan, a, b), -2);
  EXPECT_EQ(similarity(Similarity::cosine, a, none), 0);
  for (const auto kind : {Similarity::cosine, Similarity::dot, Similarity::euclidean, Similarity::manhattan})
    EXPECT_EQ(parse_similarity(text(kind)), kind);
  EXPECT_THROW(parse_similarity("jaccard"), std::invalid_argument);
}

TEST(Sts, EncodesEachTextOnce) {
  Numbers numbers;
  Progress silent;
  const StsScores scores = score_pairs(small(), numbers.encoder(), Similarity::cosine, silent);
  EXPECT_EQ(numbers.asked, (std::multiset<std::string>{"1 0", "3 4", "4 3", "0 0", "-1.25 0"}));
  EXPECT_EQ(scores.texts, 5U);
  EXPECT_EQ(scores.tokens, 20U);
  EXPECT_EQ(scores.truncated, 1U);
  EXPECT_EQ(scores.replaced, 5U);
  EXPECT_EQ(scores.zero_vectors, 1U);
  ASSERT_EQ(scores.score.size(), 4U);
  const std::vector<double> expected{1, 0.96, 0, -1};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_DOUBLE_EQ(scores.score[i], expected[i]);
}

TEST(Sts, AVectorThatIsNotFiniteIsAnError) {
  Progress silent;
  const TextEncoder broken{1, [](std::span<const std::string_view>, std::span<float> out, auto) {
                             std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
                           }};
  EXPECT_THROW(score_pairs(small(), broken, Similarity::cosine, silent), std::runtime_error);
}

TEST(Sts, CorrelatesByTheAggregationThatIsNamed) {
  const StsSet set = small();
  std::vector<StsRow> rows(3);
  for (StsRow& row : rows) {
    row.model = "m";
    row.pooling = "mean";
    row.set = &set;
  }
  rows[0].precision = "f32";
  rows[1].precision = "int8";
  rows[2].precision = "int8";
  rows[2].pooling = "cls";
  rows[0].scores.score = {4, 3, 2, 1};  // order as gold
  rows[1].scores.score = {3, 4, 2, 1};  // the first part turned round
  rows[2].scores.score = {4, 3, 2, 1};
  correlate(rows, {.aggregate = stats::Aggregate::all, .similarity = Similarity::cosine, .resamples = 50, .seed = 1});
  EXPECT_DOUBLE_EQ(rows[0].spearman.estimate.value(), 1);
  EXPECT_DOUBLE_EQ(rows[1].spearman.estimate.value(), 0.8);
  EXPECT_DOUBLE_EQ(rows[1].against_f32.value().estimate.value(), -0.2);
  EXPECT_EQ(rows[1].against_f32->resampled.size(), 50U);
  EXPECT_FALSE(rows[0].against_f32);
  EXPECT_FALSE(rows[2].against_f32);
  correlate(rows, {.aggregate = stats::Aggregate::mean, .similarity = Similarity::cosine, .resamples = 0, .seed = 1});
  EXPECT_DOUBLE_EQ(rows[1].spearman.estimate.value(), 0);
  EXPECT_TRUE(rows[1].spearman.resampled.empty());
}

TEST(Sts, TellsWhereEncoderAndPeopleAreFarthestApart) {
  StsSet set = small();
  const std::vector<double> score{1, 2, 2, 9};  // gold's ranks 4 3 2 1, these 1 2.5 2.5 4
  const auto worst = worst_disagreements(set, score, 3);
  ASSERT_EQ(worst.size(), 3U);
  EXPECT_EQ(worst[0].pair, 0U);
  EXPECT_DOUBLE_EQ(worst[0].apart, -0.75);
  EXPECT_EQ(worst[1].pair, 3U);
  EXPECT_DOUBLE_EQ(worst[1].apart, 0.75);
  EXPECT_DOUBLE_EQ(std::abs(worst[2].apart), 0.125);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Sts, ThePageEscapesThinsAndNamesItsConventions) {
  StsSet set;
  set.name = "<b>set</b>";
  set.parts = {"p"};
  StsRow row{.model = "m&m",
             .pooling = "mean",
             .precision = "f32",
             .set = &set,
             .scores = {},
             .spearman = {},
             .pearson = {},
             .against_f32 = {}};
  for (std::size_t i = 0; i < 5000; ++i) {
    set.first.push_back("<script>alert(1)</script>");
    set.second.emplace_back(i == 0 ? std::string(3000, 'x') : "\"quoted\"");
    set.gold.push_back(static_cast<double>(i));
    set.part.push_back(0);
    set.line.push_back(i + 1);
    row.scores.score.push_back(-static_cast<double>(i));
  }
  const StsChoices choices{
      .aggregate = stats::Aggregate::weighted_mean, .similarity = Similarity::dot, .resamples = 10, .seed = 0};
  std::vector<StsRow> rows{row};
  correlate(rows, choices);
  const std::string page = sts_page(rows, choices);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<b>set"), std::string::npos);
  EXPECT_NE(page.find("m&amp;m, mean, f32 on &lt;b&gt;set"), std::string::npos);
  EXPECT_EQ(count(page, "\"tip\":"), 2000U);
  EXPECT_NE(page.find("2000 of the 5000 pairs are drawn"), std::string::npos);
  EXPECT_NE(page.find("wmean"), std::string::npos);
  EXPECT_NE(page.find("Spearman × 100"), std::string::npos);
  EXPECT_NE(page.find(">-100.00<"), std::string::npos);
  EXPECT_EQ(page.find(std::string(500, 'x')), std::string::npos);
}

}  // namespace
}  // namespace tamis::embedding
