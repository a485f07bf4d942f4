#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/language/text/tokenizer.h"
#include "tamis/language/text/vocabulary.h"

namespace tamis::text {

/// Where the tokens of one text go: all are counted, the first `limit` are kept.
struct TokenSink {
  std::vector<std::int32_t>& ids;
  std::vector<Extent>* offsets;  ///< nullptr: not asked for
  std::size_t begin;             ///< tokens that stood in ids before
  std::size_t limit;
  std::uint64_t total = 0;

  void push(std::int32_t id, Extent where) {
    if (total++ >= limit) return;
    ids.push_back(id);
    if (offsets != nullptr) offsets->push_back(where);
  }
};

/// Gathers the characters of a word and cuts it into pieces, the longest first (greedily). Longer words than allowed,
/// and words that end in a rest without a piece, are one unknown token.
class WordPieces {
 public:
  WordPieces(const Vocabulary& vocabulary, std::int32_t unknown, std::int64_t longest_word, TokenSink& sink);

  /// One character of normalised text, and the bytes of the text it came from.
  void add(char32_t code, Extent where);
  /// The same for a run of ASCII letters and digits that came from the bytes from `begin` on.
  void add_ascii(const char* bytes, std::size_t count, std::uint32_t begin);
  /// The word ends here; nothing happens if there is none.
  void finish();

 private:
  bool has_room(std::size_t characters);
  void cut();

  const Vocabulary& vocabulary_;
  std::int32_t unknown_;
  std::size_t longest_;
  TokenSink& sink_;
  std::string bytes_;
  std::vector<Extent> wheres_;  ///< of every byte
  std::size_t characters_ = 0;
  Extent first_, last_;  ///< of the first and the last character
};

}  // namespace tamis::text
