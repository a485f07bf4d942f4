#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tamis/base/file.h"

namespace tamis::sift {

/// What the funnel has done: one line a piece of work, appended and forced to the disk when the piece is done
/// (docs/formats/journal.md). A process killed at any point loses at most the piece it was at; a later run reads what
/// stands, drops a torn last line, and goes on from there to the same result. Not thread-safe.
class Journal {
 public:
  /// `heading` is one line of JSON that names plan, data, seed and version. With `resume` the file's heading must equal
  /// it (invalid_argument else, saying which part differs); without, or when there is no file, a fresh journal is begun
  /// and one that stood there is kept as journal.old.jsonl. A line damaged before the last one throws runtime_error.
  Journal(std::filesystem::path path, std::string heading, bool resume);

  /// The result of a piece of work, from the journal or made now and recorded. `make` returns one line of JSON.
  const std::string& once(const std::string& piece, const std::function<std::string()>& make);
  /// Pieces found in the file when it was opened.
  std::size_t found() const { return found_; }

 private:
  void read_existing(const std::string& heading);
  void begin_afresh(const std::string& heading);

  std::filesystem::path path_;
  std::unordered_map<std::string, std::string> done_;
  std::unique_ptr<AppendFile> file_;
  std::size_t found_ = 0;
};

}  // namespace tamis::sift
