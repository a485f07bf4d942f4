#include "tamis/language/text/tokenizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tests/base/scratch.h"

namespace tamis::text {
namespace {

using test::put;
using test::Scratch;

using Ids = std::vector<std::int32_t>;

const std::string kWords = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\nthe\na\n##a\n中\n!\n";
enum : std::int32_t { kPad, kUnk, kCls, kSep, kMask, kUn, kAff, kAble, kThe, kA, kMoreA, kMiddle, kMark };

class TokenizerTest : public testing::Test {
 protected:
  TokenizerTest() { put(scratch_ / "vocab.txt", kWords); }
  Tokenizer load() const { return Tokenizer::load(scratch_ / ""); }
  Encoding encode(std::string_view text, EncodeOptions options = {}) const {
    Encoding out;
    load().encode(text, options, out);
    return out;
  }
  Scratch scratch_;
};

TEST_F(TokenizerTest, TakesTheLongestPieceFirst) {
  const Encoding out = encode("Unaffable THE");
  EXPECT_EQ(out.ids, (Ids{kCls, kUn, kAff, kAble, kThe, kSep}));
  EXPECT_EQ(out.offsets, (std::vector<Extent>{{0, 0}, {0, 2}, {2, 5}, {5, 9}, {10, 13}, {0, 0}}));
  EXPECT_EQ(out.types, std::vector<std::uint8_t>(6, 0));
}

TEST_F(TokenizerTest, AWordWithARestIsUnknownAsAWhole) {
  const Encoding out = encode("unaffz!");
  EXPECT_EQ(out.ids, (Ids{kCls, kUnk, kMark, kSep}));
  EXPECT_EQ(out.offsets[1], (Extent{0, 6}));
}

TEST_F(TokenizerTest, OffsetsAreBytesOfWhatWasGiven) {
  // a with an accent is 2 bytes, an ideograph 3; both stand for what was written, not for what was made of it.
  const Encoding out = encode("á中 á");
  EXPECT_EQ(out.ids, (Ids{kCls, kA, kMiddle, kA, kSep}));
  EXPECT_EQ(out.offsets, (std::vector<Extent>{{0, 0}, {0, 2}, {2, 5}, {6, 8}, {0, 0}}));
}

TEST_F(TokenizerTest, NothingIsClsSep) {
  for (const std::string_view text : {"", " ", "\t\n", "\x01\x02\x7f"}) EXPECT_EQ(encode(text).ids, (Ids{kCls, kSep}));
  EXPECT_EQ(encode(std::string_view("\0\0", 2)).ids, (Ids{kCls, kSep}));
}

TEST_F(TokenizerTest, IllFormedBytesAreReplacedAndCounted) {
  // Maximal subparts: FF | C3 | ( | E2 82 | space | ED | A0 | 80: six pieces are ill-formed.
  const Encoding out = encode("a\xff a\xc3(\xe2\x82 \xed\xa0\x80 the");
  EXPECT_EQ(out.replaced, 6U);
  EXPECT_EQ(out.ids, (Ids{kCls, kA, kA, kUnk, kThe, kSep}));  // U+FFFD is cleaned away; "(" is not in the vocabulary
  EXPECT_EQ(out.offsets[1], (Extent{0, 1}));
  EXPECT_EQ(out.offsets[4], (Extent{13, 16}));
}

TEST_F(TokenizerTest, WordsAreLongUpToAHundredCodePoints) {
  EXPECT_EQ(encode(std::string(100, 'a')).ids.size(), 102U);
  EXPECT_EQ(encode(std::string(101, 'a')).ids, (Ids{kCls, kUnk, kSep}));
  std::string accents;
  for (int i = 0; i < 100; ++i) accents += "á";
  EXPECT_EQ(encode(accents).ids.size(), 102U);
  EXPECT_EQ(encode(accents + "a").ids, (Ids{kCls, kUnk, kSep}));
  EXPECT_EQ(encode(accents + "a").offsets[1], (Extent{0, 201}));
}

TEST_F(TokenizerTest, TruncationIsCounted) {
  const Encoding out = encode("the unaffable the", {.max_length = 5});
  EXPECT_EQ(out.ids, (Ids{kCls, kThe, kUn, kAff, kSep}));
  EXPECT_EQ(out.dropped, 2U);
  EXPECT_TRUE(out.truncated());
  EXPECT_FALSE(encode("the", {.max_length = 3}).truncated());
  EXPECT_EQ(encode("the", {.max_length = 2}).ids, (Ids{kCls, kSep}));
  EXPECT_EQ(encode("the a", {.max_length = 1, .special = false}).ids, Ids{kThe});
  EXPECT_THROW(encode("the", {.max_length = 1}), std::invalid_argument);
}

TEST_F(TokenizerTest, SpecialTokensInTextAreTextUnlessAskedFor) {
  EXPECT_EQ(encode("the [MASK]!").ids, (Ids{kCls, kThe, kUnk, kUnk, kUnk, kMark, kSep}));
  EXPECT_EQ(encode("the [MASK]!", {.literal_special = true}).ids, (Ids{kCls, kThe, kMask, kMark, kSep}));
}

TEST_F(TokenizerTest, PairsHaveTheirTypes) {
  Encoding out;
  load().encode_pair("the", "a a", {}, out);
  EXPECT_EQ(out.ids, (Ids{kCls, kThe, kSep, kA, kA, kSep}));
  EXPECT_EQ(out.types, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1}));
  load().encode_pair("the a the a", "a a", {.max_length = 7}, out);
  EXPECT_EQ(out.ids, (Ids{kCls, kThe, kA, kSep, kA, kA, kSep}));
  EXPECT_EQ(out.dropped, 2U);
}

