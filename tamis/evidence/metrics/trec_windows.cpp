#include "tamis/evidence/metrics/trec_windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kWindow = std::size_t{16} << 20;  // also the longest line
constexpr std::size_t kPiece = std::size_t{1} << 20;

// The query of the line that begins at `begin`.
std::string_view query_at(std::string_view text, std::size_t begin) {
  const std::size_t first = std::min(text.find_first_not_of(" \t", begin), text.size());
  return text.substr(first, std::min(text.find_first_of(" \t\n", first), text.size()) - first);
}

// Where the last query of the text begins; its end, if it is the only one.
std::size_t last_query(std::string_view text) {
  if (text.empty()) return 0;
  const auto line_before = [&](std::size_t end) {  // `end` is past a line end
    const std::size_t newline = end < 2 ? std::string_view::npos : text.rfind('\n', end - 2);
    return newline == std::string_view::npos ? 0 : newline + 1;
  };
  std::size_t begin = line_before(text.size());
  const std::string_view query = query_at(text, begin);
  while (begin > 0) {
    const std::size_t before = line_before(begin);
    if (query_at(text, before) != query) return begin;
    begin = before;
  }
  return text.size();
}

// The end of the query that holds the line before `end`.
std::size_t query_end(std::string_view text, std::size_t begin, std::size_t end) {
  const std::size_t newline = end < 2 ? std::string_view::npos : text.rfind('\n', end - 2);
  const std::string_view query = query_at(text, newline == std::string_view::npos ? begin : newline + 1);
  while (end < text.size() && query_at(text, end) == query) end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return end;
}

}  // namespace

std::vector<std::string_view> TrecWindows::Window::cut() const {
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.size();
    if (end - begin > kPiece)
      end = query_end(text, begin, std::min(text.find('\n', begin + kPiece), text.size() - 1) + 1);
    pieces.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

TrecWindows::Window TrecWindows::next() {
  if (ended_) return {};
  auto bytes = std::make_shared_for_overwrite<char[]>(rest_.size() + kWindow);
  std::copy(rest_.begin(), rest_.end(), bytes.get());
  const std::size_t count = stream_.read(bytes.get() + rest_.size(), kWindow);
  ended_ = count < kWindow;
  std::string_view text(bytes.get(), rest_.size() + count);
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto before = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
    fail_world(fmt::format("{} line {}", stream_.name(), lines_ + static_cast<std::uint64_t>(before) + 1),
               "holds a NUL byte; this is not a text file");
  }
  if (first_ && text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  first_ = false;
  std::size_t whole = text.size();
  if (!ended_) {
    const std::size_t newline = text.rfind('\n');
    if (newline == std::string_view::npos)
      fail_world(fmt::format("{} line {}", stream_.name(), lines_ + 1),
                 "is longer than 16 MiB; this is not a text file of lines");
    whole = last_query(text.substr(0, newline + 1));
  }
  rest_ = text.substr(whole);
  text = text.substr(0, whole);
  lines_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  return {bytes, text};
}

}  // namespace tamis::metrics
