#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace tamis::golden {

/// The cells of a TSV file of this folder, row by row.
inline std::vector<std::vector<std::string>> rows(const std::string& file) {
  std::ifstream in(TAMIS_SOURCE_DIR "/tests/golden/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<std::vector<std::string>> result;
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    result.emplace_back();
    for (std::string cell; std::getline(cells, cell, '\t');) result.back().push_back(cell);
  }
  return result;
}

/// The numbers of a comma-separated cell.
template <typename Number = double>
std::vector<Number> numbers(const std::string& cell) {
  std::istringstream in(cell);
  std::vector<Number> result;
  for (std::string number; std::getline(in, number, ',');) result.push_back(static_cast<Number>(std::stod(number)));
  return result;
}

}  // namespace tamis::golden
