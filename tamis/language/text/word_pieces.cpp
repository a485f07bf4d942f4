#include "tamis/language/text/word_pieces.h"

#include "tamis/language/text/unicode.h"

namespace tamis::text {

WordPieces::WordPieces(const Vocabulary& vocabulary, std::int32_t unknown, std::int64_t longest_word, TokenSink& sink)
    : vocabulary_(vocabulary), unknown_(unknown), longest_(static_cast<std::size_t>(longest_word)), sink_(sink) {}

/// Counts characters; false once the word is longer than allowed, when its bytes no longer matter.
bool WordPieces::has_room(std::size_t characters) {
  characters_ += characters;
  return characters_ <= longest_;
}

void WordPieces::add(char32_t code, Extent where) {
  if (characters_ == 0) first_ = where;
  last_ = where;
  if (!has_room(1)) return;
  char bytes[4];
  const int count = to_utf8(code, bytes);
  bytes_.append(bytes, static_cast<std::size_t>(count));
  if (sink_.offsets != nullptr) wheres_.insert(wheres_.end(), static_cast<std::size_t>(count), where);
}

void WordPieces::add_ascii(const char* bytes, std::size_t count, std::uint32_t begin) {
  if (characters_ == 0) first_ = {begin, begin + 1};
  const auto end = static_cast<std::uint32_t>(begin + count);
  last_ = {end - 1, end};
  if (!has_room(count)) return;
  bytes_.append(bytes, count);
  if (sink_.offsets == nullptr) return;
  for (std::uint32_t i = begin; i < end; ++i) wheres_.push_back({i, i + 1});
}

void WordPieces::cut() {
  const std::string_view word = bytes_;
  struct Cut {
    std::int32_t id;
    std::uint32_t begin, end;
  };
  Cut cuts[64];
  std::size_t count = 0;
  std::vector<Cut> more;  // a word of many pieces, which hardly any is
  for (std::size_t begin = 0; begin < word.size();) {
    const Vocabulary::Match match = vocabulary_.longest(word.substr(begin), begin > 0);
    if (match.id < 0) {
      sink_.push(unknown_, {first_.begin, last_.end});
      return;
    }
    const Cut piece{match.id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + match.length)};
    if (count < std::size(cuts)) {
      cuts[count++] = piece;
    } else {
      more.push_back(piece);
    }
    begin += match.length;
  }
  const auto push = [&](const Cut& piece) {
    sink_.push(piece.id,
               sink_.offsets == nullptr ? Extent{} : Extent{wheres_[piece.begin].begin, wheres_[piece.end - 1].end});
  };
  for (std::size_t i = 0; i < count; ++i) push(cuts[i]);
  for (const Cut& piece : more) push(piece);
}

void WordPieces::finish() {
  if (characters_ == 0) return;
  if (characters_ > longest_) {
    sink_.push(unknown_, {first_.begin, last_.end});
  } else {
    cut();
  }
  characters_ = 0;
  bytes_.clear();
  wheres_.clear();
}

}  // namespace tamis::text
