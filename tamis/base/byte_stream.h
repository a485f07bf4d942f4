#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace tamis {

/// The bytes of a text file from first to last, decompressed when the path ends in .gz or .zst; "-" is standard input.
/// Throws runtime_error for a missing or empty file, a folder, a file that is not compressed as its name says or holds
/// something known that is not text (Parquet, gzip, zstd, zip, UTF-16), and where a compressed file is cut short.
class ByteStream {
 public:
  /// `lines` is for what need not be a text file to be right: nothing at all, and ill-formed bytes. UTF-16 is then told
  /// by a NUL beside its mark.
  enum class Content { text, lines };
  explicit ByteStream(const std::filesystem::path& path, Content content = Content::text);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Reads up to `size` bytes; fewer only at the end, 0 once it is reached.
  std::size_t read(char* to, std::size_t size);
  /// The path, or "standard input"; for messages.
  const std::string& name() const { return name_; }
  /// Size of the file as stored; for standard input the bytes read so far.
  std::uint64_t stored_bytes() const { return stored_bytes_; }
  /// True if the bytes come as they are stored.
  bool plain() const { return compressed_ == nullptr; }

 private:
  struct Compressed;
  std::size_t read_some(char* to, std::size_t size);

  std::string name_;
  Content content_;
  std::uint64_t stored_bytes_ = 0;
  bool counts_ = false;
  bool started_ = false;
  int descriptor_ = -1;
  std::unique_ptr<Compressed> compressed_;
};

/// All bytes of a file, decompressed as ByteStream does; for files that are not text too. Throws as it does.
std::string read_decompressed(const std::filesystem::path& path);

/// Throws runtime_error unless `path` is there, is not a folder and, if so asked, not empty; returns its size in bytes.
std::uint64_t require_file(const std::filesystem::path& path, bool not_empty = true);

}  // namespace tamis
