// The first byte says what is tried: bytes as tokenizer.json, as vocab.txt, or as text for a small tokenizer, whose
// tokens are then held to what tokenizer.h promises.
#include <stdexcept>
#include <string_view>

#include "tamis/language/text/tokenizer.h"
#include "tests/fuzz/scratch_file.h"

namespace {

using tamis::text::Encoding;
using tamis::text::Tokenizer;

constexpr std::string_view kVocabulary =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##a\n##b\n##c\nab\n##bc\nabc\n!\n.\n中\né\n##é\ne\n##e\nᄀ\n##ᅡ\n";

void require(bool holds) {
  if (!holds) std::abort();
}

void load(const std::uint8_t* data, std::size_t size) {
  const tamis::fuzz::ScratchFile file(data, size);
  try {
    Encoding out;
    Tokenizer::load(file.path()).encode("abc [MASK] é!", {}, out);
  } catch (const std::runtime_error&) {
  } catch (const std::invalid_argument&) {
  }
}

void check(const Tokenizer& tokenizer, const Encoding& out, std::size_t bytes) {
  require(out.ids.size() == out.offsets.size() && out.ids.size() == out.types.size());
  for (std::size_t i = 0; i < out.ids.size(); ++i) {
    require(out.ids[i] >= 0 && out.ids[i] < tokenizer.vocabulary_size());
    require(out.offsets[i].begin <= bytes && out.offsets[i].end <= bytes);
  }
}

void encode(std::uint8_t choice, std::string_view text) {
  static const tamis::fuzz::ScratchFile file(kVocabulary.data(), kVocabulary.size());
  static const Tokenizer tokenizer = Tokenizer::load(file.path());
  Encoding whole, cut, pair;
  tamis::text::EncodeOptions options;
  options.literal_special = (choice & 4) != 0;
  tokenizer.encode(text, options, whole);
  check(tokenizer, whole, text.size());
  require(whole.dropped == 0);
  options.max_length = 2 + choice / 8;
  tokenizer.encode(text, options, cut);
  require(static_cast<std::int64_t>(cut.ids.size()) <= options.max_length);
  require(cut.ids.size() + cut.dropped == whole.ids.size() && cut.replaced == whole.replaced);
  options.max_length += 1;
  const std::size_t half = text.size() / 2;
  tokenizer.encode_pair(text.substr(0, half), text.substr(half), options, pair);
  check(tokenizer, pair, text.size());
  require(static_cast<std::int64_t>(pair.ids.size()) <= options.max_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  if ((choice & 3) == 0) {
    load(data + 1, size - 1);
  } else {
    encode(choice, {reinterpret_cast<const char*>(data + 1), size - 1});
  }
  return 0;
}
