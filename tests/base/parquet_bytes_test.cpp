#include "tamis/base/parquet_bytes.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;

const std::vector<ColumnType> kTypes{ColumnType::text, ColumnType::integer, ColumnType::real};

std::vector<OutputColumn> some() {
  return {{"name", {"a", "", "c\tö"}, {}, {}}, {"count", {}, {1, -2, INT64_MAX}, {}}, {"size", {}, {}, {0.1, NAN, -3}}};
}

TEST(ParquetBytes, GiveBackWhatTheyHold) {
  const std::string bytes = parquet_bytes(some(), kTypes);
  EXPECT_EQ(bytes, parquet_bytes(some(), kTypes));
  const auto batch = read_parquet_bytes("f", bytes, {"size", "name", "count"});
  EXPECT_EQ(row_count(*batch), 3U);
  const auto columns = columns_of(*batch);
  ASSERT_EQ(columns.size(), 3U);
  EXPECT_EQ(columns[0].name, "size");
  EXPECT_EQ(columns[0].real[0], 0.1);
  EXPECT_TRUE(std::isnan(columns[0].real[1]));
  EXPECT_EQ(columns[1].text, some()[0].text);
  EXPECT_EQ(columns[2].integer, some()[1].integer);
}

TEST(ParquetBytes, KeepTypesWithoutRows) {
  const std::vector<OutputColumn> none{{"name", {}, {}, {}}, {"count", {}, {}, {}}, {"size", {}, {}, {}}};
  const auto batch = read_parquet_bytes("f", parquet_bytes(none, kTypes), {"name", "count", "size"});
  EXPECT_EQ(batch->schema()->ToString(), "name: string\ncount: int64\nsize: double");
  EXPECT_EQ(row_count(*batch), 0U);
}

TEST(ParquetBytes, AreRefusedWhereTheyAreNotWhole) {
  const std::string bytes = parquet_bytes(some(), kTypes);
  const auto said = [](const std::string& bytes, const std::string& column) {
    return message_of<std::runtime_error>([&] { read_parquet_bytes("f", bytes, {column}); });
  };
  EXPECT_EQ(said(bytes, "other"), "[f] has no column 'other'");
  EXPECT_EQ(said("", "name"), "[f] is not Parquet, whatever its name says; it begins with PAR1");
  EXPECT_EQ(said("a,b\n1,2\n", "name"), "[f] is not Parquet, whatever its name says; it begins with PAR1");
  for (std::size_t length = 4; length < bytes.size(); length += 11)
    EXPECT_EQ(said(bytes.substr(0, length), "name"), "[f] is cut short: a Parquet file ends in PAR1") << length;
  const std::string torn = bytes.substr(0, 20) + bytes.substr(bytes.size() - 40);
  EXPECT_EQ(said(torn, "name").substr(0, 31), "[f] is a corrupt Parquet file: ");
}

TEST(ParquetBytes, RefuseColumnsThatDoNotFit) {
  auto columns = some();
  columns[1].integer.pop_back();
  EXPECT_THROW(parquet_bytes(columns, kTypes), std::invalid_argument);
  columns = some();
  columns[2].name = "name";
  EXPECT_THROW(parquet_bytes(columns, kTypes), std::invalid_argument);
  EXPECT_THROW(parquet_bytes(some(), std::vector{ColumnType::text}), std::invalid_argument);
  EXPECT_THROW(parquet_bytes({}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace tamis
