#include "tamis/base/words.h"

#include <thread>

namespace tamis {
namespace {

using List = std::vector<std::string>;

TEST(Words, AreRunsOfLettersAndDigitsInLowerCase) {
  EXPECT_EQ(words("The cat, the 2nd CAT!"), (List{"the", "cat", "the", "2nd", "cat"}));
  EXPECT_EQ(words("snake_case x-ray a.b"), (List{"snake", "case", "x", "ray", "a", "b"}));
  EXPECT_EQ(words(""), List{});
  EXPECT_EQ(words(" \t\n.,;"), List{});
}

TEST(Words, AreFoldedByCompatibilityAndCase) {
  EXPECT_EQ(words("Straße ΣΊΣΥΦΟΣ"), (List{"strasse", "σίσυφοσ"}));
  EXPECT_EQ(words("ﬁne ＡＢＣ x²"), (List{"fine", "abc", "x2"}));
  // "é" as one character and as e with an accent behind it are the same word.
  EXPECT_EQ(words("caf\xC3\xA9"), words("cafe\xCC\x81"));
  EXPECT_EQ(words("caf\xC3\xA9"), (List{"caf\xC3\xA9"}));
}

TEST(Words, KeepMarksWithTheirLetters) {
  EXPECT_EQ(words("हिन्दी भाषा"), (List{"हिन्दी", "भाषा"}));
}

TEST(Words, OfAsianScriptsAreBigrams) {
  EXPECT_EQ(words("今天天气"), (List{"今天", "天天", "天气"}));
  EXPECT_EQ(words("我"), (List{"我"}));
  EXPECT_EQ(words("食べる。水"), (List{"食べ", "べる", "水"}));
  EXPECT_EQ(words("한국어"), (List{"한국", "국어"}));
  EXPECT_EQ(words("データ"), (List{"デー", "ータ"}));
  // Halfwidth kana with a separate voicing mark become the usual characters first.
  EXPECT_EQ(words("ﾃﾞｰﾀ"), words("データ"));
  EXPECT_EQ(words("用AI技术2024年"), (List{"用", "ai", "技术", "2024", "年"}));
}

TEST(Words, InvalidBytesSeparate) {
  EXPECT_EQ(words("one\xFFtwo"), (List{"one", "two"}));
  EXPECT_EQ(words("\xC3"), List{});
  EXPECT_EQ(words("é\xE4\xB8文字"), (List{"é", "文字"}));
  EXPECT_EQ(words(std::string("a\0b", 3)), (List{"a", "b"}));
}

TEST(Words, OfLongTextsGrowTheBuffer) {
  // U+FDFA unfolds into 18 characters: longer than its three bytes.
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xEF\xB7\xBA ";
  const List found = words(text);
  ASSERT_EQ(found.size(), 400U);  // four words of Arabic each
  EXPECT_EQ(found[0], "صلى");
  EXPECT_EQ(found[3], found[399]);
}

TEST(Words, AreThreadSafe) {
  const std::string text = "Größe 今天天气 the end";
  const List expected = words(text);
  std::vector<List> found(4);
  std::vector<std::thread> threads;
  for (List& list : found) threads.emplace_back([&] { list = words(text); });
  for (std::thread& thread : threads) thread.join();
  for (const List& list : found) EXPECT_EQ(list, expected);
}

TEST(Latin1, BecomesUtf8) {
  EXPECT_EQ(latin1_to_utf8("Caf\xE9 1995"), "Caf\xC3\xA9 1995");
  EXPECT_EQ(latin1_to_utf8("\xA0\xFF\x7F"), "\xC2\xA0\xC3\xBF\x7F");
  EXPECT_EQ(latin1_to_utf8(""), "");
}

TEST(IsUtf8, FollowsTable37) {
  for (const char* good : {"", "abc", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x20", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xE1\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ok\xE1"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace tamis
