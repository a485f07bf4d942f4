#include <cmath>

#include "tamis/engine/autograd/ops.h"
#include "tests/engine/nn/failure.h"
#include "tests/engine/nn/layers.h"

namespace tamis::nn {

namespace {

/// What a dropout makes of ones: its mask.
Tensor mask_of(Dropout& dropout, const Pass& pass, const Shape& shape = {40, 50}) {
  Pass own = pass;
  return dropout.forward(Variable(Tensor::full(shape, 1)), own).value();
}

Pass at_step(std::uint64_t step) {
  Pass pass;
  pass.training = true;
  pass.seed = 1;
  pass.step = step;
  return pass;
}

/// Two dropouts in one network, so that they have paths of their own.
struct Two {
  Two() {
    first = static_cast<Dropout*>(&network.add(std::make_unique<Dropout>(0.5)));
    second = static_cast<Dropout*>(&network.add(std::make_unique<Dropout>(0.5)));
  }
  Sequential network;
  Dropout *first, *second;
};

/// The share of places where two masks agree.
double agreement(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.numbers(), y = b.numbers();
  double same = 0;
  for (std::size_t i = 0; i < x.size(); ++i) same += x[i] == y[i];
  return same / static_cast<double>(x.size());
}

}  // namespace

TEST(Dropout, KeepsTheRightShareAndScalesIt) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    Dropout dropout(rate);
    constexpr double kCount = 200000;
    double kept = 0;
    for (const double factor : mask_of(dropout, at_step(0), {400, 500}).numbers()) {
      if (factor == 0) continue;
      EXPECT_FLOAT_EQ(static_cast<float>(factor), static_cast<float>(1 / (1 - rate)));
      ++kept;
    }
    EXPECT_NEAR(kept / kCount, 1 - rate, 4 * std::sqrt(rate * (1 - rate) / kCount));
  }
}

TEST(Dropout, IsTheSameHoweverTheBatchIsCut) {
  Dropout dropout(0.5);
  const Tensor whole = mask_of(dropout, at_step(2));
  for (const std::vector<std::int64_t>& cuts : {std::vector<std::int64_t>{0, 13, 14, 40}, {0, 20, 40}}) {
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      Pass pass = at_step(2);
      pass.shard = static_cast<int>(i);
      pass.first_row = cuts[i];
      const Tensor part = mask_of(dropout, pass, {cuts[i + 1] - cuts[i], 50});
      EXPECT_EQ(part.numbers(), whole.slice(0, cuts[i], cuts[i + 1]).numbers());
    }
  }
}

TEST(Dropout, RepeatsWithinAStepAndDiffersElsewhere) {
  Two two;
  const Tensor mask = mask_of(*two.first, at_step(1));
  EXPECT_EQ(mask.numbers(), mask_of(*two.first, at_step(1)).numbers());
  Pass other_view = at_step(1), other_seed = at_step(1);
  other_view.variant = 1;
  other_seed.seed = 2;
  // Independent masks of rate 1/2 agree in half of 2000 places, give or take 4 standard errors of 0.0112.
  for (const Tensor& other : {mask_of(*two.first, at_step(2)), mask_of(*two.second, at_step(1)),
                              mask_of(*two.first, other_view), mask_of(*two.first, other_seed)}) {
    EXPECT_NEAR(agreement(mask, other), 0.5, 0.045);
  }
}

TEST(Dropout, SharesAStreamOnPurpose) {
  Two two;
  two.first->share_stream("both");
  two.second->share_stream("both");
  EXPECT_EQ(mask_of(*two.first, at_step(1)).numbers(), mask_of(*two.second, at_step(1)).numbers());
}

TEST(Dropout, TakesAMaskFromOutside) {
  Dropout dropout(0.5);
  dropout.give_mask(Tensor::from(std::vector<float>{1, 0, 2, 3, 0, 5}, {3, 2}));
  Pass pass = at_step(0);
  pass.first_row = 1;
  const Variable x(Tensor::from(std::vector<float>{10, 20}, {1, 2}), true);
  const Variable y = dropout.forward(x, pass);
  EXPECT_EQ(y.value().numbers(), (std::vector<double>{20, 60}));
  EXPECT_EQ(engine::gradient(engine::sum(y), {x})[0].numbers(), (std::vector<double>{2, 3}));
  EXPECT_EQ(failure([&] {
              dropout.forward(Variable(Tensor::zeros({1, 3})), pass);
            }),
            "[dropout] x f32[1, 3], mask f32[3, 2]: the rows must be alike");
  dropout.give_mask({});
  EXPECT_EQ(mask_of(dropout, at_step(0)).numbers(), mask_of(dropout, at_step(0)).numbers());
}

TEST(Dropout, IsNothingOutsideOfTraining) {
  Dropout dropout(0.5);
  Pass pass;
  const Variable x(Tensor::full({4}, 3));
  EXPECT_EQ(dropout.forward(x, pass).value().numbers(), x.value().numbers());
}

TEST(Dropout, SendsTheGradientWhereItKept) {
  Dropout dropout(0.4);
  Pass pass = at_step(6);
  const Variable x(drawn({9, 11}, DType::f32, 1), true);
  const Variable y = dropout.forward(x, pass);
  EXPECT_EQ(engine::gradient(engine::sum(y), {x})[0].numbers(), mask_of(dropout, at_step(6), {9, 11}).numbers());
}

}  // namespace tamis::nn
