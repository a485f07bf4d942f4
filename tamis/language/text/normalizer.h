#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tamis/language/text/tokenizer.h"
#include "tamis/language/text/unicode.h"

namespace tamis::text {

/// What BERT does to a text before it is cut into words: cleaning, spaces around CJK ideographs, NFD without
/// nonspacing marks, lower case, in this order. Hands out normalised characters one by one, each with the bytes it came
/// from; `Sink` has character(char32_t, Extent). What the reference's bookkeeping gives for marks that NFD moves past
/// others is kept: extents are dealt out in the order of the result.
template <typename Sink>
class Normalizer {
 public:
  Normalizer(const TokenizerSettings& settings, Sink& sink)
      : settings_(settings), strips_(settings.strip_accents.value_or(settings.lowercase)), sink_(sink) {}

  void character(char32_t code, Extent where) {
    const std::uint8_t flags = flags_[code];
    if (settings_.clean && (flags & (kIsDropped | kIsSpace)) != 0) {
      if ((flags & kIsSpace) != 0) plain(' ', where);
      return;
    }
    if (settings_.split_cjk && (flags & kIsIdeograph) != 0) {
      plain(' ', where);
      transformed(code, flags, where);
      plain(' ', where);
      return;
    }
    transformed(code, flags, where);
  }
  /// A character of class 0 that came from there has gone to the sink by another way.
  void settle(Extent where) {
    flush();
    before_ = where;
  }
  /// To be called at the end.
  void finish() { flush(); }

 private:
  struct Mark {
    char32_t code;
    int combining_class;
    bool own;  ///< the first code point of what it came from
  };

  void plain(char32_t code, Extent where) {
    settle(where);
    sink_.character(code, where);
  }

  void transformed(char32_t code, std::uint8_t flags, Extent where) {
    if (!strips_) return lowered(code, where);
    if ((flags & kCombines) == 0) {
      settle(where);
      return stripped(code, where);
    }
    const CodePoints parts = decompose(code);
    for (int i = 0; i < parts.count; ++i) {
      const int order = combining_class(parts.at[i]);
      if (order != 0) {
        if (i == 0) waiting_.push_back(where);
        marks_.push_back({parts.at[i], order, i == 0});
        continue;
      }
      flush();
      if (i == 0) before_ = where;
      stripped(parts.at[i], before_);
    }
  }

  /// The marks since the last code point of class 0, in canonical order.
  void flush() {
    if (marks_.empty()) return;
    std::stable_sort(marks_.begin(), marks_.end(),
                     [](const Mark& a, const Mark& b) { return a.combining_class < b.combining_class; });
    std::size_t next = 0;
    for (const Mark& mark : marks_) {
      if (mark.own) before_ = waiting_[next++];
      stripped(mark.code, before_);
    }
    marks_.clear();
    waiting_.clear();
  }

  void stripped(char32_t code, Extent where) {
    if ((flags_[code] & kIsNonspacing) == 0) lowered(code, where);
  }

  void lowered(char32_t code, Extent where) {
    if (!settings_.lowercase || (flags_[code] & kHasLower) == 0) return sink_.character(code, where);
    const CodePoints parts = lower(code);
    for (int i = 0; i < parts.count; ++i) sink_.character(parts.at[i], where);
  }

  const TokenizerSettings& settings_;
  bool strips_;
  Sink& sink_;
  const std::uint8_t* flags_ = code_flags();
  Extent before_;
  std::vector<Mark> marks_;
  std::vector<Extent> waiting_;
};

}  // namespace tamis::text
