#pragma once

#include <cstdint>
#include <string_view>

namespace tamis {

/// Reads a whole number: "-12", or a decimal whose value is whole and exact ("12.0", "1e3": tables that once held gaps
/// are often written so). Spaces around it are let pass; nothing else is. False if the text is no such number.
bool parse_integer(std::string_view text, std::int64_t& value);

/// Reads a decimal number ("-1.5", "2e-3"), spaces around it let pass; nan and inf are read as such. False if the text
/// is no number or beyond the range of a double.
bool parse_real(std::string_view text, double& value);

/// The whole number that a double stands for; false if it has a fraction or is beyond +-2^53.
bool whole(double value, std::int64_t& integer);

}  // namespace tamis
