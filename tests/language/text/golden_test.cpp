#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tamis/base/file.h"
#include "tamis/language/text/tokenizer.h"
#include "tests/base/scratch.h"

namespace tamis::text {
namespace {

using test::put;
using test::Scratch;

using Json = nlohmann::json;

const std::string kFolder = TAMIS_SOURCE_DIR "/tests/golden/tokenizer";

Json cases() {
  return Json::parse(read_file(kFolder + "/cases.json"));
}

/// The golden tokenizer with another normaliser.
Tokenizer tokenizer_with(const Json& normalizer, const Scratch& scratch) {
  Json json = Json::parse(read_file(kFolder + "/tokenizer.json"));
  json["normalizer"] = normalizer;
  put(scratch / "tokenizer.json", json.dump());
  return Tokenizer::load(scratch / "tokenizer.json");
}

std::vector<std::vector<std::uint32_t>> pairs_of(const std::vector<Extent>& offsets) {
  std::vector<std::vector<std::uint32_t>> pairs;
  for (const Extent& where : offsets) pairs.push_back({where.begin, where.end});
  return pairs;
}

TEST(TokenizerGolden, IdsAndOffsetsAreTheReferences) {
  const Scratch scratch;
  std::size_t texts = 0;
  const Json all = cases();
  for (const Json& one : all["singles"]) {
    const Tokenizer tokenizer = tokenizer_with(one["normalizer"], scratch);
    EncodeOptions options;
    options.literal_special = one["literal"].get<bool>();
    Encoding out;
    for (const Json& row : one["texts"]) {
      const auto text = row[0].get<std::string>();
      tokenizer.encode(text, options, out);
      EXPECT_EQ(Json(out.ids), row[1]) << row[0] << ' ' << one["normalizer"];
      EXPECT_EQ(Json(pairs_of(out.offsets)), row[2]) << row[0] << ' ' << one["normalizer"];
      ++texts;
    }
  }
  EXPECT_GT(texts, 1500U);
}

TEST(TokenizerGolden, PairsAreCutAsTheReferenceCutsThem) {
  const Tokenizer tokenizer = Tokenizer::load(kFolder);
  EncodeOptions options;
  options.literal_special = true;
  Encoding whole, out;
  const Json all = cases();
  ASSERT_GT(all["pairs"].size(), 200U);
  for (const Json& row : all["pairs"]) {
    options.max_length = 0;
    tokenizer.encode_pair(row[0].get<std::string>(), row[1].get<std::string>(), options, whole);
    options.max_length = row[2].get<std::int64_t>();
    tokenizer.encode_pair(row[0].get<std::string>(), row[1].get<std::string>(), options, out);
    EXPECT_EQ(Json(out.ids), row[3]) << row;
    EXPECT_EQ(Json(out.types), row[4]) << row;
    EXPECT_EQ(out.offsets.size(), out.ids.size());
    EXPECT_EQ(out.ids.size() + out.dropped, whole.ids.size());
  }
}

}  // namespace
}  // namespace tamis::text
