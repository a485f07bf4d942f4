#include "tamis/base/words.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>

#include "tamis/base/error.h"

namespace tamis {

namespace {

bool is_ascii(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Bytes of the well-formed character at the front, 0 if there is none.
std::size_t character_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return i < bytes.size() && byte(i) >= low && byte(i) <= high;
  };
  if (bytes.empty()) return 0;
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  // The second byte's narrower ranges shut out overlong forms, surrogates and numbers above 10FFFF.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (lead >= 0xE0 && lead <= 0xEF) return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  if (lead >= 0xF0 && lead <= 0xF4) {
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

/// NFKC and case folding of well-formed UTF-8, as code points.
std::vector<std::int32_t> fold(std::string_view text) {
  constexpr auto kOptions =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  std::vector<std::int32_t> points(text.size());
  auto length = utf8proc_decompose(bytes, size, points.data(), static_cast<utf8proc_ssize_t>(points.size()), kOptions);
  if (length > static_cast<utf8proc_ssize_t>(points.size())) {
    points.resize(static_cast<std::size_t>(length));
    length = utf8proc_decompose(bytes, size, points.data(), length, kOptions);
  }
  if (length >= 0) length = utf8proc_normalize_utf32(points.data(), length, kOptions);
  if (length < 0) fail_world("words", utf8proc_errmsg(length));
  points.resize(static_cast<std::size_t>(length));
  return points;
}

enum class Kind { separator, letter, mark, ideograph };

/// Scripts written without spaces between words, and Hangul.
bool is_ideograph(std::int32_t c) {
  struct Range {
    std::int32_t first, last;
  };
  static constexpr Range kRanges[] = {{0x1100, 0x11FF},   {0x3005, 0x3007},   {0x3041, 0x3096},   {0x309D, 0x309F},
                                      {0x30A1, 0x30FA},   {0x30FC, 0x30FF},   {0x3131, 0x318E},   {0x31F0, 0x31FF},
                                      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},
                                      {0xD7B0, 0xD7FB},   {0xF900, 0xFAD9},   {0x1AFF0, 0x1AFFE}, {0x1B000, 0x1B167},
                                      {0x20000, 0x2A6DF}, {0x2A700, 0x2EBE0}, {0x2F800, 0x2FA1D}, {0x30000, 0x3134A},
                                      {0x31350, 0x323AF}};
  if (c < kRanges[0].first) return false;
  return std::any_of(std::begin(kRanges), std::end(kRanges), [c](Range r) { return c >= r.first && c <= r.last; });
}

Kind kind_of(std::int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
      return is_ideograph(c) ? Kind::ideograph : Kind::letter;
    case UTF8PROC_CATEGORY_NL:  // of the letter-like numbers only the ideographic zero is written among letters
      return c == 0x3007 ? Kind::ideograph : Kind::separator;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::mark;
    default:
      return Kind::separator;
  }
}

/// Builds words out of folded characters.
class Cutter {
 public:
  explicit Cutter(std::vector<std::string>& out) : out_(out) {}

  void take(std::int32_t point) {
    const Kind kind = kind_of(point);
    if (kind == Kind::mark && !run_.empty()) {
      encode(point, run_.back());
    } else if (kind == Kind::ideograph) {
      end_word();
      run_.emplace_back();
      encode(point, run_.back());
    } else {
      end_run();
      if (kind == Kind::separator) {
        end_word();
      } else {
        encode(point, word_);
      }
    }
  }

  void end() {
    end_word();
    end_run();
  }

 private:
  static void encode(std::int32_t point, std::string& text) {
    utf8proc_uint8_t bytes[4];
    const auto length = utf8proc_encode_char(point, bytes);
    text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  }
  void end_word() {
    if (word_.empty()) return;
    out_.push_back(std::move(word_));
    word_.clear();
  }
  void end_run() {
    if (run_.size() == 1) out_.push_back(run_.front());
    for (std::size_t i = 1; i < run_.size(); ++i) out_.push_back(run_[i - 1] + run_[i]);
    run_.clear();
  }

  std::vector<std::string>& out_;
  std::string word_;              // letters, marks and digits so far
  std::vector<std::string> run_;  // ideographs so far, each with its marks
};

void ascii_words(std::string_view text, std::vector<std::string>& out) {
  std::string word;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word.push_back(upper ? static_cast<char>(c - 'A' + 'a') : c);
    } else if (!word.empty()) {
      out.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
}

}  // namespace

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  if (is_ascii(text)) {
    ascii_words(text, out);
    return out;
  }
  while (!text.empty()) {
    std::size_t valid = 0;
    for (std::size_t n = 0; (n = character_length(text.substr(valid))) > 0;) valid += n;
    Cutter cutter(out);
    for (const std::int32_t point : fold(text.substr(0, valid))) cutter.take(point);
    cutter.end();
    text.remove_prefix(std::min(valid + 1, text.size()));
  }
  return out;
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
  return text;
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace tamis
