#pragma once

#include <array>
#include <optional>

#include "tamis/language/text/added_tokens.h"
#include "tamis/language/text/tokenizer.h"
#include "tamis/language/text/vocabulary.h"

namespace tamis::text {

/// What tokenizer_file.cpp reads and tokenizer.cpp runs.
struct Tokenizer::Inside {
  Inside(TokenizerSettings given, std::vector<std::string> tokens, std::vector<AddedToken> added);

  TokenizerSettings settings;
  Vocabulary vocabulary;
  std::int32_t unknown = 0, start = 0, separator = 0;
  AddedTokens raw;         ///< looked for in the text as it is
  AddedTokens normalized;  ///< in the normalised text
  std::optional<std::int64_t> max_length;

  /// ASCII at a glance: what becomes of each byte.
  enum class Ascii : std::uint8_t { word, space, punctuation, dropped };
  std::array<Ascii, 128> ascii = {};
  std::array<char, 128> ascii_lower = {};
};

}  // namespace tamis::text
