#include "tamis/language/text/vocabulary.h"

namespace tamis::text {

namespace {

constexpr std::uint32_t kBegins = 0, kContinues = 1;  // the roots

}  // namespace

std::size_t Vocabulary::slot(std::uint64_t key) const {
  const std::size_t mask = edges_.size() - 1;
  std::size_t at = (key * 0x9e3779b97f4a7c15ULL) >> 32 & mask;
  while (edges_[at].key != 0 && edges_[at].key != key) at = (at + 1) & mask;
  return at;
}

void Vocabulary::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  for (const Edge& edge : old) {
    if (edge.key != 0) edges_[slot(edge.key)] = edge;
  }
}

void Vocabulary::insert(std::string_view piece, std::uint32_t root, std::int32_t id) {
  std::uint32_t node = root;
  for (const char byte : piece) {
    const std::uint64_t key = (static_cast<std::uint64_t>(node) << 8 | static_cast<unsigned char>(byte)) + 1;
    Edge& edge = edges_[slot(key)];
    if (edge.key != 0) {
      node = edge.node;
      continue;
    }
    node = static_cast<std::uint32_t>(ids_.size());
    edge = {key, node};
    ids_.push_back(-1);
    if (++used_ * 2 > edges_.size()) grow();
  }
  ids_[node] = id;
}

Vocabulary::Vocabulary(std::vector<std::string> tokens, std::string_view continuation)
    : tokens_(std::move(tokens)), edges_(1024), ids_{-1, -1} {
  while (edges_.size() < tokens_.size() * 8) edges_.resize(edges_.size() * 2);
  ids_.reserve(tokens_.size() * 4);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view token = tokens_[i];
    if (token.empty()) continue;
    const auto id = static_cast<std::int32_t>(i);
    insert(token, kBegins, id);
    if (token.size() > continuation.size() && token.substr(0, continuation.size()) == continuation) {
      insert(token.substr(continuation.size()), kContinues, id);
    }
  }
}

Vocabulary::Match Vocabulary::longest(std::string_view word, bool continues) const {
  Match best;
  std::uint32_t node = continues ? kContinues : kBegins;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::uint64_t key = (static_cast<std::uint64_t>(node) << 8 | static_cast<unsigned char>(word[i])) + 1;
    const Edge& edge = edges_[slot(key)];
    if (edge.key == 0) break;
    node = edge.node;
    if (ids_[node] >= 0) best = {ids_[node], static_cast<std::uint32_t>(i + 1)};
  }
  return best;
}

std::optional<std::int32_t> Vocabulary::id(std::string_view token) const {
  if (token.empty()) return std::nullopt;
  const Match match = longest(token, false);
  if (match.length != token.size()) return std::nullopt;
  return match.id;
}

}  // namespace tamis::text
