#include "tamis/engine/train/contrast.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/meeting.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"

namespace tamis::train {

using engine::Shape;

namespace {

using enum Key::Type;

constexpr Key kLoss[] = {
    {"temperature", real, "0.05", "what similarities are divided by, above 0"},
};
constexpr Key kData[] = {
    {"kind", text, "\"random\"", "random: made up from the seed, to try and to measure networks"},
    {"examples", integer, "1024", "how many"},
};
constexpr Key kRows[] = {
    {"kind", text, "", "rows or ids"},
    {"width", integer, "", "numbers of a row"},
};
constexpr Key kIds[] = {
    {"kind", text, "", "rows or ids"},
    {"vocabulary", integer, "", "ids are 0 to vocabulary - 1"},
    {"length", integer, "32", "ids of a sequence"},
};

std::span<const Key> input_keys(const ConfigFile::Entry& entry) {
  if (entry.kind == "rows") return kRows;
  if (entry.kind == "ids") return kIds;
  fail_caller(entry.where, fmt::format("\"{}\" is no kind of input; the kinds are: rows, ids", entry.kind));
}

}  // namespace

std::string describe_contrast_keys() {
  return "## `[data]`\n\n" + describe(kData) + "\n## `[[input]]` with `kind = \"rows\"`, one a tower\n\n" +
         describe(kRows) + "\n## `[[input]]` with `kind = \"ids\"`\n\n" + describe(kIds) + "\n## `[loss]`\n\n" +
         describe(kLoss);
}

Contrast::Contrast(ConfigFile& file, const Config& config, std::uint64_t seed) : seed_(seed) {
  const Section data = file.section("data", kData);
  if (data.text("kind") != "random") data.fail("kind", "contrast learns from random data alone");
  examples_ = data.integer_in("examples", 2, 1 << 24);
  const Section loss = file.section("loss", kLoss);
  temperature_ = loss.real_in("temperature", 1e-6, 1e6);
  for (const Section& section : file.sections("input", "kind", input_keys)) {
    const bool ids = section.text("kind") == "ids";
    if (ids) {
      inputs_.push_back({.row = {}, .vocabulary = section.integer_in("vocabulary", 1, 1 << 30)});
    } else {
      inputs_.push_back({.row = {section.integer_in("width", 1, 1 << 24)}, .vocabulary = 0});
    }
    lengths_.push_back(ids ? section.integer_in("length", 1, 1 << 20) : 0);
  }
  file.finish();
  if (inputs_.size() != 1 && inputs_.size() != 2) {
    fail_caller(file.path().string(),
                fmt::format("has {} [[input]] tables; contrast needs one or two", inputs_.size()));
  }
  network_ = std::make_unique<Network>(config.network, inputs_);
  for (std::size_t t = 0; t < inputs_.size(); ++t) {
    const Shape out = network_->output_shape(t, std::max<std::int64_t>(1, lengths_[t]));
    if (out.rank() != 2 || out[0] != 1) {
      fail_caller(config.network.where, fmt::format("the tower \"{}\" makes {} of one example; one row is needed",
                                                    network_->towers()[t].name, out.text()));
    }
  }
}

Tensor Contrast::input_of(std::size_t tower, std::span<const std::int64_t> examples, Tensor& offsets) const {
  const auto count = static_cast<std::int64_t>(examples.size());
  const std::string purpose = "data." + network_->towers()[tower].name;
  if (lengths_[tower] == 0) {
    Tensor x({count, inputs_[tower].row[0]});
    float* to = x.data<float>();
    for (const std::int64_t example : examples) {
      Stream stream(seed_, purpose, static_cast<std::uint64_t>(example));
      for (std::int64_t i = 0; i < inputs_[tower].row[0]; ++i) *to++ = static_cast<float>(stream.normal());
    }
    return x;
  }
  Tensor ids({count * lengths_[tower]}, engine::DType::i32);
  std::int32_t* to = ids.data<std::int32_t>();
  std::vector<std::int32_t> ends{0};
  for (const std::int64_t example : examples) {
    Stream stream(seed_, purpose, static_cast<std::uint64_t>(example));
    for (std::int64_t i = 0; i < lengths_[tower]; ++i) {
      *to++ = static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(inputs_[tower].vocabulary)));
    }
    ends.push_back(ends.back() + static_cast<std::int32_t>(lengths_[tower]));
  }
  offsets = Tensor::from(ends, {count + 1});
  return ids;
}

Variable Contrast::represent(std::size_t tower, std::span<const std::int64_t> examples, std::int64_t first,
                             nn::Pass& pass) {
  pass.offsets = {};
  const Variable x(input_of(tower, examples, pass.offsets));
  pass.first_sequence = first;
  pass.first_row = first * std::max<std::int64_t>(1, lengths_[tower]);
  return network_->forward(tower, x, pass);
}

Variable Contrast::loss(const Share& share, nn::Pass& pass) {
  const std::size_t second = network_->towers().size() - 1;
  const Variable a = represent(0, share.examples, share.first, pass);
  pass.variant = 1;
  const Variable b = represent(second, share.examples, share.first, pass);
  const nn::InfoNceOptions options{.temperature = temperature_, .normalize = true, .first_positive = share.first};
  return nn::info_nce(a, engine::gather_shards(b, pass.meeting, pass.shard), options, nn::Reduction::sum);
}

std::vector<Metric> Contrast::metrics() const {
  return {{"loss", false}};
}

std::vector<double> Contrast::measure(Part, std::span<const std::int64_t> examples) {
  nn::Pass pass;
  pass.seed = seed_;
  const Variable a = represent(0, examples, 0, pass);
  const Variable b = represent(network_->towers().size() - 1, examples, 0, pass);
  const nn::InfoNceOptions options{.temperature = temperature_, .normalize = true, .first_positive = 0};
  return {nn::info_nce(a, b, options, nn::Reduction::sum).value().item()};
}

}  // namespace tamis::train
