#include "tamis/evidence/timemachine/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::timemachine {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "tamis snapshot 1";
constexpr std::string_view kFolder = "date=";
constexpr int kMostVersions = 9999;

std::string hex(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

std::uint64_t parse_hex(const Json& json) {
  const auto text = json.get<std::string>();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 16 || error != std::errc() || end != text.data() + text.size())
    throw std::runtime_error("'" + text.substr(0, 40) + "' is not 16 hex digits");
  return value;
}

data::Time parse_time(const Json& json) {
  data::Time time = 0;
  const auto text = json.get<std::string>();
  if (!data::parse_time(text, time)) throw std::runtime_error("'" + text.substr(0, 40) + "' is not a time");
  return time;
}

std::string_view type_name(ColumnType type) {
  return type == ColumnType::text ? "text" : type == ColumnType::integer ? "integer" : "real";
}

ColumnType parse_type(const std::string& name) {
  if (name == "text") return ColumnType::text;
  if (name == "integer") return ColumnType::integer;
  if (name == "real") return ColumnType::real;
  throw std::runtime_error("'" + name.substr(0, 40) + "' is not the type of a column");
}

Json json_of(const Fetched& fetched) {
  Json files = Json::array();
  for (const SourceFile& file : fetched.files)
    files.push_back({{"path", file.read.path},
                     {"bytes", file.read.bytes},
                     {"checksum", hex(file.checksum)},
                     {"rows_read", file.read.rows_read},
                     {"rows_quarantined", file.read.rows_quarantined}});
  return {{"name", fetched.source},
          {"kind", fetched.kind},
          {"completeness", fetched.share},
          {"files", std::move(files)},
          {"missing", fetched.missing}};
}

Fetched parse_fetched(const Json& json) {
  Fetched fetched{json.at("name").get<std::string>(),
                  json.at("kind").get<std::string>(),
                  json.at("completeness").get<double>(),
                  {},
                  json.at("missing").get<std::vector<std::string>>()};
  if (!(fetched.share >= 0 && fetched.share <= 1)) throw std::runtime_error("a completeness is not from 0 to 1");
  for (const Json& file : json.at("files")) {
    InputFile read{file.at("path").get<std::string>(), file.at("bytes").get<std::uint64_t>(),
                   file.at("rows_read").get<std::uint64_t>(), file.at("rows_quarantined").get<std::uint64_t>()};
    fetched.files.push_back({std::move(read), parse_hex(file.at("checksum"))});
  }
  return fetched;
}

/// "v0001/part-00000.parquet" and nothing that leads elsewhere.
bool is_part_path(std::string_view path) {
  constexpr std::string_view kForm = "vdddd/part-ddddd.parquet";
  return path.size() == kForm.size() && std::equal(kForm.begin(), kForm.end(), path.begin(), [](char form, char c) {
           return form == 'd' ? c >= '0' && c <= '9' : c == form;
         });
}

Manifest manifest_of(const Json& json) {
  if (json.at("format").get<std::string>() != kFormat)
    throw std::runtime_error("is of another format than " + std::string(kFormat));
  Manifest manifest;
  manifest.day = parse_day(json.at("day").get<std::string>(), "day");
  manifest.version = json.at("version").get<int>();
  if (manifest.version < 1 || manifest.version > kMostVersions) throw std::runtime_error("the version is out of range");
  manifest.created = parse_time(json.at("created"));
  manifest.tamis = json.at("tamis").get<std::string>();
  manifest.config = parse_hex(json.at("config"));
  if (!json.at("known_by").is_null()) manifest.known_by = parse_time(json.at("known_by"));
  manifest.rows = json.at("rows").get<std::uint64_t>();
  for (const Json& column : json.at("schema"))
    manifest.schema.push_back({column.at("name").get<std::string>(), parse_type(column.at("type").get<std::string>())});
  std::uint64_t rows = 0;
  for (const Json& part : json.at("parts")) {
    manifest.parts.push_back({part.at("path").get<std::string>(), part.at("rows").get<std::uint64_t>(),
                              part.at("bytes").get<std::uint64_t>(), parse_hex(part.at("checksum")),
                              parse_hex(part.at("content"))});
    if (!is_part_path(manifest.parts.back().path))
      throw std::runtime_error("'" + manifest.parts.back().path.substr(0, 60) + "' is not the path of a part");
    rows += manifest.parts.back().rows;
  }
  if (rows != manifest.rows)
    throw std::runtime_error(fmt::format("counts {} rows where its parts have {}", manifest.rows, rows));
  for (const Json& source : json.at("sources")) manifest.sources.push_back(parse_fetched(source));
  return manifest;
}

}  // namespace

double Manifest::completeness() const {
  double least = 1;
  for (const Fetched& source : sources) least = std::min(least, source.share);
  return least;
}

