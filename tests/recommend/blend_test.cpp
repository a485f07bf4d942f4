#include "tamis/recommend/blend.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tests/recommend/small_log.h"

namespace tamis::recommend {
namespace {

/// Scores given by hand.
class Given : public data::Ranker {
 public:
  explicit Given(std::vector<float> scores, bool personal = true) : scores_(std::move(scores)), personal_(personal) {}
  void fit(const data::EventLog&, const data::Items&, data::Time) override {}
  bool score(const data::Request&, std::span<float> scores) const override {
    std::copy(scores_.begin(), scores_.end(), scores.begin());
    return personal_;
  }

 private:
  std::vector<float> scores_;
  bool personal_;
};

data::Fitted given(std::vector<float> scores, bool personal = true) {
  return std::make_shared<Given>(std::move(scores), personal);
}

std::vector<float> blended(std::vector<std::pair<double, data::Fitted>> parts, std::size_t count,
                           bool* personal = nullptr) {
  const auto candidates = first_items(count);
  data::Request request;
  request.candidates = candidates;
  return scores_of(Blend(std::move(parts)), request, personal);
}

TEST(Blend, StandardisesByHand) {
  // 1 2 3 4 5: mean 3, deviation sqrt(2). 0 0 0 0 10: mean 2, deviation 4.
  const auto scores = blended({{2, given({1, 2, 3, 4, 5})}, {1, given({0, 0, 0, 0, 10})}}, 5);
  const double root = std::sqrt(2.0);
  const std::vector<double> expected = {-2 * root - 0.5, -root - 0.5, -0.5, root - 0.5, 2 * root + 2};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(scores[i], expected[i], 1e-5);
}

TEST(Blend, DoesNotDependOnTheScaleOfAPart) {
  Stream random(1, "blend test");
  std::vector<float> a, b, scaled;
  for (int i = 0; i < 103; ++i) {
    a.push_back(static_cast<float>(random.normal()));
    b.push_back(static_cast<float>(random.normal()));
    scaled.push_back(1024 * b.back() + 4096);
  }
  const auto plain = blended({{1, given(a)}, {0.7, given(b)}}, 103);
  const auto other = blended({{1, given(a)}, {0.7, given(scaled)}}, 103);
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(plain[i], other[i], 1e-4);
  // Tiny scores far from 0 keep their digits.
  std::vector<float> far;
  for (int i = 0; i < 103; ++i) far.push_back(1e6F + static_cast<float>(i % 2));
  const auto steps = blended({{1, given(far)}}, 103);
  EXPECT_NEAR(steps[1] - steps[0], 2, 1e-3);
}

TEST(Blend, APartThatScoresAllAlikeAddsNothing) {
  const std::vector<float> scores = {3, 1, 2};
  EXPECT_EQ(blended({{1, given(scores)}, {9, given({0.1F, 0.1F, 0.1F})}}, 3), blended({{1, given(scores)}}, 3));
  EXPECT_EQ(blended({{1, given({1e30F, 1e30F})}}, 2), (std::vector<float>{0, 0}));
  EXPECT_EQ(blended({{1, given({5})}}, 1), (std::vector<float>{0}));
  EXPECT_TRUE(blended({{1, given({})}}, 0).empty());
}

TEST(Blend, FallsBackOnlyIfEveryPartDoes) {
  bool personal = false;
  blended({{1, given({1, 2}, false)}, {1, given({1, 2}, true)}}, 2, &personal);
  EXPECT_TRUE(personal);
  blended({{1, given({1, 2}, false)}, {1, given({1, 2}, false)}}, 2, &personal);
  EXPECT_FALSE(personal);
}

TEST(Blend, OfBlendsKeepsTheirScoresApart) {
  const auto inner = std::make_shared<Blend>(std::vector<std::pair<double, data::Fitted>>{{1, given({1, 2, 6})}});
  const auto nested = blended({{1, inner}, {1, given({6, 2, 1})}}, 3);
  const auto flat = blended({{1, given({1, 2, 6})}, {1, given({6, 2, 1})}}, 3);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(nested[i], flat[i], 1e-6);
}

TEST(Blend, RefusesBadParts) {
  using Parts = std::vector<std::pair<double, data::Fitted>>;
  EXPECT_THROW(Blend(Parts{}), std::invalid_argument);
  EXPECT_THROW((Blend(Parts{{0, given({1})}})), std::invalid_argument);
  EXPECT_THROW((Blend(Parts{{-1, given({1})}})), std::invalid_argument);
  EXPECT_THROW((Blend(Parts{{std::nan(""), given({1})}})), std::invalid_argument);
  EXPECT_THROW((Blend(Parts{{std::numeric_limits<double>::infinity(), given({1})}})), std::invalid_argument);
  EXPECT_THROW((Blend(Parts{{1, nullptr}})), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::recommend
