#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::text {

/// The pieces of words, as two tries in one table: of what may begin a word, and of what may continue one (without the
/// mark before it, "##"). Constant once filled; any number of threads may ask.
class Vocabulary {
 public:
  /// `tokens[id]`; "" for ids that stand for nothing. Where a token stands twice, the last id counts.
  Vocabulary(std::vector<std::string> tokens, std::string_view continuation);

  struct Match {
    std::int32_t id = -1;  ///< -1: none
    std::uint32_t length = 0;
  };
  /// The longest piece that `word` begins with, as the beginning of a word or as its continuation.
  Match longest(std::string_view word, bool continues) const;
  std::optional<std::int32_t> id(std::string_view token) const;
  const std::vector<std::string>& tokens() const { return tokens_; }

 private:
  struct Edge {
    std::uint64_t key = 0;  ///< node << 8 | byte, plus 1; 0: free
    std::uint32_t node = 0;
  };
  std::size_t slot(std::uint64_t key) const;
  void insert(std::string_view piece, std::uint32_t root, std::int32_t id);
  void grow();

  std::vector<std::string> tokens_;
  std::vector<Edge> edges_;
  std::size_t used_ = 0;
  std::vector<std::int32_t> ids_;  ///< of each node; -1: no piece ends there
};

}  // namespace tamis::text
