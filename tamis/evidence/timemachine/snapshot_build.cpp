#include "tamis/evidence/timemachine/snapshot_build.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tamis/base/error.h"
#include "tamis/base/parquet_bytes.h"
#include "tamis/base/random.h"
#include "tamis/evidence/timemachine/snapshot_rows.h"

namespace tamis::timemachine {

namespace {

constexpr const char* kWeight = "sample_weight";

/// One day on its way into the store.
class DayBuilder {
 public:
  DayBuilder(ObjectStore& store, const Features& features, const SnapshotConfig& config, const BuildOptions& options,
             Manifest& manifest, const std::optional<Manifest>& before)
      : store_(store),
        features_(features),
        config_(config),
        options_(options),
        sampler_(config.sample, options.seed),
        manifest_(manifest),
        before_(before) {
    manifest_.schema = row_columns();
    manifest_.schema.insert(manifest_.schema.end(), features.columns().begin(), features.columns().end());
    if (!sampler_.keeps_all()) manifest_.schema.push_back({kWeight, ColumnType::real});
    if (!config.sample.by.empty()) find_stratum();
    for (const FeatureColumn& column : manifest_.schema) types_.push_back(column.type);
    clear();
  }

  void add_rows(const DayRows& rows, Progress& progress) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      add_row(rows, i);
      if (count_ == options_.part_rows) write_part();
      progress.advance();
    }
    if (count_ > 0) write_part();
  }

  /// True if a part was written or the last version had more of them.
  bool changed() const { return changed_ || !before_ || !same_content(manifest_, *before_); }
  /// True if a part of the last version was written again as it had been.
  bool mended() const { return mended_; }

 private:
  void find_stratum() {
    const auto column = std::find_if(manifest_.schema.begin(), manifest_.schema.end(), [&](const FeatureColumn& c) {
      return c.name == config_.sample.by && c.type == ColumnType::text;
    });
    if (column == manifest_.schema.end())
      fail_caller("sample", fmt::format("by \"{}\" is no text column of the snapshot", config_.sample.by));
    stratum_ = static_cast<std::size_t>(column - manifest_.schema.begin());
  }

  void clear() {
    columns_.clear();
    for (const FeatureColumn& column : manifest_.schema) columns_.push_back({column.name, {}, {}, {}});
    count_ = 0;
  }

  void add_row(const DayRows& rows, std::size_t i) {
    const std::span<OutputColumn> all(columns_);
    const std::size_t own = row_columns().size();
    const Request request = rows.request(i);
    rows.append(i, all.first(own));
    features_.append(request, all.subspan(own, features_.columns().size()));
    ++count_;
    if (sampler_.keeps_all()) return;
    const double share = sampler_.share(stratum_ ? std::string_view(columns_[*stratum_].text.back()) : "");
    columns_.back().real.push_back(1 / share);
    if (sampler_.keeps(request.user, share)) return;
    --count_;
    for (OutputColumn& column : columns_) {
      column.text.resize(std::min<std::size_t>(column.text.size(), count_));
      column.integer.resize(std::min<std::size_t>(column.integer.size(), count_));
      column.real.resize(std::min<std::size_t>(column.real.size(), count_));
    }
  }

  void write_part() {
    const std::size_t number = manifest_.parts.size();
    const Part* const old = before_ && number < before_->parts.size() ? &before_->parts[number] : nullptr;
    const std::uint64_t content = content_checksum(columns_);
    const bool alike = old != nullptr && old->rows == count_ && old->content == content;
    if (alike && stands(*old)) {
      manifest_.parts.push_back(*old);
      return clear();
    }
    const std::string bytes = parquet_bytes(columns_, types_);
    Part part{fmt::format("{}/part-{:05}.parquet", version_folder(manifest_.version), number), count_, bytes.size(),
              fnv1a(bytes), content};
    if (alike && old->bytes == part.bytes && old->checksum == part.checksum) {
      part.path = old->path;  // the very file that was lost or damaged
      mended_ = true;
    } else {
      changed_ = true;
    }
    store_.write(path_of(part), bytes);
    manifest_.parts.push_back(std::move(part));
    clear();
  }

  std::string path_of(const Part& part) const { return folder_of(manifest_.day) + "/" + part.path; }

  bool stands(const Part& part) const {
    if (!store_.holds(path_of(part))) return false;
    const std::string bytes = store_.read(path_of(part));
    return bytes.size() == part.bytes && fnv1a(bytes) == part.checksum;
  }

