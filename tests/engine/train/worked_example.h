#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tamis/engine/train/hand_rules.h"

namespace tamis::train {

/// The published worked example: its blocks come from different runs, each is consistent with itself only. The path is
/// beside the project; tests skip where it is not there.
inline const std::filesystem::path kWorkedExample = TAMIS_SOURCE_DIR "/../shared/data/cnn_gradients.json";

inline nlohmann::json worked_example() {
  std::ifstream in(kWorkedExample);
  return nlohmann::json::parse(in);
}

/// An image [H][W] of one channel as [1, H, W, 1].
inline hand::Array image(const nlohmann::json& rows) {
  std::vector<double> values;
  for (const auto& row : rows) {
    for (const auto& value : row) values.push_back(value.get<double>());
  }
  const auto height = static_cast<std::int64_t>(rows.size());
  return {{1, height, static_cast<std::int64_t>(values.size()) / height, 1}, values};
}

/// A list of numbers as one row [1, n].
inline hand::Array one_row(const nlohmann::json& list) {
  const auto values = list.get<std::vector<double>>();
  return {{1, static_cast<std::int64_t>(values.size()), 1, 1}, values};
}

}  // namespace tamis::train
