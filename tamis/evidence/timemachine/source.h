#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/table.h"
#include "tamis/evidence/timemachine/days.h"

namespace tamis::timemachine {

/// One moment at which something is asked about a user and an item: a row of a snapshot, or a request being served.
struct Request {
  std::string_view user;
  std::string_view item;
  data::Time time = 0;
};

/// A column that a source adds to a snapshot: text ("" where nothing is known), integer, or real (NaN where nothing is
/// known).
struct FeatureColumn {
  std::string name;
  ColumnType type = ColumnType::real;
};

/// A file that a source read. `checksum`: 64-bit FNV-1a of its bytes as stored.
struct SourceFile {
  InputFile read;
  std::uint64_t checksum = 0;
};

/// What a source could get of what a day needs of it. `share`, in [0, 1], is the mean over the files that the day needs
/// of each one's share of rows that could be read; a file that is not there counts 0.
struct Fetched {
  std::string source;
  std::string kind;
  double share = 1;
  std::vector<SourceFile> files;
  std::vector<std::string> missing;  ///< files that are not there
};

/// One kind of source of a snapshot. It is opened for a day, then asked about moments of that day; it answers from what
/// was known before the moment alone, whatever its files hold beyond. append() is thread-safe, open_day() is not.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::vector<FeatureColumn> columns() const = 0;
  /// Makes ready for moments of the day. Days may come in any order.
  virtual Fetched open_day(Day day) = 0;
  /// Appends one value to each of the source's columns.
  virtual void append(const Request& request, std::span<OutputColumn> columns) const = 0;
};

/// 64-bit FNV-1a of a file's bytes. Throws runtime_error if it cannot be read.
std::uint64_t file_checksum(const std::string& path);

/// `path` with every `{day}` replaced by the day.
std::string path_of_day(const std::string& path, Day day);
bool is_daily(const std::string& path);

/// The share of a file's rows that could be read; 1 of a file without rows.
double readable_share(const InputFile& file);

}  // namespace tamis::timemachine
