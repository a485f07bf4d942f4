#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/byte_stream.h"

namespace tamis {

/// The lines of a text file, one by one, from a buffer that does not grow with the file. A UTF-8 byte order mark is
/// skipped. Throws as ByteStream does, and runtime_error for a NUL byte or a line longer than 16 MiB (with its number),
/// the marks of a file that is not text.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path);

  /// Sets `line` to the next line without its end (LF or CRLF), valid until the next call; false at the end of the
  /// file.
  bool next(std::string_view& line);
  /// The number of that line, from 1.
  std::uint64_t number() const { return number_; }
  /// Bytes handed out so far, line ends among them.
  std::uint64_t consumed() const { return consumed_; }
  const ByteStream& stream() const { return stream_; }

 private:
  bool fill();

  ByteStream stream_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t number_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace tamis
