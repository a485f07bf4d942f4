#include "tamis/language/text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "tamis/base/error.h"
#include "tamis/language/text/normalizer.h"
#include "tamis/language/text/tokenizer_inside.h"
#include "tamis/language/text/unicode.h"
#include "tamis/language/text/word_pieces.h"

namespace tamis::text {

namespace {

/// Parts normalised text at white space and punctuation.
class WordSplitter {
 public:
  explicit WordSplitter(WordPieces& words) : words_(words) {}
  void character(char32_t code, Extent where) {
    const std::uint8_t flags = flags_[code];
    if ((flags & kIsWhite) != 0) return words_.finish();
    if ((flags & kIsPunctuation) == 0) return words_.add(code, where);
    words_.finish();
    words_.add(code, where);
    words_.finish();
  }

 private:
  WordPieces& words_;
  const std::uint8_t* flags_ = code_flags();
};

/// Normalised text as a whole, with where each of its bytes came from.
struct NormalizedText {
  std::string bytes;
  std::vector<Extent> wheres;
  void character(char32_t code, Extent where) {
    char utf8[4];
    const auto count = static_cast<std::size_t>(to_utf8(code, utf8));
    bytes.append(utf8, count);
    wheres.insert(wheres.end(), count, where);
  }
};

/// The tokens of one text.
class Run {
 public:
  Run(const TokenizerSettings& settings, std::string_view text, TokenSink& sink, WordPieces& words)
      : settings_(settings), text_(text), sink_(sink), words_(words) {}

  template <typename Ascii>
  void fast(const Piece& piece, const Ascii& ascii, const std::array<char, 128>& lower);
  void with_normalized_tokens(const Piece& piece, const AddedTokens& added, bool special);
  std::uint64_t replaced() const { return replaced_; }

 private:
  template <typename Sink>
  void feed(std::size_t& i, Normalizer<Sink>& normalizer) {
    const std::size_t begin = i;
    bool ill_formed = false;
    const char32_t code = next_code_point(text_, i, ill_formed);
    replaced_ += ill_formed ? 1 : 0;
    normalizer.character(code, {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(i)});
  }

