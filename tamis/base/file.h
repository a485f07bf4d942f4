#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// A file being written beside its target under a temporary name and renamed onto it by commit(): readers see the old
/// file or the whole new one, never half. Without commit() the temporary file is removed. A full disk, a quota or a
/// missing folder throws runtime_error naming the target. Not thread-safe.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  /// Flushes to the disk and renames.
  void commit();
  /// The temporary name, for a library that writes by path; commit() then renames what it wrote.
  const std::filesystem::path& temporary() const { return temporary_; }

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// Writes a whole file through AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The whole file. Throws runtime_error if it is missing or cannot be read.
std::string read_file(const std::filesystem::path& path);

/// The same of a regular file alone: a named pipe, which would be waited for, throws runtime_error too.
std::string read_regular_file(const std::filesystem::path& path);

/// Makes the folder and its parents. Throws invalid_argument if the path or a parent is a file, or is not writable.
void make_output_folder(const std::filesystem::path& path);

/// Appends lines to a file and forces them to the disk before it returns, so that a killed process loses at most what
/// is being written. Opening truncates the file to `keep_bytes` (to drop a torn last line). Not thread-safe.
class AppendFile {
 public:
  AppendFile(std::filesystem::path path, std::uint64_t keep_bytes);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Appends `line`, which holds no newline, and a newline. Throws runtime_error on a full disk; what stood before
  /// stays whole.
  void append(std::string_view line);
  /// Several such lines, forced to the disk together.
  void append(std::span<const std::string> lines);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace tamis
