#include <memory>

#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/tensor/storage.h"
#include "tests/engine/nn/layers.h"

// What a layer says it needs against what the memory meter sees.
namespace tamis::nn {

namespace {

/// A few vectors; and what oneDNN takes for itself, which does not grow with the batch.
constexpr std::int64_t kSlack = 512, kConvolutionSlack = 65536;

std::int64_t live() {
  return static_cast<std::int64_t>(engine::tensor_memory().live);
}
std::int64_t peak() {
  return static_cast<std::int64_t>(engine::tensor_memory().peak);
}

/// Within 5 %, but for `slack` bytes.
void expect_about(std::int64_t predicted, std::int64_t measured, std::int64_t slack, const std::string& what) {
  const double most = 0.05 * static_cast<double>(measured) + static_cast<double>(slack);
  EXPECT_NEAR(static_cast<double>(predicted), static_cast<double>(measured), most) << what;
}

struct Measured {
  std::int64_t kept = 0, peak = 0;
  std::int64_t freed_input = 0, freed_output = 0;  ///< when nobody but the graph holds them
  std::int64_t walk_peak = 0;                      ///< the output's gradient included
};

/// Runs forward on an input that was itself computed, as in the middle of a network.
Measured measured_forward(Layer& layer, const Shape& shape, bool training) {
  Pass pass = training_pass(shape[0]);
  pass.training = training;
  const Variable leaf(drawn(shape, DType::f32, 1), training);
  Variable x = engine::mul(leaf, 1.0);
  Measured result;
  const std::int64_t before = live();
  engine::reset_tensor_peak();
  Variable y = layer.forward(x, pass);
  result.kept = live() - before;
  result.peak = peak() - before;
  const auto graph = y.node();
  const std::int64_t all = live();
  x = {};
  result.freed_input = all - live();
  y = {};
  result.freed_output = all - result.freed_input - live();
  return result;
}

/// The most bytes of the walk, besides the input. The second of two rounds, for which the store has memory of the
/// leaves' gradients.
std::int64_t measured_walk(Layer& layer, const Shape& shape) {
  Pass pass = training_pass(shape[0]);
  const Variable leaf(drawn(shape, DType::f32, 1), true);
  engine::BackwardOptions options;
  options.seed = drawn(layer.output_shape(shape), DType::f32, 2);
  engine::GradientStore store;
  std::int64_t most = 0;
  for (int round = 0; round < 2; ++round) {
    store.clear();
    const std::int64_t before = live();
    const Variable y = layer.forward(engine::reshape(leaf, shape), pass);
    engine::reset_tensor_peak();
    engine::backward(y, store, options);
    most = peak() - before;
  }
  return most + static_cast<std::int64_t>(options.seed.bytes());
}

}  // namespace

TEST(LayerMemory, IsWhatTheMeterSees) {
  for (const LayerCase& one : every_layer()) {
    const Shape shape = one.shape(400, 13);
    const auto layer = one.make(13);
    layer->initialize(1);
    const std::int64_t slack = one.name.rfind("conv", 0) == 0 ? kConvolutionSlack : kSlack;
    for (const bool training : {true, false}) {
      const std::string what = one.name + (training ? " training" : " inference");
      const Layer::Memory predicted = layer->memory({shape, offsets_for(400)}, training);
      std::unique_ptr<engine::NoGradient> off;
      if (!training) off = std::make_unique<engine::NoGradient>();
      const Measured seen = measured_forward(*layer, shape, training);
      expect_about(predicted.kept, seen.kept, kSlack, what + " kept");
      expect_about(predicted.kept + predicted.transient, seen.peak, slack, what + " peak");
      const std::int64_t input = 4 * shape.elements();
      const bool view = predicted.output == 0;
      expect_about(predicted.holds_input || view ? 0 : input, seen.freed_input, kSlack, what + " input freed");
      const std::int64_t output = view ? input : predicted.output;
      expect_about(predicted.holds_output ? 0 : output, seen.freed_output, kSlack, what + " output freed");
    }
  }
}

TEST(LayerMemory, OfTheWalkIsWhatTheMeterSees) {
  for (const LayerCase& one : every_layer()) {
    const Shape shape = one.shape(400, 13);
    const auto layer = one.make(13);
    layer->initialize(1);
    const std::int64_t seen = measured_walk(*layer, shape);
    const Layer::Memory predicted = layer->memory({shape, offsets_for(400)}, true);
    const std::int64_t slack = one.name.rfind("conv", 0) == 0 ? kConvolutionSlack : kSlack;
    expect_about(predicted.kept + predicted.walk, seen, slack, one.name);
  }
}

TEST(LayerMemory, OfKnownSizes) {
  // A batch of 128 RGB images at 224 x 224 is 73.5 MiB; one 32 x 1024 x 768 activation is 96 MiB.
  EXPECT_EQ(Relu().memory(Shape{128, 224, 224, 3}, true).kept, 77070336);
  EXPECT_EQ(Linear(64, 768).memory(Shape{32 * 1024, 64}, false).kept, 96 << 20);
  // Two sequences of 3 and 5 tokens, 2 heads: (9 + 25) x 2 probabilities.
  const Tensor offsets = Tensor::from(std::vector<std::int32_t>{0, 3, 8}, {3});
  const MultiHeadAttention attention(4, {.heads = 2});
  EXPECT_EQ(attention.memory({Shape{8, 4}, offsets}, true).kept, 4 * (8 * 12 + 34 * 2 + 8 * 4 + 8 * 4));
}

}  // namespace tamis::nn
