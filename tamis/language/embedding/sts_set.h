#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/quarantine.h"
#include "tamis/base/table.h"

namespace tamis::embedding {

/// Pairs of texts with what people said of their likeness.
struct StsSet {
  std::string name;
  std::vector<std::string> first, second;
  std::vector<double> gold;
  std::vector<std::uint32_t> part;  ///< of each pair, its place in `parts`
  std::vector<std::string> parts;   ///< sources of STS-B, values of a part column, or files; in order of appearance
  std::vector<std::uint64_t> line;  ///< of each pair in its file (row number in Parquet)
  std::vector<InputFile> inputs;
};

/// Each text of a set once, in order of appearance, and where each pair's texts are among them. Valid while the set's
/// texts stay.
struct DifferentTexts {
  std::vector<std::string_view> texts;
  std::vector<std::size_t> first, second;  ///< of each pair, places in `texts`
};
DifferentTexts different_texts(const StsSet& set);

/// Where a table has its texts and scores: names, or numbers from 1 where it has no header. All empty: found out, see
/// read_sts().
struct StsColumns {
  std::string first, second, score;
  std::string part;  ///< "": the table is one part
  bool header = true;
};

/// Reads the files of one set; of several, each is a part. Without columns a file is told by its first line:
///   STS-B: tabs, no quotes, 7 or 9 cells: genre, source, year, number, score, two texts; its sources are its parts
///   two texts and a number between tabs, no header (sts-zh)
///   a table with columns sentence_A, sentence_B, relatedness_score (SICK) or sentence1, sentence2, score (or label)
/// A row with other cells, bytes that are not UTF-8, an empty text or a score that is not a finite number goes to the
/// quarantine. Throws runtime_error as TableReader does, or where no pair could be read; invalid_argument for a file of
/// no known form, or of which only some columns were named.
StsSet read_sts(std::string name, const std::vector<std::filesystem::path>& files, const StsColumns& columns,
                Quarantine& quarantine);

/// The files of a set known by name (stsb, stsb-dev, sick, stsb-zh, lcqmc) in a folder of data; none for another name.
std::vector<std::filesystem::path> known_sts(std::string_view name, const std::filesystem::path& data);
/// Their names, for messages: "stsb, stsb-dev, …".
std::string known_sts_names();

}  // namespace tamis::embedding
