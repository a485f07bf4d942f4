#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What the reference tokenizer makes of a code point; from the tables of unicode_table.cpp. Thread-safe.
namespace tamis::text {

enum CodeFlags : std::uint8_t {
  kIsDropped = 1,      ///< removed by cleaning: control, format and private-use characters, U+FFFD
  kIsSpace = 2,        ///< cleaning makes it a space
  kIsWhite = 4,        ///< parts words
  kIsPunctuation = 8,  ///< a word of its own
  kIsIdeograph = 16,   ///< a CJK ideograph: a word of its own if so asked
  kIsNonspacing = 32,  ///< a mark that stripping accents removes
  kCombines = 64,      ///< has a combining class, or NFD takes it apart
  kHasLower = 128,
};

/// Flags of every code point, 0x110000 of them.
const std::uint8_t* code_flags();
/// True for letters, marks, digits and joiners: what an added token that has to be a word by itself may not touch.
bool is_word_character(char32_t code);
/// 0 for most.
int combining_class(char32_t code);

struct CodePoints {
  char32_t at[4];
  int count;
};
/// NFD of one code point.
CodePoints decompose(char32_t code);
CodePoints lower(char32_t code);

constexpr char32_t kReplacement = 0xFFFD;

/// Reads the code point at text[i] and moves i behind it. An ill-formed piece is read as U+FFFD, as much of it at once
/// as could begin a code point (Unicode 15, section 3.9, "maximal subpart"), and makes `ill_formed` true.
char32_t next_code_point(std::string_view text, std::size_t& i, bool& ill_formed);
/// Writes 1 to 4 bytes; returns how many.
int to_utf8(char32_t code, char* bytes);

}  // namespace tamis::text
