#include "tamis/base/raw_lines.h"

#include <fmt/format.h>

#include <cstring>

#include "tamis/base/error.h"

namespace tamis {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr std::size_t kLongestLine = std::size_t{2} << 30;

}  // namespace

RawLines::RawLines(const std::filesystem::path& path)
    : stream_(path, ByteStream::Content::lines), buffer_(2 * kPiece) {}

bool RawLines::fill() {
  if (at_end_) return false;
  if (buffer_.size() < end_ + kPiece) buffer_.resize(end_ + kPiece);
  const std::size_t count = stream_.read(buffer_.data() + end_, kPiece);
  end_ += count;
  at_end_ = count < kPiece;
  return count > 0;
}

std::span<const std::string_view> RawLines::next(std::size_t most_lines, std::size_t most_bytes) {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  // One long line must not keep its room for good.
  if (buffer_.size() > most_bytes + 4 * kPiece && end_ <= most_bytes) {
    buffer_.resize(end_ + 2 * kPiece);
    buffer_.shrink_to_fit();
  }
  places_.clear();
  std::size_t searched = 0;
  while (places_.size() < most_lines && begin_ < most_bytes) {
    const void* newline = searched < end_ ? std::memchr(buffer_.data() + searched, '\n', end_ - searched) : nullptr;
    if (newline == nullptr) {
      searched = end_;
      if (end_ - begin_ > kLongestLine)
        fail_world(fmt::format("{} line {}", stream_.name(), lines_ + places_.size() + 1), "is longer than 2 GiB");
      if (fill()) continue;
      if (begin_ == end_) break;
    }
    const std::size_t stop =
        newline == nullptr ? end_ : static_cast<std::size_t>(static_cast<const char*>(newline) - buffer_.data());
    const std::size_t after = newline == nullptr ? stop : stop + 1;
    const bool returned = stop > begin_ && buffer_[stop - 1] == '\r';
    places_.emplace_back(begin_, stop - begin_ - (returned ? 1 : 0));
    begin_ = searched = after;
  }
  lines_ += places_.size();
  window_.clear();
  for (const auto& [offset, length] : places_) window_.emplace_back(buffer_.data() + offset, length);
  return window_;
}

}  // namespace tamis
