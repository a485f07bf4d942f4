#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "tamis/base/object_store.h"
#include "tamis/base/parquet_bytes.h"
#include "tamis/base/random.h"
#include "tamis/evidence/timemachine/snapshot_build.h"
#include "tamis/evidence/timemachine/snapshot_read.h"
#include "tests/base/scratch.h"

namespace tamis::timemachine::test {

using tamis::test::put;
using tamis::test::Scratch;

inline const Day kFirst = parse_day("2024-03-01", "test");

/// A random log and random facts about its users, with late rows and corrections, and what is made of them.
class Shop {
 public:
  explicit Shop(std::uint64_t seed, int days = 6, int rows = 400) {
    Stream stream(seed, "shop");
    log_ = "user\titem\tevent\tvalue\tposition\trequest\tevent_time\tknown_time\n";
    for (int i = 0; i < rows; ++i) {
      const auto second = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(days) * 86400));
      const std::int64_t late = stream.below(3) == 0 ? static_cast<std::int64_t>(stream.below(3 * 86400)) : 0;
      const char* const event = stream.below(2) == 0 ? "impression" : stream.below(4) == 0 ? "other" : "click";
      log_ +=
          fmt::format("u{}\ti{}\t{}\t{}\t{}\tr{}\t{}\t{}\n", stream.below(9), stream.below(7), event, stream.below(50),
                      1 + stream.below(5), stream.below(30), base() + second, base() + second + late);
    }
    facts_ = "who\tcountry\tage\tsince\tknown\n";
    for (int i = 0; i < 60; ++i) {
      const auto since = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(days) * 12)) * 7200;
      facts_ += fmt::format("u{}\tc{}\t{}\t{}\t{}\n", stream.below(9), stream.below(3), 20 + stream.below(50),
                            base() + since, base() + since + static_cast<std::int64_t>(stream.below(30)) * 3600);
    }
    write();
  }

  void write() const {
    put(scratch / "log.tsv", log_);
    put(scratch / "facts.tsv", facts_);
    put(scratch / "shop.toml",
        "[snapshot]\nrows = \"views\"\n" + more +
            "[[source]]\nkind = \"events\"\nname = \"views\"\npath = \"log.tsv\"\n"
            "[[source]]\nkind = \"statistics\"\nname = \"daily\"\nof = \"views\"\nwindows = [\"1d\", \"3d\"]\n"
            "[[source]]\nkind = \"context\"\nname = \"profile\"\npath = \"facts.tsv\"\nkey = \"who\"\n"
            "texts = [\"country\"]\nnumbers = [\"age\"]\nevent_time = \"since\"\nknown_time = \"known\"\n");
  }
  /// One more row of the log, and of the facts.
  void add_event(const std::string& row) { log_ += row + "\n"; }
  void add_fact(const std::string& row) { facts_ += row + "\n"; }

  /// Writes the files as they now are.
  SnapshotConfig config() const {
    write();
    return read_snapshot_config(scratch / "shop.toml", "");
  }
  std::string root() const { return (scratch / "days").string(); }

  Built build(DayRange days, BuildOptions options = {}) const {
    const auto store = open_store(root(), true);
    options.days = days;
    options.created = start_of(kFirst);
    Quarantine quarantine;
    Progress silent;
    return build_snapshots(*store, config(), options, quarantine, silent);
  }

  /// Every value of a range, as text.
  std::string dump(const ReadOptions& options) const {
    const auto store = open_store(root(), false);
    SnapshotReader reader(*store, options);
    std::string text;
    while (const auto batch = reader.next()) text += table(columns_of(*batch));
    return text;
  }

  static std::string table(const std::vector<OutputColumn>& columns) {
    std::string text;
    const std::size_t rows = std::max({columns[0].text.size(), columns[0].integer.size(), columns[0].real.size()});
    for (std::size_t i = 0; i < rows; ++i) {
      for (const OutputColumn& column : columns) {
        if (!column.text.empty()) text += column.text[i] + "|";
        if (!column.integer.empty()) text += fmt::format("{}|", column.integer[i]);
        if (!column.real.empty()) text += fmt::format("{}|", column.real[i]);
      }
      text += "\n";
    }
    return text;
  }

  static std::int64_t base() { return start_of(kFirst) / data::kSecond; }

  Scratch scratch;
  std::string more;  ///< further keys of [snapshot], and [sample]

 private:
  std::string log_, facts_;
};

}  // namespace tamis::timemachine::test
