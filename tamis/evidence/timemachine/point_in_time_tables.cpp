#include "tamis/evidence/timemachine/point_in_time_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/data/time_column.h"

namespace tamis::timemachine {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUsualKnownTime = "known_time";

// The head of a table: its columns, and as what it holds the key, where a row tells.
struct Head {
  std::vector<std::string> names;
  std::optional<ColumnType> key;

  bool has(std::string_view name) const { return std::find(names.begin(), names.end(), name) != names.end(); }
};

Head look_at(const fs::path& path, const std::string& key) {
  if (path == "-")
    fail_caller("standard input", "cannot be joined: a table is opened twice, once for its head; a file is needed");
  Quarantine ignored;  // the rows are read again
  TableReader reader(path, {{key, ColumnType::time, true}}, {.format = {}, .header = true, .batch_rows = 1}, ignored);
  Head head{reader.names(), std::nullopt};
  if (const auto* batch = reader.next()) head.key = batch->front().type;
  return head;
}

// Keys that both tables hold as whole numbers are taken as such; otherwise as they are written.
bool whole_keys(const Head& labels, const Head& facts) {
  const auto whole = [](const std::optional<ColumnType>& type) {
    return !type || *type == ColumnType::integer || *type == ColumnType::time;
  };
  return whole(labels.key) && whole(facts.key) && (!labels.key || !facts.key || *labels.key == *facts.key);
}

// What is asked of a table, each column once for each type.
class Wishes {
 public:
  std::size_t add(const std::string& name, ColumnType type) {
    for (std::size_t i = 0; i < requests_.size(); ++i)
      if (requests_[i].name == name && requests_[i].type == type) return i;
    requests_.push_back({name, type, true});
    return requests_.size() - 1;
  }
  const std::vector<ColumnRequest>& requests() const { return requests_; }

 private:
  std::vector<ColumnRequest> requests_;
};

// What one side wants of its table.
struct SideColumns {
  std::string key, time;
  std::optional<std::string> known_time;
  std::vector<std::string> carried;
};

class SideReader {
 public:
  /// `names`: numbers for keys that are taken as written; nullptr for whole numbers.
  SideReader(const fs::path& path, SideColumns columns, ColumnType carried, data::Names* names, Quarantine& quarantine)
      : columns_(std::move(columns)), names_(names) {
    key_ = wishes_.add(columns_.key, names == nullptr ? ColumnType::time : ColumnType::text);
    time_ = wishes_.add(columns_.time, ColumnType::time);
    if (columns_.known_time) known_ = wishes_.add(*columns_.known_time, ColumnType::time);
    for (const std::string& name : columns_.carried) {
      carried_.push_back(wishes_.add(name, carried));
      side_.carried.emplace_back(name);
    }
    table_.emplace(path, wishes_.requests(), TableOptions{}, quarantine);
  }

  FeatureSide read(Progress& progress) {
    while (const auto* batch = table_->next()) {
      const std::size_t rows = batch->front().valid.size();
      reserve(rows);
      keep_.clear();
      for (std::size_t i = 0; i < rows; ++i)
        if (!take(*batch, i)) reject(i, rows);
      for (std::size_t c = 0; c < carried_.size(); ++c) side_.carried[c].append((*batch)[carried_[c]], keep_);
      progress.advance(rows);
    }
    side_.input = table_->input();
    return std::move(side_);
  }
  std::uint64_t expected_rows() const { return table_->expected_rows(); }

 private:
  void reserve(std::size_t more) {
    if (!side_.key.empty()) return;
    // A corrupt file may promise any number of rows; no format packs a row into less than a sixteenth of a byte.
    const auto rows = static_cast<std::size_t>(
        std::max<std::uint64_t>(more, std::min(table_->expected_rows(), table_->input().bytes * 16)));
    side_.key.reserve(rows);
    side_.time.reserve(rows);
    if (columns_.known_time) side_.known_time.reserve(rows);
    for (StoredColumn& column : side_.carried) column.reserve(rows);
  }

  void reject(std::size_t row, std::size_t rows) {
    if (keep_.empty()) keep_.assign(rows, 1);
    keep_[row] = 0;
    table_->reject(row, reason_);
  }

  bool take(const std::vector<Column>& cells, std::size_t i) {
    data::Time time = 0;
    data::Time known = 0;
    if (cells[key_].valid[i] == 0) return refuse(fmt::format("the key '{}' is empty", columns_.key));
    if (cells[time_].valid[i] == 0) return refuse(fmt::format("column '{}' is empty", columns_.time));
    if (!take_time(cells[time_], i, columns_.time, time)) return false;
    known = time;
    if (columns_.known_time && cells[known_].valid[i] != 0 && !take_time(cells[known_], i, *columns_.known_time, known))
      return false;
    side_.key.push_back(names_ == nullptr ? cells[key_].integer[i] : std::int64_t{names_->add(cells[key_].text[i])});
    side_.time.push_back(time);
    if (columns_.known_time) side_.known_time.push_back(known);
    return true;
  }

  bool take_time(const Column& cells, std::size_t i, const std::string& name, data::Time& time) {
    if (data::time_of_cell(cells, i, time)) return true;
    return refuse(fmt::format("column '{}': '{}' is not {}", name, data::written_cell(cells, i), data::kTimeWanted));
  }