TEST_F(TokenizerTest, ALineOfAHundredMegabytes) {
  std::string text(100'000'000, 'a');  // one word, and too long
  EXPECT_EQ(encode(text, {.max_length = 16}).ids, (Ids{kCls, kUnk, kSep}));
  for (std::size_t i = 4; i < text.size(); i += 5) text[i] = ' ';
  const Encoding out = encode(text, {.max_length = 16, .offsets = false});
  EXPECT_EQ(out.ids.size(), 16U);
  EXPECT_EQ(out.dropped, 80'000'000U - 14);
}

TEST_F(TokenizerTest, ManyThreadsShareOne) {
  const Tokenizer tokenizer = load();
  std::vector<Encoding> outs(200);
  parallel_for(outs.size(),
               [&](std::size_t i) { tokenizer.encode(std::string(i, 'a') + " the \xc3\xa1", {}, outs[i]); });
  for (std::size_t i = 0; i < outs.size(); ++i) EXPECT_EQ(outs[i].ids, encode(std::string(i, 'a') + " the á").ids);
}

TEST_F(TokenizerTest, ConfigHasItsSay) {
  put(scratch_ / "tokenizer_config.json",
      R"({"do_lower_case": false, "model_max_length": 77, "cls_token": {"content": "[PAD]"}})");
  const Tokenizer tokenizer = load();
  EXPECT_EQ(tokenizer.max_length(), 77);
  EXPECT_FALSE(tokenizer.settings().lowercase);
  EXPECT_EQ(encode("the THE").ids, (Ids{kPad, kThe, kUnk, kSep}));
  put(scratch_ / "tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_EQ(load().max_length(), std::nullopt);
}

/// What loading this text as tokenizer.json says; "" if it is taken.
std::string complaint(const Scratch& scratch, const std::string& text) {
  put(scratch / "bad.json", text);
  try {
    Tokenizer::load(scratch / "bad.json");
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST_F(TokenizerTest, BadFilesAreNamed) {
  using Json = nlohmann::json;
  const Json good = Json::parse(read_file(TAMIS_SOURCE_DIR "/tests/golden/tokenizer/tokenizer.json"));
  EXPECT_EQ(complaint(scratch_, good.dump()), "");
  const auto with = [&](const char* pointer, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    return complaint(scratch_, bad.dump());
  };
  const auto says = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  };
  says(with("/model/type", "BPE"), "is a BPE tokenizer; WordPiece is served");
  says(with("/model/vocab", Json::array({1, 2})), "[UNK]");
  says(with("/model/unk_token", "[NONE]"), "no token \"[NONE]\"");
  says(with("/model/vocab/the", -4), "has the id -4");
  says(with("/model/vocab/the", 1LL << 40), "has the id 1099511627776");
  says(with("/model/vocab/the", "x"), "whole numbers");
  says(with("/model/vocab/the", 7), "the id 7 stands for");
  says(with("/normalizer/type", "Sequence"), "the normalizer \"Sequence\" is not served");
  says(with("/pre_tokenizer/type", "Whitespace"), "the pre-tokenizer \"Whitespace\" is not served");
  says(with("/post_processor/type", "ByteLevel"), "the post-processor \"ByteLevel\" is not served");
  says(with("/post_processor/single/0/SpecialToken/type_id", 1), "its template");
  says(complaint(scratch_, good.dump().substr(0, 900)), "no JSON object, or truncated");
  says(complaint(scratch_, std::string(5000, '[')), "nested too deep");
  says(complaint(scratch_, "{}"), "has no \"model\"");
  says(complaint(scratch_, ""), "truncated");
}

TEST(TokenizerFolder, WithoutAVocabulary) {
  const Scratch scratch;
  EXPECT_THROW(Tokenizer::load(scratch / "absent"), std::runtime_error);
  EXPECT_THROW(Tokenizer::load(scratch / ""), std::runtime_error);
  put(scratch / "vocab.txt", "a\n[CLS]\n[SEP]\n");
  EXPECT_THROW(Tokenizer::load(scratch / ""), std::runtime_error);  // no [UNK]
}

// The vocabularies of the field, read in place.
TEST(TokenizerFolder, BertBaseUncased) {
  const std::string folder = TAMIS_SOURCE_DIR "/../shared/data/vocab/bert-base-uncased";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "../shared/data/vocab is not there";
  for (const char* file : {"/tokenizer.json", "/vocab.txt"}) {
    const Tokenizer tokenizer = Tokenizer::load(folder + file);
    Encoding out;
    tokenizer.encode("Hello, unaffable World!", {}, out);
    EXPECT_EQ(out.ids, (Ids{101, 7592, 1010, 14477, 20961, 3468, 2088, 999, 102}));
    EXPECT_EQ(tokenizer.vocabulary_size(), 30522);
    EXPECT_EQ(tokenizer.token(103), "[MASK]");
    EXPECT_EQ(tokenizer.id("##able"), 3085);
    EXPECT_EQ(tokenizer.unknown(), 100);
  }
}

}  // namespace
}  // namespace tamis::text
