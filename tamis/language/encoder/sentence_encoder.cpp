#include "tamis/language/encoder/sentence_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/language/encoder/bert.h"
#include "tamis/language/encoder/fused_bert.h"
#include "tamis/language/encoder/weights.h"

namespace tamis::encoder {

namespace {

/// Texts that one thread cuts into tokens at a time.
constexpr std::size_t kTokenizeGrain = 64;

/// The tokens of all texts, block after block of kTokenizeGrain texts.
struct TokenizedTexts {
  struct Place {
    std::uint32_t block = 0;
    std::uint32_t begin = 0;
    std::uint32_t count = 0;
  };
  std::vector<std::vector<std::int32_t>> blocks;
  std::vector<Place> places;  ///< one a text

  std::span<const std::int32_t> of(std::size_t text) const {
    const Place& place = places[text];
    return std::span(blocks[place.block]).subspan(place.begin, place.count);
  }
};

/// What goes through the network together, and how many threads share its steps.
struct Plan {
  std::vector<std::size_t> order;   ///< texts, longest first
  std::vector<std::size_t> bounds;  ///< chunk c is order[bounds[c]] .. order[bounds[c + 1] - 1]
  bool shares_steps = false;        ///< fewer texts than threads: one after the other, each on all threads
};

Plan plan_chunks(const TokenizedTexts& texts, std::int64_t token_budget) {
  const auto count = texts.places.size();
  const auto team = static_cast<std::size_t>(threads());
  Plan plan;
  plan.order.resize(count);
  std::iota(plan.order.begin(), plan.order.end(), std::size_t{0});
  std::stable_sort(plan.order.begin(), plan.order.end(),
                   [&](std::size_t a, std::size_t b) { return texts.places[a].count > texts.places[b].count; });
  plan.shares_steps = team > 1 && count < team;
  std::size_t total = 0;
  for (const auto& place : texts.places) total += place.count;
  // A few chunks a thread, so that all end at about the same time; but none so small that weights are read for little.
  const std::size_t least = std::min<std::size_t>(256, static_cast<std::size_t>(token_budget));
  const std::size_t most =
      plan.shares_steps ? 1 : std::clamp(total / (4 * team) + 1, least, static_cast<std::size_t>(token_budget));
  std::size_t held = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = texts.places[plan.order[i]].count;
    if (plan.bounds.empty() || held + length > most) {
      plan.bounds.push_back(i);
      held = 0;
    }
    held += length;
  }
  plan.bounds.push_back(count);
  return plan;
}

}  // namespace

struct SentenceEncoder::Inside {
  ModelFolder folder;
  text::Tokenizer tokenizer;
  EncoderOptions options;
  PoolingChoice pooling;
  std::int64_t last = 0;  ///< the last layer that pooling reads
  BertWeights::Affine pooler;
  std::unique_ptr<const FusedBert> network;

  std::int64_t dimensions() const { return options.dimensions; }
  TokenizedTexts tokenize(std::span<const std::string_view> texts, std::span<TextReport> reports) const;
  void run_chunk(const TokenizedTexts& texts, std::span<const std::size_t> chunk, int threads,
                 std::span<float> out) const;
  void finish(std::span<float> pooled, std::span<float> out) const;
};

TokenizedTexts SentenceEncoder::Inside::tokenize(std::span<const std::string_view> texts,
                                                 std::span<TextReport> reports) const {
  TokenizedTexts all;
  all.places.resize(texts.size());
  all.blocks.resize((texts.size() + kTokenizeGrain - 1) / kTokenizeGrain);
  const text::EncodeOptions how{options.max_length, true, options.literal_special, false};
  parallel_for(all.blocks.size(), [&](std::size_t b) {
    text::Encoding encoding;
    std::string prompted;
    std::vector<std::int32_t>& block = all.blocks[b];
    for (std::size_t i = b * kTokenizeGrain; i < std::min(texts.size(), (b + 1) * kTokenizeGrain); ++i) {
      std::string_view given = texts[i];
      if (!options.prompt.empty()) given = prompted.assign(options.prompt).append(given);
      tokenizer.encode(given, how, encoding);
      all.places[i] = {static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(block.size()),
                       static_cast<std::uint32_t>(encoding.ids.size())};
      block.insert(block.end(), encoding.ids.begin(), encoding.ids.end());
      if (reports.empty()) continue;
      constexpr std::uint64_t most = UINT32_MAX;
      reports[i] = {all.places[i].count, static_cast<std::uint32_t>(std::min(encoding.dropped, most)),
                    static_cast<std::uint32_t>(std::min(encoding.replaced, most)),
                    encoding.ids.size() + encoding.dropped <= 2};
    }
  });
  return all;
}

