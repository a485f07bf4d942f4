#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::text {

/// A token that is found in the text before it is cut into words.
struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;
  bool single_word = false;  ///< only where no word character stands beside it
  bool strip_left = false;   ///< takes the white space before it
  bool strip_right = false;
  bool normalized = false;  ///< looked for in the normalised text, in its own normalised form
};

/// A stretch of text: an added token, or (id -1) what lies between.
struct Piece {
  std::int32_t id;
  std::size_t begin, end;
};

/// Finds added tokens: of those that begin first the longest, then on behind it. Constant once made.
class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens);

  bool empty() const { return tokens_.empty(); }
  /// True if there is one that is not special.
  bool has_plain() const;
  /// Cuts the text up; the pieces cover it. Without `special`, special tokens are text, but still hide what they hold.
  void cut(std::string_view text, bool special, std::vector<Piece>& pieces) const;

 private:
  const AddedToken* at(std::string_view text, std::size_t begin) const;

  std::vector<AddedToken> tokens_;     ///< longest first
  std::array<bool, 256> begins_ = {};  ///< bytes that a token begins with
};

}  // namespace tamis::text