  const TokenizerSettings& settings_;
  std::string_view text_;
  TokenSink& sink_;
  WordPieces& words_;
  std::uint64_t replaced_ = 0;
};

/// Runs of ASCII go straight to the words. Marks that wait for their order are settled by whatever is no mark.
template <typename Ascii>
void Run::fast(const Piece& piece, const Ascii& ascii, const std::array<char, 128>& lower) {
  using Kind = typename Ascii::value_type;
  WordSplitter splitter(words_);
  Normalizer<WordSplitter> normalizer(settings_, splitter);
  char letters[64];
  for (std::size_t i = piece.begin; i < piece.end;) {
    const auto byte = static_cast<unsigned char>(text_[i]);
    if (byte >= 0x80) {
      feed(i, normalizer);
      continue;
    }
    const Kind kind = ascii[byte];
    if (kind == Kind::dropped) {  // a mark behind it still belongs to what stands before it
      ++i;
      continue;
    }
    normalizer.settle({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + 1)});
    if (kind == Kind::word) {
      const std::size_t begin = i;
      std::size_t count = 0;
      while (i < piece.end && count < sizeof letters) {
        const auto next = static_cast<unsigned char>(text_[i]);
        if (next >= 0x80 || ascii[next] != Kind::word) break;
        letters[count++] = lower[next];
        ++i;
      }
      words_.add_ascii(letters, count, static_cast<std::uint32_t>(begin));
      normalizer.settle({static_cast<std::uint32_t>(i - 1), static_cast<std::uint32_t>(i)});
      continue;
    }
    words_.finish();
    if (kind == Kind::punctuation) {
      words_.add_ascii(&text_[i], 1, static_cast<std::uint32_t>(i));
      words_.finish();
    }
    ++i;
  }
  normalizer.finish();
  words_.finish();
}

void Run::with_normalized_tokens(const Piece& piece, const AddedTokens& added, bool special) {
  NormalizedText whole;
  Normalizer<NormalizedText> normalizer(settings_, whole);
  for (std::size_t i = piece.begin; i < piece.end;) feed(i, normalizer);
  normalizer.finish();
  std::vector<Piece> pieces;
  added.cut(whole.bytes, special, pieces);
  WordSplitter splitter(words_);
  for (const Piece& part : pieces) {
    if (part.id >= 0) {
      sink_.push(part.id, {whole.wheres[part.begin].begin, whole.wheres[part.end - 1].end});
      continue;
    }
    bool ill_formed = false;
    for (std::size_t i = part.begin; i < part.end;) {
      const std::size_t begin = i;
      const char32_t code = next_code_point(whole.bytes, i, ill_formed);
      splitter.character(code, whole.wheres[begin]);
    }
    words_.finish();
  }
}

/// Tokens of `text` behind what is in `out`, the first `limit` of them; returns how many there are in all.
std::uint64_t append(const Tokenizer::Inside& inside, std::string_view text, const EncodeOptions& options,
                     std::size_t limit, Encoding& out) {
  if (text.size() >= UINT32_MAX)
    fail_caller("tokenize", fmt::format("a text of {} bytes; less than 4 GiB is taken", text.size()));
  TokenSink sink{out.ids, options.offsets ? &out.offsets : nullptr, out.ids.size(), limit};
  WordPieces words(inside.vocabulary, inside.unknown, inside.settings.longest_word, sink);
  Run run(inside.settings, text, sink, words);
  std::vector<Piece> pieces;
  if (options.literal_special || inside.raw.has_plain()) {
    inside.raw.cut(text, options.literal_special, pieces);
  } else if (!text.empty()) {
    pieces.push_back({-1, 0, text.size()});
  }
  for (const Piece& piece : pieces) {
    if (piece.id >= 0) {
      sink.push(piece.id, {static_cast<std::uint32_t>(piece.begin), static_cast<std::uint32_t>(piece.end)});
    } else if (inside.normalized.empty() || (!options.literal_special && !inside.normalized.has_plain())) {
      run.fast(piece, inside.ascii, inside.ascii_lower);
    } else {
      run.with_normalized_tokens(piece, inside.normalized, options.literal_special);
    }
  }
  out.replaced += run.replaced();
  return sink.total;
}

void clear(Encoding& out) {
  out.ids.clear();
  out.types.clear();
  out.offsets.clear();
  out.dropped = 0;
  out.replaced = 0;
}

void push_special(Encoding& out, std::int32_t id, const EncodeOptions& options) {
  out.ids.push_back(id);
  if (options.offsets) out.offsets.push_back({});
}

/// Tokens that are left for the texts.
std::size_t room(const EncodeOptions& options, std::int64_t special) {
  if (options.max_length == 0) return SIZE_MAX;
  const std::int64_t taken = options.special ? special : 0;
  if (options.max_length < std::max<std::int64_t>(taken, 1)) {
    fail_caller("tokenize", fmt::format("a length of {} tokens: at least {} are needed, or 0 for no limit",
                                        options.max_length, std::max<std::int64_t>(taken, 1)));
  }
  return static_cast<std::size_t>(options.max_length - taken);
}

}  // namespace

