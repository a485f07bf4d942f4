#include "tamis/base/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/nearest.h"

namespace tamis {

namespace {

constexpr std::size_t kNoLine = 0;

struct Value {
  Key::Type type = Key::Type::text;
  bool written = false;
  std::size_t line = kNoLine;
  std::int64_t integer = 0;  ///< durations too, in microseconds
  double real = 0;
  bool boolean = false;
  std::string text;
  std::vector<std::string> texts;
};

std::string place(std::string_view file, std::size_t line) {
  return line == kNoLine ? std::string(file) : fmt::format("{} line {}", file, line);
}

std::size_t line_of(const toml::node& node) {
  return node.source().begin.line;
}

std::string_view type_name(Key::Type type) {
  switch (type) {
    case Key::Type::integer:
      return "an integer";
    case Key::Type::real:
      return "a number";
    case Key::Type::text:
      return "a text";
    case Key::Type::boolean:
      return "true or false";
    case Key::Type::duration:
      return "a duration such as \"90s\", \"30m\", \"12h\" or \"7d\"";
    case Key::Type::texts:
      return "an array of texts";
  }
  return "";
}

std::string_view written_type(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return node.is_array_of_tables() ? "an array of tables" : "an array";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return std::isfinite(**node.as_floating_point()) ? "a real" : "an infinite or undefined one";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

/// Fills `value` from a node. Returns false if the node is of another type.
bool convert(const toml::node& node, const std::string& where, Value& value) {
  switch (value.type) {
    case Key::Type::integer:
      if (const auto* number = node.as_integer()) return value.integer = number->get(), true;
      return false;
    case Key::Type::real:
      if (const auto number = node.value<double>(); number && node.is_number()) value.real = *number;
      return node.is_number() && std::isfinite(value.real);
    case Key::Type::text:
      if (const auto* text = node.as_string()) return value.text = text->get(), true;
      return false;
    case Key::Type::boolean:
      if (const auto* boolean = node.as_boolean()) return value.boolean = boolean->get(), true;
      return false;
    case Key::Type::duration:
      if (const auto* text = node.as_string()) return value.integer = parse_duration(text->get(), where), true;
      return false;
    case Key::Type::texts:
      if (const auto* array = node.as_array()) {
        for (const toml::node& element : *array) {
          if (!element.is_string()) return false;
          value.texts.push_back(element.as_string()->get());
        }
        return true;
      }
      return false;
  }
  return false;
}

Value read_value(const Key& key, const toml::node& node, std::string_view file) {
  Value value;
  value.type = key.type;
  value.written = true;
  value.line = line_of(node);
  const std::string where = place(file, value.line);
  if (!convert(node, fmt::format("{}: {}", where, key.name), value)) {
    fail_caller(where, fmt::format("\"{}\" must be {}, not {} ({})", key.name, type_name(key.type), written_type(node),
                                   key.doc));
  }
  return value;
}

Value default_value(const Key& key) {
  if (key.fallback == "-") {
    Value absent;
    absent.type = key.type;
    return absent;
  }
  const toml::table parsed = toml::parse(fmt::format("value = {}", key.fallback));
  Value value = read_value(key, *parsed.get("value"), "default");
  value.written = false;
  return value;
}

}  // namespace

struct Section::Inside {
  std::string file;
  std::string title;  ///< "[world]", "[[candidate]]", or nothing for the keys at the top
  std::size_t line = kNoLine;
  std::map<std::string, Value, std::less<>> values;

