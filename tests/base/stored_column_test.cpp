#include "tamis/base/stored_column.h"

#include <sys/resource.h>

#include <csignal>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;
using test::Scratch;
using test::tag;

Column numbers(std::vector<std::int64_t> values, std::vector<std::uint8_t> valid, ColumnType type) {
  Column column;
  column.type = type;
  column.integer = std::move(values);
  column.valid = std::move(valid);
  return column;
}

Column texts(std::vector<std::string_view> values, std::vector<std::uint8_t> valid) {
  Column column;
  column.text = std::move(values);
  column.valid = std::move(valid);
  return column;
}

Column reals(std::vector<double> values, std::vector<std::uint8_t> valid) {
  Column column;
  column.type = ColumnType::real;
  column.real = std::move(values);
  column.valid = std::move(valid);
  return column;
}

TEST(StoredColumn, KeepsBatchesAndWhatIsAbsent) {
  StoredColumn column("n");
  column.append(numbers({1, 2}, {1, 1}, ColumnType::integer));
  column.append(numbers({3, 0, 5}, {1, 0, 1}, ColumnType::integer));
  column.append(numbers({6}, {1}, ColumnType::integer));
  ASSERT_EQ(column.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(column.valid(i), i != 3) << i;
  EXPECT_EQ(column.integer(4), 5);
  EXPECT_EQ(column.type(), ColumnType::integer);
}

TEST(StoredColumn, LeavesOutRowsThatAreNotKept) {
  const std::vector<std::uint8_t> keep = {1, 0, 1};
  StoredColumn words("w"), values("v");
  words.append(texts({"a", "lost", ""}, {1, 1, 0}), keep);
  words.append(texts({"end"}, {1}));
  values.append(reals({0.5, 1, 2}, {1, 0, 1}), keep);
  ASSERT_EQ(words.size(), 3U);
  EXPECT_EQ(words.text(0), "a");
  EXPECT_EQ(words.text(1), "");
  EXPECT_FALSE(words.valid(1));
  EXPECT_EQ(words.text(2), "end");
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values.real(1), 2);
  EXPECT_TRUE(values.valid(1));
}

struct Sample {
  StoredColumn number{"number"}, word{"word"}, value{"value"}, moment{"moment"};
  std::vector<std::int64_t> rows = {2, -1, 0, 0};

