#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// The words of a UTF-8 text, for bag-of-words models: maximal runs of letters, marks and digits, folded by NFKC and
/// case; runs of Han, Hiragana, Katakana or Hangul are cut into overlapping bigrams (a run of one character gives that
/// character). Invalid UTF-8 bytes separate words. Order and repeats are kept. Thread-safe.
std::vector<std::string> words(std::string_view text);

/// ISO-8859-1 bytes as UTF-8.
std::string latin1_to_utf8(std::string_view bytes);

/// True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7).
bool is_utf8(std::string_view bytes);

}  // namespace tamis
