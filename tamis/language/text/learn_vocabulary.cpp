#include "tamis/language/text/learn_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <unordered_map>

#include "tamis/base/error.h"
#include "tamis/language/text/normalizer.h"

namespace tamis::text {

namespace {

/// Gathers normalised characters into words.
class WordSink {
 public:
  WordSink(const TokenizerSettings& settings, WordCounts& counts)
      : longest_(static_cast<std::size_t>(settings.longest_word)), counts_(counts) {}

  void character(char32_t code, Extent) {
    const std::uint8_t flags = code_flags()[code];
    if ((flags & kIsWhite) != 0) return finish();
    if ((flags & kIsPunctuation) != 0) finish();
    char bytes[4];
    word_.append(bytes, static_cast<std::size_t>(to_utf8(code, bytes)));
    ++characters_;
    if ((flags & kIsPunctuation) != 0) finish();
  }
  void finish() {
    if (characters_ > 0 && characters_ <= longest_) {
      const auto found = counts_.find(word_);
      if (found == counts_.end()) {
        counts_.emplace(word_, 1);
      } else {
        ++found->second;
      }
    }
    word_.clear();
    characters_ = 0;
  }

 private:
  std::size_t longest_;
  WordCounts& counts_;
  std::string word_;
  std::size_t characters_ = 0;
};

std::vector<std::string> characters_of(std::string_view word) {
  std::vector<std::string> characters;
  bool ill_formed = false;
  for (std::size_t i = 0; i < word.size();) {
    const std::size_t begin = i;
    next_code_point(word, i, ill_formed);
    characters.emplace_back(word.substr(begin, i - begin));
  }
  return characters;
}

/// The letters to keep, in order of their bytes.
std::vector<std::string> letters_of(const WordCounts& counts, std::int64_t most) {
  std::map<std::string, std::uint64_t> letters;
  for (const auto& [word, count] : counts) {
    for (const std::string& letter : characters_of(word)) letters[letter] += count;
  }
  std::vector<std::pair<std::string, std::uint64_t>> ranked(letters.begin(), letters.end());
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (ranked.size() > static_cast<std::size_t>(most)) ranked.resize(static_cast<std::size_t>(most));
  std::vector<std::string> kept;
  for (const auto& [letter, count] : ranked) kept.push_back(letter);
  std::sort(kept.begin(), kept.end());
  return kept;
}

using Pair = std::pair<std::int32_t, std::int32_t>;

std::uint64_t key_of(Pair pair) {
  return static_cast<std::uint64_t>(pair.first) << 32 | static_cast<std::uint32_t>(pair.second);
}

/// Words as pieces, and which pairs of pieces stand side by side how often and where.
class Pieces {
 public:
  Pieces(const WordCounts& counts, const TokenizerSettings& settings, const VocabularyOptions& options)
      : continuation_(settings.continuation), least_(options.least) {
    for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) id_of(special);
    const std::vector<std::string> letters = letters_of(counts, options.most_letters);
    for (const std::string& letter : letters) id_of(letter);
    for (const auto& [word, count] : counts) add_word(word, count, letters);
    for (const auto& [key, pair] : pairs_) push(key, pair.count);
  }

  std::int64_t size() const { return static_cast<std::int64_t>(tokens_.size()); }
  std::vector<std::string> tokens() && { return std::move(tokens_); }

  /// Joins the most frequent pair everywhere; false if none is frequent enough.
  bool join() {
    while (!queue_.empty()) {
      const Entry top = queue_.top();
      queue_.pop();
      const auto found = pairs_.find(top.key);
      if (found == pairs_.end() || found->second.count != top.count) continue;  // told anew since
      const Pair pair{static_cast<std::int32_t>(top.key >> 32), static_cast<std::int32_t>(top.key & 0xffffffffU)};
      const std::int32_t joined = id_of(name_of(pair));
      const std::vector<std::uint32_t> words = std::move(found->second.words);
      pairs_.erase(found);
      for (const std::uint32_t word : words) join_in(word, pair, joined);
      for (const std::uint64_t key : changed_) push(key, pairs_[key].count);
      changed_.clear();
      return true;
    }
    return false;
  }

