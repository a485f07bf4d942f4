#include "tamis/language/text/added_tokens.h"

#include <algorithm>

#include "tamis/language/text/unicode.h"

namespace tamis::text {

namespace {

/// Where the code point that ends at `end` begins.
std::size_t before(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && end - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

char32_t code_at(std::string_view text, std::size_t& i) {
  bool ill_formed = false;
  return next_code_point(text, i, ill_formed);
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t left = begin == 0 ? 0 : before(text, begin);
  std::size_t right = end;
  return (begin > 0 && is_word_character(code_at(text, left))) ||
         (end < text.size() && is_word_character(code_at(text, right)));
}

std::size_t space_before(std::string_view text, std::size_t begin) {
  while (begin > 0) {
    std::size_t i = before(text, begin);
    const std::size_t start = i;
    if ((code_flags()[code_at(text, i)] & kIsWhite) == 0) break;
    begin = start;
  }
  return begin;
}

std::size_t space_behind(std::string_view text, std::size_t end) {
  for (std::size_t i = end; i < text.size() && (code_flags()[code_at(text, i)] & kIsWhite) != 0;) end = i;
  return end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.content.size() > b.content.size(); });
  for (const AddedToken& token : tokens_) begins_[static_cast<unsigned char>(token.content[0])] = true;
}

bool AddedTokens::has_plain() const {
  return std::any_of(tokens_.begin(), tokens_.end(), [](const AddedToken& token) { return !token.special; });
}

const AddedToken* AddedTokens::at(std::string_view text, std::size_t begin) const {
  for (const AddedToken& token : tokens_) {
    if (text.compare(begin, token.content.size(), token.content) == 0) return &token;
  }
  return nullptr;
}

void AddedTokens::cut(std::string_view text, bool special, std::vector<Piece>& pieces) const {
  pieces.clear();
  std::size_t behind = 0;  // what is before it has gone into pieces
  for (std::size_t i = 0; i < text.size();) {
    const AddedToken* const token = begins_[static_cast<unsigned char>(text[i])] ? at(text, i) : nullptr;
    if (token == nullptr) {
      ++i;
      continue;
    }
    std::size_t begin = i;
    std::size_t end = i + token->content.size();
    i = end;
    if ((!special && token->special) || (token->single_word && touches_word(text, begin, end))) continue;
    if (token->strip_left) begin = std::max(space_before(text, begin), behind);
    if (token->strip_right) end = space_behind(text, end);
    if (behind < begin) pieces.push_back({-1, behind, begin});
    pieces.push_back({token->id, begin, end});
    behind = end;
  }
  if (behind < text.size()) pieces.push_back({-1, behind, text.size()});
}

}  // namespace tamis::text
