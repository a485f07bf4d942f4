#include "tamis/language/encoder/sentence_encoder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <numeric>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/storage.h"
#include "tests/base/scratch.h"

namespace tamis::encoder {
namespace {

using engine::WeightPrecision;
using test::put;
using test::Scratch;
namespace fs = std::filesystem;

const fs::path kGolden = TAMIS_SOURCE_DIR "/tests/golden/bert";

/// The golden BERT with a vocabulary of its 40 ids: five special tokens, a .. z and ##a .. ##i.
class SentenceEncoderTest : public testing::Test {
 protected:
  SentenceEncoderTest() {
    for (const char* file : {"config.json", "model.safetensors"}) fs::copy(kGolden / "bert" / file, scratch_ / file);
    std::string words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (char c = 'a'; c <= 'z'; ++c) words += std::string(1, c) + "\n";
    for (char c = 'a'; c <= 'i'; ++c) words += std::string("##") + c + "\n";
    put(scratch_ / "vocab.txt", words);
  }
  SentenceEncoder load(const EncoderOptions& options = {}) const {
    return SentenceEncoder::load(scratch_.path(), options);
  }
  std::vector<float> encode(const SentenceEncoder& encoder, const std::vector<std::string_view>& texts) const {
    std::vector<float> out(texts.size() * static_cast<std::size_t>(encoder.dimensions()));
    encoder.encode(texts, out);
    return out;
  }
  Scratch scratch_;
};

std::vector<std::string> many_texts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 150; ++i) {
    std::string text;
    for (int j = 0; j < i * 7 % 23; ++j)
      text += std::string(1, static_cast<char>('a' + (i + j * j) % 26)) + (j % 3 == 0 ? "b " : " ");
    texts.push_back(text);
  }
  return texts;
}

TEST_F(SentenceEncoderTest, AVectorDoesNotKnowItsNeighbours) {
  const auto texts = many_texts();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  for (const auto precision : {WeightPrecision::f32, WeightPrecision::int8, WeightPrecision::bf16}) {
    if (precision == WeightPrecision::bf16 && !engine::has_bf16()) continue;
    const auto expected = encode(load({.precision = precision}), views);
    std::vector<std::string_view> reversed(views.rbegin(), views.rend());
    for (const std::int64_t budget : {1, 16, 100, 4096}) {
      const SentenceEncoder encoder = load({.precision = precision, .token_budget = budget});
      for (const int count : {1, 2, 3}) {
        const int before = threads();
        set_threads(count);
        EXPECT_EQ(encode(encoder, views), expected) << name(precision) << ' ' << budget << ' ' << count;
        const auto backwards = encode(encoder, reversed);
        const auto alone = encode(encoder, {views[77]});
        set_threads(before);
        EXPECT_TRUE(std::equal(alone.begin(), alone.end(), expected.begin() + 77 * 16));
        EXPECT_TRUE(std::equal(backwards.begin(), backwards.begin() + 16, expected.end() - 16));
      }
    }
  }
}

TEST_F(SentenceEncoderTest, TellsWhatHappenedToEachText) {
  const SentenceEncoder encoder = load({.max_length = 6});
  const std::vector<std::string_view> texts = {"a b", "", "a b c d e f g", "\x01\x02", "a\xff"};
  std::vector<float> out(texts.size() * 16);
  std::vector<TextReport> reports(texts.size());
  encoder.encode(texts, out, reports);
  EXPECT_EQ(reports[0].tokens, 4U);
  EXPECT_FALSE(reports[0].empty);
  EXPECT_TRUE(reports[1].empty);
  EXPECT_EQ(reports[1].tokens, 2U);
  EXPECT_EQ(reports[2].tokens, 6U);
  EXPECT_EQ(reports[2].dropped, 3U);
  EXPECT_FALSE(reports[2].empty);
  EXPECT_TRUE(reports[3].empty);
  EXPECT_EQ(reports[4].replaced, 1U);
  EXPECT_EQ(std::memcmp(out.data() + 16, out.data() + 48, 64), 0);  // two empty texts
}

TEST_F(SentenceEncoderTest, PromptsGoBeforeTheText) {
  EXPECT_EQ(encode(load({.prompt = "q: "}), {"a b"}), encode(load(), {"q: a b"}));
}

TEST_F(SentenceEncoderTest, DimensionsAreTheFirstOnesBeforeNormalising) {
  const auto whole = encode(load(), {"a b c"});
  const SentenceEncoder short_one = load({.normalize = true, .dimensions = 5});
  EXPECT_EQ(short_one.dimensions(), 5);
  const auto cut = encode(short_one, {"a b c"});
  double squares = 0;
  for (std::size_t i = 0; i < 5; ++i) squares += double{whole[i]} * whole[i];
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(cut[i], whole[i] / std::sqrt(squares), 1e-6);
}

TEST_F(SentenceEncoderTest, PoolingsAgreeWithEachOther) {
  // One token more or less: of [CLS] [SEP] the mean is half the sum of the first and the last.
  const auto pooled = [&](const char* name) { return encode(load({.pooling = parse_pooling(name)}), {""}); };
  const auto first = pooled("cls"), last = pooled("last"), mean = pooled("mean"), largest = pooled("max");
  const auto one = pooled("mean@1"), both = pooled("first-last"), zero = pooled("mean@0"),
             outer = pooled("embedding-last");
  for (std::size_t c = 0; c < 16; ++c) {
    EXPECT_NEAR(mean[c], (first[c] + last[c]) / 2, 1e-6);
    EXPECT_EQ(largest[c], std::max(first[c], last[c]));
    EXPECT_NEAR(both[c], (one[c] + mean[c]) / 2, 1e-6);
    EXPECT_NEAR(outer[c], (zero[c] + mean[c]) / 2, 1e-6);
  }
  const auto pooler = pooled("cls-pooler");
  for (const float value : pooler) EXPECT_LT(std::fabs(value), 1);
  EXPECT_NE(pooler, first);
}

