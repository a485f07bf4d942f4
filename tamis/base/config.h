#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// One key that a section of a TOML file may hold. A `fallback` of "" means the key is required; "-" means it is
/// optional and absent by default; anything else is the default, written as TOML. Durations are texts such as "90s",
/// "30m", "12h", "7d".
struct Key {
  enum class Type { integer, real, text, boolean, duration, texts };
  std::string_view name;
  Type type;
  std::string_view fallback;
  std::string_view doc;  ///< one line: meaning, unit, range
};

/// One table of a TOML file, read against the list of keys it may hold. Making it refuses (invalid_argument, with file
/// and line) an unknown key, naming the nearest known one, a missing required key, and a value of the wrong type.
class Section {
 public:
  Section(Section&&) noexcept;
  Section& operator=(Section&&) noexcept;
  ~Section();

  /// The value or its default; 0, "", false or nothing where an optional key is absent. Asking for a key that is not in
  /// the list, or by the wrong type, is our fault (assert).
  std::int64_t integer(std::string_view key) const;
  double real(std::string_view key) const;
  std::string text(std::string_view key) const;
  bool boolean(std::string_view key) const;
  /// Microseconds.
  std::int64_t duration(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  /// True if the key is written in the file.
  bool has(std::string_view key) const;

  /// "file.toml line 12", for error messages about this section or one of its keys.
  std::string where(std::string_view key = "") const;
  /// invalid_argument("[where(key)] message").
  [[noreturn]] void fail(std::string_view key, std::string_view message) const;
  /// Throws unless low <= value <= high; the message gives the range.
  std::int64_t integer_in(std::string_view key, std::int64_t low, std::int64_t high) const;
  double real_in(std::string_view key, double low, double high) const;

 private:
  friend class ConfigFile;
  struct Inside;
  explicit Section(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

/// A TOML file: sections by name, each read once against its keys. After the last one call finish().
/// Throws runtime_error if the file is missing or empty, invalid_argument with file and line if it is not TOML.
class ConfigFile {
 public:
  explicit ConfigFile(const std::filesystem::path& path);
  /// From a text, for tests and presets; `name` stands for the path in messages.
  static ConfigFile parse(std::string_view text, std::string_view name);
  ConfigFile(ConfigFile&&) noexcept;
  ~ConfigFile();

  /// Keys at the top of the file, outside any table.
  Section root(std::span<const Key> keys);
  /// A table [name]; when the file lacks it, every key has its default (a required key is then refused).
  Section section(std::string_view name, std::span<const Key> keys);
  bool has_section(std::string_view name) const;
  /// An array of tables [[name]]; `choose` gives the keys for each by the value of its key `kind_key` and refuses
  /// unknown kinds itself. Empty when the file has none.
  struct Entry {
    std::string kind;
    std::string where;
  };
  using Choose = std::span<const Key> (*)(const Entry&);
  std::vector<Section> sections(std::string_view name, std::string_view kind_key, Choose choose);
  /// One file for each table of the array [[name]]: this one without the array, with what the table holds laid over it
  /// (tables join key by key, anything else replaces), and the table's "name" and "note" taken out. Empty when the file
  /// has none. Throws invalid_argument for a table without a name, a name that cannot be a folder's, or one that comes
  /// twice.
  struct Variant;
  std::vector<Variant> variants(std::string_view name) const;
  /// Refuses tables that nobody asked for, by name and line.
  void finish() const;
  const std::filesystem::path& path() const;
  /// The file's bytes, for a fingerprint.
  const std::string& bytes() const;

 private:
  struct Inside;
  explicit ConfigFile(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

struct ConfigFile::Variant {
  std::string name;
  std::string changes;  ///< its table's "note", for people
  ConfigFile file;
};

/// Parses "90s", "30m", "12h", "7d" (a number with an optional fraction, then a unit) to microseconds. Throws
/// invalid_argument("[where] …") else.
std::int64_t parse_duration(std::string_view text, std::string_view where);

/// A Markdown table of the keys: name, type, default, meaning. The documentation of a config is made from it.
std::string describe(std::span<const Key> keys);

}  // namespace tamis
