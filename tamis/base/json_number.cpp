#include "tamis/base/json_number.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace tamis {

nlohmann::ordered_json json_number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json json_numbers(std::span<const double> values) {
  auto list = nlohmann::ordered_json::array();
  for (const double value : values) list.push_back(json_number(value));
  return list;
}

}  // namespace tamis