TEST_F(SentenceEncoderTest, RefusesOptionsThatDoNotFit) {
  EXPECT_THROW(load({.dimensions = 17}), std::invalid_argument);
  EXPECT_THROW(load({.max_length = 21}), std::invalid_argument);
  EXPECT_THROW(load({.max_length = 2}), std::invalid_argument);
  EXPECT_THROW(load({.pooling = parse_pooling("mean@3")}), std::invalid_argument);
  EXPECT_THROW(load({.token_budget = 0}), std::invalid_argument);
  if (!engine::has_bf16()) {
    EXPECT_THROW(load({.precision = WeightPrecision::bf16}), std::invalid_argument);
  }
  const SentenceEncoder encoder = load();
  std::vector<float> out(5);
  const std::string_view text = "a";
  EXPECT_THROW(encoder.encode({&text, 1}, out), std::invalid_argument);
  fs::remove(scratch_ / "vocab.txt");
  EXPECT_THROW(load(), std::runtime_error);
  put(scratch_ / "vocab.txt",
      "[UNK]\n[CLS]\n[SEP]\n" + std::string(100, '\n') + "x\n");  // more tokens than the network has
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(SentenceEncoderTest, LowerCaseBeforeACasedTokenizerIsRefused) {
  put(scratch_ / "sentence_bert_config.json", R"({"do_lower_case": true})");
  EXPECT_EQ(encode(load(), {"A b"}), encode(load(), {"a B"}));  // the tokenizer does it
  put(scratch_ / "tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_THROW(load(), std::invalid_argument);
}

TEST_F(SentenceEncoderTest, AFolderThatLimitsTextsToNothingIsRefused) {
  put(scratch_ / "sentence_bert_config.json", R"({"max_seq_length": 2})");
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(SentenceEncoderTest, WeightsInANamedPipeAreNotWaitedFor) {
  fs::remove(scratch_ / "model.safetensors");
  ASSERT_EQ(::mkfifo((scratch_ / "model.safetensors").c_str(), 0600), 0);
  EXPECT_THROW(load(), std::runtime_error);
}

TEST_F(SentenceEncoderTest, DistilBertHasNoPooler) {
  fs::copy(kGolden / "distilbert/config.json", scratch_ / "config.json", fs::copy_options::overwrite_existing);
  fs::copy(kGolden / "distilbert/model.safetensors", scratch_ / "model.safetensors",
           fs::copy_options::overwrite_existing);
  EXPECT_EQ(encode(load(), {"a"}).size(), 16U);
  EXPECT_THROW(load({.pooling = parse_pooling("cls-pooler")}), std::invalid_argument);
}

std::int64_t resident_pages() {
  std::ifstream status("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  status >> total >> resident;
  return resident;
}

TEST_F(SentenceEncoderTest, MemoryDoesNotGrow) {
  const auto texts = many_texts();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const SentenceEncoder encoder = load();
  for (int i = 0; i < 20; ++i) encode(encoder, views);
  const auto tensors = engine::tensor_memory().live;
  // The allocator of another thread may take pages once, at any time; a leak takes them in every round.
  std::int64_t least_growth = std::numeric_limits<std::int64_t>::max();
  for (int round = 0; round < 4; ++round) {
    const std::int64_t before = resident_pages();
    for (int i = 0; i < 200; ++i) encode(encoder, views);
    least_growth = std::min(least_growth, resident_pages() - before);
  }
  EXPECT_EQ(engine::tensor_memory().live, tensors);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(__clang__)
  // A leak of a single float a text would be 29 pages a round. (Sanitizers keep freed memory for a while.)
  EXPECT_LT(least_growth, 16);
#endif
}

// all-MiniLM-L6-v2 against sentence-transformers 6.2.0: the first eight components of "This is an example sentence" and
// two of other kinds (tests/golden/check_vectors.py compares 5,000).
TEST(SentenceEncoder, MiniLM) {
  fs::path folder;
  try {
    folder = find_model("minilm");
  } catch (const std::runtime_error& error) {
    GTEST_SKIP() << error.what();
  }
  const SentenceEncoder encoder = SentenceEncoder::load(folder);
  EXPECT_EQ(encoder.dimensions(), 384);
  const std::vector<std::string_view> texts = {"This is an example sentence", "", "中文 and emoji 🙂"};
  std::vector<float> out(3 * 384);
  encoder.encode(texts, out);
  const double expected[3][8] = {
      {0.0676570, 0.0634960, 0.0487131, 0.0793050, 0.0374480, 0.0026528, 0.0393750, -0.0070985},
      {-0.1188385, 0.0482988, -0.0025481, -0.0110112, 0.0519507, 0.0102918, 0.1154333, 0.0007007},
      {-0.0544423, 0.0482021, 0.0967334, 0.0091847, 0.0029697, 0.0042659, 0.0589095, -0.0468119}};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(out[i * 384 + c], expected[i][c], 2e-5) << texts[i];
    EXPECT_NEAR(std::inner_product(&out[i * 384], &out[i * 384] + 384, &out[i * 384], 0.0), 1, 1e-5);
  }
}

}  // namespace
}  // namespace tamis::encoder
