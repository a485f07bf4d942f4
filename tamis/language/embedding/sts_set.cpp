#include "tamis/language/embedding/sts_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "tamis/base/error.h"
#include "tamis/base/line_reader.h"
#include "tamis/base/number.h"
#include "tamis/base/words.h"

namespace tamis::embedding {

namespace {

namespace fs = std::filesystem;

struct Known {
  std::string_view name, file;
};
constexpr std::array kKnown = {
    Known{"stsb", "stsbenchmark/sts-test.csv"}, Known{"stsb-dev", "stsbenchmark/sts-dev.csv"},
    Known{"sick", "sick/SICK_test_annotated.txt"}, Known{"stsb-zh", "sts-zh/STS-B/STS-B.test.data"},
    Known{"lcqmc", "sts-zh/LCQMC/LCQMC.test.data"}};

constexpr std::string_view kAccepted =
    "is of no form known here: STS-B (7 or 9 cells between tabs), two texts and a score between tabs, or a table with "
    "columns sentence_A, sentence_B, relatedness_score or sentence1, sentence2, score; for another name its columns "
    "(--text1, --text2, --score)";

enum class Form { stsb, triple, table };

/// One cell of a pair that is not well: why, or "".
std::string fault_of(std::string_view first, std::string_view second, bool has_score) {
  if (first.empty() || second.empty()) return "a text is empty";
  return has_score ? "" : "has no score";
}

class Adding {
 public:
  Adding(StsSet& set, const std::string& file_part) : set_(set), file_part_(file_part) {}

  void add(std::string_view first, std::string_view second, double gold, std::string_view part, std::uint64_t line) {
    set_.first.emplace_back(first);
    set_.second.emplace_back(second);
    set_.gold.push_back(gold);
    set_.part.push_back(place(file_part_.empty() ? part : file_part_));
    set_.line.push_back(line);
  }

 private:
  std::uint32_t place(std::string_view part) {
    const auto found = std::find(set_.parts.begin(), set_.parts.end(), part);
    const auto at = static_cast<std::uint32_t>(found - set_.parts.begin());
    if (found == set_.parts.end()) set_.parts.emplace_back(part);
    return at;
  }

