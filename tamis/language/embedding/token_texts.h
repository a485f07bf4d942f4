#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/engine/nn/module.h"
#include "tamis/language/text/tokenizer.h"

namespace tamis::embedding {

using engine::Tensor;

/// Texts as tokens, end to end: [CLS] text [SEP] each.
class TokenTexts {
 public:
  /// Tokenizes on threads(); texts are cut to `max_length` tokens, special ones among them.
  TokenTexts(const text::Tokenizer& tokenizer, std::span<const std::string_view> texts, std::int64_t max_length);

  std::int64_t size() const { return static_cast<std::int64_t>(begins_.size()) - 1; }
  std::int64_t tokens() const { return begins_.back(); }
  std::span<const std::int32_t> operator[](std::int64_t text) const;
  std::uint64_t truncated() const { return truncated_; }

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> begins_{0};
  std::uint64_t truncated_ = 0;
};

/// Some texts laid end to end, as a network takes them.
struct Packed {
  Tensor ids, types;  ///< [T] i32; types all 0
  Tensor offsets;     ///< [B + 1] i32
};
Packed pack(const TokenTexts& texts, std::span<const std::int64_t> chosen);

/// The lines of a text file (.gz and .zst too), but for empty ones. Throws runtime_error if it is missing or has none.
struct TextLines {
  std::string bytes;  ///< what `lines` look into
  std::vector<std::string_view> lines;
  InputFile file;
};
TextLines read_texts(const std::filesystem::path& path);

}  // namespace tamis::embedding
