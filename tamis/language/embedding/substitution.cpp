#include <algorithm>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/language/embedding/mlm.h"

namespace tamis::embedding {

namespace {

constexpr std::size_t kTexts = 64;  ///< go through the network together

/// Fills the chosen places of some texts with the likeliest token that is neither special nor what stood there.
void substitute(MaskedLanguageModel& model, const TokenTexts& texts, const MaskOptions& mask, std::uint64_t seed,
                std::size_t begin, std::vector<std::vector<std::int32_t>>& made) {
  const engine::NoGradient nothing_recorded;
  std::vector<std::int32_t> ids, offsets{0}, places, labels;
  std::vector<std::pair<std::size_t, std::int32_t>> targets;  // text, place in it
  for (std::size_t t = begin; t < std::min(made.size(), begin + kTexts); ++t) {
    const std::span<const std::int32_t> tokens = texts[static_cast<std::int64_t>(t)];
    made[t].assign(tokens.begin(), tokens.end());
    const Masked masked = mask_tokens(tokens, mask, seed, 0, static_cast<std::int64_t>(t));
    for (const std::int32_t place : masked.places) {
      places.push_back(offsets.back() + place);
      targets.emplace_back(t, place);
    }
    labels.insert(labels.end(), masked.labels.begin(), masked.labels.end());
    ids.insert(ids.end(), masked.ids.begin(), masked.ids.end());
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  if (places.empty()) return;
  nn::Pass pass;
  const auto T = static_cast<std::int64_t>(ids.size());
  pass.offsets = Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())});
  const auto hidden = model.bert().forward(Tensor::from(ids, {T}), Tensor::zeros({T}, engine::DType::i32), pass);
  const Tensor chosen = Tensor::from(places, {static_cast<std::int64_t>(places.size())});
  const Tensor logits = model.guess(engine::gather_rows(hidden.back(), chosen), pass).value().packed();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const float* row = logits.data<float>() + static_cast<std::int64_t>(i) * mask.vocabulary;
    std::int32_t best = -1;
    for (std::int32_t v = mask.first; v < mask.vocabulary; ++v) {
      if (v != labels[i] && (best < 0 || row[v] > row[best])) best = v;
    }
    if (best >= 0) made[targets[i].first][static_cast<std::size_t>(targets[i].second)] = best;
  }
}

}  // namespace

bool has_guesses(const encoder::WeightFile& weights) {
  return weights.has("cls.predictions.bias");
}

std::vector<std::vector<std::int32_t>> substituted_texts(const std::filesystem::path& folder,
                                                         const text::Tokenizer& tokenizer, const TokenTexts& texts,
                                                         double share, std::uint64_t seed) {
  const encoder::WeightFile weights = encoder::WeightFile::open(folder);
  if (!has_guesses(weights))
    fail_world(folder.string(), "has no masked-language head, which substitution guesses with (cls.predictions)");
  MaskedLanguageModel model(encoder::read_model_folder(folder).bert, 0);
  model.load(weights);
  const auto token = tokenizer.id(tokenizer.settings().mask);
  if (!token) fail_world(folder.string(), "its vocabulary has no mask token");
  const auto vocabulary = static_cast<std::int32_t>(tokenizer.vocabulary_size());
  const MaskOptions mask{.share = share,
                         .masked = 1,
                         .random = 0,
                         .mask = *token,
                         .first = std::min(*token + 1, vocabulary - 1),
                         .vocabulary = vocabulary};
  std::vector<std::vector<std::int32_t>> made(static_cast<std::size_t>(texts.size()));
  parallel_for((made.size() + kTexts - 1) / kTexts,
               [&](std::size_t piece) { substitute(model, texts, mask, seed, piece * kTexts, made); });
  return made;
}

}  // namespace tamis::embedding
