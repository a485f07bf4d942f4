#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <limits>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/table.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;
using test::Scratch;
using test::tag;

std::vector<OutputColumn> sample() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<OutputColumn> columns(3);
  columns[0] = {"name", {"plain", "with, comma", "a \"quote\"", ""}, {}, {}};
  columns[1] = {"count", {}, {1, -2, std::numeric_limits<std::int64_t>::max(), 0}, {}};
  columns[2] = {"score", {}, {}, {0.1, nan, 1e300, -3}};
  return columns;
}

TEST(WriteTable, TextIsWrittenAsDocumented) {
  const Scratch scratch;
  write_table(scratch / "t.csv", sample());
  EXPECT_EQ(read_file(scratch / "t.csv"),
            "name,count,score\n"
            "plain,1,0.1\n"
            "\"with, comma\",-2,\n"
            "\"a \"\"quote\"\"\",9223372036854775807,1e+300\n"
            ",0,-3\n");
  write_table(scratch / "t.tsv", sample());
  EXPECT_EQ(read_file(scratch / "t.tsv"),
            "name\tcount\tscore\n"
            "plain\t1\t0.1\n"
            "with, comma\t-2\t\n"
            "a \"quote\"\t9223372036854775807\t1e+300\n"
            "\t0\t-3\n");
}

TEST(WriteTable, EveryFormatComesBack) {
  const Scratch scratch;
  for (const std::string name : {"t.parquet", "t.csv", "t.tsv", "t.csv.gz", "t.tsv.zst", "t.CSV.GZ"}) {
    write_table(scratch / name, sample());
    Quarantine q;
    TableReader reader(
        scratch / name,
        {{"score", ColumnType::real, true}, {"name", ColumnType::text, true}, {"count", ColumnType::integer, true}}, {},
        q);
    const auto* batch = reader.next();
    ASSERT_NE(batch, nullptr) << name;
    EXPECT_EQ((*batch)[0].real, (std::vector<double>{0.1, 0, 1e300, -3})) << name;
    EXPECT_EQ((*batch)[0].valid, (std::vector<std::uint8_t>{1, 0, 1, 1})) << name;
    EXPECT_EQ((*batch)[1].text, (std::vector<std::string_view>{"plain", "with, comma", "a \"quote\"", ""})) << name;
    EXPECT_EQ((*batch)[1].valid, (std::vector<std::uint8_t>{1, 1, 1, 0})) << name;
    EXPECT_EQ((*batch)[2].integer, (std::vector<std::int64_t>{1, -2, std::numeric_limits<std::int64_t>::max(), 0}));
    EXPECT_EQ(reader.next(), nullptr);
    EXPECT_EQ(q.count(), 0U);
  }
}

TEST(WriteTable, TablesOfOneColumnOrNoRows) {
  const Scratch scratch;
  for (const std::string name : {"t.parquet", "t.csv", "t.tsv.gz"}) {
    write_table(scratch / name, {{"c", {"a", "", "b"}, {}, {}}});
    Quarantine q;
    TableReader reader(scratch / name, {{"c", ColumnType::text, true}}, {}, q);
    const auto* batch = reader.next();
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->front().valid, (std::vector<std::uint8_t>{1, 0, 1})) << name;
    write_table(scratch / name, {{"c", {}, {}, {}}, {"d", {}, {}, {}}});
    TableReader none(scratch / name, {{"d", ColumnType::integer, true}}, {}, q);
    EXPECT_EQ(none.next(), nullptr);
    EXPECT_EQ(none.input().rows_read, 0U);
  }
}

TEST(WriteTable, RefusesWhatItCannotWrite) {
  const Scratch scratch;
  const auto refusal = [&](const std::string& name, const std::vector<OutputColumn>& columns) {
    std::string message = message_of<std::invalid_argument>([&] { write_table(scratch / name, columns); });
    EXPECT_FALSE(std::filesystem::exists(scratch / name));
    return message.substr(message.find("] ") + 2);
  };
  EXPECT_EQ(refusal("t.xls", sample()).substr(0, 43), "has no extension that tells its format; .pa");
  EXPECT_EQ(refusal("t.parquet.gz", sample()), "Parquet compresses inside; name it .parquet");
  EXPECT_EQ(refusal("t.csv", {}), "a table to write has at least one column");
  EXPECT_EQ(refusal("t.csv", {{"a", {}, {1}, {}}, {"a", {}, {1}, {}}}), "two columns are named 'a'");
  EXPECT_EQ(refusal("t.csv", {{"a", {}, {1, 2}, {}}, {"b", {}, {1}, {}}}),
            "column 'b' does not hold the 2 rows of the first, of one type");
  EXPECT_EQ(refusal("t.csv", {{"a", {"x"}, {1}, {}}}), "column 'a' does not hold the 1 rows of the first, of one type");
  EXPECT_EQ(refusal("t.tsv", {{"a", {"x", "y\tz"}, {}, {}}}),
            "column 'a' row 2: a cell with a tab or a line end cannot stand in a TSV, which has no quotes; .csv and "
            ".parquet can hold it");
}

TEST(WriteTable, AFullDiskLeavesNothing) {
  const Scratch scratch;
  OutputColumn column{"a", {}, {}, {}};
  for (std::int64_t i = 0; i < 100'000; ++i) column.integer.push_back(i * 2'654'435'761 % 1'000'000'007);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit now = before;
  now.rlim_cur = 20'000;
  setrlimit(RLIMIT_FSIZE, &now);
  std::vector<std::string> messages;
  const std::vector<std::string> names = {"t.parquet", "t.csv", "t.csv.gz", "t.tsv.zst"};
  for (const std::string& name : names)
    messages.push_back(message_of<std::runtime_error>([&] { write_table(scratch / name, {column}); }));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  for (std::size_t i = 0; i < names.size(); ++i)
    EXPECT_EQ(messages[i], tag(scratch / names[i]) + "cannot be written: File too large");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
  EXPECT_EQ(message_of<std::runtime_error>([&] { write_table(scratch / "none/t.csv", {column}); }),
            tag(scratch / "none/t.csv") + "cannot be written: No such file or directory");
}

}  // namespace
}  // namespace tamis
