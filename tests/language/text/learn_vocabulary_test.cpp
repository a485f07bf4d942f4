#include "tamis/language/text/learn_vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tamis/base/random.h"

namespace tamis::text {
namespace {

WordCounts counts_of(const std::vector<std::string>& texts, const TokenizerSettings& settings = {}) {
  WordCounts counts;
  for (const std::string& text : texts) count_words(text, settings, counts);
  return counts;
}

TEST(LearnVocabulary, WordsAreThoseOfTheTokenizer) {
  EXPECT_EQ(counts_of({"The  cat's\tCAT, the\xC3\xA9!", "\xE4\xB8\xAD\xE6\x96\x87"}),
            (WordCounts{{"the", 1},
                        {"cat", 2},
                        {"'", 1},
                        {"s", 1},
                        {",", 1},
                        {"thee", 1},
                        {"!", 1},
                        {"\xE4\xB8\xAD", 1},
                        {"\xE6\x96\x87", 1}}));
  TokenizerSettings cased;
  cased.lowercase = false;
  EXPECT_EQ(counts_of({"The the"}, cased), (WordCounts{{"The", 1}, {"the", 1}}));
  EXPECT_TRUE(counts_of({std::string(101, 'a'), " \n\x01"}).empty());
}

// Counts by hand: ab a b stands 5 times, b c 4 times, so ab first; then ab c 3 times, and "b c" in "bc" once.
TEST(LearnVocabulary, JoinsTheMostFrequentPair) {
  WordCounts counts{{"ab", 2}, {"abc", 3}, {"bc", 2}, {"d", 9}};
  const auto tokens = learn_vocabulary(counts, {}, {.size = 15});
  EXPECT_EQ(tokens, (std::vector<std::string>{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "##b",
                                              "##c", "ab", "abc", "bc"}));
  EXPECT_EQ(learn_vocabulary(counts, {}, {.size = 12}).back(), "ab");
  EXPECT_EQ(learn_vocabulary(counts, {}, {.size = 99, .least = 4}).back(), "ab");
  EXPECT_THROW(learn_vocabulary(counts, {}, {.size = 11}), std::invalid_argument);
  EXPECT_THROW(learn_vocabulary({}, {}, {}), std::invalid_argument);
}

/// The same by counting all pairs anew before each join.
std::vector<std::string> naive(const WordCounts& counts, std::size_t size, std::uint64_t least) {
  std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  const auto add = [&](const std::string& token) {
    const auto found = std::find(tokens.begin(), tokens.end(), token);
    if (found != tokens.end()) return static_cast<std::size_t>(found - tokens.begin());
    tokens.push_back(token);
    return tokens.size() - 1;
  };
  std::set<char> letters;
  for (const auto& [word, count] : counts) letters.insert(word.begin(), word.end());
  for (const char letter : letters) add(std::string(1, letter));
  std::vector<std::pair<std::vector<std::size_t>, std::uint64_t>> words;
  for (const auto& [word, count] : counts) {
    words.push_back({{}, count});
    for (std::size_t i = 0; i < word.size(); ++i) {
      words.back().first.push_back(add((i > 0 ? "##" : "") + std::string(1, word[i])));
    }
  }
  while (tokens.size() < size) {
    std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> pairs;
    for (const auto& [pieces, count] : words) {
      for (std::size_t i = 0; i + 1 < pieces.size(); ++i) pairs[{pieces[i], pieces[i + 1]}] += count;
    }
    std::pair<std::size_t, std::size_t> best;
    std::uint64_t most = 0;
    for (const auto& [pair, count] : pairs) {
      if (count > most) std::tie(best, most) = std::tie(pair, count);
    }
    if (most < least) break;
    const std::size_t joined = add(tokens[best.first] + tokens[best.second].substr(2));
    for (auto& [pieces, count] : words) {
      for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
        if (pieces[i] != best.first || pieces[i + 1] != best.second) continue;
        pieces[i] = joined;
        pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return tokens;
}

TEST(LearnVocabulary, IsThatOfCountingAnew) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Stream stream(seed, "words");
    WordCounts counts;
    for (int i = 0; i < 60; ++i) {
      std::string word;
      for (std::uint64_t n = 1 + stream.below(9); n > 0; --n) word += static_cast<char>('a' + stream.below(4));
      counts[word] += 1 + stream.below(6);
    }
    EXPECT_EQ(learn_vocabulary(counts, {}, {.size = 90, .least = 3}), naive(counts, 90, 3)) << seed;
  }
}

TEST(LearnVocabulary, RareLettersAreLeftToTheUnknown) {
  const WordCounts counts{{"ab", 5}, {"abz", 1}};
  const auto tokens = learn_vocabulary(counts, {}, {.size = 20, .most_letters = 2});
  EXPECT_EQ(std::count(tokens.begin(), tokens.end(), "z") + std::count(tokens.begin(), tokens.end(), "##z"), 0);
  const Tokenizer tokenizer = Tokenizer::of(tokens, {});
  Encoding encoding;
  tokenizer.encode("ab abz [MASK]", {.literal_special = true}, encoding);
  EXPECT_EQ(encoding.ids, (std::vector<std::int32_t>{2, *tokenizer.id("ab"), 1, 4, 3}));
}

}  // namespace
}  // namespace tamis::text
