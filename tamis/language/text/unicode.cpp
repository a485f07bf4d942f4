#include "tamis/language/text/unicode.h"

#include <algorithm>
#include <memory>

#include "tamis/language/text/unicode_table.h"

namespace tamis::text {

namespace {

constexpr char32_t kCodePoints = 0x110000;
constexpr char32_t kFirstSyllable = 0xAC00, kLastSyllable = 0xD7A3;
constexpr char32_t kLeading = 0x1100, kVowel = 0x1161, kTrailing = 0x11A7;
constexpr char32_t kVowels = 21, kTrailings = 28;

class Flags {
 public:
  Flags() : flags_(std::make_unique<std::uint8_t[]>(kCodePoints)) {
    set(kDropped, kDroppedCount, kIsDropped);
    set(kSpace, kSpaceCount, kIsSpace);
    set(kWhite, kWhiteCount, kIsWhite);
    set(kPunctuation, kPunctuationCount, kIsPunctuation);
    set(kIdeograph, kIdeographCount, kIsIdeograph);
    set(kNonspacing, kNonspacingCount, kIsNonspacing);
    for (std::size_t i = 0; i < kCombiningCount; ++i) mark(kCombining[i].first, kCombining[i].last, 1, kCombines);
    for (std::size_t i = 0; i < kDecompositionsCount; ++i) flags_[kDecompositions[i].from] |= kCombines;
    mark(kFirstSyllable, kLastSyllable, 1, kCombines);
    for (std::size_t i = 0; i < kLowerCount; ++i) mark(kLower[i].first, kLower[i].last, kLower[i].step, kHasLower);
    for (std::size_t i = 0; i < kLongerLowerCount; ++i) flags_[kLongerLower[i].from] |= kHasLower;
  }
  const std::uint8_t* get() const { return flags_.get(); }

 private:
  void mark(char32_t first, char32_t last, char32_t step, std::uint8_t flag) {
    for (char32_t c = first; c <= last; c += step) flags_[c] |= flag;
  }
  void set(const CodeRange* ranges, std::size_t count, std::uint8_t flag) {
    for (std::size_t i = 0; i < count; ++i) mark(ranges[i].first, ranges[i].last, 1, flag);
  }
  std::unique_ptr<std::uint8_t[]> flags_;
};

const Decomposition* find(const Decomposition* table, std::size_t count, char32_t code) {
  const auto* const end = table + count;
  const auto* const found =
      std::lower_bound(table, end, code, [](const Decomposition& one, char32_t c) { return one.from < c; });
  return found != end && found->from == code ? found : nullptr;
}

CodePoints points_of(const Decomposition& entry) {
  CodePoints points{{entry.to[0], entry.to[1], entry.to[2], entry.to[3]}, 1};
  while (points.count < 4 && points.at[points.count] != 0) ++points.count;
  return points;
}

}  // namespace

const std::uint8_t* code_flags() {
  static const Flags flags;
  return flags.get();
}

bool is_word_character(char32_t code) {
  const auto* const end = kWordCharacter + kWordCharacterCount;
  const auto* const found =
      std::lower_bound(kWordCharacter, end, code, [](const CodeRange& one, char32_t c) { return one.last < c; });
  return found != end && found->first <= code;
}

int combining_class(char32_t code) {
  const auto* const end = kCombining + kCombiningCount;
  const auto* const found =
      std::lower_bound(kCombining, end, code, [](const CombiningRange& one, char32_t c) { return one.last < c; });
  return found != end && found->first <= code ? found->combining_class : 0;
}

CodePoints decompose(char32_t code) {
  if (code >= kFirstSyllable && code <= kLastSyllable) {
    const char32_t index = code - kFirstSyllable;
    const char32_t trailing = index % kTrailings;
    return {{kLeading + index / (kVowels * kTrailings), kVowel + index % (kVowels * kTrailings) / kTrailings,
             kTrailing + trailing, 0},
            trailing == 0 ? 2 : 3};
  }
  const Decomposition* const entry = find(kDecompositions, kDecompositionsCount, code);
  return entry == nullptr ? CodePoints{{code, 0, 0, 0}, 1} : points_of(*entry);
}

CodePoints lower(char32_t code) {
  if (const Decomposition* const entry = find(kLongerLower, kLongerLowerCount, code)) return points_of(*entry);
  // Ranges with a step of 2 may interleave, so the one that ends next need not be the one that holds the code point.
  const auto* const end = kLower + kLowerCount;
  const auto* range =
      std::lower_bound(kLower, end, code, [](const LowerRange& one, char32_t c) { return one.last < c; });
  for (; range != end && range->first <= code; ++range) {
    if (code <= range->last && (code - range->first) % range->step == 0) {
      return {{static_cast<char32_t>(static_cast<std::int64_t>(code) + range->delta), 0, 0, 0}, 1};
    }
  }
  return {{code, 0, 0, 0}, 1};
}

char32_t next_code_point(std::string_view text, std::size_t& i, bool& ill_formed) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(i++);
  if (first < 0x80) return first;
  // Which second bytes may follow: table 3-7 of the standard.
  int rest = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    rest = 1;
  } else if (first >= 0xE0 && first <= 0xEF) {
    rest = 2;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    rest = 3;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  char32_t code = first & (rest == 1 ? 0x1F : rest == 2 ? 0x0F : 0x07);
  const int wanted = rest;
  for (; rest > 0 && i < text.size() && byte(i) >= low && byte(i) <= high; --rest) {
    code = code << 6 | (byte(i++) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  if (wanted > 0 && rest == 0) return code;
  ill_formed = true;
  return kReplacement;
}

int to_utf8(char32_t code, char* bytes) {
  const auto put = [&](int i, char32_t value) { bytes[i] = static_cast<char>(value); };
  const auto tail = [&](int i, int shift) { put(i, 0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    put(0, code);
    return 1;
  }
  if (code < 0x800) {
    put(0, 0xC0 | code >> 6);
    tail(1, 0);
    return 2;
  }
  if (code < 0x10000) {
    put(0, 0xE0 | code >> 12);
    tail(1, 6);
    tail(2, 0);
    return 3;
  }
  put(0, 0xF0 | code >> 18);
  tail(1, 12);
  tail(2, 6);
  tail(3, 0);
  return 4;
}

}  // namespace tamis::text
