#include "tamis/evidence/metrics/trec.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tests/base/scratch.h"

namespace tamis::metrics {
namespace {

using test::Scratch;

RankingFile trec_file(const std::filesystem::path& path) {
  RankingFile file;
  file.path = path;
  return file;
}

struct Read {
  Judged judged;
  std::vector<InputFile> inputs;
  Quarantine quarantine;
};

Read read(const std::filesystem::path& qrels, const std::filesystem::path& run) {
  Read result;
  Progress progress;
  JudgedFiles files = read_judged(trec_file(qrels), trec_file(run), result.quarantine, progress);
  result.judged = std::move(files.judged);
  result.inputs = std::move(files.inputs);
  return result;
}

Read read_texts(const std::string& qrels, const std::string& run) {
  const Scratch folder;
  test::put(folder / "qrels.txt", qrels);
  test::put(folder / "run.txt", run);
  return read(folder / "qrels.txt", folder / "run.txt");
}

std::string error_of(const std::string& qrels, const std::string& run) {
  try {
    read_texts(qrels, run);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<double> scores_of(const Judged& judged, std::size_t query) {
  const auto scores = judged.list(query).scores;
  return {scores.begin(), scores.end()};
}

// "index:grade index:grade"
std::string retrieved_of(const Judged& judged, std::size_t query) {
  std::string text;
  for (const JudgedDocument& document : judged.list(query).retrieved)
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", document.index, document.grade);
  return text;
}

TEST(ReadJudged, MatchesQueriesAndDocuments) {
  const Read read = read_texts(
      "q1 0 a 1\nq1 0 b 0\nq2 0 a 2\nq2\t0\tz\t-1\nq1 0 c 3\nq3 0 a 1\n",
      "q2 Q0 a 1 2.5 tag\nq2 Q0 y 2 1e-3 tag\n\nq9 Q0 a 1 1 tag\nq1\tQ0\tb\t1\t-7\ttag\r\nq1 Q0 a 2 +8.25 tag\n"
      "q2 Q0 z 3 0 tag\n  q1 Q0  x 3 0.5 tag  ");
  const Judged& judged = read.judged;
  EXPECT_EQ(judged.queries, (std::vector<std::string>{"q1", "q2", "q3"}));
  EXPECT_EQ(scores_of(judged, 0), (std::vector<double>{-7, 8.25, 0.5}));
  EXPECT_EQ(retrieved_of(judged, 0), "0:0 1:1");
  EXPECT_EQ(scores_of(judged, 1), (std::vector<double>{2.5, 1e-3, 0}));
  EXPECT_EQ(retrieved_of(judged, 1), "0:2 2:-1");
  EXPECT_TRUE(scores_of(judged, 2).empty());
  const auto grades = judged.list(0).grades;
  EXPECT_EQ(std::vector<std::int32_t>(grades.begin(), grades.end()), (std::vector<std::int32_t>{3, 1, 0}));
  EXPECT_EQ(judged.highest_grade, 3);
  EXPECT_EQ(judged.negative_grades, 1U);
  EXPECT_EQ(judged.judgments, 6U);
  EXPECT_EQ(judged.documents, 6U);
  EXPECT_EQ(judged.unjudged_documents, 2U);
  EXPECT_EQ(judged.unjudged_queries, 1U);
  EXPECT_EQ(judged.unjudged_query_rows, 1U);
  EXPECT_EQ(read.inputs[0].rows_read, 6U);
  EXPECT_EQ(read.inputs[1].rows_read, 7U);  // a blank line is no row
  EXPECT_EQ(read.quarantine.count(), 0U);
}

TEST(ReadJudged, KeepsTheFirstOfTwoRowsOfADocument) {
  Read read = read_texts("q 0 a 1\nq 0 b 0\nq 0 a 5\n",
                         "q Q0 a 1 9 t\nq Q0 b 2 8 t\nr Q0 a 1 1 t\nq Q0 b 3 7 t\nq Q0 c 4 6 t\nq Q0 b 5 1 t\n");
  EXPECT_EQ(scores_of(read.judged, 0), (std::vector<double>{9, 8, 6}));
  EXPECT_EQ(retrieved_of(read.judged, 0), "0:1 1:0");
  EXPECT_EQ(read.judged.duplicate_judgments, 1U);
  EXPECT_EQ(read.judged.duplicate_documents, 2U);
  EXPECT_EQ(read.judged.judgments, 2U);
  EXPECT_EQ(read.judged.highest_grade, 1);
  EXPECT_EQ(read.inputs[0].rows_quarantined, 1U);
  EXPECT_EQ(read.inputs[1].rows_quarantined, 2U);
  const Scratch folder;
  read.quarantine.write(folder / "quarantine.tsv");
  const std::string text = read_file(folder / "quarantine.tsv");
  EXPECT_NE(text.find("qrels.txt\t3\tdocument 'a' was met before for query 'q'; the first row is kept\tq 0 a 5\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("run.txt\t4\tdocument 'b' was met before for query 'q'; the first row is kept\tq Q0 b 3 7 t\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("run.txt\t6\t"), std::string::npos) << text;
}

TEST(ReadJudged, QuarantinesRowsThatCannotBeRead) {
  Read read = read_texts(
      "q 0 a 1\nq 0 b\nq 0 b 1 2\nq 0 b 1.5\nq 0 b 99999999999\nq 0 b -2147483648\nq 0 b x\n",
      "q Q0 a 1 1 t\nq Q0 b 2 1\nq Q0 b 2 1 t more\nq Q0 b 2 nan t\nq Q0 b 2 inf t\nq Q0 b 2 1e999 t\nq Q0 b 2 1x t\n"
      "q Q0 \xFF 2 1 t\nq Q0 b 2 3 t\n");
  EXPECT_EQ(read.inputs[0].rows_quarantined, 6U);
  EXPECT_EQ(read.inputs[1].rows_quarantined, 7U);
  EXPECT_EQ(read.inputs[1].rows_read, 9U);
  EXPECT_EQ(scores_of(read.judged, 0), (std::vector<double>{1, 3}));
  const Scratch folder;
  read.quarantine.write(folder / "quarantine.tsv");
  const std::string text = read_file(folder / "quarantine.tsv");
  for (const char* row :
       {"qrels.txt\t2\thas 3 fields where 4 are needed: query iteration document relevance\tq 0 b\n",
        "qrels.txt\t3\thas 5 fields", "qrels.txt\t4\trelevance '1.5' is not a whole number within 32 bits",
        "qrels.txt\t6\trelevance '-2147483648'", "run.txt\t2\thas 5 fields where 6 are needed: query Q0 document rank",
        "run.txt\t3\thas more than 6 fields", "run.txt\t4\tscore 'nan' is not a finite number",
        "run.txt\t6\tscore '1e999'", "run.txt\t8\tholds bytes that are not UTF-8"})
    EXPECT_NE(text.find(row), std::string::npos) << row << "\nin\n" << text;
}

TEST(ReadJudged, RefusesFilesWithNothingToRead) {
  EXPECT_NE(error_of("q 0 a\n", "q Q0 a 1 1 t\n").find("holds no row that can be read; the first one refused: "),
            std::string::npos);
  EXPECT_NE(error_of("\n\n", "q Q0 a 1 1 t\n").find("qrels.txt] holds no row"), std::string::npos);
  EXPECT_NE(error_of("", "q Q0 a 1 1 t\n").find("is empty"), std::string::npos);
  EXPECT_NE(error_of("q 0 a 1\n", std::string("q Q0 a 1 1 t\nq Q0 \0 1 1 t\n", 27)).find("run.txt line 2] holds a NUL"),
            std::string::npos);
  EXPECT_NE(error_of("q 0 a 1\n", std::string(std::size_t{17} << 20, 'x')).find("line 1] is longer than 16 MiB"),
            std::string::npos);
}

TEST(ReadJudged, OrdersIdsWhereTiesAskForThem) {
  const Read read = read_texts("q 0 d9 1\nr 0 x 1\ns 0 a 1\n",
                               "q Q0 d10 1 16777216 t\nq Q0 d9 2 16777217 t\nq Q0 D 3 5 t\nr Q0 x 1 2 t\nr Q0 y 2 1 t\n"
                               "r Q0 z 2 1 t\n");
  const auto order = read.judged.list(0).id_order;
  EXPECT_EQ(std::vector<std::uint32_t>(order.begin(), order.end()), (std::vector<std::uint32_t>{1, 2, 0}));
  EXPECT_TRUE(read.judged.list(1).id_order.empty());  // y and z tie, and neither is judged
}

// Rows of many queries in any order, as text; what they say, by query.
struct Written {
  std::string qrels, run;
  std::map<std::string, std::map<std::string, int>> grades;
  std::map<std::string, std::vector<std::pair<std::string, double>>> lists;
};

Written write_random(std::size_t queries, std::size_t documents, bool apart) {
  Stream stream(3, "trec");
  Written written;
  std::vector<std::pair<std::string, std::string>> rows;
  for (std::size_t q = 0; q < queries; ++q) {
    const std::string query = fmt::format("query{}", q);
    for (std::size_t d = 0; d < documents; ++d) rows.emplace_back(query, fmt::format("{}d{}", stream.below(9), d));
  }
  for (std::size_t i = rows.size(); apart && i > 1; --i) std::swap(rows[i - 1], rows[stream.below(i)]);
  for (const auto& row : rows) {
    const double score = static_cast<double>(stream.below(4000)) / 8;
    written.run += fmt::format("{} Q0 {} 0 {} tag\n", row.first, row.second, score);
    written.lists[row.first].emplace_back(row.second, score);
    if (stream.below(5) > 0) continue;
    const int grade = static_cast<int>(stream.below(4));
    written.qrels += fmt::format("{} 0 {} {}\n", row.first, row.second, grade);
    written.grades[row.first][row.second] = grade;
  }
  return written;
}

void expect_as_written(const Judged& judged, const Written& written) {
  ASSERT_EQ(judged.size(), written.grades.size());
  for (std::size_t q = 0; q < judged.size(); ++q) {
    const auto& list = written.lists.at(judged.queries[q]);
    const auto& grades = written.grades.at(judged.queries[q]);
    std::vector<double> scores;
    std::string retrieved;
    for (std::size_t i = 0; i < list.size(); ++i) {
      scores.push_back(list[i].second);
      const auto found = grades.find(list[i].first);
      if (found != grades.end()) retrieved += fmt::format("{}{}:{}", retrieved.empty() ? "" : " ", i, found->second);
    }
    ASSERT_EQ(scores_of(judged, q), scores) << judged.queries[q];
    ASSERT_EQ(retrieved_of(judged, q), retrieved) << judged.queries[q];
    ASSERT_EQ(judged.list(q).grades.size(), grades.size());
  }
}

TEST(ReadJudged, IsTheSameAcrossPiecesAndThreads) {
  const Scratch folder;
  for (const bool apart : {false, true}) {
    const Written written = write_random(700, 90, apart);  // a run of some 2 MB, several pieces
    test::put(folder / "qrels", written.qrels);
    test::put(folder / "run", written.run);
    const int before = threads();
    for (const int count : {1, 3}) {
      set_threads(count);
      const Read result = read(folder / "qrels", folder / "run");
      expect_as_written(result.judged, written);
      EXPECT_EQ(result.inputs[1].rows_read, 63'000U);
    }
    set_threads(before);
  }
}

TEST(ReadJudged, TellsLinesInLaterPieces) {
  std::string run;
  for (int i = 0; i < 60'000; ++i) run += fmt::format("q{} Q0 document{} 1 {} some_run\n", i / 20'000, i, i);
  run += "q2 Q0 document59999 1 5 some_run\nq2 Q0 x 1 y some_run\n";
  Read read = read_texts("q2 0 document3 1\nq1 0 x 0\n", run);
  EXPECT_EQ(read.judged.unjudged_query_rows, 20'000U);
  EXPECT_EQ(read.quarantine.count(), 2U);
  const Scratch folder;
  read.quarantine.write(folder / "quarantine.tsv");
  const std::string text = read_file(folder / "quarantine.tsv");
  EXPECT_NE(text.find("\t60001\tdocument 'document59999' was met before"), std::string::npos) << text;
  EXPECT_NE(text.find("\t60002\tscore 'y'"), std::string::npos) << text;
}

TEST(ReadJudged, ReadsTables) {
  const Scratch folder;
  write_table(folder / "judged.parquet",
              {{"query", {"q", "q", "r"}, {}, {}}, {"document", {}, {1, 2, 3}, {}}, {"relevance", {}, {1, 0, 2}, {}}});
  test::put(folder / "run.csv", "score,document,query\n0.5,1,q\n0.75,2,q\n,3,q\n1,3,r\n2,3,r\n1,,r\n1,1,zz\n");
  RankingFile judgments = trec_file(folder / "judged.parquet");
  judgments.value = "relevance";
  judgments.trec = false;
  RankingFile run = trec_file(folder / "run.csv");
  run.value = "score";
  run.trec = false;
  Quarantine quarantine;
  Progress progress;
  const JudgedFiles files = read_judged(judgments, run, quarantine, progress);
  EXPECT_EQ(files.judged.queries, (std::vector<std::string>{"q", "r"}));
  EXPECT_EQ(scores_of(files.judged, 0), (std::vector<double>{0.5, 0.75}));
  EXPECT_EQ(retrieved_of(files.judged, 0), "0:1 1:0");
  EXPECT_EQ(retrieved_of(files.judged, 1), "0:2");
  EXPECT_EQ(files.judged.unjudged_queries, 1U);
  EXPECT_EQ(files.inputs[1].rows_quarantined, 3U);
  quarantine.write(folder / "quarantine.tsv");
  const std::string text = read_file(folder / "quarantine.tsv");
  EXPECT_NE(text.find("run.csv\t4\tthe score is empty"), std::string::npos) << text;
  EXPECT_NE(text.find("run.csv\t6\tdocument '3' was met before for query 'r'; the first row is kept\tr\\t3"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("run.csv\t7\tthe document is empty"), std::string::npos) << text;
}

TEST(NamesTable, GoesByExtension) {
  for (const char* name : {"a.parquet", "a.csv", "a.tsv", "a.CSV.gz", "x/a.tsv.zst", "-"})
    EXPECT_TRUE(names_table(name)) << name;
  for (const char* name : {"qrels.txt", "run", "a.trec.gz", "a.csv.txt", "csv", ".gz", "a.gz"})
    EXPECT_FALSE(names_table(name)) << name;
}

}  // namespace
}  // namespace tamis::metrics
