#include "tamis/language/embedding/token_texts.h"

#include <algorithm>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::embedding {

TokenTexts::TokenTexts(const text::Tokenizer& tokenizer, std::span<const std::string_view> texts,
                       std::int64_t max_length) {
  constexpr std::size_t kPiece = 4096;
  const std::size_t pieces = (texts.size() + kPiece - 1) / kPiece;
  std::vector<std::vector<std::int32_t>> ids(pieces);
  std::vector<std::vector<std::int64_t>> lengths(pieces);
  std::vector<std::uint64_t> truncated(pieces);
  parallel_for(pieces, [&](std::size_t p) {
    text::Encoding encoding;
    const text::EncodeOptions options{max_length, true, false, false};
    for (std::size_t i = p * kPiece; i < std::min(texts.size(), (p + 1) * kPiece); ++i) {
      tokenizer.encode(texts[i], options, encoding);
      ids[p].insert(ids[p].end(), encoding.ids.begin(), encoding.ids.end());
      lengths[p].push_back(static_cast<std::int64_t>(encoding.ids.size()));
      if (encoding.truncated()) ++truncated[p];
    }
  });
  for (std::size_t p = 0; p < pieces; ++p) {
    ids_.insert(ids_.end(), ids[p].begin(), ids[p].end());
    for (const std::int64_t length : lengths[p]) begins_.push_back(begins_.back() + length);
    truncated_ += truncated[p];
  }
}

std::span<const std::int32_t> TokenTexts::operator[](std::int64_t text) const {
  const auto at = static_cast<std::size_t>(text);
  return std::span(ids_).subspan(static_cast<std::size_t>(begins_[at]),
                                 static_cast<std::size_t>(begins_[at + 1] - begins_[at]));
}

Packed pack(const TokenTexts& texts, std::span<const std::int64_t> chosen) {
  std::vector<std::int32_t> ids, offsets{0};
  for (const std::int64_t text : chosen) {
    const auto tokens = texts[text];
    ids.insert(ids.end(), tokens.begin(), tokens.end());
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  const auto T = static_cast<std::int64_t>(ids.size());
  return {Tensor::from(ids, {T}), Tensor::zeros({T}, engine::DType::i32),
          Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())})};
}

TextLines read_texts(const std::filesystem::path& path) {
  TextLines read;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  read.file = read_lines(path, [&](std::uint64_t, std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    places.emplace_back(read.bytes.size(), line.size());
    read.bytes += line;
  });
  if (places.empty()) fail_world(path.string(), "holds no line of text");
  for (const auto& [begin, size] : places) read.lines.push_back(std::string_view(read.bytes).substr(begin, size));
  return read;
}

}  // namespace tamis::embedding
