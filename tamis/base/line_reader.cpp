#include "tamis/base/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tamis/base/error.h"
#include "tamis/base/table.h"

namespace tamis {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kLongestLine = std::size_t{16} << 20;

}  // namespace

LineReader::LineReader(const std::filesystem::path& path) : stream_(path), buffer_(2 * kPiece) {
  fill();
  if (end_ >= 3 && std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) begin_ = 3;
}

bool LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ > kLongestLine)
    fail_world(stream_.name() + " line " + std::to_string(number_ + 1),
               "is longer than 16 MiB; this is not a text file of lines");
  if (buffer_.size() < end_ + kPiece) buffer_.resize(end_ + kPiece);
  char* const to = buffer_.data() + end_;
  const std::size_t count = stream_.read(to, kPiece);
  if (const void* nul = std::memchr(to, 0, count); nul != nullptr) {
    const auto before = std::count(buffer_.data(), static_cast<char*>(const_cast<void*>(nul)), '\n');
    fail_world(fmt::format("{} line {}", stream_.name(), number_ + 1 + static_cast<std::uint64_t>(before)),
               "holds a NUL byte; this is not a text file");
  }
  end_ += count;
  at_end_ = count < kPiece;
  return count > 0;
}

bool LineReader::next(std::string_view& line) {
  std::size_t searched = begin_;
  const char* newline = nullptr;
  while (true) {
    if (searched < end_)
      newline = static_cast<const char*>(std::memchr(buffer_.data() + searched, '\n', end_ - searched));
    if (newline != nullptr) break;
    const std::size_t pending = end_ - begin_;
    if (!fill()) break;
    searched = begin_ + pending;
  }
  if (newline == nullptr && begin_ == end_) return false;
  const char* const start = buffer_.data() + begin_;
  std::size_t length = newline != nullptr ? static_cast<std::size_t>(newline - start) : end_ - begin_;
  const std::size_t used = length + (newline != nullptr ? 1 : 0);
  begin_ += used;
  consumed_ += used;
  ++number_;
  if (length > 0 && start[length - 1] == '\r') --length;
  line = {start, length};
  return true;
}

InputFile read_lines(const std::filesystem::path& path,
                     const std::function<void(std::uint64_t number, std::string_view line)>& line) {
  LineReader lines(path);
  std::string_view text;
  while (lines.next(text)) line(lines.number(), text);
  return {lines.stream().name(), lines.stream().stored_bytes(), lines.number(), 0};
}

}  // namespace tamis
