#pragma once

#include <cstddef>
#include <cstdint>

// The generated tables of unicode_table.cpp; unicode.h is how they are asked.
namespace tamis::text {

struct CodeRange {
  char32_t first, last;
};
struct CombiningRange {
  char32_t first, last;
  std::uint8_t combining_class;
};
/// Up to four code points; the rest is 0.
struct Decomposition {
  char32_t from;
  char32_t to[4];
};
/// Every `step`-th code point of first .. last becomes itself plus `delta`.
struct LowerRange {
  char32_t first, last;
  std::uint32_t step;
  std::int32_t delta;
};

extern const CodeRange kDropped[], kSpace[], kWhite[], kPunctuation[], kIdeograph[], kNonspacing[], kWordCharacter[];
extern const std::size_t kDroppedCount, kSpaceCount, kWhiteCount, kPunctuationCount, kIdeographCount, kNonspacingCount,
    kWordCharacterCount;
extern const CombiningRange kCombining[];
extern const std::size_t kCombiningCount;
extern const Decomposition kDecompositions[], kLongerLower[];
extern const std::size_t kDecompositionsCount, kLongerLowerCount;
extern const LowerRange kLower[];
extern const std::size_t kLowerCount;

}  // namespace tamis::text
