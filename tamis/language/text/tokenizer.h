#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::text {

/// Bytes [begin, end) of the text as it was given. Tokens that stand for no text ([CLS], [SEP]) have {0, 0}.
struct Extent {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const Extent&) const = default;
};

struct EncodeOptions {
  std::int64_t max_length = 0;  ///< tokens at most, special ones among them; 0: no limit
  bool special = true;          ///< put [CLS] before and [SEP] behind
  /// Whether a special token written out in the text ("[MASK]") becomes that token. Off: it is text like any other.
  bool literal_special = false;
  bool offsets = true;
};

/// One text, or a pair of texts, as tokens. Made to be used again: encode() overwrites it and keeps its memory.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> types;  ///< 0 for the first text with its special tokens, 1 for the second with its [SEP]
  std::vector<Extent> offsets;      ///< as many as ids, or empty if not asked for
  std::uint64_t dropped = 0;        ///< tokens that max_length cut off
  std::uint64_t replaced = 0;       ///< ill-formed pieces of UTF-8 that were read as U+FFFD
  bool truncated() const { return dropped > 0; }
};

/// What a WordPiece tokenizer does to text, as its files say.
struct TokenizerSettings {
  bool lowercase = true;
  std::optional<bool> strip_accents;  ///< unset: as lowercase
  bool split_cjk = true;              ///< every CJK ideograph is a word
  bool clean = true;                  ///< drop control characters, make every white space a space
  std::int64_t longest_word = 100;    ///< code points; a longer word is one unknown token
  std::string continuation = "##";
  std::string unknown = "[UNK]", start = "[CLS]", separator = "[SEP]", padding = "[PAD]", mask = "[MASK]";
};

/// BERT's WordPiece, id for id what Hugging Face's `tokenizers` (the Rust library) gives. Normalisation, splitting and
/// the greedy longest match: Devlin et al., arXiv:1810.04805, and Wu et al., arXiv:1609.08144, section 4.1.
/// Loaded once, then constant: any number of threads may encode.
class Tokenizer {
 public:
  struct Inside;  ///< for the sources of this room
  /// From a folder with tokenizer.json, or else vocab.txt and, if there, tokenizer_config.json; or from one of the
  /// first two files. Throws runtime_error naming the file if none is there, or it is truncated, ill-formed, has no
  /// unknown, start or separator token, names an id twice; invalid_argument for a tokenizer of another kind (BPE,
  /// Unigram), by its name.
  static Tokenizer load(const std::filesystem::path& path);
  /// Of a vocabulary at hand, tokens[id], as from a vocab.txt with these settings. Throws runtime_error where the
  /// unknown, start or separator token is not among them.
  static Tokenizer of(std::vector<std::string> tokens, const TokenizerSettings& settings);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  /// [CLS] text [SEP]. Any bytes are allowed: ill-formed UTF-8 becomes U+FFFD, one for each maximal ill-formed piece
  /// (Unicode 15, section 3.9, as Python's and Rust's decoders do) and is counted; offsets are of the bytes given. An
  /// empty text gives [CLS] [SEP]. Throws invalid_argument for a max_length without room for the special tokens, or a
  /// text of 4 GiB.
  void encode(std::string_view text, const EncodeOptions& options, Encoding& out) const;
  /// [CLS] first [SEP] second [SEP]; tokens are dropped from the end of the longer one until both are as long, then of
  /// both (longest first; of an odd number the longer one keeps one more, as Hugging Face has it). Offsets are each in
  /// its own text.
  void encode_pair(std::string_view first, std::string_view second, const EncodeOptions& options, Encoding& out) const;

  const TokenizerSettings& settings() const;
  std::int64_t vocabulary_size() const;  ///< one more than the largest id
  /// "" for an id that stands for nothing.
  std::string_view token(std::int32_t id) const;
  std::optional<std::int32_t> id(std::string_view token) const;
  std::int32_t unknown() const;
  /// What the files say about truncation; nullopt if nothing (model_max_length).
  std::optional<std::int64_t> max_length() const;

 private:
  explicit Tokenizer(std::unique_ptr<const Inside> inside);
  std::unique_ptr<const Inside> inside_;
};

}  // namespace tamis::text
