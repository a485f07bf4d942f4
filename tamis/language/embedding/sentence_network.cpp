#include "tamis/language/embedding/sentence_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/tensor/visit.h"
#include "tamis/language/encoder/write_model.h"

namespace tamis::embedding {

using encoder::Pooling;

namespace {

/// Where a shard's rows of the batch begin. How many tokens lie in the shards before is not known to it; no shard has
/// more rows than this leaves room for, so that no two draw the same random numbers.
std::int64_t rows_before(std::int64_t sequence, const encoder::BertConfig& config) {
  return sequence * config.positions;
}

}  // namespace

SentenceNetwork::SentenceNetwork(const encoder::BertConfig& config, const SentenceNetworkOptions& options)
    : options_(options), bert_(config, options.dropout, false) {
  const Pooling kind = options.pooling.kind;
  if (kind != Pooling::cls && kind != Pooling::mean && kind != Pooling::max && kind != Pooling::first_last &&
      kind != Pooling::embedding_last) {
    fail_caller("pooling", fmt::format("\"{}\" is not trained with; accepted: cls, mean, max, first-last, "
                                       "embedding-last",
                                       encoder::text(options.pooling)));
  }
  if (options.head == Head::keep && kind != Pooling::cls) {
    fail_caller("head", "\"keep\" needs pooling \"cls\": a model folder knows no head on another pooling");
  }
  encoder::last_layer(options.pooling, config.layers);
  adopt("bert", bert_);
  adopt("mean", mean_);
  if (options.head == Head::none) return;
  head_ = std::make_unique<nn::Linear>(config.width, config.width,
                                       nn::LinearOptions{.weight = nn::Init::truncated_normal(0.02)});
  adopt("head", *head_);
}

Variable SentenceNetwork::pooled(const std::vector<Variable>& hidden, nn::Pass& pass) {
  const encoder::PoolingChoice& choice = options_.pooling;
  const auto layer = static_cast<std::size_t>(encoder::last_layer(choice, bert_.config().layers));
  const auto halves = [&](const Variable& a, const Variable& b) {
    return mean_.forward(engine::mul(engine::add(a, b), 0.5), pass);
  };
  switch (choice.kind) {
    case Pooling::cls:
      return engine::gather_rows(hidden[layer], pass.offsets.slice(0, 0, pass.offsets.size(0) - 1));
    case Pooling::max:
      return sequence_max(hidden[layer], pass.offsets);
    case Pooling::first_last:
      return halves(hidden[1], hidden[layer]);
    case Pooling::embedding_last:
      return halves(hidden[0], hidden[layer]);
    default:
      return mean_.forward(hidden[layer], pass);
  }
}

Variable SentenceNetwork::represent(const Packed& packed, nn::Pass& pass) {
  pass.offsets = packed.offsets;
  const Variable vectors = pooled(bert_.forward(packed.ids, packed.types, pass), pass);
  if (!head_ || (options_.head == Head::train && !pass.training)) return vectors;
  return engine::tanh(head_->forward(vectors, pass));
}

Variable SentenceNetwork::represent(const TokenTexts& texts, std::span<const std::int64_t> chosen, nn::Pass& pass) {
  const std::int64_t first = pass.first_sequence;
  const auto count = static_cast<std::int64_t>(chosen.size());
  const std::int64_t chunk = options_.chunk > 0 ? options_.chunk : count;
  std::int64_t row = rows_before(first, bert_.config());
  std::vector<Variable> pieces;
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const auto n = std::min(chunk, count - begin);
    const auto part = chosen.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(n));
    nn::Pass own = pass;
    own.first_sequence = first + begin;
    own.first_row = row;
    const Packed packed = pack(texts, part);
    if (chunk >= count) return represent(packed, own);
    row += packed.ids.size(0);
    pieces.push_back(engine::checkpoint(
        [this, packed, own](const std::vector<Variable>&) {
          nn::Pass again = own;
          return represent(packed, again);
        },
        {}));
  }
  return engine::concat(pieces, 0);
}

std::vector<float> SentenceNetwork::encode(const TokenTexts& texts) {
  constexpr std::int64_t kPiece = 64;
  std::vector<std::int64_t> order(static_cast<std::size_t>(texts.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return texts[a].size() < texts[b].size(); });
  const auto C = static_cast<std::size_t>(width());
  std::vector<float> out(order.size() * C);
  parallel_for((order.size() + kPiece - 1) / kPiece, [&](std::size_t p) {
    const engine::NoGradient nothing_recorded;
    const auto part = std::span(order).subspan(p * kPiece, std::min<std::size_t>(kPiece, order.size() - p * kPiece));
    nn::Pass pass;
    const Tensor rows = represent(pack(texts, part), pass).value().to(engine::DType::f32).packed();
    for (std::size_t i = 0; i < part.size(); ++i) {
      std::copy_n(rows.data<float>() + i * C, C, out.data() + static_cast<std::size_t>(part[i]) * C);
    }
  });
  return out;
}

std::vector<nn::Buffer> SentenceNetwork::published() const {
  std::vector<nn::Buffer> weights = encoder::hugging_face_names(parameters(), "bert.");
  std::erase_if(weights, [](const nn::Buffer& weight) { return !weight.name.starts_with("bert."); });
  if (options_.head == Head::keep) {
    weights.push_back({"bert.pooler.dense.weight", head_->weight().value()});
    weights.push_back({"bert.pooler.dense.bias", head_->bias().value()});
  }
  return weights;
}

Variable sequence_max(const Variable& x, const Tensor& offsets) {
  const Tensor values = x.value().packed();
  const std::int64_t B = offsets.size(0) - 1, C = values.size(1);
  const auto at = offsets.span<std::int32_t>();
  Tensor y({B, C}, values.dtype());
  std::vector<std::int32_t> best(static_cast<std::size_t>(B * C));
  engine::visit_real(values.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = values.data<T>();
    for (std::int64_t b = 0; b < B; ++b) {
      for (std::int64_t c = 0; c < C; ++c) {
        std::int32_t top = at[static_cast<std::size_t>(b)];
        for (std::int32_t t = top + 1; t < at[static_cast<std::size_t>(b) + 1]; ++t) {
          if (from[t * C + c] > from[top * C + c]) top = t;
        }
        best[static_cast<std::size_t>(b * C + c)] = top;
        y.data<T>()[b * C + c] = from[top * C + c];
      }
    }
  });
  const engine::Shape shape = x.shape();
  return engine::record("sequence_max", y, {x}, [best, shape, C](const Tensor& g, engine::Sink& sink) {
    const Tensor from = g.packed();
    Tensor dx = Tensor::zeros(shape, g.dtype());
    engine::visit_real(g.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (std::size_t i = 0; i < best.size(); ++i) {
        dx.data<T>()[best[i] * C + static_cast<std::int64_t>(i) % C] += from.data<T>()[i];
      }
    });
    sink.add(0, dx);
  });
}

}  // namespace tamis::embedding
