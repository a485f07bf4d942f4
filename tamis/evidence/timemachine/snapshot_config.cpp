#include "tamis/evidence/timemachine/snapshot_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tamis/base/config.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/random.h"

namespace tamis::timemachine {

namespace {

using enum Key::Type;

constexpr Key kSnapshot[] = {
    {"rows", text, "", "the event source whose events become rows"},
    {"keep", text, "\"all\"", "which of them: all, impressions or clicks"},
    {"label_wait", duration, "\"1d\"", "an impression is labelled 1 if it was clicked within this time, 0s to 30d"},
    {"least", real, "0.0", "share of a day that every source must have got, else the day is not built, 0 to 1"},
};

constexpr Key kSample[] = {
    {"by", text, "-", "text column of the snapshot whose value is the stratum; without it all users are one stratum"},
    {"shares", texts, "[]", "stratum and share of its users, such as \"DK 0.5\""},
    {"rest", real, "1.0", "share of users of strata that are not listed, above 0 to 1"},
};

constexpr Key kKind{"kind", text, "", "events, statistics or context"};
constexpr Key kName{"name", text, "", "letters, digits and _; the columns begin with it"};
constexpr Key kPath{"path", text, "", "the table; {day} in it stands for the day of one file a day"};

constexpr Key kEvents[] = {
    kKind,
    kName,
    kPath,
    {"format", text, "\"table\"", "table (docs/formats/event_log.md) or movielens (the path is the folder)"},
    {"first", text, "-", "daily files: the first day there should be one of"},
    {"user", text, "\"user\"", "name of the column"},
    {"item", text, "\"item\"", "name of the column"},
    {"event", text, "\"event\"", "name of the column; without the column every row is a click"},
    {"value", text, "\"value\"", "name of the column: seconds stayed, or the rating"},
    {"position", text, "\"position\"", "name of the column"},
    {"request", text, "\"request\"", "name of the column"},
    {"event_time", text, "\"event_time\"", "name of the column"},
    {"known_time", text, "\"known_time\"", "name of the column"},
};

constexpr Key kStatistics[] = {
    kKind,
    kName,
    {"of", text, "", "the event source it counts"},
    {"windows", texts, "[\"1d\", \"7d\", \"30d\"]", "whole days before the day of the row, 1d to 3650d"},
};

constexpr Key kContext[] = {
    kKind,
    kName,
    kPath,
    {"by", text, "\"user\"", "whom a row is about: user or item"},
    {"key", text, "-", "column that names it; the value of by when absent"},
    {"texts", texts, "[]", "columns taken as text"},
    {"numbers", texts, "[]", "columns taken as numbers"},
    {"event_time", text, "-", "column: since when the fact holds; when absent, since it is known"},
    {"known_time", text, "-", "column: when it became known; when absent, at the end of its daily file's day"},
    {"always_known", boolean, "false", "no times: nothing in the table ever changed"},
    {"keep_days", integer, "1", "daily files: days before the row's that are looked at, the latest first, 1 to 400"},
};

std::span<const Key> keys_of(std::string_view kind) {
  if (kind == "events") return kEvents;
  if (kind == "statistics") return kStatistics;
  if (kind == "context") return kContext;
  return {};
}

std::span<const Key> choose_source(const ConfigFile::Entry& entry) {
  const auto keys = keys_of(entry.kind);
  if (keys.empty())
    fail_caller(entry.where, fmt::format("kind \"{}\" is no source: events, statistics or context", entry.kind));
  return keys;
}

std::string read_name(const Section& section) {
  const std::string name = section.text("name");
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), good))
    section.fail("name", fmt::format("name \"{}\" is not of letters, digits and _", name));
  return name;
}

class Reader {
 public:
  Reader(const std::filesystem::path& path, const std::filesystem::path& data)
      : file_(path), folder_(data.empty() ? path.parent_path() : data) {}

  SnapshotConfig read() {
    const Section root = file_.section("snapshot", kSnapshot);
    config_.fingerprint = fnv1a(file_.bytes());
    config_.rows = root.text("rows");
    const std::string keep = root.text("keep");
    if (keep != "all" && keep != "impressions" && keep != "clicks")
      root.fail("keep", fmt::format("keep \"{}\" is not all, impressions or clicks", keep));
    config_.keep = keep == "all" ? Keep::all : keep == "clicks" ? Keep::clicks : Keep::impressions;
    config_.label_wait = root.duration("label_wait");
    if (config_.label_wait < 0 || config_.label_wait > 30 * data::kDay)
      root.fail("label_wait", "label_wait must be from 0s to 30d");
    config_.least = root.real_in("least", 0, 1);
    read_sample(file_.section("sample", kSample));
    const std::vector<Section> sources = file_.sections("source", "kind", choose_source);
    for (const Section& source : sources) read_source(source);
    for (const Section& source : sources)
      if (source.text("kind") == "statistics" && !has_stream(source.text("of")))
        source.fail("of", fmt::format("\"{}\" is no source of kind events", source.text("of")));
    if (!has_stream(config_.rows))
      root.fail("rows", fmt::format("\"{}\" is no [[source]] of kind events", config_.rows));
    file_.finish();
    return std::move(config_);
  }

