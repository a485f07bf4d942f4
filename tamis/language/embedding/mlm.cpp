#include "tamis/language/embedding/mlm.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/tensor/reduce.h"
#include "tamis/language/encoder/write_model.h"
#include "tamis/language/text/learn_vocabulary.h"

namespace tamis::embedding {

using engine::Shape;
using train::Part;

namespace {

using enum Key::Type;
namespace fs = std::filesystem;

constexpr Key kData[] = {
    {"text", text, "", "file of text, one sentence a line, plain or compressed; relative to the configuration"},
    {"validation", integer, "2000", "lines at the end of the file that are held out"},
    {"max_length", integer, "128", "tokens of a sentence, [CLS] and [SEP] among them; longer ones are cut"},
    {"vocabulary", text, "\"\"", "vocab.txt, tokenizer.json or their folder; \"\": learnt from the text"},
    {"vocabulary_size", integer, "16384", "tokens of a vocabulary that is learnt"},
    {"lowercase", boolean, "true", "whether a vocabulary that is learnt is of lower case"},
    {"share", real, "0.15", "share of the tokens that are chosen, above 0, below 1"},
    {"masked", real, "0.8", "share of the chosen tokens that become [MASK]"},
    {"random", real, "0.1", "share of the chosen tokens that become any token"},
};
constexpr Key kModel[] = {
    {"start", text, "\"\"", "folder of a model to go on from; \"\": a network drawn from the seed"},
    {"layers", integer, "4", "of a network that is drawn"},
    {"width", integer, "256", "numbers of a token's vector, a multiple of heads"},
    {"heads", integer, "4", "of attention"},
    {"feed_forward", integer, "1024", "numbers inside a layer"},
    {"positions", integer, "128", "tokens of the longest sentence, max_length or more"},
    {"dropout", real, "0.1", "share that is dropped, 0 to below 1"},
};

/// A vocabulary for these lines, the same on any number of threads.
text::Tokenizer learnt_tokenizer(std::span<const std::string_view> lines, const Section& data) {
  text::TokenizerSettings settings;
  settings.lowercase = data.boolean("lowercase");
  constexpr std::size_t kPiece = 16384;
  std::vector<text::WordCounts> counts((lines.size() + kPiece - 1) / kPiece);
  parallel_for(counts.size(), [&](std::size_t p) {
    for (std::size_t i = p * kPiece; i < std::min(lines.size(), (p + 1) * kPiece); ++i) {
      text::count_words(lines[i], settings, counts[p]);
    }
  });
  text::WordCounts whole;
  for (const text::WordCounts& part : counts) {
    for (const auto& [word, count] : part) whole[word] += count;
  }
  const std::int64_t size = data.integer_in("vocabulary_size", 32, 1 << 20);
  return text::Tokenizer::of(text::learn_vocabulary(whole, settings, {.size = size}), settings);
}

encoder::BertConfig network_of(const Section& model, std::int64_t vocabulary) {
  encoder::BertConfig config;
  config.architecture = "bert";
  config.vocabulary = vocabulary;
  config.layers = model.integer_in("layers", 1, 100);
  config.width = model.integer_in("width", 1, 16384);
  config.heads = model.integer_in("heads", 1, 1024);
  config.feed_forward = model.integer_in("feed_forward", 1, 65536);
  config.positions = model.integer_in("positions", 3, 65536);
  if (config.width % config.heads != 0) model.fail("heads", "must divide width");
  return config;
}

}  // namespace

std::string describe_mlm_keys() {
  return "## `[data]`\n\n" + describe(kData) + "\n## `[model]`\n\n" + describe(kModel);
}

Masked mask_tokens(std::span<const std::int32_t> ids, const MaskOptions& options, std::uint64_t seed,
                   std::int64_t epoch, std::int64_t text) {
  Masked made{{ids.begin(), ids.end()}, {}, {}};
  Stream stream(seed, fmt::format("mlm.mask.{}", epoch), static_cast<std::uint64_t>(text));
  for (std::size_t t = 1; t + 1 < ids.size(); ++t) {
    if (stream.uniform() >= options.share) continue;
    made.places.push_back(static_cast<std::int32_t>(t));
    made.labels.push_back(ids[t]);
    const double what = stream.uniform();
    if (what < options.masked) {
      made.ids[t] = options.mask;
    } else if (what < options.masked + options.random) {
      const auto range = static_cast<std::uint64_t>(options.vocabulary - options.first);
      made.ids[t] = options.first + static_cast<std::int32_t>(stream.below(range));
    }
  }
  return made;
}

struct MaskedLanguageModel::Head : nn::Module {
  explicit Head(const encoder::BertConfig& config)
      : gelu(config.gelu),
        dense(config.width, config.width, {.weight = nn::Init::truncated_normal(0.02)}),
        norm(config.width, config.epsilon) {
    adopt("dense", dense);
    adopt("norm", norm);
    bias = own("bias", {config.vocabulary}, nn::Init::zeros(), false);
  }
  engine::Gelu gelu;
  nn::Linear dense;
  nn::LayerNorm norm;
  Variable bias;
};

MaskedLanguageModel::MaskedLanguageModel(const encoder::BertConfig& config, double dropout)
    : bert_(config, dropout, false), head_(std::make_unique<Head>(config)) {
  adopt("bert", bert_);
  adopt("head", *head_);
}

MaskedLanguageModel::~MaskedLanguageModel() = default;

Variable MaskedLanguageModel::guess(const Variable& hidden, nn::Pass& pass) {
  const Variable dense = engine::gelu(head_->dense.forward(hidden, pass), head_->gelu);
  return engine::linear(head_->norm.forward(dense, pass), bert_.word_embeddings(), head_->bias);
}

void MaskedLanguageModel::load(const encoder::WeightFile& weights) {
  const encoder::BertConfig& config = bert_.config();
  bert_.load(encoder::bert_weights(weights, config));
  for (const nn::Parameter& parameter : head_->parameters()) {
    nn::Parameter named = parameter;
    named.name = "head." + named.name;
    const std::string stored = encoder::hugging_face_names({named}, "bert.").at(0).name;
    Variable variable = parameter.variable;
    const engine::Shape& shape = variable.shape();
    std::vector<std::int64_t> sizes;
    for (int axis = 0; axis < shape.rank(); ++axis) sizes.push_back(shape[axis]);
    const encoder::Floats values = weights.floats(stored, sizes);
    std::copy(values.values.begin(), values.values.end(), variable.leaf_value().data<float>());
  }
}

/// The chosen places of some texts: log-odds [n, V] and labels [n]; undefined if none was chosen.
struct MaskedLanguage::Guesses {
  Variable logits;
  Tensor labels;
};

MaskedLanguage::MaskedLanguage(ConfigFile& file, const train::Config& config, const fs::path& data_folder,
                               std::uint64_t seed)
    : seed_(seed) {
  if (!config.network.layers.empty()) {
    fail_caller(config.network.where, "has [[layer]] tables; the task mlm builds its network from [model]");
  }
  const Section data = file.section("data", kData);
  const Section model = file.section("model", kModel);
  file.finish();
  const fs::path folder = data_folder.empty() ? file.path().parent_path() : data_folder;
  const TextLines lines = read_texts(folder / data.text("text"));
  inputs_.push_back(lines.file);
  start_ = model.text("start").empty() ? fs::path() : file.path().parent_path() / model.text("start");
  const std::string vocabulary = data.text("vocabulary");
  if (!start_.empty() && !vocabulary.empty()) data.fail("vocabulary", "a model to start from brings its own");
  tokenizer_ = std::make_unique<text::Tokenizer>(!start_.empty() ? text::Tokenizer::load(start_)
                                                 : !vocabulary.empty()
                                                     ? text::Tokenizer::load(file.path().parent_path() / vocabulary)
                                                     : learnt_tokenizer(lines.lines, data));
  const encoder::BertConfig bert =
      start_.empty() ? network_of(model, tokenizer_->vocabulary_size()) : encoder::read_model_folder(start_).bert;
  const std::int64_t max_length = data.integer_in("max_length", 3, bert.positions);
  texts_ = std::make_unique<TokenTexts>(*tokenizer_, lines.lines, max_length);
  validation_ = data.integer_in("validation", 0, texts_->size() - 1);
  mask_.share = data.real_in("share", 1e-6, 0.999);
  mask_.masked = data.real_in("masked", 0, 1);
  mask_.random = data.real_in("random", 0, 1 - mask_.masked);
  const auto mask = tokenizer_->id(tokenizer_->settings().mask);
  if (!mask) data.fail("vocabulary", fmt::format("has no token {}", tokenizer_->settings().mask));
  mask_.mask = *mask;
  mask_.first = std::min(*mask + 1, static_cast<std::int32_t>(tokenizer_->vocabulary_size()) - 1);
  mask_.vocabulary = static_cast<std::int32_t>(tokenizer_->vocabulary_size());
  const std::int64_t open = texts_->tokens() - 2 * texts_->size();
  if (open == 0) fail_world(inputs_[0].path, "has no word that the vocabulary knows how to cut");
  expected_ = mask_.share * static_cast<double>(open) / static_cast<double>(texts_->size());
  std::int64_t chosen = 0;
  for (std::int64_t i = texts_->size() - validation_; i < texts_->size(); ++i) {
    chosen += static_cast<std::int64_t>(mask_tokens((*texts_)[i], mask_, seed_, -1, i).places.size());
  }
  if (validation_ > 0)
    validation_chosen_ = std::max(1.0, static_cast<double>(chosen)) / static_cast<double>(validation_);
  network_ = std::make_unique<MaskedLanguageModel>(bert, model.real_in("dropout", 0, 0.999));
}

MaskedLanguage::~MaskedLanguage() = default;

void MaskedLanguage::initialize(std::uint64_t seed) {
  network_->initialize(seed);
  if (start_.empty()) return;
  const encoder::WeightFile weights = encoder::WeightFile::open(start_);
  network_->bert().load(encoder::bert_weights(weights, network_->bert().config()));
}

std::int64_t MaskedLanguage::examples(Part part) const {
  return part == Part::train ? texts_->size() - validation_ : part == Part::validation ? validation_ : 0;
}

MaskedLanguage::Guesses MaskedLanguage::guesses(std::span<const std::int64_t> texts, std::int64_t epoch,
                                                nn::Pass& pass) {
  std::vector<std::int32_t> ids, offsets{0}, places, labels;
  for (const std::int64_t text : texts) {
    const Masked masked = mask_tokens((*texts_)[text], mask_, seed_, epoch, text);
    for (const std::int32_t place : masked.places) places.push_back(offsets.back() + place);
    labels.insert(labels.end(), masked.labels.begin(), masked.labels.end());
    ids.insert(ids.end(), masked.ids.begin(), masked.ids.end());
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  if (places.empty()) return {};
  const auto T = static_cast<std::int64_t>(ids.size());
  const auto n = static_cast<std::int64_t>(places.size());
  pass.offsets = Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())});
  const auto hidden = network_->bert().forward(Tensor::from(ids, {T}), Tensor::zeros({T}, engine::DType::i32), pass);
  const Variable chosen = engine::gather_rows(hidden.back(), Tensor::from(places, {n}));
  return {network_->guess(chosen, pass), Tensor::from(labels, {n})};
}

