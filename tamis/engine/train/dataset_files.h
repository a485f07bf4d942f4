#pragma once

#include <filesystem>
#include <vector>

#include "tamis/engine/train/dataset.h"

namespace tamis::train {

/// Images and labels in idx files (a magic number, big-endian sizes, bytes), .gz too. x [n, H, W, 1], values 0 to 255
/// as stored. Throws runtime_error for a file that is missing, truncated, longer than it says or of another kind, and
/// where the two counts differ. Source: the description beside the MNIST database.
LabelledRows read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                      std::vector<InputFile>& inputs);

/// A table of numbers with a column of labels. x [n, features], in the order of the columns. "nan" and "inf" are
/// numbers here: require_sound() finds them. Throws runtime_error for a cell that is no number, naming file, line and
/// column.
LabelledRows read_labelled_table(const std::filesystem::path& path, const DataConfig& config,
                                 std::vector<InputFile>& inputs);

}  // namespace tamis::train
