#include "tamis/language/text/unicode.h"

#include <gtest/gtest.h>

#include <string>

namespace tamis::text {
namespace {

std::u32string points(const CodePoints& of) {
  return {of.at, static_cast<std::size_t>(of.count)};
}

TEST(Unicode, Decomposes) {
  EXPECT_EQ(points(decompose(U'é')), U"e\u0301");
  EXPECT_EQ(points(decompose(0x1EAD)), U"a\u0323\u0302");
  EXPECT_EQ(points(decompose(U'a')), U"a");
  EXPECT_EQ(points(decompose(0xAC01)), U"\u1100\u1161\u11A8");  // Hangul, three jamo
  EXPECT_EQ(points(decompose(0xAC00)), U"\u1100\u1161");
  EXPECT_EQ(points(decompose(0xD7A3)), U"\u1112\u1175\u11C2");
  EXPECT_EQ(points(decompose(0x2126)), U"\u03A9");
}

TEST(Unicode, Lowers) {
  EXPECT_EQ(points(lower(U'A')), U"a");
  EXPECT_EQ(points(lower(0x130)), U"i\u0307");
  EXPECT_EQ(points(lower(0x3A3)), U"σ");  // never the final form
  EXPECT_EQ(points(lower(0x10400)), U"\U00010428");
  EXPECT_EQ(points(lower(U'中')), U"中");
}

TEST(Unicode, Orders) {
  EXPECT_EQ(combining_class(0x301), 230);
  EXPECT_EQ(combining_class(0x323), 220);
  EXPECT_EQ(combining_class(0x345), 240);
  EXPECT_EQ(combining_class(U'a'), 0);
}

TEST(Unicode, Classes) {
  const std::uint8_t* const flags = code_flags();
  EXPECT_EQ(flags[U'\n'] & (kIsDropped | kIsSpace), kIsSpace);
  EXPECT_EQ(flags[0xAD] & kIsDropped, kIsDropped);  // soft hyphen
  EXPECT_EQ(flags[0xFFFD] & kIsDropped, kIsDropped);
  EXPECT_EQ(flags[U'$'] & kIsPunctuation, kIsPunctuation);  // ASCII signs count, though Unicode calls them symbols
  EXPECT_EQ(flags[U'€'] & kIsPunctuation, 0);
  EXPECT_EQ(flags[U'中'] & kIsIdeograph, kIsIdeograph);
  EXPECT_EQ(flags[U'あ'] & kIsIdeograph, 0);
  EXPECT_EQ(flags[0x10FFFF] & (kIsWhite | kIsPunctuation | kIsIdeograph), 0);
}

TEST(Unicode, ReadsAndWritesUtf8) {
  for (const char32_t code : {0x0u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    char bytes[4];
    const auto count = static_cast<std::size_t>(to_utf8(code, bytes));
    std::size_t i = 0;
    bool ill_formed = false;
    EXPECT_EQ(next_code_point({bytes, count}, i, ill_formed), code);
    EXPECT_EQ(i, count);
    EXPECT_FALSE(ill_formed);
  }
}

// The examples of the standard's table 3-8, and what may not begin, be overlong, a surrogate or beyond the last.
TEST(Unicode, TakesIllFormedPiecesAsTheStandardDoes) {
  const auto pieces = [](std::string_view bytes) {
    std::string sizes;
    for (std::size_t i = 0; i < bytes.size();) {
      const std::size_t begin = i;
      bool ill_formed = false;
      const char32_t code = next_code_point(bytes, i, ill_formed);
      EXPECT_EQ(code == kReplacement, ill_formed);
      sizes += std::to_string(i - begin) + (ill_formed ? "!" : "");
    }
    return sizes;
  };
  EXPECT_EQ(pieces("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), "1!1!1!1!1!1!1!1!1");
  EXPECT_EQ(pieces("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), "1!1!1!1!1!1!1!1!1");
  EXPECT_EQ(pieces("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), "1!1!1!1!1!11!1!1");
  EXPECT_EQ(pieces("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "2!1!3!2!1");
  EXPECT_EQ(pieces("\xE2\x82"), "2!");
}

}  // namespace
}  // namespace tamis::text
