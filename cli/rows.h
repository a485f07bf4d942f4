#pragma once

#include <string>
#include <vector>

#include "cli/models.h"
#include "tamis/base/progress.h"

namespace tamis::cli {

/// Where vectors come from: lines of text that a model encodes, or a file of vectors.
struct RowsFrom {
  EncoderFlags flags;
  std::string model, pooling, input, vectors;
};
/// --model, --input, --vectors, --pooling and the encoder's flags.
void add_rows_from(CLI::App& command, RowsFrom& from);
/// Throws invalid_argument unless there is a model or a file, and not both.
void check(const RowsFrom& from, const std::string& command);

struct Rows {
  std::vector<float> values;  ///< [rows, dimensions]
  std::int64_t dimensions = 0;
  std::uint64_t rows = 0;
  std::string model;  ///< fingerprint of the encoder; "" where the vectors came from a file
  InputFile input;
};
/// All of them, in memory. Throws runtime_error where there is none.
Rows read_rows(const RowsFrom& from, Progress& progress);

}  // namespace tamis::cli
