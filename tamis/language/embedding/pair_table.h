#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/table.h"

namespace tamis::embedding {

/// Texts that belong together, row by row, and what is said of them.
struct PairTable {
  struct Row {
    std::string first, second, third;  ///< third: "" where there is none
    double value = 0;                  ///< a label or a score
  };
  std::vector<Row> rows;
  std::vector<std::int64_t> first, second, third;  ///< by row, places in different_texts()

  void add(Row row) { rows.push_back(std::move(row)); }
  /// Keeps `most` rows (0: all), drawn without replacement from the seed, in their order.
  void draw(std::int64_t most, std::uint64_t seed);
  /// Each text once, in order of appearance; fills `first` and `second`, and `third` if asked to. Valid while the rows
  /// stay.
  std::vector<std::string_view> different_texts(bool with_third);
};

/// Adds triplets from a table premise, hypothesis, label (0 or "entailment", 1 or "neutral", 2 or "contradiction"): the
/// premise, what it entails, and what contradicts it, for every premise that has both; the first of each, as in Gao et
/// al., arXiv:2104.08821, section 4. Throws runtime_error for a label outside the classes or a file without a triplet;
/// as TableReader does besides.
InputFile read_nli_triplets(const std::filesystem::path& path, PairTable& table);
/// Adds every pair of the same table, its label as the value.
InputFile read_nli_pairs(const std::filesystem::path& path, PairTable& table);
/// Adds rows of a table of two or three columns: anchor, positive, negative.
InputFile read_triplets(const std::filesystem::path& path, PairTable& table);

}  // namespace tamis::embedding
