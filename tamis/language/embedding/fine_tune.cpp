#include "tamis/language/embedding/fine_tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/quarantine.h"
#include "tamis/language/encoder/write_model.h"
#include "tamis/stats/correlation.h"
#include "tamis/vectors/geometry/geometry.h"

namespace tamis::embedding {

using train::Part;

namespace {

using enum Key::Type;
namespace fs = std::filesystem;

constexpr Key kModel[] = {
    {"start", text, "", "folder of the model to go on from, relative to the configuration, or minilm"},
    {"pooling", text, "\"mean\"", "cls, mean, max, first-last or embedding-last, with @LAYER where it is not the last"},
    {"head", text, "\"none\"", "a layer on the pooled vector: none, train (in training alone) or keep"},
    {"dropout", real, "0.1", "share that is dropped, 0 to below 1"},
    {"max_length", integer, "64", "tokens of a text, [CLS] and [SEP] among them; longer ones are cut"},
    {"chunk", integer, "0", "texts of a shard whose inner values are kept at once (gradient caching); 0: all"},
};
constexpr Key kDev[] = {
    {"file", text, "-", "pairs with scores, in a form that `tamis sts` reads; absent: no evaluation"},
    {"low", real, "0", "the score of what is not alike"},
    {"high", real, "5", "the score of what means the same"},
};

Head head_of(const Section& model) {
  const std::string named = model.text("head");
  if (named == "none") return Head::none;
  if (named == "train") return Head::train;
  if (named == "keep") return Head::keep;
  model.fail("head", fmt::format("\"{}\" is no head; accepted: none, train, keep", named));
}

double dot(std::span<const float> vectors, std::size_t a, std::size_t b, std::size_t C) {
  double sum = 0;
  for (std::size_t c = 0; c < C; ++c) sum += static_cast<double>(vectors[a * C + c]) * vectors[b * C + c];
  return sum;
}

}  // namespace

std::string describe_fine_tune_keys() {
  return "## `[model]`\n\n" + describe(kModel) + "\n## `[dev]`\n\n" + describe(kDev);
}

FineTune::FineTune(ConfigFile& file, const train::Config& config, const fs::path& data_folder)
    : folder_(file.path().parent_path()), data_folder_(data_folder), whole_(std::make_unique<Whole>()) {
  if (!config.network.layers.empty()) {
    fail_caller(config.network.where,
                fmt::format("has [[layer]] tables; the task {} takes its network from [model]", config.task));
  }
  const Section model = file.section("model", kModel);
  const Section dev = file.section("dev", kDev);
  const std::string start = model.text("start");
  start_ = start == "minilm" ? encoder::find_model(start) : folder_ / start;
  const encoder::ModelFolder from = encoder::read_model_folder(start_);
  if (from.bert.architecture != "bert") model.fail("start", "is a DistilBERT; a BERT is needed to train");
  tokenizer_ = std::make_unique<text::Tokenizer>(text::Tokenizer::load(start_));
  max_length_ = model.integer_in("max_length", 3, from.bert.positions);
  normalize_ = from.normalize;
  sentences_ = std::make_unique<SentenceNetwork>(
      from.bert, SentenceNetworkOptions{.pooling = encoder::parse_pooling(model.text("pooling")),
                                        .head = head_of(model),
                                        .dropout = model.real_in("dropout", 0, 0.999),
                                        .chunk = model.integer_in("chunk", 0, 1 << 20)});
  whole_->add("sentences", *sentences_);
  if (!dev.has("file")) return;
  Quarantine quarantine;
  dev_ = read_sts("dev", {place_of(dev.text("file"))}, {}, quarantine);
  for (const InputFile& input : dev_.inputs) inputs_.push_back(input);
  const double low = dev.real("low"), high = dev.real("high");
  if (!(low < high)) dev.fail("high", "must be above low");
  for (double& gold : dev_.gold) gold = (gold - low) / (high - low);
  DifferentTexts different = different_texts(dev_);
  dev_first_ = std::move(different.first);
  dev_second_ = std::move(different.second);
  dev_texts_ = std::make_unique<TokenTexts>(*tokenizer_, different.texts, max_length_);
}

FineTune::~FineTune() = default;

fs::path FineTune::place_of(const std::string& name) const {
  return (data_folder_.empty() ? folder_ : data_folder_) / name;
}

void FineTune::initialize(std::uint64_t seed) {
  whole_->initialize(seed);
  const encoder::WeightFile weights = encoder::WeightFile::open(start_);
  sentences_->bert().load(encoder::bert_weights(weights, sentences_->bert().config()));
}

std::vector<train::Metric> FineTune::metrics() const {
  return {{"loss", false}, {"spearman", true}, {"alignment", false}, {"uniformity", false}};
}

std::int64_t FineTune::examples(Part part) const {
  if (part == Part::train) return training_examples();
  return part == Part::validation ? static_cast<std::int64_t>(dev_.gold.size()) : 0;
}

std::optional<std::vector<double>> FineTune::measure_whole(Part) {
  std::vector<float> vectors = sentences_->encode(*dev_texts_);
  const auto C = static_cast<std::size_t>(sentences_->width());
  for (std::size_t i = 0; i < vectors.size(); i += C) encoder::normalize(std::span(vectors).subspan(i, C));
  std::vector<double> cosines;
  double loss = 0, alignment = 0, close = 0;
  for (std::size_t i = 0; i < dev_.gold.size(); ++i) {
    const double cosine = dot(vectors, dev_first_[i], dev_second_[i], C);
    cosines.push_back(cosine);
    loss += (cosine - dev_.gold[i]) * (cosine - dev_.gold[i]);
    if (dev_.gold[i] > 0.8) {
      alignment += 2 - 2 * cosine;
      close += 1;
    }
  }
  const auto count = static_cast<double>(dev_.gold.size());
  return std::vector<double>{loss / count, stats::spearman(dev_.gold, cosines).value_or(0),
                             close > 0 ? alignment / close : 0,
                             geometry::compare_pairs(vectors, sentences_->width()).uniformity.value};
}

void FineTune::place(const train::Share& share, nn::Pass& pass) const {
  pass.first_sequence = share.first;
}

void FineTune::publish(const fs::path& out) {
  encoder::write_model_folder(
      out / "model", sentences_->bert().config(), sentences_->published(), *tokenizer_,
      encoder::SentenceSettings{.pooling = sentences_->options().head == Head::keep
                                               ? encoder::PoolingChoice{encoder::Pooling::cls_pooler, -1}
                                               : sentences_->options().pooling,
                                .normalize = normalize_,
                                .max_length = max_length_});
}

}  // namespace tamis::embedding
