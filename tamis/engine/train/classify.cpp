#include "tamis/engine/train/classify.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/tensor/reduce.h"

namespace tamis::train {

using engine::Shape;

namespace {

using enum Key::Type;

constexpr Key kLoss[] = {
    {"smoothing", real, "0", "share of each label that is spread over all classes, 0 to below 1"},
};

Shape with_rows(std::size_t rows, const Shape& row) {
  std::vector<std::int64_t> sizes{static_cast<std::int64_t>(rows)};
  sizes.insert(sizes.end(), row.begin(), row.end());
  return Shape(std::span<const std::int64_t>(sizes));
}

}  // namespace

std::string describe_classify_keys() {
  return "## `[data]`\n\n" + describe(data_keys()) + "\n## `[augment]`\n\n" + describe(augment_keys()) +
         "\n## `[loss]`\n\n" + describe(kLoss);
}

Classify::Classify(ConfigFile& file, const Config& config, const std::filesystem::path& data_folder, std::uint64_t seed)
    : augment_(read_augment(file)), seed_(seed) {
  const Section loss = file.section("loss", kLoss);
  smoothing_ = loss.real_in("smoothing", 0, 0.999);
  const DataConfig data = read_data(file, data_folder);
  file.finish();
  dataset_ = read_dataset(data, seed);
  build(config.network);
}

Classify::Classify(Dataset dataset, const NetworkConfig& network, const Augment& augment, double smoothing,
                   std::uint64_t seed)
    : dataset_(std::move(dataset)), augment_(augment), smoothing_(smoothing), seed_(seed) {
  build(network);
}

void Classify::build(const NetworkConfig& network) {
  network_ = std::make_unique<Network>(network, std::vector<Input>{{.row = dataset_.row, .vocabulary = 0}});
  const Shape out = network_->output_shape(0, 1);
  if (out.rank() != 2 || out[1] != dataset_.classes) {
    fail_caller(network.where, fmt::format("the last layer makes {} of one example; {} classes need [1, {}]",
                                           out.text(), dataset_.classes, dataset_.classes));
  }
  // What comes in at the border of a moved image is what black was before it was normalised.
  fill_ = static_cast<float>(-dataset_.mean[0] / dataset_.deviation[0]);
  if (augment_.any() && dataset_.row.rank() != 3) {
    fail_caller("augment", fmt::format("changes images [H, W, C]; the examples are {}", dataset_.row.text()));
  }
}

const LabelledRows& Classify::rows(Part part) const {
  return part == Part::train ? dataset_.train : part == Part::validation ? dataset_.validation : dataset_.test;
}

std::int64_t Classify::examples(Part part) const {
  return rows(part).rows();
}

Tensor Classify::rows_of(Part part, std::span<const std::int64_t> examples, std::int64_t epoch) const {
  Tensor x(with_rows(examples.size(), dataset_.row));
  const auto size = static_cast<std::size_t>(dataset_.row.elements());
  const auto from = rows(part).x.span<float>();
  auto to = x.span<float>();
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto example = static_cast<std::size_t>(examples[i]);
    const auto row = from.subspan(example * size, size);
    if (part == Part::train && augment_.any()) {
      const auto index = static_cast<std::uint64_t>(epoch * dataset_.train.rows()) + example;
      augment(row, to.subspan(i * size, size), dataset_.row, augment_, fill_, seed_, index);
    } else {
      std::copy(row.begin(), row.end(), to.begin() + static_cast<std::ptrdiff_t>(i * size));
    }
  }
  return x;
}

Tensor Classify::labels_of(Part part, std::span<const std::int64_t> examples) const {
  std::vector<std::int32_t> labels;
  for (const std::int64_t example : examples) labels.push_back(rows(part).labels[static_cast<std::size_t>(example)]);
  return Tensor::from(labels, {static_cast<std::int64_t>(labels.size())});
}

Variable Classify::loss(const Share& share, nn::Pass& pass) {
  pass.first_row = share.first;
  const Variable x(rows_of(Part::train, share.examples, share.epoch));
  const Variable logits = network_->forward(0, x, pass);
  return nn::cross_entropy(logits, labels_of(Part::train, share.examples), smoothing_, nn::Reduction::sum);
}

std::vector<Metric> Classify::metrics() const {
  return {{"loss", false}, {"accuracy", true}};
}

std::vector<double> Classify::measure(Part part, std::span<const std::int64_t> examples) {
  nn::Pass pass;
  pass.seed = seed_;
  const Tensor labels = labels_of(part, examples);
  const Variable logits = network_->forward(0, Variable(rows_of(part, examples, 0)), pass);
  const double loss = nn::cross_entropy(logits, labels, 0, nn::Reduction::sum).value().item();
  const Tensor best = engine::argmax(logits.value(), -1);
  double right = 0;
  for (std::int64_t i = 0; i < labels.elements(); ++i) {
    if (best.data<std::int64_t>()[i] == labels.data<std::int32_t>()[i]) ++right;
  }
  return {loss, right};
}

}  // namespace tamis::train
