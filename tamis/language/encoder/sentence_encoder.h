#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tamis/engine/tensor/packed_linear.h"
#include "tamis/language/encoder/config.h"
#include "tamis/language/encoder/pooling.h"
#include "tamis/language/text/tokenizer.h"

namespace tamis::encoder {

struct EncoderOptions {
  std::optional<PoolingChoice> pooling = {};  ///< absent: as the folder says, or mean
  std::optional<bool> normalize = {};         ///< absent: as the folder says
  std::int64_t dimensions = 0;                ///< the first so many components (Matryoshka), before normalising; 0: all
  std::int64_t max_length = 0;                ///< tokens, [CLS] and [SEP] among them; 0: as the folder says
  std::string prompt = {};  ///< put before every text; the folder's own default if `use_default_prompt`
  bool use_default_prompt = true;
  engine::WeightPrecision precision = engine::WeightPrecision::f32;
  std::int64_t token_budget = 1024;  ///< tokens that go through the network together, on one thread
  bool literal_special = false;      ///< see text::EncodeOptions
};

/// What happened to one text.
struct TextReport {
  std::uint32_t tokens = 0;    ///< that went through the network
  std::uint32_t dropped = 0;   ///< that were cut off
  std::uint32_t replaced = 0;  ///< ill-formed pieces of UTF-8 read as U+FFFD
  bool empty = false;          ///< no token but the special ones
};

/// Texts to vectors: tokenizer, network, pooling. In f32 a text's vector is the same, bit for bit, whatever else is in
/// the call, in whatever order, on any number of threads. Constant once loaded; encode() may be called from several
/// threads.
class SentenceEncoder {
 public:
  /// Reads a folder (see config.h, weights.h, tokenizer.h for what it throws). Throws invalid_argument for options that
  /// do not fit the network: dimensions, a layer, a max_length beyond the position table, bf16 on a CPU without it,
  /// cls-pooler without a pooler.
  static SentenceEncoder load(const std::filesystem::path& folder, const EncoderOptions& options = {});
  ~SentenceEncoder();
  SentenceEncoder(SentenceEncoder&&) noexcept;

  /// out [texts, dimensions()], row i for text i; reports, one a text, or empty if nobody asks. Texts are sorted by
  /// length, packed and shared out over threads(); a single text's products are shared out instead.
  void encode(std::span<const std::string_view> texts, std::span<float> out, std::span<TextReport> reports = {}) const;

  std::int64_t dimensions() const;
  const ModelFolder& folder() const;
  const text::Tokenizer& tokenizer() const;
  /// As they came out: nothing absent.
  const EncoderOptions& options() const;

 private:
  struct Inside;
  explicit SentenceEncoder(std::unique_ptr<const Inside> inside);
  std::unique_ptr<const Inside> inside_;
};

}  // namespace tamis::encoder
