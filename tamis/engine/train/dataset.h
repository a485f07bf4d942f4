#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tamis/base/config.h"
#include "tamis/base/table.h"
#include "tamis/engine/tensor/tensor.h"

// Labelled rows in memory: images or vectors with a class each.
namespace tamis::train {

using engine::Tensor;

struct LabelledRows {
  Tensor x;                          ///< f32 [n, ..]; undefined when there are none
  std::vector<std::int32_t> labels;  ///< [n], as read
  std::string name;                  ///< the file of the labels, for messages
  std::int64_t first = 0;            ///< row of the file (from 0) that row 0 is
  std::int64_t rows() const { return static_cast<std::int64_t>(labels.size()); }
};

/// [data] of the task classify.
struct DataConfig {
  std::string kind;              ///< idx, table or random
  std::filesystem::path folder;  ///< relative to the config's
  std::string images, labels, test_images, test_labels;
  std::string table, test_table, label, format;
  bool header = true;
  std::string shape;                    ///< "8x8x1"; "" a vector of all columns
  std::string train, validation, test;  ///< "0:8000", half open; "" all (train), none (validation), none or all of the
                                        ///< test file (test)
  std::int64_t classes = 0;
  std::string normalize;           ///< standard, feature, range or none
  double mean = 0, deviation = 0;  ///< deviation > 0: given, instead of the training set's
  std::int64_t examples = 0;       ///< random
  std::string where;               ///< file and line, for messages
};
std::span<const Key> data_keys();
DataConfig read_data(ConfigFile& file, const std::filesystem::path& data_folder);

struct Dataset {
  LabelledRows train, validation, test;  ///< normalised
  std::int64_t classes = 0;
  engine::Shape row;  ///< of one example
  /// x was (raw - mean) / deviation; one number, or one a feature. From the training rows alone, unless given. A
  /// feature that never changes is divided by 1.
  std::vector<double> mean, deviation;
  std::vector<InputFile> inputs;
};

/// Reads without judging the values: NaN and labels outside the classes stay as they are. Throws runtime_error for
/// files that are missing, truncated or not what they should be, invalid_argument for ranges beyond the file's rows.
Dataset read_dataset(const DataConfig& config, std::uint64_t seed);
/// Throws invalid_argument naming file, row and value of the first NaN or infinity, or label outside 0 .. classes - 1.
void require_sound(const Dataset& dataset);

}  // namespace tamis::train