bool same_content(const Manifest& a, const Manifest& b) {
  const auto same_column = [](const FeatureColumn& x, const FeatureColumn& y) {
    return x.name == y.name && x.type == y.type;
  };
  const auto same_part = [](const Part& x, const Part& y) { return x.rows == y.rows && x.content == y.content; };
  const auto same_source = [](const Fetched& x, const Fetched& y) {
    return x.source == y.source && x.kind == y.kind && x.share == y.share && x.missing == y.missing;
  };
  return a.day == b.day && a.rows == b.rows && a.known_by == b.known_by &&
         std::equal(a.schema.begin(), a.schema.end(), b.schema.begin(), b.schema.end(), same_column) &&
         std::equal(a.parts.begin(), a.parts.end(), b.parts.begin(), b.parts.end(), same_part) &&
         std::equal(a.sources.begin(), a.sources.end(), b.sources.begin(), b.sources.end(), same_source);
}

std::uint64_t content_checksum(const std::vector<OutputColumn>& columns) {
  std::uint64_t sum = fnv1a("columns");
  const auto mix = [&](std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) sum = (sum ^ ((value >> shift) & 0xFFU)) * 0x100000001b3ULL;
  };
  for (const OutputColumn& column : columns) {
    mix(column.name.size());
    sum = fnv1a(column.name, sum);
    for (const std::string& text : column.text) {
      mix(text.size());
      sum = fnv1a(text, sum);
    }
    for (const std::int64_t integer : column.integer) mix(static_cast<std::uint64_t>(integer));
    // One NaN is as good as another: all are null.
    for (const double real : column.real) mix(std::isnan(real) ? ~0ULL : std::bit_cast<std::uint64_t>(real));
  }
  return sum;
}

std::string folder_of(Day day) {
  return std::string(kFolder) + format_day(day);
}

std::optional<Day> day_of_folder(const std::string& name) {
  if (!name.starts_with(kFolder)) return std::nullopt;
  try {
    return parse_day(std::string_view(name).substr(kFolder.size()), "folder");
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

std::string version_folder(int version) {
  return fmt::format("v{:04}", version);
}

std::string manifest_path(Day day) {
  return folder_of(day) + "/manifest.json";
}

std::string manifest_path(Day day, int version) {
  return fmt::format("{}/{}/manifest.json", folder_of(day), version_folder(version));
}

std::string write_manifest(const Manifest& manifest) {
  Json json{{"format", kFormat},
            {"day", format_day(manifest.day)},
            {"version", manifest.version},
            {"created", data::format_time(manifest.created)},
            {"tamis", manifest.tamis},
            {"config", hex(manifest.config)},
            {"known_by", manifest.known_by ? Json(data::format_time(*manifest.known_by)) : Json(nullptr)},
            {"rows", manifest.rows},
            {"completeness", manifest.completeness()}};
  for (const char* key : {"schema", "parts", "sources"}) json[key] = Json::array();
  for (const FeatureColumn& column : manifest.schema)
    json["schema"].push_back({{"name", column.name}, {"type", type_name(column.type)}});
  for (const Part& part : manifest.parts)
    json["parts"].push_back({{"path", part.path},
                             {"rows", part.rows},
                             {"bytes", part.bytes},
                             {"checksum", hex(part.checksum)},
                             {"content", hex(part.content)}});
  for (const Fetched& source : manifest.sources) json["sources"].push_back(json_of(source));
  // The paths of sources are the machine's, and need not be UTF-8.
  std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace);
  text.erase(text.rfind('\n'));
  return fmt::format("{},\n \"checksum\": \"{}\"\n}}\n", text, hex(fnv1a(text)));
}

Manifest parse_manifest(const std::string& text, const std::string& where) {
  const std::size_t end = text.rfind(",\n \"checksum\": \"");
  if (end == std::string::npos) fail_world(where, "is not the whole of a manifest: its checksum is missing");
  if (text.substr(end) !=
      fmt::format(",\n \"checksum\": \"{}\"\n}}\n", hex(fnv1a(std::string_view(text).substr(0, end)))))
    fail_world(where, "is damaged: it does not match its own checksum");
  try {
    return manifest_of(Json::parse(text));
  } catch (const std::exception& error) {
    fail_world(where, fmt::format("is no manifest: {}", error.what()));
  }
}

std::optional<Manifest> read_manifest(const ObjectStore& store, Day day, int version) {
  const std::string path = manifest_path(day);
  if (!store.holds(path)) return std::nullopt;
  Manifest manifest = parse_manifest(store.read(path), store.where(path));
  if (manifest.day != day)
    fail_world(store.where(path), fmt::format("is the manifest of {}", format_day(manifest.day)));
  if (version == 0 || version == manifest.version) return manifest;
  if (version > manifest.version)
    fail_world(store.where(folder_of(day)),
               fmt::format("has no version {}; it has {}", version,
                           manifest.version == 1 ? "1 alone" : fmt::format("1 to {}", manifest.version)));
  const std::string older = manifest_path(day, version);
  if (!store.holds(older)) fail_world(store.where(older), "is not there, though a later version is");
  Manifest old = parse_manifest(store.read(older), store.where(older));
  if (old.day != day || old.version != version) fail_world(store.where(older), "is the manifest of another version");
  return old;
}

std::vector<Day> day_folders(const ObjectStore& store) {
  std::vector<Day> days;
  for (const std::string& name : store.folders("")) {
    if (const auto day = day_of_folder(name)) days.push_back(*day);
  }
  std::sort(days.begin(), days.end());
  return days;
}

}  // namespace tamis::timemachine
