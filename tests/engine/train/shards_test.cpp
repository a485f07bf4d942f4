#include "tamis/engine/train/shards.h"

#include <cmath>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"

namespace tamis::train {
namespace {

using engine::DType;
using engine::GradientStore;
using engine::Variable;

/// A store whose gradient of `leaf` is `g`.
void give(GradientStore& store, const Variable& leaf, const Tensor& g) {
  engine::backward(engine::sum(engine::mul(leaf, Variable(g))), store);
}

Tensor noise(const engine::Shape& shape, std::uint64_t index) {
  Tensor x(shape, DType::f32);
  Stream stream(1, "test.shards", index);
  for (float& value : x.span<float>()) value = static_cast<float>(stream.normal());
  return x;
}

TEST(PieceOf, CoversAllOnceAndEvenly) {
  for (std::int64_t count : {1, 7, 64, 65}) {
    for (std::int64_t pieces : {1, 2, 5, 8}) {
      std::int64_t at = 0;
      for (std::int64_t piece = 0; piece < pieces; ++piece) {
        const Range range = piece_of(count, pieces, piece);
        EXPECT_EQ(range.begin, at);
        EXPECT_LE(range.end - range.begin, (count + pieces - 1) / pieces);
        at = range.end;
      }
      EXPECT_EQ(at, count);
    }
  }
}

TEST(GradientSum, AddsInShardOrderAndSquares) {
  const Variable large(Tensor::zeros({70001}), true), small(Tensor::zeros({3}), true), none(Tensor::zeros({2}), true);
  GradientSum sum({{"large", large, true}, {"small", small, true}, {"none", none, true}});
  std::vector<GradientStore> stores(3);
  for (int round = 0; round < 2; ++round) {
    sum.forget();
    for (std::uint64_t s = 0; s < 3; ++s) {
      stores[s].clear();
      give(stores[s], large, noise({70001}, s));
      if (s != 1) give(stores[s], small, noise({3}, 10 + s));
    }
    sum.add_up(stores);
    double squares = 0;
    for (std::int64_t i = 0; i < 70001; ++i) {
      const auto at = [&](std::uint64_t s) { return static_cast<float>(noise({70001}, s).data<float>()[i]); };
      if (i % 5000 != 0) continue;
      EXPECT_EQ(sum.gradients()[0].data<float>()[i], (at(0) + at(1)) + at(2)) << i;
    }
    for (const float value : sum.gradients()[0].span<float>()) squares += static_cast<double>(value) * value;
    EXPECT_NEAR(sum.squares()[0], squares, 1e-9 * squares);
    EXPECT_EQ(sum.gradients()[1].at(2),
              static_cast<double>(static_cast<float>(noise({3}, 10).at(2)) + static_cast<float>(noise({3}, 12).at(2))));
    EXPECT_FALSE(sum.gradients()[2].defined());
    EXPECT_EQ(sum.squares()[2], 0);
  }
}

TEST(GradientSum, RowsOfTablesAreZeroWhereNobodyCame) {
  const Variable table(Tensor::zeros({6, 2}), true);
  GradientSum sum({{"table", table, true}});
  std::vector<GradientStore> stores(2);
  const std::vector<std::vector<std::vector<std::int32_t>>> rounds{{{0, 3, 3}, {3, 5}}, {{1}, {2}}};
  for (const auto& round : rounds) {
    sum.forget();
    std::vector<double> expected(12);
    for (std::size_t s = 0; s < 2; ++s) {
      stores[s].clear();
      const auto count = static_cast<std::int64_t>(round[s].size());
      engine::backward(engine::sum(engine::gather_rows(table, Tensor::from(round[s], {count}))), stores[s]);
      for (const std::int32_t id : round[s]) {
        expected[static_cast<std::size_t>(2 * id)] += 1;
        expected[static_cast<std::size_t>(2 * id + 1)] += 1;
      }
    }
    sum.add_up(stores);
    EXPECT_EQ(sum.gradients()[0].numbers(), expected);
    double squares = 0;
    for (const double value : expected) squares += value * value;
    EXPECT_EQ(sum.squares()[0], squares);
  }
}

}  // namespace
}  // namespace tamis::train
