#include "tamis/language/embedding/sts_set.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis::embedding {
namespace {

using test::message_of;
using test::put;
using test::Scratch;
using test::tag;
using Texts = std::vector<std::string>;

TEST(StsSet, ReadsStsBenchmarkRowsOfSevenAndNineCells) {
  const Scratch scratch;
  put(scratch / "sts.csv",
      "main-captions\tMSRvid\t2012test\t0024\t2.500\tA \"girl\".\tA, girl.\n"
      "main-news\theadlines\t2013\t7\t5\tOne.\tTwo.\tsource a\tsource b\r\n"
      "main-captions\tMSRvid\t2012test\t0025\t0\tX\tY");
  Quarantine quarantine;
  const StsSet set = read_sts("stsb", {scratch / "sts.csv"}, {}, quarantine);
  EXPECT_EQ(set.first, (Texts{"A \"girl\".", "One.", "X"}));
  EXPECT_EQ(set.second, (Texts{"A, girl.", "Two.", "Y"}));
  EXPECT_EQ(set.gold, (std::vector<double>{2.5, 5, 0}));
  EXPECT_EQ(set.parts, (Texts{"MSRvid", "headlines"}));
  EXPECT_EQ(set.part, (std::vector<std::uint32_t>{0, 1, 0}));
  EXPECT_EQ(set.line, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(set.inputs[0].rows_read, 3U);
  EXPECT_EQ(quarantine.count(), 0U);
}

TEST(StsSet, QuarantinesBadRowsWithLineAndReason) {
  const Scratch scratch;
  put(scratch / "sts.csv",
      "g\ts\ty\t1\t2.5\ta\tb\n"
      "g\ts\ty\t2\t2.5\ta\tb\tc\n"
      "g\ts\ty\t3\tnan\ta\tb\n"
      "g\ts\ty\t4\t\ta\tb\n"
      "g\ts\ty\t5\t1\t\tb\n"
      "\n"
      "g\ts\ty\t6\t1\t\xFF\tb\n");
  Quarantine quarantine;
  const StsSet set = read_sts("stsb", {scratch / "sts.csv"}, {}, quarantine);
  EXPECT_EQ(set.gold.size(), 1U);
  EXPECT_EQ(set.inputs[0].rows_read, 6U);
  EXPECT_EQ(set.inputs[0].rows_quarantined, 5U);
  quarantine.write(scratch / "bad.tsv");
  const std::string bad = read_file(scratch / "bad.tsv");
  for (const std::string row :
       {"\t2\thas 8 fields; 7 or 9 are needed\t", "\t3\tscore 'nan' is not a finite number\t",
        "\t4\tscore '' is not a finite number\t", "\t5\ta text is empty\t", "\t7\tholds bytes that are not UTF-8\t"})
    EXPECT_NE(bad.find(row), std::string::npos) << row << bad;
}

TEST(StsSet, ReadsThreeCellsAndTablesByTheirHeader) {
  const Scratch scratch;
  put(scratch / "zh.data", "一个女孩\t一个女人\t2\n甲\t乙\t5\n");
  put(scratch / "sick.txt",
      "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\r\n"
      "6\tThere is no boy\tA group\t3.3\tNEUTRAL\r\n7\ta\t\t1\tNEUTRAL\r\n");
  put(scratch / "hub.csv", "sentence1,sentence2,label\n\"a, b\",\"c \"\"d\"\"\",1\nx,y,\n");
  Quarantine quarantine;
  const StsSet zh = read_sts("zh", {scratch / "zh.data"}, {}, quarantine);
  EXPECT_EQ(zh.first, (Texts{"一个女孩", "甲"}));
  EXPECT_EQ(zh.gold, (std::vector<double>{2, 5}));
  EXPECT_EQ(zh.parts, Texts{""});
  EXPECT_EQ(quarantine.count(), 0U);
  const StsSet sick = read_sts("sick", {scratch / "sick.txt"}, {}, quarantine);
  EXPECT_EQ(sick.first, Texts{"There is no boy"});
  EXPECT_EQ(sick.gold, (std::vector<double>{3.3}));
  EXPECT_EQ(sick.line, (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(sick.inputs[0].rows_quarantined, 1U);
  const StsSet hub = read_sts("hub", {scratch / "hub.csv"}, {}, quarantine);
  EXPECT_EQ(hub.first, Texts{"a, b"});
  EXPECT_EQ(hub.second, Texts{"c \"d\""});
  EXPECT_EQ(quarantine.count(), 2U);
}

TEST(StsSet, ReadsNamedColumnsAndParts) {
  const Scratch scratch;
  put(scratch / "t.csv", "year,left,right,likeness\n2012,a,b,1\n2013,c,d,2\n2012,e,f,3\n");
  Quarantine quarantine;
  const StsSet set = read_sts("t", {scratch / "t.csv"}, {"left", "right", "likeness", "year", true}, quarantine);
  EXPECT_EQ(set.parts, (Texts{"2012", "2013"}));
  EXPECT_EQ(set.part, (std::vector<std::uint32_t>{0, 1, 0}));
  write_table(scratch / "t.parquet",
              {{"left", {"a", "b"}, {}, {}}, {"right", {"c", "d"}, {}, {}}, {"likeness", {}, {}, {0.5, std::nan("")}}});
  const StsSet parquet = read_sts("p", {scratch / "t.parquet"}, {"left", "right", "likeness", "", true}, quarantine);
  EXPECT_EQ(parquet.first, Texts{"a"});
  EXPECT_EQ(quarantine.count(), 1U);
  put(scratch / "bare.tsv", "7\ta\tb\n8\tc\td\n");
  const StsSet bare = read_sts("b", {scratch / "bare.tsv"}, {"2", "3", "1", "", false}, quarantine);
  EXPECT_EQ(bare.gold, (std::vector<double>{7, 8}));
}

TEST(StsSet, OfSeveralFilesEachIsAPart) {
  const Scratch scratch;
  put(scratch / "a.data", "x\ty\t1\n");
  put(scratch / "b.data", "x\ty\t2\nz\ty\t3\n");
  Quarantine quarantine;
  const StsSet set = read_sts("both", {scratch / "a.data", scratch / "b.data"}, {}, quarantine);
  EXPECT_EQ(set.parts, (Texts{"a.data", "b.data"}));
  EXPECT_EQ(set.part, (std::vector<std::uint32_t>{0, 1, 1}));
  EXPECT_EQ(set.inputs.size(), 2U);
}

TEST(StsSet, RefusesWhatItCannotRead) {
  const Scratch scratch;
  Quarantine quarantine;
  const auto read = [&](const std::string& name, const StsColumns& columns = {}) {
    return [&, name, columns] { read_sts("x", {scratch / name}, columns, quarantine); };
  };
  put(scratch / "odd.csv", "what,is,this\n1,2,3\n");
  EXPECT_TRUE(
      message_of<std::invalid_argument>(read("odd.csv")).starts_with(tag(scratch / "odd.csv") + "is of no form"));
  put(scratch / "odd.data", "hello\n");
  EXPECT_TRUE(message_of<std::invalid_argument>(read("odd.data")).starts_with(tag(scratch / "odd.data") + "is of no"));
  put(scratch / "head.csv", "sentence1,sentence2,score\n");
  EXPECT_EQ(message_of<std::runtime_error>(read("head.csv")), tag(scratch / "head.csv") + "holds no pair");
  put(scratch / "all_bad.csv", "sentence1,sentence2,score\na,b,c\n");
  EXPECT_NE(message_of<std::runtime_error>(read("all_bad.csv")).find("the first fault: "), std::string::npos);
  put(scratch / "none.csv", "");
  EXPECT_THROW(read("none.csv")(), std::runtime_error);
  EXPECT_THROW(read("missing.csv")(), std::runtime_error);
  EXPECT_THROW(read("head.csv", {"sentence1", "", "score", "", true})(), std::invalid_argument);
  EXPECT_THROW(read("head.csv", {"", "", "", "year", true})(), std::invalid_argument);
  EXPECT_THROW(read("head.csv", {"left", "sentence2", "score", "", true})(), std::invalid_argument);
}

// The counts that data/*/SOURCE.txt and the sets' papers give.
TEST(StsSet, ReadsTheWholeOfTheKnownSets) {
  const std::filesystem::path data = TAMIS_SOURCE_DIR "/../shared/data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "../shared/data is not there";
  for (const auto& [name, pairs] : std::vector<std::pair<std::string, std::size_t>>{
           {"stsb", 1379}, {"stsb-dev", 1500}, {"sick", 4927}, {"stsb-zh", 1361}, {"lcqmc", 12500}}) {
    Quarantine quarantine;
    const auto files = known_sts(name, data);
    ASSERT_EQ(files.size(), 1U) << name;
    const StsSet set = read_sts(name, files, {}, quarantine);
    EXPECT_EQ(set.gold.size(), pairs) << name;
    EXPECT_EQ(quarantine.count(), 0U) << name << ": " << quarantine.first();
    EXPECT_EQ(set.parts.size(), name == "stsb" || name == "stsb-dev" ? 6U : 1U) << name;
    const auto [low, high] = std::minmax_element(set.gold.begin(), set.gold.end());
    EXPECT_EQ(*low, name == "sick" ? 1 : 0) << name;
    EXPECT_EQ(*high, name == "lcqmc" ? 1 : 5) << name;
  }
  EXPECT_TRUE(known_sts("sts99", data).empty());
}

}  // namespace
}  // namespace tamis::embedding
