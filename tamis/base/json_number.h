#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

namespace tamis {

/// A number in JSON, which has no NaN: null where it is not finite. The caller puts a `why` beside it.
nlohmann::ordered_json json_number(double value);
nlohmann::ordered_json json_numbers(std::span<const double> values);

}  // namespace tamis
