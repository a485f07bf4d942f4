#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/data/folds_table.h"

namespace tamis::data {

namespace {

constexpr std::string_view kPrefix = "fold-";
constexpr std::int64_t kMostFolds = 1'000'000;

void add_fold(const Fold& fold, std::size_t number, std::vector<OutputColumn>& columns) {
  const auto add_side = [&](const std::vector<Index>& rows, const char* side) {
    columns[0].integer.insert(columns[0].integer.end(), rows.size(), static_cast<std::int64_t>(number));
    columns[1].text.insert(columns[1].text.end(), rows.size(), side);
    columns[2].integer.insert(columns[2].integer.end(), rows.begin(), rows.end());
  };
  add_side(fold.train, "train");
  add_side(fold.test, "test");
}

std::vector<OutputColumn> empty_table() {
  std::vector<OutputColumn> columns(3);
  columns[0].name = "fold";
  columns[1].name = "side";
  columns[2].name = "row";
  return columns;
}

bool is_fold_file(const std::filesystem::path& path) {
  return path.filename().string().starts_with(kPrefix) && table_format(path).has_value();
}

/// The fold files of a folder, by name; none if there is no such folder.
std::vector<std::filesystem::path> fold_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    if (is_fold_file(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void read_file_of_folds(const std::filesystem::path& path, std::vector<Fold>& folds, std::vector<InputFile>* inputs) {
  Quarantine bad;
  TableReader table(path, {{"fold", ColumnType::integer}, {"side", ColumnType::text}, {"row", ColumnType::integer}}, {},
                    bad);
  while (const auto* batch = table.next()) {
    for (std::size_t i = 0; i < (*batch)[0].valid.size(); ++i) {
      const std::int64_t fold = (*batch)[0].integer[i], row = (*batch)[2].integer[i];
      const std::string_view side = (*batch)[1].text[i];
      if ((*batch)[0].valid[i] == 0 || fold < 0 || fold >= kMostFolds) {
        table.reject(i, "the fold is not a whole number from 0 to 999999");
      } else if ((*batch)[2].valid[i] == 0 || row < 0 || row >= std::int64_t{kNone}) {
        table.reject(i, "the row is not a whole number from 0 to 4294967294");
      } else if (side != "train" && side != "test") {
        table.reject(i, "the side is neither train nor test");
      } else {
        if (folds.size() <= static_cast<std::size_t>(fold)) folds.resize(static_cast<std::size_t>(fold) + 1);
        Fold& to = folds[static_cast<std::size_t>(fold)];
        (side == "train" ? to.train : to.test).push_back(static_cast<Index>(row));
      }
    }
  }
  if (bad.count() > 0)
    fail_world(path.string(), fmt::format("is not a whole index file: {} row{} cannot be read, the first {}",
                                          bad.count(), bad.count() == 1 ? "" : "s", bad.first()));
  if (inputs != nullptr) inputs->push_back(table.input());
}

}  // namespace

void write_folds(const std::filesystem::path& path, std::span<const Fold> folds) {
  if (table_format(path)) {
    auto columns = empty_table();
    for (std::size_t f = 0; f < folds.size(); ++f) add_fold(folds[f], f, columns);
    write_table(path, columns);
    return;
  }
  if (path.has_extension())
    fail_caller(path.string(),
                "has no table's extension (.parquet, .csv, .tsv, .txt, text also with .gz or .zst), and "
                "a folder's name holds no point");
  make_output_folder(path);
  if (!fold_files(path).empty())
    fail_world(path.string(), "holds the folds of another split; an empty folder, or none, is needed");
  for (std::size_t f = 0; f < folds.size(); ++f) {
    auto columns = empty_table();
    add_fold(folds[f], f, columns);
    write_table(path / fmt::format("{}{:04}.parquet", kPrefix, f), columns);
  }
}

std::vector<Fold> read_folds(const std::filesystem::path& path, std::vector<InputFile>* inputs) {
  std::vector<Fold> folds;
  if (std::filesystem::is_directory(path)) {
    const auto files = fold_files(path);
    if (files.empty()) fail_world(path.string(), "holds no index file (fold-0000.parquet)");
    for (const auto& file : files) read_file_of_folds(file, folds, inputs);
  } else {
    read_file_of_folds(path, folds, inputs);
  }
  if (folds.empty()) fail_world(path.string(), "holds no rows");
  for (std::size_t f = 0; f < folds.size(); ++f) {
    if (folds[f].train.empty() || folds[f].test.empty())
      fail_world(path.string(), fmt::format("fold {} has no {} rows", f, folds[f].train.empty() ? "train" : "test"));
    std::sort(folds[f].train.begin(), folds[f].train.end());
    std::sort(folds[f].test.begin(), folds[f].test.end());
  }
  return folds;
}

}  // namespace tamis::data
