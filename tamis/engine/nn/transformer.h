#pragma once

#include "tamis/engine/nn/attention.h"
#include "tamis/engine/nn/dropout.h"
#include "tamis/engine/nn/norm.h"
#include "tamis/engine/tensor/elementwise.h"

// Transformer encoders over packed sequences: [T, C] -> [T, C], with pass.offsets.
namespace tamis::nn {

struct TransformerOptions {
  std::int64_t width = 384;
  std::int64_t heads = 12;
  std::int64_t feed_forward = 1536;
  std::int64_t layers = 6;  ///< of a TransformerEncoder
  engine::Gelu gelu = engine::Gelu::exact;
  double dropout = 0.1;            ///< on what each half adds
  double attention_dropout = 0.1;  ///< on the probabilities
  bool pre_norm = false;
  double epsilon = 1e-12;  ///< of the layer norms
  Init weight = Init::truncated_normal(0.02);
};

/// Post-norm, as BERT (Devlin et al., arXiv:1810.04805): a = norm(x + drop(attention(x))), y = norm(a + drop(down(
/// gelu(up(a))))). Pre-norm (Xiong et al., arXiv:2002.04745, figure 1b): a = x + drop(attention(norm(x))), y = a +
/// drop(down(gelu(up(norm(a))))). Parts: attention {qkv, output}, attention_norm, up, down, output_norm.
class TransformerEncoderLayer : public Layer {
 public:
  explicit TransformerEncoderLayer(const TransformerOptions& options);
  std::string_view kind() const override { return "transformer_layer"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  Variable feed_forward(const Variable& x, Pass& pass);

  TransformerOptions options_;
  MultiHeadAttention attention_;
  LayerNorm attention_norm_;
  Dropout attention_dropout_;
  Linear up_, down_;
  LayerNorm output_norm_;
  Dropout output_dropout_;
};

/// `layers` layers one after the other. Parts: layer.0, layer.1, … and, with pre-norm, a last norm: final_norm.
class TransformerEncoder : public Layer {
 public:
  explicit TransformerEncoder(const TransformerOptions& options);
  std::string_view kind() const override { return "transformer"; }
  engine::Shape output_shape(const engine::Shape& x) const override { return layers_.output_shape(x); }
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  Sequential layers_;
  std::unique_ptr<LayerNorm> final_norm_;
};

}  // namespace tamis::nn
