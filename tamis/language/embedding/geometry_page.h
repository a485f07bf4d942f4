#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tamis/vectors/geometry/geometry.h"

namespace tamis::embedding {

/// What `tamis geometry` found of one set of vectors.
struct GeometryReport {
  std::string title;
  std::uint64_t rows = 0;
  std::int64_t dimensions = 0;
  std::optional<double> alignment;  ///< absent without pairs, or where none is scored above `above`
  std::uint64_t close = 0;          ///< pairs scored above `above`
  double above = 4;
  geometry::Pairs pairs;
  geometry::Spectrum normalized;      ///< of vectors of length 1: the eigenvalue and its bound
  std::vector<double> singular;       ///< of the vectors as they are
  std::vector<int> ks;                ///< neighbours of the bands' means
  std::vector<geometry::Band> bands;  ///< of word vectors, by frequency; empty without a text
};

/// One page that opens offline: the tables and their pictures.
std::string geometry_page(const GeometryReport& report);

}  // namespace tamis::embedding
