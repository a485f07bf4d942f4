#pragma once

#include <memory>
#include <span>
#include <vector>

#include "tamis/evidence/timemachine/snapshot_config.h"
#include "tamis/evidence/timemachine/source.h"

namespace tamis::timemachine {

/// Every source of a config, opened: the one place where features are made, for the rows of a snapshot and for a
/// request being served alike.
class Features {
 public:
  /// Reads the event streams, up to what days until `last` need. Rows known at `known_by` or later are left out.
  /// `quarantine` must outlive this. Throws what the sources throw, and invalid_argument if two of them
  /// give columns of one name.
  Features(const SnapshotConfig& config, Day last, data::Time known_by, Quarantine& quarantine);
  ~Features();
  Features(const Features&) = delete;
  Features& operator=(const Features&) = delete;

  /// One for each feature, in the order of append().
  const std::vector<FeatureColumn>& columns() const { return columns_; }
  /// Makes ready for moments of a day and tells what each source got of it.
  std::vector<Fetched> open_day(Day day);
  /// Appends the features of one moment of the open day to as many columns. Thread-safe.
  void append(const Request& request, std::span<OutputColumn> columns) const;
  /// The features of one request of the open day, one value a column. Thread-safe.
  std::vector<OutputColumn> serve(const Request& request) const;

  /// The stream whose events become rows.
  const EventStream& rows() const { return *rows_; }
  /// Everything read so far.
  std::vector<InputFile> inputs() const;

 private:
  std::vector<std::unique_ptr<EventStream>> streams_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<const ContextSource*> contexts_;  // among sources_
  const EventStream* rows_ = nullptr;
  std::vector<FeatureColumn> columns_;
  std::vector<std::size_t> widths_;  // columns of each source
};

}  // namespace tamis::timemachine