  bool refuse(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  SideColumns columns_;
  data::Names* names_;
  Wishes wishes_;
  std::size_t key_ = 0, time_ = 0, known_ = 0;
  std::vector<std::size_t> carried_;  // of each carried column among the wishes
  std::optional<TableReader> table_;
  FeatureSide side_;
  std::vector<std::uint8_t> keep_;  // of the batch; empty while no row is refused
  std::string reason_;
};

// The index that pandas writes beside its columns has no name, and nothing can ask for it.
std::vector<std::string> named(const Head& head) {
  std::vector<std::string> names;
  std::copy_if(head.names.begin(), head.names.end(), std::back_inserter(names),
               [](const std::string& name) { return !name.empty(); });
  return names;
}

std::vector<std::string> carried_of_facts(const FeatureColumns& columns, const Head& facts,
                                          const std::optional<std::string>& known_time, const std::string& path) {
  if (columns.of_facts) return *columns.of_facts;
  std::vector<std::string> carried;
  for (const std::string& name : named(facts))
    if (name != columns.key && name != columns.event_time && name != known_time) carried.push_back(name);
  if (carried.empty()) fail_caller(path, "has no column beside the key and the times; name those to carry");
  return carried;
}

void check_names(const std::vector<std::string>& of_labels, const std::vector<std::string>& of_facts,
                 const std::string& prefix) {
  std::unordered_set<std::string> names(of_labels.begin(), of_labels.end());
  for (const std::string& name : of_facts)
    if (!names.insert(prefix + name).second)
      fail_caller("features", fmt::format("two columns of the result would be named '{}'; a prefix for those of the "
                                          "facts, or a choice among them, is needed",
                                          prefix + name));
}

void check_share(const InputFile& input, double max_bad, const Quarantine& quarantine) {
  if (static_cast<double>(input.rows_quarantined) > max_bad * static_cast<double>(input.rows_read))
    quarantine.check(input.rows_read, max_bad);
}

void check_labels(const FeatureSide& labels, double max_bad, const Quarantine& quarantine) {
  if (labels.input.rows_read == 0) fail_world(labels.input.path, "holds no rows");
  check_share(labels.input, max_bad, quarantine);
  if (labels.key.empty())
    fail_world(labels.input.path, "holds no row that can be read; the first one refused: " + quarantine.first());
}

}  // namespace

FeatureTables read_feature_tables(const fs::path& labels, const fs::path& facts, const FeatureColumns& columns,
                                  const FeatureReading& how, Quarantine& quarantine, Progress& progress) {
  const Head label_head = look_at(labels, columns.key);
  const Head fact_head = look_at(facts, columns.key);
  std::optional<std::string> known_time = columns.known_time;
  if (!known_time && fact_head.has(kUsualKnownTime)) known_time = kUsualKnownTime;
  SideColumns of_labels{columns.key, columns.time, std::nullopt, {}};
  SideColumns of_facts{columns.key, columns.event_time, known_time, {}};
  if (how.carry) {
    of_labels.carried = named(label_head);
    of_facts.carried = carried_of_facts(columns, fact_head, known_time, facts.string());
    check_names(of_labels.carried, of_facts.carried, columns.prefix);
  }
  data::Names names;
  data::Names* const written = whole_keys(label_head, fact_head) ? nullptr : &names;
  const ColumnType carried = how.as_text ? ColumnType::text : ColumnType::time;
  SideReader label_reader(labels, std::move(of_labels), carried, written, quarantine);
  SideReader fact_reader(facts, of_facts, carried, written, quarantine);
  FeatureTables tables;
  tables.two_clocks = known_time.has_value();
  progress.begin("read", label_reader.expected_rows() + fact_reader.expected_rows());
  // A quarantine is of one thread, and so are the numbers of written keys. Facts of which a row is refused on the other
  // thread are therefore read once more, after the labels.
  Quarantine beside;
  std::optional<SideReader> beside_reader;
  if (written == nullptr && threads() > 1) beside_reader.emplace(facts, of_facts, carried, written, beside);
  parallel_for(beside_reader ? 2 : 1, [&](std::size_t side) {
    if (side == 0) {
      tables.labels = label_reader.read(progress);
    } else {
      tables.facts = beside_reader->read(progress);
    }
  });
  check_labels(tables.labels, how.max_bad, quarantine);
  if (beside.count() > 0) tables.facts = {};
  if (!beside_reader || beside.count() > 0) tables.facts = fact_reader.read(progress);
  check_share(tables.facts.input, how.max_bad, quarantine);
  progress.end();
  for (StoredColumn& column : tables.facts.carried) column.rename(columns.prefix + column.name());
  return tables;
}

namespace {

OutputColumn texts_of(const StoredColumn& column, std::span<const std::int64_t> rows) {
  OutputColumn out{column.name(), {}, {}, {}};
  out.text.reserve(rows.size());
  for (const std::int64_t row : rows)
    out.text.emplace_back(row < 0 ? std::string_view() : column.text(static_cast<std::size_t>(row)));
  return out;
}

}  // namespace

void write_features(const fs::path& path, const FeatureTables& tables, const AsOf& joined) {
  if (table_format(path) == TableFormat::parquet) {
    std::vector<ColumnView> views;
    for (const StoredColumn& column : tables.labels.carried) views.push_back({column.name(), &column, false, {}});
    for (const StoredColumn& column : tables.facts.carried)
      views.push_back({column.name(), &column, true, joined.fact});
    write_parquet(path, views, joined.fact.size());
    return;
  }
  std::vector<OutputColumn> out;
  std::vector<std::int64_t> own(joined.fact.size());
  for (std::size_t i = 0; i < own.size(); ++i) own[i] = static_cast<std::int64_t>(i);
  for (const StoredColumn& column : tables.labels.carried) out.push_back(texts_of(column, own));
  for (const StoredColumn& column : tables.facts.carried) out.push_back(texts_of(column, joined.fact));
  write_table(path, out);
}

}  // namespace tamis::timemachine