  StsSet& set_;
  const std::string& file_part_;
};

std::vector<std::string_view> cut(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t tab = line.find('\t');
    cells.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return cells;
    line.remove_prefix(tab + 1);
  }
}

bool is_score(std::string_view cell) {
  double value = 0;
  return !cell.empty() && parse_real(cell, value) && std::isfinite(value);
}

/// One row of STS-B or of three cells; the reason why it is none, or "".
std::string read_row(std::string_view line, Form form, std::uint64_t number, Adding& adding) {
  const auto cells = cut(line);
  if (!is_utf8(line)) return "holds bytes that are not UTF-8";
  if (form == Form::stsb && cells.size() != 7 && cells.size() != 9)
    return fmt::format("has {} fields; 7 or 9 are needed", cells.size());
  if (form == Form::triple && cells.size() != 3) return fmt::format("has {} fields; 3 are needed", cells.size());
  const std::string_view score = form == Form::stsb ? cells[4] : cells[2];
  const std::string_view first = form == Form::stsb ? cells[5] : cells[0];
  const std::string_view second = form == Form::stsb ? cells[6] : cells[1];
  if (!is_score(score)) return fmt::format("score '{}' is not a finite number", score.substr(0, 40));
  if (auto fault = fault_of(first, second, true); !fault.empty()) return fault;
  double gold = 0;
  parse_real(score, gold);
  adding.add(first, second, gold, form == Form::stsb ? cells[1] : std::string_view(), number);
  return "";
}

InputFile read_rows(const fs::path& path, Form form, Adding& adding, Quarantine& quarantine) {
  std::uint64_t bad = 0, blank = 0;
  InputFile input = read_lines(path, [&](std::uint64_t number, std::string_view line) {
    if (line.empty()) {
      ++blank;
      return;
    }
    const std::string fault = read_row(line, form, number, adding);
    if (fault.empty()) return;
    ++bad;
    quarantine.add(path.string(), number, fault, line);
  });
  input.rows_read -= blank;
  input.rows_quarantined = bad;
  return input;
}

InputFile read_table(const fs::path& path, const StsColumns& columns, Adding& adding, Quarantine& quarantine) {
  TableOptions options;
  options.header = columns.header;
  std::vector<ColumnRequest> requests{{columns.first, ColumnType::text, true},
                                      {columns.second, ColumnType::text, true},
                                      {columns.score, ColumnType::real, true}};
  if (!columns.part.empty()) requests.push_back({columns.part, ColumnType::text, true});
  TableReader reader(path, requests, options, quarantine);
  while (const auto* batch = reader.next()) {
    const auto& [first, second, score] = std::tie((*batch)[0], (*batch)[1], (*batch)[2]);
    for (std::size_t row = 0; row < score.valid.size(); ++row) {
      const std::string fault = fault_of(first.text[row], second.text[row], score.valid[row] != 0);
      if (!fault.empty()) {
        reader.reject(row, fault);
        continue;
      }
      adding.add(first.text[row], second.text[row], score.real[row],
                 columns.part.empty() ? std::string_view() : (*batch)[3].text[row], reader.line(row));
    }
  }
  return reader.input();
}

/// The line that tells a text's form; nullopt for Parquet, whose columns tell.
std::optional<std::string> first_line(const fs::path& path) {
  if (table_format(path) == TableFormat::parquet) return std::nullopt;
  LineReader lines(path);
  std::string_view line;
  while (lines.next(line)) {
    if (!line.empty()) return std::string(line);
  }
  fail_world(path.string(), "holds no line but empty ones");
}

std::optional<Form> form_of_line(const std::string& line) {
  const auto cells = cut(line);
  if (cells.size() == 3 && is_score(cells[2])) return Form::triple;
  if ((cells.size() == 7 || cells.size() == 9) && is_score(cells[4])) return Form::stsb;
  return std::nullopt;
}

/// The columns of a table with a header, by the names that the sets in use have.
StsColumns columns_of(const fs::path& path, Quarantine& quarantine) {
  if (!table_format(path)) fail_caller(path.string(), kAccepted);
  const TableReader reader(path, {}, {}, quarantine);
  const auto& names = reader.names();
  const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  if (has("sentence_A") && has("sentence_B") && has("relatedness_score"))
    return {"sentence_A", "sentence_B", "relatedness_score", "", true};
  for (const char* score : {"score", "label"})
    if (has("sentence1") && has("sentence2") && has(score)) return {"sentence1", "sentence2", score, "", true};
  fail_caller(path.string(), kAccepted);
}

InputFile read_one(const fs::path& path, const StsColumns& columns, Adding& adding, Quarantine& quarantine) {
  if (!columns.first.empty()) return read_table(path, columns, adding, quarantine);
  const auto line = first_line(path);
  const auto form = line ? form_of_line(*line) : std::nullopt;
  if (form) return read_rows(path, *form, adding, quarantine);
  return read_table(path, columns_of(path, quarantine), adding, quarantine);
}

}  // namespace

StsSet read_sts(std::string name, const std::vector<fs::path>& files, const StsColumns& columns,
                Quarantine& quarantine) {
  const int named =
      (columns.first.empty() ? 0 : 1) + (columns.second.empty() ? 0 : 1) + (columns.score.empty() ? 0 : 1);
  if (named != 0 && named != 3)
    fail_caller("sts", "of the columns some are named; both texts and the score are needed");
  if (named == 0 && !columns.part.empty())
    fail_caller("sts", "the part column is named, the texts and the score are not; all four are needed");
  StsSet set;
  set.name = std::move(name);
  for (const fs::path& file : files) {
    const std::string part = files.size() > 1 ? file.filename().string() : "";
    Adding adding(set, part);
    set.inputs.push_back(read_one(file, columns, adding, quarantine));
  }
  if (set.gold.empty()) {
    const std::string why = quarantine.first();
    fail_world(files.empty() ? set.name : files.front().string(),
               why.empty() ? "holds no pair" : "holds no pair that can be read; the first fault: " + why);
  }
  return set;
}

std::vector<fs::path> known_sts(std::string_view name, const fs::path& data) {
  for (const Known& known : kKnown)
    if (known.name == name) return {data / known.file};
  return {};
}

std::string known_sts_names() {
  std::string names;
  for (const Known& known : kKnown) names.append(names.empty() ? "" : ", ").append(known.name);
  return names;
}

DifferentTexts different_texts(const StsSet& set) {
  DifferentTexts different;
  std::unordered_map<std::string_view, std::size_t> places;
  const auto place = [&](const std::string& text) {
    const auto [found, fresh] = places.try_emplace(text, different.texts.size());
    if (fresh) different.texts.emplace_back(text);
    return found->second;
  };
  for (std::size_t i = 0; i < set.gold.size(); ++i) {
    different.first.push_back(place(set.first[i]));
    different.second.push_back(place(set.second[i]));
  }
  return different;
}

}  // namespace tamis::embedding