 private:
  struct Word {
    std::vector<std::int32_t> pieces;
    std::uint64_t count;
  };
  struct Found {
    std::uint64_t count = 0;
    std::vector<std::uint32_t> words;  ///< where it was seen; some may no longer hold it
  };
  struct Entry {
    std::uint64_t count, key;
    bool operator<(const Entry& other) const {
      return count != other.count ? count < other.count : key > other.key;  // the first of equals on top
    }
  };

  std::int32_t id_of(const std::string& token) {
    const auto [found, fresh] = ids_.emplace(token, static_cast<std::int32_t>(tokens_.size()));
    if (fresh) tokens_.push_back(token);
    return found->second;
  }
  std::string name_of(Pair pair) const {
    return tokens_[static_cast<std::size_t>(pair.first)] +
           tokens_[static_cast<std::size_t>(pair.second)].substr(continuation_.size());
  }
  void push(std::uint64_t key, std::uint64_t count) {
    if (count >= least_) queue_.push({count, key});
  }

  void add_word(const std::string& word, std::uint64_t count, const std::vector<std::string>& letters) {
    Word pieces{{}, count};
    for (const std::string& letter : characters_of(word)) {
      if (!std::binary_search(letters.begin(), letters.end(), letter)) return;  // it will be [UNK]
    }
    for (const std::string& letter : characters_of(word)) {
      pieces.pieces.push_back(id_of(pieces.pieces.empty() ? letter : continuation_ + letter));
    }
    const auto at = static_cast<std::uint32_t>(words_.size());
    for (std::size_t i = 0; i + 1 < pieces.pieces.size(); ++i) {
      Found& found = pairs_[key_of({pieces.pieces[i], pieces.pieces[i + 1]})];
      found.count += count;
      if (found.words.empty() || found.words.back() != at) found.words.push_back(at);
    }
    words_.push_back(std::move(pieces));
  }

  void join_in(std::uint32_t at, Pair pair, std::int32_t joined) {
    Word& word = words_[at];
    std::vector<std::int32_t>& pieces = word.pieces;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      if (pieces[i] != pair.first || pieces[i + 1] != pair.second) continue;
      if (i > 0) {
        change({pieces[i - 1], pair.first}, word.count, at, false);
        change({pieces[i - 1], joined}, word.count, at, true);
      }
      if (i + 2 < pieces.size()) {
        change({pair.second, pieces[i + 2]}, word.count, at, false);
        change({joined, pieces[i + 2]}, word.count, at, true);
      }
      pieces[i] = joined;
      pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
  void change(Pair pair, std::uint64_t count, std::uint32_t word, bool more) {
    const std::uint64_t key = key_of(pair);
    const auto found = pairs_.find(key);
    if (!more) {
      // The pair being joined is no longer there.
      if (found == pairs_.end()) return;
      found->second.count -= std::min(found->second.count, count);
      changed_.push_back(key);
      return;
    }
    Found& grown = pairs_[key];
    grown.count += count;
    if (grown.words.empty() || grown.words.back() != word) grown.words.push_back(word);
    changed_.push_back(key);
  }

  std::string continuation_;
  std::uint64_t least_;
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<Word> words_;
  std::unordered_map<std::uint64_t, Found> pairs_;
  std::priority_queue<Entry> queue_;
  std::vector<std::uint64_t> changed_;
};

}  // namespace

void count_words(std::string_view text, const TokenizerSettings& settings, WordCounts& counts) {
  WordSink sink(settings, counts);
  Normalizer<WordSink> normalizer(settings, sink);
  bool ill_formed = false;
  for (std::size_t i = 0; i < text.size();) normalizer.character(next_code_point(text, i, ill_formed), {});
  normalizer.finish();
  sink.finish();
}

std::vector<std::string> learn_vocabulary(const WordCounts& counts, const TokenizerSettings& settings,
                                          const VocabularyOptions& options) {
  if (counts.empty()) fail_caller("vocabulary", "the texts have no word to learn from");
  Pieces pieces(counts, settings, options);
  if (pieces.size() >= options.size) {
    fail_caller("vocabulary", fmt::format("{} tokens leave no room beside {} letters and special tokens", options.size,
                                          pieces.size()));
  }
  while (pieces.size() < options.size && pieces.join()) {
  }
  return std::move(pieces).tokens();
}

}  // namespace tamis::text