  Sample() {
    number.append(numbers({7, 0, 9}, {1, 0, 1}, ColumnType::integer));
    word.append(texts({"x", "", "a, \"b\""}, {1, 0, 1}));
    value.append(reals({0.5, 1, -2}, {1, 1, 1}));
    moment.append(numbers({-1'000'000, 0, 1'704'067'200'000'000}, {1, 1, 1}, ColumnType::time));
  }
  std::vector<ColumnView> gathered() const {
    return {{"number", &number, true, rows},
            {"word", &word, true, rows},
            {"value", &value, true, rows},
            {"moment", &moment, true, rows}};
  }
};

std::vector<Column> read_all(const std::filesystem::path& path, std::vector<ColumnRequest> requests) {
  Quarantine quarantine;
  TableReader reader(path, std::move(requests), {}, quarantine);
  const auto* batch = reader.next();
  return batch == nullptr ? std::vector<Column>() : *batch;
}

TEST(WriteParquet, TypesAndAbsentCellsComeBack) {
  const Scratch scratch;
  const Sample sample;
  write_parquet(scratch / "t.parquet", sample.gathered(), 4);
  const auto columns = read_all(
      scratch / "t.parquet", {{"number", ColumnType::time}, {"value", ColumnType::time}, {"moment", ColumnType::time}});
  ASSERT_EQ(columns.size(), 3U);
  EXPECT_EQ(columns[0].type, ColumnType::integer);
  EXPECT_EQ(columns[0].integer, (std::vector<std::int64_t>{9, 0, 7, 7}));
  EXPECT_EQ(columns[0].valid, (std::vector<std::uint8_t>{1, 0, 1, 1}));
  EXPECT_EQ(columns[1].type, ColumnType::real);
  EXPECT_EQ(columns[1].real, (std::vector<double>{-2, 0, 0.5, 0.5}));
  EXPECT_EQ(columns[2].type, ColumnType::time);
  EXPECT_EQ(columns[2].integer, (std::vector<std::int64_t>{1'704'067'200'000'000, 0, -1'000'000, -1'000'000}));
  Quarantine quarantine;
  TableReader reader(scratch / "t.parquet", {{"word", ColumnType::text}}, {}, quarantine);
  const auto* words = reader.next();
  ASSERT_NE(words, nullptr);
  EXPECT_EQ(words->front().text, (std::vector<std::string_view>{"a, \"b\"", "", "x", "x"}));
  EXPECT_EQ(words->front().valid, (std::vector<std::uint8_t>{1, 0, 1, 1}));
}

TEST(WriteParquet, RowByRowAndWithoutRows) {
  const Scratch scratch;
  const Sample sample;
  write_parquet(scratch / "all.parquet", {{"n", &sample.number}, {"w", &sample.word}}, 3);
  const auto all = read_all(scratch / "all.parquet", {{"n", ColumnType::integer}});
  EXPECT_EQ(all.front().valid, (std::vector<std::uint8_t>{1, 0, 1}));
  const StoredColumn none("none");
  write_parquet(scratch / "none.parquet", {{"none", &none}, {"value", &sample.value, true, {}}}, 0);
  EXPECT_TRUE(read_all(scratch / "none.parquet", {{"none", ColumnType::text}, {"value", ColumnType::real}}).empty());
}

TEST(WriteParquet, ManyRowGroupsAndAnyThreadsGiveTheSameBytes) {
  const Scratch scratch;
  StoredColumn column("n");
  std::vector<std::int64_t> values((std::size_t{1} << 20) + 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i % 1000);
  column.append(numbers(values, std::vector<std::uint8_t>(values.size(), 1), ColumnType::integer));
  const std::vector<ColumnView> views = {{"n", &column}, {"m", &column}};
  const int before = threads();
  set_threads(1);
  write_parquet(scratch / "one.parquet", views, values.size());
  set_threads(3);
  write_parquet(scratch / "three.parquet", views, values.size());
  set_threads(before);
  EXPECT_EQ(read_file(scratch / "one.parquet"), read_file(scratch / "three.parquet"));
  Quarantine quarantine;
  TableReader reader(scratch / "three.parquet", {{"m", ColumnType::integer}}, {}, quarantine);
  std::size_t row = 0;
  while (const auto* batch = reader.next())
    for (const std::int64_t value : batch->front().integer) ASSERT_EQ(value, values[row++]);
  EXPECT_EQ(row, values.size());
}

TEST(WriteParquet, RefusesColumnsThatAreNoTable) {
  const Scratch scratch;
  const Sample sample;
  const auto path = scratch / "t.parquet";
  const auto write = [&](const std::vector<ColumnView>& views, std::size_t rows) {
    return message_of<std::invalid_argument>([&] { write_parquet(path, views, rows); });
  };
  EXPECT_EQ(write({}, 0), tag(path) + "a table to write has at least one column");
  EXPECT_EQ(write({{"n", &sample.number}, {"n", &sample.word}}, 3), tag(path) + "two columns are named 'n'");
  EXPECT_EQ(write({{"n", &sample.number}}, 4), tag(path) + "column 'n' holds 3 rows of 4");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(WriteParquet, AFullDiskLeavesNothing) {
  const Scratch scratch;
  StoredColumn column("n");
  std::vector<std::int64_t> values(200'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i * i);
  column.append(numbers(values, std::vector<std::uint8_t>(values.size(), 1), ColumnType::integer));
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  ::rlimit small = before;
  small.rlim_cur = 100'000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of<std::runtime_error>([&] {
    write_parquet(scratch / "t.parquet", {{"n", &column}}, values.size());
  });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(message.starts_with(tag(scratch / "t.parquet"))) << message;
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << message;
}

}  // namespace
}  // namespace tamis