 private:
  bool has_stream(const std::string& name) const {
    return std::any_of(config_.streams.begin(), config_.streams.end(),
                       [&](const StreamSpec& stream) { return stream.name == name; });
  }

  void read_sample(const Section& section) {
    SampleSpec& sample = config_.sample;
    sample.by = section.text("by");
    sample.rest = section.real("rest");
    if (!(sample.rest > 0 && sample.rest <= 1)) section.fail("rest", "rest must be above 0 and at most 1");
    for (const std::string& entry : section.texts("shares")) {
      const std::size_t blank = entry.rfind(' ');
      double share = 0;
      if (blank == std::string::npos || blank == 0 || !parse_real(entry.substr(blank + 1), share) ||
          !(share > 0 && share <= 1))
        section.fail("shares",
                     fmt::format("\"{}\" is not a stratum and a share above 0 to 1, such as \"DK 0.5\"", entry));
      sample.shares.push_back({entry.substr(0, blank), share});
    }
    if (!sample.shares.empty() && sample.by.empty())
      section.fail("shares", "shares are of strata: by must name the column that tells them");
  }

  void read_source(const Section& section) {
    const std::string name = read_name(section);
    if (!names_.insert(name).second) section.fail("name", fmt::format("two sources are named \"{}\"", name));
    const std::string kind = section.text("kind");
    if (kind == "events") {
      read_stream(section, name);
    } else if (kind == "statistics") {
      StatisticsSpec spec{name, section.text("of"), {}};
      for (const std::string& window : section.texts("windows")) {
        const data::Time length = parse_duration(window, section.where("windows"));
        if (length % data::kDay != 0 || length < data::kDay || length > 3650 * data::kDay)
          section.fail("windows", fmt::format("\"{}\" is not a window of whole days, 1d to 3650d", window));
        spec.windows.push_back(static_cast<int>(length / data::kDay));
      }
      if (spec.windows.empty()) section.fail("windows", "needs at least one window");
      config_.statistics.push_back(std::move(spec));
    } else {
      read_context(section, name);
    }
  }

  void read_stream(const Section& section, const std::string& name) {
    StreamSpec spec;
    spec.name = name;
    spec.path = (folder_ / section.text("path")).string();
    const std::string format = section.text("format");
    if (format != "table" && format != "movielens")
      section.fail("format", fmt::format("format \"{}\" is not table or movielens", format));
    spec.movielens = format == "movielens";
    if (is_daily(spec.path) != section.has("first"))
      section.fail("first", is_daily(spec.path) ? "daily files need first, the first day there should be one of"
                                                : "first is for daily files, with {day} in their path");
    if (section.has("first")) spec.first = parse_day(section.text("first"), section.where("first"));
    data::TableColumns& columns = spec.columns;
    columns = {section.text("user"),       section.text("item"),      section.text("event"),
               section.text("value"),      section.text("position"),  section.text("request"),
               section.text("event_time"), section.text("known_time")};
    config_.streams.push_back(std::move(spec));
  }

  void read_context(const Section& section, const std::string& name) {
    ContextSpec spec;
    spec.name = name;
    spec.path = (folder_ / section.text("path")).string();
    const std::string by = section.text("by");
    if (by != "user" && by != "item") section.fail("by", fmt::format("by \"{}\" is not user or item", by));
    spec.by_user = by == "user";
    spec.key = section.has("key") ? section.text("key") : by;
    spec.event_time = section.text("event_time");
    spec.known_time = section.text("known_time");
    spec.always_known = section.boolean("always_known");
    spec.keep_days = static_cast<int>(section.integer_in("keep_days", 1, 400));
    spec.texts = section.texts("texts");
    spec.numbers = section.texts("numbers");
    try {
      Quarantine none;
      static_cast<void>(ContextSource(spec, none));
    } catch (const std::invalid_argument& error) {
      section.fail("", error.what());
    }
    config_.contexts.push_back(std::move(spec));
  }

  ConfigFile file_;
  std::filesystem::path folder_;
  SnapshotConfig config_;
  std::set<std::string> names_;
};

}  // namespace

SnapshotConfig read_snapshot_config(const std::filesystem::path& path, const std::filesystem::path& data) {
  return Reader(path, data).read();
}

std::string describe_snapshot_keys() {
  std::string page = "## `[snapshot]`\n\n" + describe(kSnapshot) + "\n## `[sample]`\n\n" + describe(kSample);
  for (const std::string_view kind : {"events", "statistics", "context"})
    page += fmt::format("\n## `[[source]]` with `kind = \"{}\"`\n\n", kind) + describe(keys_of(kind));
  return page;
}

}  // namespace tamis::timemachine