Tokenizer::Inside::Inside(TokenizerSettings given, std::vector<std::string> tokens, std::vector<AddedToken> added)
    : settings(std::move(given)), vocabulary(std::move(tokens), settings.continuation), raw({}), normalized({}) {
  for (std::size_t c = 0; c < ascii.size(); ++c) {
    const std::uint8_t flags = code_flags()[c];
    ascii[c] = settings.clean && (flags & kIsDropped) != 0                              ? Ascii::dropped
               : (flags & kIsWhite) != 0 || (settings.clean && (flags & kIsSpace) != 0) ? Ascii::space
               : (flags & kIsPunctuation) != 0                                          ? Ascii::punctuation
                                                                                        : Ascii::word;
    const bool capital = settings.lowercase && c >= 'A' && c <= 'Z';
    ascii_lower[c] = static_cast<char>(capital ? c + ('a' - 'A') : c);
  }
  std::vector<AddedToken> plain, changed;
  for (AddedToken& token : added) {
    if (!token.normalized) {
      plain.push_back(std::move(token));
      continue;
    }
    NormalizedText text;
    Normalizer<NormalizedText> normalizer(settings, text);
    bool ill_formed = false;
    for (std::size_t i = 0; i < token.content.size();) {
      normalizer.character(next_code_point(token.content, i, ill_formed), {});
    }
    normalizer.finish();
    if (text.bytes.empty()) continue;
    token.content = std::move(text.bytes);
    changed.push_back(std::move(token));
  }
  raw = AddedTokens(std::move(plain));
  normalized = AddedTokens(std::move(changed));
}

void Tokenizer::encode(std::string_view text, const EncodeOptions& options, Encoding& out) const {
  clear(out);
  const std::size_t limit = room(options, 2);
  if (options.special) push_special(out, inside_->start, options);
  const std::uint64_t total = append(*inside_, text, options, limit, out);
  out.dropped = total > limit ? total - limit : 0;
  if (options.special) push_special(out, inside_->separator, options);
  out.types.assign(out.ids.size(), 0);
}

void Tokenizer::encode_pair(std::string_view first, std::string_view second, const EncodeOptions& options,
                            Encoding& out) const {
  clear(out);
  const std::size_t limit = room(options, 3);
  Encoding other;
  const std::size_t special = options.special ? 1 : 0;
  if (options.special) push_special(out, inside_->start, options);
  std::uint64_t kept = append(*inside_, first, options, limit, out);
  std::uint64_t kept_other = append(*inside_, second, options, limit, other);
  const std::uint64_t total = kept + kept_other;
  if (total > limit) {
    // The shorter one stays whole if it takes no more than half.
    std::uint64_t& less = kept <= kept_other ? kept : kept_other;
    std::uint64_t& more = kept <= kept_other ? kept_other : kept;
    more = less > limit ? less : std::max<std::uint64_t>(less, limit - less);
    if (less + more > limit) {
      less = limit / 2;
      more = less + limit % 2;
    }
    out.dropped = total - kept - kept_other;
  }
  out.ids.resize(special + static_cast<std::size_t>(kept));
  if (options.offsets) out.offsets.resize(out.ids.size());
  if (options.special) push_special(out, inside_->separator, options);
  out.types.assign(out.ids.size(), 0);
  out.ids.insert(out.ids.end(), other.ids.begin(), other.ids.begin() + static_cast<std::ptrdiff_t>(kept_other));
  if (options.offsets) {
    out.offsets.insert(out.offsets.end(), other.offsets.begin(),
                       other.offsets.begin() + static_cast<std::ptrdiff_t>(kept_other));
  }
  if (options.special) push_special(out, inside_->separator, options);
  out.types.resize(out.ids.size(), 1);
  out.replaced += other.replaced;
}

Tokenizer::Tokenizer(std::unique_ptr<const Inside> inside) : inside_(std::move(inside)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

const TokenizerSettings& Tokenizer::settings() const {
  return inside_->settings;
}
std::int64_t Tokenizer::vocabulary_size() const {
  return static_cast<std::int64_t>(inside_->vocabulary.tokens().size());
}
std::string_view Tokenizer::token(std::int32_t id) const {
  const auto& tokens = inside_->vocabulary.tokens();
  if (id < 0 || static_cast<std::size_t>(id) >= tokens.size()) return {};
  return tokens[static_cast<std::size_t>(id)];
}
std::optional<std::int32_t> Tokenizer::id(std::string_view token) const {
  return inside_->vocabulary.id(token);
}
std::int32_t Tokenizer::unknown() const {
  return inside_->unknown;
}
std::optional<std::int64_t> Tokenizer::max_length() const {
  return inside_->max_length;
}

}  // namespace tamis::text
