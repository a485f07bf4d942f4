#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tamis/evidence/timemachine/manifest.h"

namespace arrow {
class RecordBatch;
}

namespace tamis::timemachine {

/// A thing that is not as it should be: a day's, or a part's of it.
struct Fault {
  Day day = 0;
  std::string what;  ///< names the file
};

struct ReadOptions {
  DayRange days;
  std::vector<std::string> columns;  ///< those of the first day that can be read when empty
  int version = 0;                   ///< of every day; 0: the one that counts
  bool readable = false;             ///< go on behind what cannot be read, and tell of it
};

/// The rows of a range of days, in order of days and of time within them, as a stream of batches of Arrow's, one a
/// part: texts, 64-bit integers, and doubles that may be null. One part is held in memory at a time, as stored and as
/// read; its checksum is looked at before it is decoded. Not thread-safe.
class SnapshotReader {
 public:
  /// `store` must outlive this. Reads the manifests of the range, no rows yet. Throws runtime_error for a day that is
  /// not there or whose manifest is damaged (unless `readable`: then it is among faults()), where no day of the range
  /// can be read, and for a column that a day lacks or has of another type than the first.
  SnapshotReader(const ObjectStore& store, ReadOptions options);

  /// The next part's rows, nullptr at the end. Throws runtime_error for a part that is missing, cut short or changed
  /// (naming it), unless `readable`: then it is left out, and among faults().
  std::shared_ptr<arrow::RecordBatch> next();

  /// Name and type of each column of a batch.
  const std::vector<FeatureColumn>& columns() const { return columns_; }
  /// The days that are read.
  const std::vector<Manifest>& days() const { return days_; }
  /// What was left out so far.
  const std::vector<Fault>& faults() const { return faults_; }
  /// Rows given so far.
  std::uint64_t rows() const { return rows_; }

 private:
  void open_day(Day day);
  void choose_columns();

  const ObjectStore& store_;
  ReadOptions options_;
  std::vector<FeatureColumn> columns_;
  std::vector<Manifest> days_;
  std::vector<Fault> faults_;
  std::size_t day_ = 0, part_ = 0;
  std::uint64_t rows_ = 0;
};

/// The bytes of a part. Throws runtime_error naming it if it is missing, or not what the manifest says.
std::string read_part(const ObjectStore& store, Day day, const Part& part);

/// A day as it was found.
struct DayState {
  Day day = 0;
  std::vector<Manifest> versions;      ///< those that can be read, oldest first
  std::vector<Fault> faults;           ///< damage
  std::vector<std::string> leftovers;  ///< of builds that were killed: harmless, gone with the day's next build
};

/// The versions of every day that has a folder, from their manifests alone.
std::vector<DayState> list_days(const ObjectStore& store);

/// The same, with every part of every version read and checked: size, checksum, columns, rows.
std::vector<DayState> verify_days(const ObjectStore& store);

}  // namespace tamis::timemachine
