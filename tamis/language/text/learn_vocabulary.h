#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/language/text/tokenizer.h"

namespace tamis::text {

/// How often each word of some texts occurs, words as the tokenizer cuts them: normalised, parted at white space and
/// punctuation. In order of their bytes.
using WordCounts = std::map<std::string, std::uint64_t, std::less<>>;

/// Adds the words of one text. Words longer than settings.longest_word are left out, as the tokenizer would not cut
/// them.
void count_words(std::string_view text, const TokenizerSettings& settings, WordCounts& counts);

struct VocabularyOptions {
  std::int64_t size = 16384;         ///< tokens at most, special ones among them; fewer where no pair is left
  std::uint64_t least = 2;           ///< how often two pieces must stand side by side to be joined
  std::int64_t most_letters = 1000;  ///< letters kept, the most frequent ones
};

/// A WordPiece vocabulary: [PAD] [UNK] [CLS] [SEP] [MASK], the letters, then the joined pieces, the most frequent pair
/// first (equal ones: the pair whose pieces came first into the vocabulary). Pairs are joined by their count, as in BPE
/// (Sennrich et al., arXiv:1508.07909, algorithm 1), which is what Hugging Face's WordPiece trainer does. Throws
/// invalid_argument if there is no word, or `size` leaves no room for a pair.
std::vector<std::string> learn_vocabulary(const WordCounts& counts, const TokenizerSettings& settings,
                                          const VocabularyOptions& options);

}  // namespace tamis::text
