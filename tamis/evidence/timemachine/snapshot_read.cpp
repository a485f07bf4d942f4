#include "tamis/evidence/timemachine/snapshot_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tamis/base/error.h"
#include "tamis/base/parquet_bytes.h"
#include "tamis/base/random.h"
#include "tamis/evidence/timemachine/snapshot_build.h"

namespace tamis::timemachine {

namespace {

const FeatureColumn* find_column(const Manifest& manifest, const std::string& name) {
  for (const FeatureColumn& column : manifest.schema)
    if (column.name == name) return &column;
  return nullptr;
}

std::string known_names(const Manifest& manifest) {
  std::string names;
  for (const FeatureColumn& column : manifest.schema) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

void check_part(const ObjectStore& store, const Manifest& manifest, const Part& part) {
  std::vector<std::string> names;
  for (const FeatureColumn& column : manifest.schema) names.push_back(column.name);
  const std::string where = store.where(folder_of(manifest.day) + "/" + part.path);
  const auto batch = read_parquet_bytes(where, read_part(store, manifest.day, part), names);
  if (row_count(*batch) != part.rows)
    fail_world(where, fmt::format("holds {} rows where its manifest says {}", row_count(*batch), part.rows));
  if (content_checksum(columns_of(*batch)) != part.content)
    fail_world(where, "holds other values than its manifest says");
}

/// A later version hides the manifest that counts now; the version's own copy must be there by then.
void check_copy(const ObjectStore& store, const DayState& state) {
  const std::string copy = manifest_path(state.day, state.versions.back().version);
  if (!store.holds(copy)) fail_world(store.where(copy), "is not there");
  if (store.read(copy) != store.read(manifest_path(state.day)))
    fail_world(store.where(copy), "is not the manifest that counts, though of the same version");
}

DayState state_of(const ObjectStore& store, Day day) {
  DayState state{day, {}, {}, {}};
  int last = 0;
  try {
    if (const auto latest = read_manifest(store, day)) last = latest->version;
  } catch (const std::runtime_error& error) {
    state.faults.push_back({day, error.what()});
    return state;
  }
  for (int version = 1; version <= last; ++version) {
    try {
      state.versions.push_back(*read_manifest(store, day, version));
    } catch (const std::runtime_error& error) {
      state.faults.push_back({day, error.what()});
    }
  }
  if (state.faults.empty()) state.leftovers = leftovers(store, day);
  return state;
}

}  // namespace

std::string read_part(const ObjectStore& store, Day day, const Part& part) {
  const std::string path = folder_of(day) + "/" + part.path;
  std::string bytes = store.read(path);
  if (bytes.size() != part.bytes)
    fail_world(store.where(path),
               fmt::format("is not the part its manifest names: it has {} bytes where {} were written", bytes.size(),
                           part.bytes));
  if (fnv1a(bytes) != part.checksum)
    fail_world(store.where(path), "is damaged: it does not match the checksum in its manifest");
  return bytes;
}

SnapshotReader::SnapshotReader(const ObjectStore& store, ReadOptions options)
    : store_(store), options_(std::move(options)) {
  for (Day day = options_.days.from; day <= options_.days.to; ++day) {
    try {
      open_day(day);
    } catch (const std::runtime_error& error) {
      if (!options_.readable) throw;
      faults_.push_back({day, error.what()});
    }
  }
  if (days_.empty()) {
    fail_world(store_.name(),
               fmt::format("no day from {} to {} can be read; the first fault: {}", format_day(options_.days.from),
                           format_day(options_.days.to), faults_.front().what));
  }
  choose_columns();
}

void SnapshotReader::open_day(Day day) {
  auto manifest = read_manifest(store_, day, options_.version);
  if (!manifest) fail_world(store_.where(folder_of(day)), "is not there: that day was not built");
  days_.push_back(std::move(*manifest));
}

void SnapshotReader::choose_columns() {
  const Manifest& first = days_.front();
  std::set<std::string> named;
  if (options_.columns.empty())
    for (const FeatureColumn& column : first.schema) options_.columns.push_back(column.name);
  for (const std::string& name : options_.columns) {
    if (!named.insert(name).second) fail_caller("--columns", fmt::format("names '{}' twice", name));
    const FeatureColumn* const column = find_column(first, name);
    if (column == nullptr) {
      fail_caller(store_.where(folder_of(first.day)),
                  fmt::format("has no column '{}'; it has {}", name, known_names(first)));
    }
    columns_.push_back(*column);
  }
  for (const Manifest& day : days_) {
    for (const FeatureColumn& wanted : columns_) {
      const FeatureColumn* const column = find_column(day, wanted.name);
      if (column != nullptr && column->type == wanted.type) continue;
      fail_world(store_.where(folder_of(day.day)),
                 fmt::format("{} column '{}', which {} has; name the columns that all days of the range have",
                             column == nullptr ? "has no" : "has another type of", wanted.name, format_day(first.day)));
    }
  }
}

std::shared_ptr<arrow::RecordBatch> SnapshotReader::next() {
  for (; day_ < days_.size(); ++day_, part_ = 0) {
    const Manifest& day = days_[day_];
    while (part_ < day.parts.size()) {
      const Part& part = day.parts[part_++];
      try {
        const std::string where = store_.where(folder_of(day.day) + "/" + part.path);
        auto batch = read_parquet_bytes(where, read_part(store_, day.day, part), options_.columns);
        rows_ += row_count(*batch);
        return batch;
      } catch (const std::runtime_error& error) {
        if (!options_.readable) throw;
        faults_.push_back({day.day, error.what()});
      }
    }
  }
  return nullptr;
}

std::vector<DayState> list_days(const ObjectStore& store) {
  std::vector<DayState> days;
  for (const Day day : day_folders(store)) days.push_back(state_of(store, day));
  return days;
}

std::vector<DayState> verify_days(const ObjectStore& store) {
  std::vector<DayState> days = list_days(store);
  for (DayState& state : days) {
    const auto check = [&](const auto& what) {
      try {
        what();
      } catch (const std::runtime_error& error) {
        state.faults.push_back({state.day, error.what()});
      }
    };
    if (!state.versions.empty()) check([&] { check_copy(store, state); });
    std::set<std::string> checked;  // versions share parts
    for (const Manifest& manifest : state.versions) {
      for (const Part& part : manifest.parts) {
        if (checked.insert(fmt::format("{} {:x}", part.path, part.checksum)).second)
          check([&] { check_part(store, manifest, part); });
      }
    }
  }
  return days;
}

}  // namespace tamis::timemachine
