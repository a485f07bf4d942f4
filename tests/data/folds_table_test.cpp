#include "tamis/data/folds_table.h"

#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis::data {
namespace {

using Rows = std::vector<Index>;

class FoldsTable : public testing::Test {
 protected:
  RowTable read(const RowColumns& columns, const std::string& file) {
    return read_rows(scratch_ / file, columns, {}, quarantine_);
  }
  test::Scratch scratch_;
  Quarantine quarantine_;
};

TEST_F(FoldsTable, KeepsTheNumbersOfRowsThatCanBeRead) {
  test::put(scratch_ / "t.csv",
            "user,t\n"
            "\"a\nb\",2024-01-01\n"  // 0, over two lines
            "u,nonsense\n"           // 1, refused here
            "u,1,2\n"                // 2, refused by the table
            "\n"                     // no row
            "v,1969-12-31\n"         // 3
            ",5\n"                   // 4, refused
            "u,7\n");                // 5
  const RowTable table = read({{"user"}, {"t"}}, "t.csv");
  EXPECT_EQ(table.rows, (Rows{0, 3, 5}));
  EXPECT_EQ(table.table_rows, 6U);
  EXPECT_EQ(table.input.rows_quarantined, 3U);
  EXPECT_EQ(quarantine_.count(), 3U);
  EXPECT_EQ(table.keys[0].codes, (Rows{0, 1, 2}));
  EXPECT_EQ(table.keys[0].names.at(0), "a\nb");
  EXPECT_EQ(table.times[0], (std::vector<Time>{1'704'067'200 * kSecond, -kDay, 7 * kSecond}));
  EXPECT_NE(quarantine_.first().find("column 't': 'nonsense' is not a time"), std::string::npos);
  std::vector<Fold> folds{{{0, 2}, {1}}};
  number_rows(folds, table);
  EXPECT_EQ(folds[0].train, (Rows{0, 5}));
  EXPECT_EQ(folds[0].test, (Rows{3}));
}

TEST_F(FoldsTable, ReadsParquetAndCountsRowsWithoutColumns) {
  std::vector<OutputColumn> columns(2);
  columns[0].name = "user";
  columns[0].text = {"a", "", "b"};
  columns[1].name = "t";
  columns[1].integer = {-5, 6, 7};
  write_table(scratch_ / "t.parquet", columns);
  const RowTable none = read({}, "t.parquet");
  EXPECT_EQ(none.rows, (Rows{0, 1, 2}));
  const RowTable table = read({{"user"}, {"t"}}, "t.parquet");
  EXPECT_EQ(table.times[0].front(), -5 * kSecond);
  EXPECT_EQ(table.rows.size() + table.input.rows_quarantined, 3U);
}

TEST_F(FoldsTable, OptionalTimesMayBeEmpty) {
  test::put(scratch_ / "t.tsv", "a\tb\n1\t\n2\t3\n\t4\n");
  RowColumns columns{{}, {"a", "b"}, 1};
  const RowTable table = read(columns, "t.tsv");
  EXPECT_EQ(table.rows, (Rows{0, 1}));
  EXPECT_EQ(table.times[1], (std::vector<Time>{kNoTime, 3 * kSecond}));
}

TEST_F(FoldsTable, RefusesATableWithoutRows) {
  test::put(scratch_ / "t.csv", "a\n");
  EXPECT_NE(test::message_of<std::runtime_error>([&] {
              read({{"a"}, {}}, "t.csv");
            }).find("no rows"),
            std::string::npos);
  test::put(scratch_ / "t.csv", "a,t\nx,y\n");
  EXPECT_NE(test::message_of<std::runtime_error>([&] {
              read({{"a"}, {"t"}}, "t.csv");
            }).find("no row that can be"),
            std::string::npos);
  EXPECT_NE(test::message_of<std::invalid_argument>([&] {
              read({{"c"}, {}}, "t.csv");
            }).find("has no column 'c'"),
            std::string::npos);
}

TEST_F(FoldsTable, FoldsComeBackAsWritten) {
  const std::vector<Fold> folds{{{0, 0, 2}, {1, 3}}, {{1}, {0, 2, 4000000000U}}};
  for (const char* name : {"f.parquet", "f.tsv", "f.csv.gz", "folder"}) {
    write_folds(scratch_ / name, folds);
    std::vector<InputFile> inputs;
    const auto read = read_folds(scratch_ / name, &inputs);
    ASSERT_EQ(read.size(), 2U) << name;
    for (std::size_t f = 0; f < 2; ++f) {
      EXPECT_EQ(read[f].train, folds[f].train) << name;
      EXPECT_EQ(read[f].test, folds[f].test) << name;
    }
    EXPECT_EQ(inputs.size(), std::string(name) == "folder" ? 2U : 1U);
  }
  EXPECT_TRUE(std::filesystem::exists(scratch_ / "folder" / "fold-0001.parquet"));
  EXPECT_THROW(write_folds(scratch_ / "folder", folds), std::runtime_error) << "folds of two splits would mix";
  EXPECT_THROW(write_folds(scratch_ / "f.xlsx", folds), std::invalid_argument);
}

TEST_F(FoldsTable, ABrokenIndexFileIsNamed) {
  const auto refuse = [&](const std::string& text, const std::string& says) {
    test::put(scratch_ / "f.tsv", text);
    const auto message = test::message_of<std::runtime_error>([&] { read_folds(scratch_ / "f.tsv"); });
    EXPECT_EQ(message.find(test::tag(scratch_ / "f.tsv")), 0U) << message;
    EXPECT_NE(message.find(says), std::string::npos) << message;
  };
  const std::string head = "fold\tside\trow\n";
  refuse(head, "holds no rows");
  refuse(head + "0\ttrain\t1\n", "fold 0 has no test rows");
  refuse(head + "1\ttrain\t1\n1\ttest\t2\n", "fold 0 has no train rows");
  refuse(head + "0\ttrain\t1\n0\tvalid\t2\n", "line 3: the side is neither train nor test");
  refuse(head + "0\ttrain\t-1\n", "line 2: the row is not a whole number");
  refuse(head + "-1\ttrain\t1\n", "line 2: the fold is not a whole number");
  refuse(head + "x\ttrain\t1\n", "line 2: ");
  test::put(scratch_ / "f.tsv", "fold\trow\n0\t1\n");
  EXPECT_THROW(read_folds(scratch_ / "f.tsv"), std::invalid_argument);
  EXPECT_THROW(read_folds(scratch_ / "none.tsv"), std::runtime_error);
  std::filesystem::create_directory(scratch_ / "empty");
  EXPECT_THROW(read_folds(scratch_ / "empty"), std::runtime_error);
}

}  // namespace
}  // namespace tamis::data
