#include "tamis/evidence/metrics/trec_lines.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace tamis::metrics {

namespace {

constexpr std::size_t kShown = 40;  // bytes of a cell that a reason repeats

bool blank(char c) {
  return c == ' ' || c == '\t';
}

template <typename Number>
bool parse(std::string_view text, Number& number) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

// Reads digits of `text` from `at` on into `number`, and leaves `at` behind them.
void read_digits(std::string_view text, std::size_t& at, std::uint64_t& number) {
  for (; at < text.size(); ++at) {
    const auto digit = static_cast<unsigned char>(text[at] - '0');
    if (digit > 9) return;
    number = 10 * number + digit;
  }
}

// Reads -12.345 and the like. The digits as a whole number and the power of ten are both doubles without loss, so that
// their quotient is the double nearest to what is written (Clinger 1990). False for what is written or as long
// otherwise.
bool read_decimal(std::string_view text, double& number) {
  constexpr std::size_t kLongest = 17;                      // with sign and point; digits fit 64 bits
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;  // whole numbers up to here are doubles
  static constexpr double kPowers[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,
                                       1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};
  if (text.size() > kLongest) return false;
  const std::size_t first = text[0] == '-' ? 1 : 0;
  std::size_t at = first;
  std::uint64_t digits = 0;
  read_digits(text, at, digits);
  if (at == first) return false;
  std::size_t places = 0;
  if (at < text.size() && text[at] == '.') {
    const std::size_t point = ++at;
    read_digits(text, at, digits);
    places = at - point;
  }
  if (at != text.size() || digits > kExact) return false;
  number = static_cast<double>(digits) / kPowers[places];
  if (first == 1) number = -number;
  return true;
}

std::string shown(std::string_view cell) {
  if (cell.size() <= kShown) return std::string(cell);
  return std::string(cell.substr(0, kShown)) + "...";
}

std::string wrong_count(std::size_t count, std::string_view wanted) {
  return fmt::format("has {} fields where {}", count > kRunCells ? "more than 6" : std::to_string(count), wanted);
}

// Bit i: byte i of 64 is at most 0x20. `any`: all bytes joined.
std::uint64_t find_ends(const char* bytes, std::uint64_t& any) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  constexpr std::uint64_t kGather = 0x0102040810204080U;  // moves bit 8 i to bit 56 + i
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 8; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + 8 * i, sizeof(word));
    any |= word;
    const std::uint64_t above = ((word & (0x7F * kEach)) + 0x5F * kEach) | word;  // the high bit of a byte: above 0x20
    bits |= ((((~above >> 7) & kEach) * kGather) >> 56) << (8 * i);
  }
  return bits;
}

}  // namespace

bool CellEnds::find(std::string_view text) {
  static_assert(std::endian::native == std::endian::little, "byte i of a word is its bits 8 i to 8 i + 7");
  constexpr std::size_t kStride = 64;
  if (places_.size() < text.size() + kRunCells) places_.resize(text.size() + kRunCells);
  std::uint32_t* to = places_.data();
  std::uint64_t any = 0;
  for (std::size_t at = 0; at < text.size(); at += kStride) {
    char last[kStride];
    const char* bytes = text.data() + at;
    if (text.size() - at < kStride) {
      std::memset(last, 'x', kStride);
      std::memcpy(last, bytes, text.size() - at);
      bytes = last;
    }
    for (std::uint64_t bits = find_ends(bytes, any); bits != 0; bits &= bits - 1)
      *to++ = static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(std::countr_zero(bits));
  }
  count_ = static_cast<std::size_t>(to - places_.data());
  std::fill(to, to + kRunCells, static_cast<std::uint32_t>(text.size() - 1));
  return (any & 0x8080808080808080U) == 0;
}

void TrecCells::cut(std::string_view line, std::size_t value_at) {
  count = 0;
  const char* at = line.data();
  const char* const end = at + line.size();
  while (count <= kRunCells) {
    while (at != end && blank(*at)) ++at;
    if (at == end) return;
    const char* const start = at;
    while (at != end && !blank(*at)) ++at;
    const std::string_view cell(start, static_cast<std::size_t>(at - start));
    if (count == 0) query = cell;
    if (count == 2) document = cell;
    if (count == value_at) value = cell;
    ++count;
  }
}

bool read_score(std::string_view cell, double& score) {
  return read_decimal(cell, score) || (parse(cell, score) && std::isfinite(score));
}

bool read_grade(std::string_view cell, std::int32_t& grade) {
  return parse(cell, grade) && grade != kUnjudged;
}

std::string what_is_wrong(const TrecCells& cells, bool run) {
  if (run) {
    if (cells.count != kRunCells) return wrong_count(cells.count, "6 are needed: query Q0 document rank score tag");
    return fmt::format("score '{}' is not a finite number", shown(cells.value));
  }
  if (cells.count != kJudgmentCells)
    return wrong_count(cells.count, "4 are needed: query iteration document relevance");
  return fmt::format("relevance '{}' is not a whole number within 32 bits", shown(cells.value));
}

}  // namespace tamis::metrics
