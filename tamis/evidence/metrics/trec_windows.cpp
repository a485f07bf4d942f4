#include "tamis/evidence/metrics/trec_windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kWindow = std::size_t{1} << 20;
constexpr std::size_t kMost = std::size_t{16} << 20;  // of a query that is kept together, and of a line

// The query of the line that begins at `begin`.
std::string_view query_at(std::string_view text, std::size_t begin) {
  const std::size_t first = std::min(text.find_first_not_of(" \t", begin), text.size());
  return text.substr(first, std::min(text.find_first_of(" \t\n", first), text.size()) - first);
}

// Where the last query of whole lines begins; 0 if it is the only one.
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
  return 0;
}

}  // namespace

// Whether the text can be read on; `lines`: whether lines end in it.
bool TrecWindows::is_text(std::string_view text, bool lines) {
  const std::size_t nul = text.find('\0');
  if (nul == std::string_view::npos && (lines || text.size() < kMost)) return true;
  const std::string_view before = text.substr(0, nul == std::string_view::npos ? 0 : nul);
  fault_ = nul == std::string_view::npos ? "is longer than 16 MiB; this is not a text file of lines"
                                         : "holds a NUL byte; this is not a text file";
  lines_to_fault_ = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
  return false;
}

bool TrecWindows::fill(Window& window) {
  std::size_t filled = rest_.size();
  std::size_t whole = 0;
  bool ended = false;
  // Reads more while no query ends, which is rare.
  for (std::size_t wanted = kWindow; whole == 0 && !ended; wanted = filled) {
    if (window.bytes.use_count() != 1 || window.capacity < filled + wanted) {
      auto bytes = std::make_shared_for_overwrite<char[]>(filled + wanted);
      if (filled > rest_.size()) std::copy_n(window.bytes.get(), filled, bytes.get());
      window.bytes = std::move(bytes);
      window.capacity = filled + wanted;
    }
    if (filled == rest_.size()) std::copy(rest_.begin(), rest_.end(), window.bytes.get());
    const std::size_t read = stream_.read(window.bytes.get() + filled, wanted);
    ended = read < wanted;
    filled += read;
    const std::string_view text(window.bytes.get(), filled);
    const std::size_t lines = text.rfind('\n') + 1;
    if (!is_text(text, lines > 0)) return false;
    whole = ended ? filled : last_query(text.substr(0, lines));
    if (whole == 0 && filled >= kMost) whole = lines;
  }
  const std::string_view text(window.bytes.get(), filled);
  rest_ = text.substr(whole);
  window.text = text.substr(0, whole);
  if (count_ == 0 && text.substr(0, 3) == "\xEF\xBB\xBF") window.text.remove_prefix(3);
  ended_ = ended;
  return !window.text.empty();
}

bool TrecWindows::next(Window& window) {
  const std::lock_guard lock(guard_);
  if (ended_) return false;
  ended_ = true;  // should reading throw
  if (!fill(window)) return false;
  window.number = count_++;
  return true;
}

void TrecWindows::stop() {
  const std::lock_guard lock(guard_);
  ended_ = true;
}

void TrecWindows::require_text(std::uint64_t lines) const {
  if (!fault_.empty()) fail_world(fmt::format("{} line {}", stream_.name(), lines + lines_to_fault_ + 1), fault_);
}

}  // namespace tamis::metrics
