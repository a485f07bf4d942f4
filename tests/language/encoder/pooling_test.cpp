#include "tamis/language/encoder/pooling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace tamis::encoder {
namespace {

using Row = std::vector<float>;

Row pooled(const char* name, const Row& hidden) {
  Row out(2, 0.0F);
  pool_layer(parse_pooling(name), hidden, 2, out);
  return out;
}

TEST(Pooling, ByHand) {
  const Row hidden = {1, -2, 3, 4, 8, 1};  // three tokens of two components
  EXPECT_EQ(pooled("cls", hidden), (Row{1, -2}));
  EXPECT_EQ(pooled("cls-pooler", hidden), (Row{1, -2}));
  EXPECT_EQ(pooled("last", hidden), (Row{8, 1}));
  EXPECT_EQ(pooled("mean", hidden), (Row{4, 1}));
  EXPECT_EQ(pooled("max", hidden), (Row{8, 4}));
  EXPECT_FLOAT_EQ(pooled("mean-sqrt", hidden)[0], 12 / std::sqrt(3.0F));
  // (1 1 + 2 3 + 3 8) / 6, (-2 + 8 + 3) / 6
  EXPECT_FLOAT_EQ(pooled("weighted-mean", hidden)[0], 31.0F / 6);
  EXPECT_FLOAT_EQ(pooled("weighted-mean", hidden)[1], 1.5F);
}

TEST(Pooling, OneTokenIsItself) {
  for (const char* name : {"cls", "mean", "max", "mean-sqrt", "weighted-mean", "last"}) {
    EXPECT_EQ(pooled(name, {5, -7}), (Row{5, -7})) << name;
  }
}

TEST(Pooling, FirstAndLastLayerAreHalfEach) {
  for (const char* name : {"first-last", "embedding-last"}) {
    Row out(2, 0.0F);
    pool_layer(parse_pooling(name), Row{1, 2, 3, 4}, 2, out);
    pool_layer(parse_pooling(name), Row{5, 6, 7, 10}, 2, out);
    EXPECT_EQ(out, (Row{4, 5.5}));  // means (2, 3) and (6, 8)
  }
}

TEST(Pooling, ReadsItsLayers) {
  const auto layers = [](const char* name) {
    std::string text;
    for (std::int64_t layer = 0; layer <= 6; ++layer) {
      if (reads_layer(parse_pooling(name), layer, 6)) text += std::to_string(layer);
    }
    return text;
  };
  EXPECT_EQ(layers("mean"), "6");
  EXPECT_EQ(layers("mean@0"), "0");
  EXPECT_EQ(layers("max@4"), "4");
  EXPECT_EQ(layers("first-last"), "16");
  EXPECT_EQ(layers("embedding-last"), "06");
  EXPECT_THROW(last_layer(parse_pooling("mean@7"), 6), std::invalid_argument);
}

TEST(Pooling, NaNStaysInTheMaximum) {
  EXPECT_TRUE(std::isnan(pooled("max", {1, 1, NAN, 2, 3, 3})[0]));
  EXPECT_TRUE(std::isnan(pooled("max", {NAN, 1, 2, 2, 3, 3})[0]));
}

TEST(Pooling, Names) {
  for (const char* name : {"cls", "cls-pooler", "mean", "max", "mean-sqrt", "weighted-mean", "last", "first-last",
                           "embedding-last", "mean@4", "cls@0"}) {
    EXPECT_EQ(text(parse_pooling(name)), name);
  }
  for (const char* name : {"", "average", "mean@", "mean@-1", "mean@x", "first-last@2", "cls-pooler@1", "@3"}) {
    EXPECT_THROW(parse_pooling(name), std::invalid_argument) << name;
  }
}

TEST(Normalize, ToLengthOne) {
  Row x = {3, 4};
  EXPECT_FLOAT_EQ(normalize(x), 5);
  EXPECT_FLOAT_EQ(x[0], 0.6F);
  Row zero = {0, 0};
  EXPECT_EQ(normalize(zero), 0);
  EXPECT_EQ(zero, (Row{0, 0}));
  Row large = {3e30F, 4e30F};  // squares beyond f32
  normalize(large);
  EXPECT_FLOAT_EQ(large[1], 0.8F);
}

}  // namespace
}  // namespace tamis::encoder
