#include "tamis/evidence/metrics/trec_lines.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::metrics {
namespace {

using test::Scratch;

TEST(TrecScore, IsTheNearestDoubleHoweverItIsWritten) {
  Stream stream(5, "scores");
  std::vector<std::string> cells = {"0",
                                    "-0",
                                    "5.",
                                    "-7.25",
                                    "9007199254740993",
                                    "9007199254740992",
                                    ".5",
                                    "1e3",
                                    "-1e-30",
                                    "0.1",
                                    "123456789.12345678",
                                    "0.000000000000001",
                                    "99999999999999999",
                                    "0.30000000000000004"};
  for (int i = 0; i < 20'000; ++i) {
    std::string cell = stream.below(2) == 0 ? "-" : "";
    for (std::uint64_t n = 1 + stream.below(10); n > 0; --n) cell += static_cast<char>('0' + stream.below(10));
    if (stream.below(4) > 0) cell += '.';
    for (std::uint64_t n = cell.find('.') == cell.npos ? 0 : stream.below(12); n > 0; --n)
      cell += static_cast<char>('0' + stream.below(10));
    cells.push_back(cell);
  }
  for (const std::string& cell : cells) {
    double expected = 0, score = 0;
    std::from_chars(cell.data(), cell.data() + cell.size(), expected);
    ASSERT_TRUE(read_score(cell, score)) << cell;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(score), std::bit_cast<std::uint64_t>(expected)) << cell;
  }
  for (const char* cell : {"-", ".", "-.", "1.2.3", "1-", "--1", "1 ", "+-1", "1x", "nan", "inf", "1e999", "-.e"}) {
    double score = 0;
    EXPECT_FALSE(read_score(cell, score)) << cell;
  }
}

// Lines of every kind: what is found must be what the cells were written from, whatever parts them.
TEST(TrecLines, AreCutTheSameHoweverTheyAreParted) {
  Stream stream(6, "lines");
  std::string text, expected, found;
  std::uint64_t lines = 0;
  for (int i = 0; i < 20'000; ++i) {
    ++lines;
    const std::uint64_t kind = stream.below(12);
    const std::string document = fmt::format("d{}{}", kind == 0 ? "\xC3\xA9\x01" : "", stream.below(1'000'000'000));
    const char* between = kind == 1 ? "\t" : kind == 2 ? " \t " : " ";
    const std::string line = fmt::format("{}q{}{}Q0{}{}{}1{}{}.5{}t{}", kind == 3 ? " " : "", i, between, between,
                                         document, between, between, i, between, kind == 4 ? "  " : "");
    text += kind == 5 ? line + " more" : kind == 6 ? line.substr(0, line.rfind(' ')) : line;
    expected += kind == 5 || kind == 6 ? fmt::format("{} refused\n", lines)
                                       : fmt::format("{} q{} {} {}.5\n", lines, i, document, i);
    if (i + 1 < 20'000) text += kind == 7 ? "\r\n" : "\n";
    if (kind == 8 && i + 1 < 20'000) text += "  \r\n", ++lines;
  }
  const auto row = [&](std::string_view query, const RankingRow& read, std::uint64_t line, std::string_view) {
    const std::string_view document = std::string_view(text).substr(read.offset, read.length);
    EXPECT_EQ(read.hash, hash_of(std::string(document)));
    found += fmt::format("{} {} {} {}\n", line, query, document, read.score);
  };
  const auto refuse = [&](const std::string&, std::uint64_t line, std::string_view) {
    found += fmt::format("{} refused\n", line);
  };
  EXPECT_EQ(for_each_trec_row<kRunCells>(text, row, refuse), lines);
  EXPECT_TRUE(found == expected);
}

TEST(ReadJudged, KeepsAQueryTogetherThatIsLongerThanAWindow) {
  const Scratch folder;
  std::string run = "q0 Q0 a 1 1 t\n";
  for (int i = 0; i < 150'000; ++i) run += fmt::format("q1 Q0 document{} 1 {} some_run\n", i, i);  // 5 MB
  run += "q2 Q0 x 1 1 t\nq1 Q0 document7 1 5 t";                                                   // and comes back
  test::put(folder / "qrels", "q1 0 document149999 1\nq1 0 document3 2\n");
  test::put(folder / "run", run);
  RankingFile judgments, file;
  judgments.path = folder / "qrels";
  file.path = folder / "run";
  for (const bool scattered : {true, false}) {
    if (!scattered) test::put(folder / "run", run.substr(0, run.rfind('\n')));
    Quarantine quarantine;
    Progress progress;
    const JudgedFiles read = read_judged(judgments, file, quarantine, progress);
    EXPECT_EQ(read.judged.list(0).scores.size(), 150'000U);
    ASSERT_EQ(read.judged.list(0).retrieved.size(), 2U);
    EXPECT_EQ(read.judged.list(0).retrieved[0].index, 3U);
    EXPECT_EQ(read.judged.list(0).retrieved[1].index, 149'999U);
    EXPECT_EQ(quarantine.count(), scattered ? 1U : 0U);
  }
}

TEST(ReadJudged, TellsTheLineOfANulByteInALaterWindow) {
  const Scratch folder;
  std::string run;
  for (int i = 0; i < 100'000; ++i) run += fmt::format("q{} Q0 document{} 1 {} some_run\n", i / 50, i, i);
  run += std::string("q Q0 \0 1 1 t\n", 13);
  test::put(folder / "qrels", "q1 0 x 1\n");
  test::put(folder / "run", run);
  RankingFile judgments, file;
  judgments.path = folder / "qrels";
  file.path = folder / "run";
  Quarantine quarantine;
  Progress progress;
  try {
    read_judged(judgments, file, quarantine, progress);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("run line 100001] holds a NUL"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tamis::metrics