void SentenceEncoder::Inside::finish(std::span<float> pooled, std::span<float> out) const {
  if (pooling.kind == Pooling::cls_pooler) {
    const auto C = pooled.size();
    std::vector<float> dense(C);
    for (std::size_t o = 0; o < C; ++o) {
      const auto row = pooler.weight.values.subspan(o * C, C);
      double sum = pooler.bias.values[o];
      for (std::size_t i = 0; i < C; ++i) sum += static_cast<double>(row[i]) * pooled[i];
      dense[o] = static_cast<float>(std::tanh(sum));
    }
    std::copy(dense.begin(), dense.end(), pooled.begin());
  }
  std::copy_n(pooled.begin(), out.size(), out.begin());
  if (*options.normalize) normalize(out);
}

void SentenceEncoder::Inside::run_chunk(const TokenizedTexts& texts, std::span<const std::size_t> chunk, int threads,
                                        std::span<float> out) const {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> offsets{0};
  for (const std::size_t text : chunk) {
    const auto tokens = texts.of(text);
    ids.insert(ids.end(), tokens.begin(), tokens.end());
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  const auto C = static_cast<std::size_t>(folder.bert.width);
  std::vector<float> pooled(chunk.size() * C);
  network->run({ids, offsets}, last, threads, [&](std::int64_t layer, std::span<const float> hidden) {
    if (!reads_layer(pooling, layer, folder.bert.layers)) return;
    for (std::size_t b = 0; b < chunk.size(); ++b) {
      const auto begin = static_cast<std::size_t>(offsets[b]);
      const auto end = static_cast<std::size_t>(offsets[b + 1]);
      pool_layer(pooling, hidden.subspan(begin * C, (end - begin) * C), folder.bert.width,
                 std::span(pooled).subspan(b * C, C));
    }
  });
  const auto width = static_cast<std::size_t>(dimensions());
  for (std::size_t b = 0; b < chunk.size(); ++b) {
    finish(std::span(pooled).subspan(b * C, C), out.subspan(chunk[b] * width, width));
  }
}

namespace {

/// The tokens a text may have: what was asked for, or what the folder says, within the position table.
std::int64_t chosen_length(const ModelFolder& folder, const text::Tokenizer& tokenizer, std::int64_t asked) {
  const std::int64_t positions = folder.bert.positions;
  if (asked > positions || asked < 0 || asked == 1 || asked == 2) {
    fail_caller("max_length",
                fmt::format("{}: must be 3 to {}, the positions of {}", asked, positions, folder.folder.string()));
  }
  if (asked > 0) return asked;
  const std::int64_t said = folder.max_length.value_or(tokenizer.max_length().value_or(positions));
  if (said < 3) fail_world(folder.folder.string(), fmt::format("limits texts to {} tokens; 3 is the least", said));
  return std::min(said, positions);
}

/// The options with nothing absent.
EncoderOptions resolved(const EncoderOptions& asked, const ModelFolder& folder, const text::Tokenizer& tokenizer) {
  EncoderOptions options = asked;
  options.pooling = asked.pooling.value_or(folder.pooling.value_or(PoolingChoice{}));
  options.normalize = asked.normalize.value_or(folder.normalize);
  options.max_length = chosen_length(folder, tokenizer, asked.max_length);
  const std::int64_t width = folder.bert.width;
  if (asked.dimensions < 0 || asked.dimensions > width) {
    fail_caller("dimensions",
                fmt::format("{}: vectors of {} have {}", asked.dimensions, folder.folder.string(), width));
  }
  if (asked.dimensions == 0) options.dimensions = width;
  if (asked.token_budget < 1) fail_caller("token_budget", fmt::format("{}: must be at least 1", asked.token_budget));
  if (asked.prompt.empty() && asked.use_default_prompt && !folder.default_prompt.empty()) {
    options.prompt = folder.prompts.at(folder.default_prompt);
  }
  return options;
}

}  // namespace

SentenceEncoder SentenceEncoder::load(const std::filesystem::path& path, const EncoderOptions& asked) {
  engine::require_precision(asked.precision);
  ModelFolder folder = read_model_folder(path);
  text::Tokenizer tokenizer = text::Tokenizer::load(folder.transformer);
  if (folder.lowercase.value_or(false) && !tokenizer.settings().lowercase) {
    fail_caller(path.string(),
                "asks for lower case before a tokenizer that keeps case, which is not served; set "
                "do_lower_case in its tokenizer_config.json");
  }
  const EncoderOptions options = resolved(asked, folder, tokenizer);
  const std::int64_t last = last_layer(*options.pooling, folder.bert.layers);
  if (tokenizer.vocabulary_size() > folder.bert.vocabulary) {
    fail_world(path.string(), fmt::format("its tokenizer has {} tokens, its network {}: they do not belong together",
                                          tokenizer.vocabulary_size(), folder.bert.vocabulary));
  }
  const WeightFile file = WeightFile::open(folder.transformer);
  const BertWeights weights = bert_weights(file, folder.bert);
  if (options.pooling->kind == Pooling::cls_pooler && weights.pooler.weight.empty()) {
    fail_caller("pooling", fmt::format("{} has no pooler, which cls-pooler takes; cls is without", path.string()));
  }
  auto network = std::make_unique<const FusedBert>(folder.bert, weights, options.precision);
  return SentenceEncoder(std::make_unique<const Inside>(Inside{
      std::move(folder), std::move(tokenizer), options, *options.pooling, last, weights.pooler, std::move(network)}));
}

SentenceEncoder::SentenceEncoder(std::unique_ptr<const Inside> inside) : inside_(std::move(inside)) {}
SentenceEncoder::~SentenceEncoder() = default;
SentenceEncoder::SentenceEncoder(SentenceEncoder&&) noexcept = default;

void SentenceEncoder::encode(std::span<const std::string_view> texts, std::span<float> out,
                             std::span<TextReport> reports) const {
  const auto width = static_cast<std::size_t>(dimensions());
  if (out.size() != texts.size() * width || (!reports.empty() && reports.size() != texts.size())) {
    fail_caller("encode", fmt::format("{} texts need {} numbers and {} reports or none, not {} and {}", texts.size(),
                                      texts.size() * width, texts.size(), out.size(), reports.size()));
  }
  if (texts.empty()) return;
  const TokenizedTexts tokenized = inside_->tokenize(texts, reports);
  const Plan plan = plan_chunks(tokenized, inside_->options.token_budget);
  const auto chunk = [&](std::size_t c) {
    return std::span(plan.order).subspan(plan.bounds[c], plan.bounds[c + 1] - plan.bounds[c]);
  };
  const std::size_t chunks = plan.bounds.size() - 1;
  if (plan.shares_steps) {
    for (std::size_t c = 0; c < chunks; ++c) inside_->run_chunk(tokenized, chunk(c), threads(), out);
  } else {
    parallel_for(chunks, [&](std::size_t c) { inside_->run_chunk(tokenized, chunk(c), 1, out); });
  }
}

std::int64_t SentenceEncoder::dimensions() const {
  return inside_->dimensions();
}
const ModelFolder& SentenceEncoder::folder() const {
  return inside_->folder;
}
const text::Tokenizer& SentenceEncoder::tokenizer() const {
  return inside_->tokenizer;
}
const EncoderOptions& SentenceEncoder::options() const {
  return inside_->options;
}

}  // namespace tamis::encoder