  ObjectStore& store_;
  const Features& features_;
  const SnapshotConfig& config_;
  const BuildOptions& options_;
  Sampler sampler_;
  Manifest& manifest_;
  const std::optional<Manifest>& before_;
  std::optional<std::size_t> stratum_;
  std::vector<ColumnType> types_;
  std::vector<OutputColumn> columns_;
  std::uint64_t count_ = 0;
  bool changed_ = false;
  bool mended_ = false;
};

void require_complete(const Manifest& manifest, double least) {
  for (const Fetched& source : manifest.sources) {
    if (source.share >= least) continue;
    const std::string lacks = source.missing.empty() ? "" : "; " + source.missing.front() + " is not there";
    fail_world(format_day(manifest.day), fmt::format("source '{}' ({}) got {:.4g} of the day, less than least = {}{}",
                                                     source.source, source.kind, source.share, least, lacks));
  }
}

void check_bad(const Features& features, const Quarantine& quarantine, double max_bad) {
  std::uint64_t rows = 0;
  for (const InputFile& input : features.inputs()) rows += input.rows_read;
  quarantine.check(rows, max_bad);
}

void remove_leftovers(ObjectStore& store, Day day) {
  std::vector<std::string> left;
  try {
    left = leftovers(store, day);
  } catch (const std::runtime_error&) {
    return;  // an older version is damaged: who owns which file cannot be told, and the new version does not need to
  }
  for (const std::string& path : left) store.remove(path);
}

Manifest heading(Day day, const SnapshotConfig& config, const BuildOptions& options) {
  Manifest manifest;
  manifest.day = day;
  manifest.created = options.created;
  manifest.tamis = options.tamis;
  manifest.config = config.fingerprint;
  manifest.known_by = options.known_by;
  return manifest;
}

BuiltDay build_day(ObjectStore& store, Day day, Features& features, const SnapshotConfig& config,
                   const BuildOptions& options, Quarantine& quarantine, Progress& progress) {
  const auto lock = store.lock(folder_of(day));
  const std::optional<Manifest> before = read_manifest(store, day);
  if (before && options.resume) return {*before, BuiltDay::Outcome::skipped};
  BuiltDay built;
  built.manifest = heading(day, config, options);
  built.manifest.version = before ? before->version + 1 : 1;
  built.manifest.sources = features.open_day(day);
  check_bad(features, quarantine, options.max_bad);
  require_complete(built.manifest, config.least);
  remove_leftovers(store, day);
  const DayRows rows(features.rows(), day, config.keep, config.label_wait);
  progress.begin("snapshot " + format_day(day), rows.size());
  DayBuilder builder(store, features, config, options, built.manifest, before);
  builder.add_rows(rows, progress);
  for (const Part& part : built.manifest.parts) built.manifest.rows += part.rows;
  if (!builder.changed()) return {*before, builder.mended() ? BuiltDay::Outcome::mended : BuiltDay::Outcome::unchanged};
  const std::string text = write_manifest(built.manifest);
  store.write(manifest_path(day, built.manifest.version), text);
  store.write(manifest_path(day), text);
  return built;
}

}  // namespace

std::vector<std::string> leftovers(const ObjectStore& store, Day day) {
  const std::string folder = folder_of(day) + "/";
  std::set<std::string> named;
  if (const auto latest = read_manifest(store, day)) {
    named.insert(manifest_path(day));
    for (int version = 1; version <= latest->version; ++version) {
      const auto manifest = read_manifest(store, day, version);
      named.insert(manifest_path(day, version));
      for (const Part& part : manifest->parts) named.insert(folder + part.path);
    }
  }
  std::vector<std::string> left;
  for (const StoredFile& file : store.list(folder_of(day))) {
    const std::string name = file.path.substr(folder.size());
    const bool ours = (name.starts_with('v') && name.find('/') == version_folder(1).size()) ||
                      name.find(".partial-") != std::string::npos;
    if (ours && named.count(file.path) == 0) left.push_back(file.path);
  }
  return left;
}

Built build_snapshots(ObjectStore& store, const SnapshotConfig& config, const BuildOptions& options,
                      Quarantine& quarantine, Progress& progress) {
  if (options.part_rows < 1) fail_caller("snapshot", "a part holds at least 1 row");
  Built built;
  Features features(config, options.days.to, options.known_by.value_or(INT64_MAX), quarantine);
  check_bad(features, quarantine, options.max_bad);
  for (Day day = options.days.from; day <= options.days.to; ++day)
    built.days.push_back(build_day(store, day, features, config, options, quarantine, progress));
  progress.end();
  built.inputs = features.inputs();
  return built;
}

}  // namespace tamis::timemachine
