#include "tamis/engine/optim/rules.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "tamis/base/random.h"
#include "tamis/engine/optim/pieces.h"
#include "tamis/engine/optim/settings.h"

namespace tamis::optim {
namespace {

using Rule = Settings::Rule;

struct Arrays {
  std::vector<float> parameter, gradient, first, second;
  Stretch<float> stretch() {
    return {parameter.data(), gradient.data(), first.data(), second.data(), parameter.size()};
  }
};

Arrays random(std::size_t count) {
  Stream stream(3, "rules", count);
  Arrays arrays;
  for (std::size_t i = 0; i < count; ++i) {
    arrays.parameter.push_back(static_cast<float>(stream.normal()));
    arrays.gradient.push_back(static_cast<float>(stream.normal() * std::pow(10, 6 * stream.uniform() - 3)));
    arrays.first.push_back(static_cast<float>(stream.uniform()));
    arrays.second.push_back(static_cast<float>(stream.uniform()));
  }
  return arrays;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Vector and plain arithmetic round alike, step for step, so that the results agree to the last bit.
TEST(Rules, FastEqualsPlainToTheLastBit) {
  for (int rule = 0; rule < 8; ++rule) {
    for (const bool centered : {false, true}) {
      Settings settings;
      settings.rule = static_cast<Rule>(rule);
      settings.centered = centered;
      const GroupOptions options{.rate_factor = 0.5, .l2 = 0.01, .weight_decay = 0.1};
      const StepConstants constants = step_constants(settings, options, 3, 0.02, 0.7);
      for (const std::size_t count : {1, 3, 15, 16, 17, 1000, 1031}) {
        Arrays fast = random(count), plain = fast;
        apply_fast(settings, constants, fast.stretch());
        apply_plain(settings, constants, plain.stretch());
        EXPECT_TRUE(same_bits(fast.parameter, plain.parameter)) << name(settings.rule) << " " << count;
        EXPECT_TRUE(same_bits(fast.first, plain.first)) << name(settings.rule) << " " << count;
        EXPECT_TRUE(same_bits(fast.second, plain.second)) << name(settings.rule) << " " << count;
        EXPECT_FALSE(same_bits(fast.parameter, random(count).parameter)) << name(settings.rule) << " " << count;
      }
    }
  }
}

TEST(Rules, NaNInTheGradientReachesTheParameter) {
  for (int rule = 0; rule < 8; ++rule) {
    for (const bool centered : {false, true}) {
      Settings settings;
      settings.rule = static_cast<Rule>(rule);
      settings.centered = centered;
      Arrays arrays = random(20);
      arrays.gradient[2] = arrays.gradient[19] = std::numeric_limits<float>::quiet_NaN();
      apply_fast(settings, step_constants(settings, {}, 1, 0.1, 1), arrays.stretch());
      for (std::size_t i = 0; i < 20; ++i) {
        EXPECT_EQ(std::isnan(arrays.parameter[i]), i == 2 || i == 19) << name(settings.rule) << " " << i;
      }
    }
  }
}

TEST(Pieces, CoverEveryElementOnce) {
  const std::vector<std::int64_t> sizes{5, 100'000, 0, 1, 32'768, 64, 1, 40'000};
  std::vector<std::int64_t> covered(sizes.size(), 0);
  const auto items = cut_into_items(sizes);
  for (const auto& item : items) {
    std::int64_t weight = 0;
    for (const Piece& piece : item) {
      EXPECT_EQ(piece.begin, covered[piece.array]);
      EXPECT_LT(piece.begin, piece.end);
      EXPECT_EQ(piece.begin % 64, 0);
      covered[piece.array] = piece.end;
      weight += piece.end - piece.begin;
    }
    EXPECT_LE(weight, 32'768);
  }
  EXPECT_EQ(covered, sizes);
}

TEST(Pieces, ManySmallArraysMakeFewItems) {
  EXPECT_EQ(cut_into_items(std::vector<std::int64_t>(1000, 100)).size(), 4);
  EXPECT_TRUE(cut_into_items({}).empty());
}

}  // namespace
}  // namespace tamis::optim
