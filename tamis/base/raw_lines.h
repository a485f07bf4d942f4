#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tamis/base/byte_stream.h"

namespace tamis {

/// The lines of a file or of standard input ("-"), window by window, as bytes: NUL, ill-formed UTF-8, a byte order mark
/// and lines of any length up to 2 GiB pass. Decompresses .gz and .zst. Lines end in LF or CRLF; the last may lack its
/// end; nothing is no line. Holds one window and never more. Throws runtime_error as ByteStream::Content::lines does,
/// and for a longer line, by its number. Not thread-safe.
class RawLines {
 public:
  explicit RawLines(const std::filesystem::path& path);

  /// The next lines, at least one: `most_lines`, or fewer where these hold `most_bytes` already. Without their ends;
  /// valid until the next call. Empty at the end.
  std::span<const std::string_view> next(std::size_t most_lines, std::size_t most_bytes);
  /// Lines handed out so far.
  std::uint64_t lines() const { return lines_; }
  const ByteStream& stream() const { return stream_; }

 private:
  bool fill();

  ByteStream stream_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of what is not handed out yet
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t lines_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> places_;
  std::vector<std::string_view> window_;
};

}  // namespace tamis