  /// `table` is null when the file lacks it. `top`: leave tables alone, they are sections of their own.
  void read(const toml::table* table, std::span<const Key> keys, bool top);
  const Value& get(std::string_view key, Key::Type type) const;
};

void Section::Inside::read(const toml::table* table, std::span<const Key> keys, bool top) {
  const std::string in = title.empty() ? "" : " in " + title;
  std::vector<std::string_view> known;
  for (const Key& key : keys) known.push_back(key.name);
  std::pair<std::size_t, std::string> first_unknown;
  if (table != nullptr) {
    for (const auto& [name, node] : *table) {
      const bool section = top && (node.is_table() || node.is_array_of_tables());
      if (section || std::find(known.begin(), known.end(), name.str()) != known.end()) continue;
      const std::size_t at = line_of(node);
      if (first_unknown.first == kNoLine || at < first_unknown.first) first_unknown = {at, std::string(name.str())};
    }
  }
  if (const auto& [at, name] = first_unknown; at != kNoLine) {
    fail_caller(place(file, at), fmt::format("unknown key \"{}\"{}{}", name, in, nearest(name, known)));
  }
  for (const Key& key : keys) {
    const toml::node* node = table == nullptr ? nullptr : table->get(key.name);
    if (node == nullptr && key.fallback.empty()) {
      fail_caller(place(file, line), fmt::format("the required key \"{}\"{} is missing: {} ({})", key.name, in,
                                                 type_name(key.type), key.doc));
    }
    values.emplace(key.name, node == nullptr ? default_value(key) : read_value(key, *node, file));
  }
}

const Value& Section::Inside::get(std::string_view key, [[maybe_unused]] Key::Type type) const {
  const auto found = values.find(key);
  assert(found != values.end() && found->second.type == type);
  return found->second;
}

Section::Section(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Section::Section(Section&&) noexcept = default;
Section& Section::operator=(Section&&) noexcept = default;
Section::~Section() = default;

std::int64_t Section::integer(std::string_view key) const {
  return inside_->get(key, Key::Type::integer).integer;
}

double Section::real(std::string_view key) const {
  return inside_->get(key, Key::Type::real).real;
}

std::string Section::text(std::string_view key) const {
  return inside_->get(key, Key::Type::text).text;
}

bool Section::boolean(std::string_view key) const {
  return inside_->get(key, Key::Type::boolean).boolean;
}

std::int64_t Section::duration(std::string_view key) const {
  return inside_->get(key, Key::Type::duration).integer;
}

std::vector<std::string> Section::texts(std::string_view key) const {
  return inside_->get(key, Key::Type::texts).texts;
}

bool Section::has(std::string_view key) const {
  const auto found = inside_->values.find(key);
  return found != inside_->values.end() && found->second.written;
}

std::string Section::where(std::string_view key) const {
  const auto found = inside_->values.find(key);
  const bool written = found != inside_->values.end() && found->second.written;
  return place(inside_->file, written ? found->second.line : inside_->line);
}

void Section::fail(std::string_view key, std::string_view message) const {
  fail_caller(where(key), message);
}

std::int64_t Section::integer_in(std::string_view key, std::int64_t low, std::int64_t high) const {
  const std::int64_t value = integer(key);
  if (value < low || value > high) fail(key, fmt::format("\"{}\" must be {} to {}, not {}", key, low, high, value));
  return value;
}

double Section::real_in(std::string_view key, double low, double high) const {
  const double value = real(key);
  if (!(value >= low && value <= high)) {
    fail(key, fmt::format("\"{}\" must be {} to {}, not {}", key, low, high, value));
  }
  return value;
}

struct ConfigFile::Inside {
  std::filesystem::path path;
  std::string bytes;
  std::string name;  ///< the path as messages write it
  toml::table tables;
  std::set<std::string, std::less<>> asked;
  bool root_asked = false;

  Inside(std::filesystem::path file, std::string text) : path(std::move(file)), bytes(std::move(text)) {
    name = path.string();
    try {
      tables = toml::parse(bytes, name);
    } catch (const toml::parse_error& error) {
      std::string reason(error.description());
      std::replace(reason.begin(), reason.end(), '\n', ' ');
      fail_caller(fmt::format("{} line {} column {}", name, error.source().begin.line, error.source().begin.column),
                  "not TOML: " + reason);
    }
  }
};

ConfigFile::ConfigFile(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
ConfigFile::ConfigFile(ConfigFile&&) noexcept = default;
ConfigFile::~ConfigFile() = default;

ConfigFile::ConfigFile(const std::filesystem::path& path) : inside_(std::make_unique<Inside>(path, read_file(path))) {
  if (inside_->bytes.find_first_not_of(" \t\r\n") == std::string::npos) {
    fail_world(inside_->name, "the file is empty; expected TOML");
  }
}

ConfigFile ConfigFile::parse(std::string_view text, std::string_view name) {
  return ConfigFile(std::make_unique<Inside>(name, std::string(text)));
}

Section ConfigFile::root(std::span<const Key> keys) {
  auto section = std::make_unique<Section::Inside>();
  section->file = inside_->name;
  section->read(&inside_->tables, keys, true);
  inside_->root_asked = true;
  return Section(std::move(section));
}

Section ConfigFile::section(std::string_view name, std::span<const Key> keys) {
  auto section = std::make_unique<Section::Inside>();
  section->file = inside_->name;
  section->title = fmt::format("[{}]", name);
  const toml::node* node = inside_->tables.get(name);
  if (node != nullptr) {
    section->line = line_of(*node);
    if (!node->is_table()) {
      fail_caller(place(section->file, section->line),
                  fmt::format("\"{}\" must be a table, written [{}], not {}", name, name, written_type(*node)));
    }
  }
  section->read(node == nullptr ? nullptr : node->as_table(), keys, false);
  inside_->asked.emplace(name);
  return Section(std::move(section));
}

bool ConfigFile::has_section(std::string_view name) const {
  return inside_->tables.contains(name);
}

std::vector<Section> ConfigFile::sections(std::string_view name, std::string_view kind_key, Choose choose) {
  std::vector<Section> result;
  inside_->asked.emplace(name);
  const toml::node* node = inside_->tables.get(name);
  if (node == nullptr) return result;
  const toml::array* tables = node->as_array();
  if (tables == nullptr || (!tables->empty() && !node->is_array_of_tables())) {
    fail_caller(place(inside_->name, line_of(*node)),
                fmt::format("\"{}\" must be tables, each written [[{}]], not {}", name, name, written_type(*node)));
  }
  const Key kind{kind_key, Key::Type::text, "", "which keys the table may hold"};
  for (const toml::node& element : *tables) {
    const toml::table& table = *element.as_table();
    auto section = std::make_unique<Section::Inside>();
    section->file = inside_->name;
    section->title = fmt::format("[[{}]]", name);
    section->line = line_of(table);
    const toml::node* written = table.get(kind_key);
    if (written == nullptr) {
      fail_caller(place(section->file, section->line),
                  fmt::format("the required key \"{}\" in {} is missing", kind_key, section->title));
    }
    const Value value = read_value(kind, *written, section->file);
    const std::span<const Key> chosen = choose({value.text, place(section->file, value.line)});
    std::vector<Key> keys(chosen.begin(), chosen.end());
    const auto declared = [&](const Key& key) { return key.name == kind_key; };
    if (std::none_of(keys.begin(), keys.end(), declared)) keys.insert(keys.begin(), kind);
    section->read(&table, keys, false);
    result.push_back(Section(std::move(section)));
  }
  return result;
}

void ConfigFile::finish() const {
  const std::vector<std::string_view> known(inside_->asked.begin(), inside_->asked.end());
  for (const auto& [name, node] : inside_->tables) {
    const bool section = node.is_table() || node.is_array_of_tables();
    if (inside_->asked.contains(name.str()) || (!section && inside_->root_asked)) continue;
    fail_caller(place(inside_->name, line_of(node)),
                fmt::format("unknown {} \"{}\"{}", section ? "table" : "key", name.str(), nearest(name.str(), known)));
  }
}

const std::filesystem::path& ConfigFile::path() const {
  return inside_->path;
}

const std::string& ConfigFile::bytes() const {
  return inside_->bytes;
}

namespace {

/// Puts what `over` holds into `under`, table by table; the rest replaces.
void lay_over(toml::table& under, toml::table&& over) {
  for (auto&& [key, node] : over) {
    toml::node* old = under.get(key.str());
    if (old != nullptr && old->is_table() && node.is_table()) {
      lay_over(*old->as_table(), std::move(*node.as_table()));
    } else {
      node.visit([&, &name = key](auto& typed) { under.insert_or_assign(name, std::move(typed)); });
    }
  }
}

}  // namespace

std::vector<ConfigFile::Variant> ConfigFile::variants(std::string_view name) const {
  std::vector<Variant> result;
  std::set<std::string> taken;
  const toml::array* tables = inside_->tables.get_as<toml::array>(name);
  for (std::size_t i = 0; tables != nullptr && i < tables->size(); ++i) {
    // Parsed again, because nodes that are copied, not moved, forget their lines.
    auto inside = std::make_unique<Inside>(inside_->path, inside_->bytes);
    inside->name = inside_->name;
    toml::array all = std::move(*inside->tables.get_as<toml::array>(name));
    inside->tables.erase(name);
    const std::string where = place(inside_->name, line_of(all[i]));
    toml::table* own = all[i].as_table();
    const auto title = own == nullptr ? std::nullopt : (*own)["name"].value<std::string>();
    const bool fits =
        title && !title->empty() && title->front() != '.' && std::filesystem::path(*title).filename() == *title;
    if (!fits || !taken.insert(*title).second) {
      fail_caller(where, fmt::format("each [[{}]] needs a \"name\" of its own that can be a folder's", name));
    }
    const std::string note = (*own)["note"].value_or(std::string());
    own->erase("name");
    own->erase("note");
    lay_over(inside->tables, std::move(*own));
    std::ostringstream text;
    text << inside->tables << '\n';
    inside->bytes = text.str();
    result.push_back({*title, note, ConfigFile(std::move(inside))});
  }
  return result;
}

}  // namespace tamis