Variable MaskedLanguage::loss(const train::Share& share, nn::Pass& pass) {
  pass.first_sequence = share.first;
  pass.first_row = share.first * network_->bert().config().positions;
  const Guesses made = guesses(share.examples, share.epoch, pass);
  if (!made.logits.defined()) {
    // No token of this share was chosen: a loss of 0 that the walk can still go back from.
    return engine::mul(engine::sum(engine::slice(network_->bert().word_embeddings(), 0, 0, 1)), 0);
  }
  return engine::mul(nn::cross_entropy(made.logits, made.labels, 0, nn::Reduction::sum), 1 / expected_);
}

std::vector<train::Metric> MaskedLanguage::metrics() const {
  return {{"loss", false}, {"accuracy", true}};
}

std::vector<double> MaskedLanguage::measure(Part part, std::span<const std::int64_t> examples) {
  std::vector<std::int64_t> texts(examples.begin(), examples.end());
  if (part == Part::validation) {
    for (std::int64_t& text : texts) text += texts_->size() - validation_;
  }
  nn::Pass pass;
  const Guesses made = guesses(texts, -1, pass);
  if (!made.logits.defined()) return {0, 0};
  const double loss = nn::cross_entropy(made.logits, made.labels, 0, nn::Reduction::sum).value().item();
  const Tensor best = engine::argmax(made.logits.value(), -1);
  const auto labels = made.labels.span<std::int32_t>();
  double right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    right += best.span<std::int64_t>()[i] == labels[i] ? 1.0 : 0.0;
  }
  const double chosen = part == Part::validation ? validation_chosen_ : expected_;
  return {loss / chosen, right / chosen};
}

void MaskedLanguage::publish(const fs::path& out) {
  encoder::write_model_folder(out / "model", network_->bert().config(),
                              encoder::hugging_face_names(network_->parameters(), "bert."), *tokenizer_, std::nullopt);
}

}  // namespace tamis::embedding
