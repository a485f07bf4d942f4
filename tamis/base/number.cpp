#include "tamis/base/number.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace tamis {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <class T>
bool parse_whole_text(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

bool whole(double value, std::int64_t& integer) {
  if (!(std::fabs(value) <= 0x1p53) || value != std::floor(value)) return false;
  integer = static_cast<std::int64_t>(value);
  return true;
}

bool parse_integer(std::string_view text, std::int64_t& value) {
  text = trimmed(text);
  if (parse_whole_text(text, value)) return true;
  double real = 0;
  return parse_whole_text(text, real) && whole(real, value);
}

bool parse_real(std::string_view text, double& value) {
  return parse_whole_text(trimmed(text), value);
}

}  // namespace tamis
