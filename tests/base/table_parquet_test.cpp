#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/table.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::Scratch;

using Arrays = std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>;

void write_arrays(const fs::path& path, const Arrays& arrays, std::int64_t group_rows = 1 << 20) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& [name, array] : arrays) {
    fields.push_back(arrow::field(name, array->type()));
    columns.push_back(array);
  }
  const auto table = arrow::Table::Make(arrow::schema(fields), columns);
  const auto out = arrow::io::FileOutputStream::Open(path.string());
  ASSERT_TRUE(out.ok());
  const auto properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), *out, group_rows,
                                         parquet::default_writer_properties(), properties)
                  .ok());
  ASSERT_TRUE((*out)->Close().ok());
}

// A column; nullopt is null.
template <class Builder, class T>
std::shared_ptr<arrow::Array> column(Builder&& builder, const std::vector<std::optional<T>>& values) {
  for (const auto& value : values) {
    if (value) {
      EXPECT_TRUE(builder.Append(*value).ok());
    } else {
      EXPECT_TRUE(builder.AppendNull().ok());
    }
  }
  return builder.Finish().ValueOrDie();
}

template <class Type>
std::shared_ptr<arrow::Array> times(std::shared_ptr<arrow::DataType> type,
                                    const std::vector<std::optional<typename Type::c_type>>& values) {
  return column<typename arrow::TypeTraits<Type>::BuilderType, typename Type::c_type>(
      typename arrow::TypeTraits<Type>::BuilderType(type, arrow::default_memory_pool()), values);
}

// The only column of a table, requested as `type`: "-" where not valid, then what kind of column it came as.
std::string read_as(const fs::path& path, ColumnType type, Quarantine& quarantine) {
  TableReader reader(path, {{"c", type, true}}, {}, quarantine);
  std::string out;
  const Column* last = nullptr;
  while (const auto* batch = reader.next()) {
    last = &batch->front();
    for (std::size_t i = 0; i < last->valid.size(); ++i) {
      if (!out.empty()) out += ' ';
      if (last->valid[i] == 0) {
        out += '-';
      } else if (last->type == ColumnType::text) {
        out += '\'' + std::string(last->text[i]) + '\'';
      } else if (last->type == ColumnType::real) {
        out += std::to_string(last->real[i]);
      } else {
        out += std::to_string(last->integer[i]);
      }
    }
  }
  if (last != nullptr && type == ColumnType::time) {
    const char* const kinds[] = {"text", "integer", "real", "time"};
    out += std::string(" ") + kinds[static_cast<int>(last->type)];
  }
  return out;
}

class ParquetTypes : public ::testing::Test {
 protected:
  std::string as(ColumnType type, const std::shared_ptr<arrow::Array>& array) {
    const Scratch scratch;
    write_arrays(scratch / "t.parquet", {{"c", array}});
    quarantine_ = Quarantine();
    return read_as(scratch / "t.parquet", type, quarantine_);
  }
  std::string reason() const {
    const std::string first = quarantine_.first();
    return first.substr(first.find(" line ") + 6);
  }
  Quarantine quarantine_;
};

TEST_F(ParquetTypes, Integers) {
  const auto array = column<arrow::Int32Builder, std::int32_t>(arrow::Int32Builder(), {-5, std::nullopt, 7});
  EXPECT_EQ(as(ColumnType::text, array), "'-5' - '7'");
  EXPECT_EQ(as(ColumnType::integer, array), "-5 - 7");
  EXPECT_EQ(as(ColumnType::real, array), "-5.000000 - 7.000000");
  EXPECT_EQ(as(ColumnType::time, array), "-5 - 7 integer");
  const auto flags = column<arrow::BooleanBuilder, bool>(arrow::BooleanBuilder(), {true, false, std::nullopt});
  EXPECT_EQ(as(ColumnType::integer, flags), "1 0 -");
  const auto large = column<arrow::UInt64Builder, std::uint64_t>(arrow::UInt64Builder(), {1ULL << 63, 3});
  EXPECT_EQ(as(ColumnType::text, large), "'9223372036854775808' '3'");
  EXPECT_EQ(as(ColumnType::integer, large), "3");
  EXPECT_EQ(reason(), "1: column 'c': '9223372036854775808' is not a whole number below 2^63");
}

TEST_F(ParquetTypes, Reals) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const auto array = column<arrow::DoubleBuilder, double>(arrow::DoubleBuilder(), {0.25, nan, 3.0, infinity});
  EXPECT_EQ(as(ColumnType::real, array), "0.250000 - 3.000000");
  EXPECT_EQ(reason(), "4: column 'c': 'inf' is not a finite number");
  EXPECT_EQ(as(ColumnType::integer, array), "- 3");
  EXPECT_EQ(reason(), "1: column 'c': '0.25' is not a whole number");
  EXPECT_EQ(as(ColumnType::text, array), "'0.25' - '3' 'inf'");
  const auto single = column<arrow::FloatBuilder, float>(arrow::FloatBuilder(), {0.5F});
  EXPECT_EQ(as(ColumnType::time, single), "0.500000 real");
}

TEST_F(ParquetTypes, Texts) {
  const auto array = column<arrow::StringBuilder, std::string>(arrow::StringBuilder(), {"12", "", std::nullopt, "x1"});
  EXPECT_EQ(as(ColumnType::text, array), "'12' - - 'x1'");
  EXPECT_EQ(as(ColumnType::time, array), "'12' - - 'x1' text");
  EXPECT_EQ(as(ColumnType::integer, array), "12 - -");
  EXPECT_EQ(reason(), "4: column 'c': 'x1' is not a whole number");
  EXPECT_EQ(as(ColumnType::real, array), "12.000000 - -");
  const auto large = column<arrow::LargeStringBuilder, std::string>(arrow::LargeStringBuilder(), {"a", "b"});
  EXPECT_EQ(as(ColumnType::text, large), "'a' 'b'");
  const auto binary = column<arrow::BinaryBuilder, std::string>(arrow::BinaryBuilder(), {"ok", "caf\xE9"});
  EXPECT_EQ(as(ColumnType::text, binary), "'ok'");
  EXPECT_EQ(reason(), "2: column 'c' holds bytes that are not UTF-8");
  const auto coded = column<arrow::StringDictionaryBuilder, std::string>(arrow::StringDictionaryBuilder(),
                                                                         {"u", "v", std::nullopt, "u", "5"});
  EXPECT_EQ(as(ColumnType::text, coded), "'u' 'v' - 'u' '5'");
  EXPECT_EQ(as(ColumnType::integer, coded), "- 5");
}

TEST_F(ParquetTypes, Times) {
  // 2024-01-31 13:05:00.25 UTC is 1706706300.25 seconds after 1970.
  const auto micros = times<arrow::TimestampType>(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                                  {1'706'706'300'250'000, std::nullopt});
  EXPECT_EQ(as(ColumnType::time, micros), "1706706300250000 - time");
  EXPECT_EQ(as(ColumnType::integer, micros), "1706706300250000 -");
  EXPECT_EQ(as(ColumnType::text, micros), "'2024-01-31 13:05:00.250000' -");
  const auto millis = times<arrow::TimestampType>(arrow::timestamp(arrow::TimeUnit::MILLI), {1'706'706'300'250, -1});
  EXPECT_EQ(as(ColumnType::time, millis), "1706706300250000 -1000 time");
  const auto nanos =
      times<arrow::TimestampType>(arrow::timestamp(arrow::TimeUnit::NANO), {1'706'706'300'250'000'999, -1});
  EXPECT_EQ(as(ColumnType::time, nanos), "1706706300250000 -1 time");
  const auto day = times<arrow::Date32Type>(arrow::date32(), {19'753});
  EXPECT_EQ(as(ColumnType::text, day), "'2024-01-31 00:00:00'");
  EXPECT_EQ(as(ColumnType::time, day), "1706659200000000 time");
  const auto far =
      times<arrow::TimestampType>(arrow::timestamp(arrow::TimeUnit::MILLI), {9'000'000'000'000'000'000, 0});
  EXPECT_EQ(as(ColumnType::time, far), "0 time");
  EXPECT_EQ(quarantine_.count(), 1U);
}

TEST_F(ParquetTypes, ListsAreRefusedByName) {
  arrow::ListBuilder builder(arrow::default_memory_pool(), std::make_shared<arrow::Int32Builder>());
  EXPECT_TRUE(builder.Append().ok());
  const auto list = builder.Finish().ValueOrDie();
  const auto plain = column<arrow::Int32Builder, std::int32_t>(arrow::Int32Builder(), {1});
  const Scratch scratch;
  const fs::path path = scratch / "t.parquet";
  write_arrays(path, {{"l", list}, {"c", plain}});
  Quarantine q;
  const std::string message = message_of<std::invalid_argument>([&] {
    TableReader(path, {{"l", ColumnType::text, true}}, {}, q);
  });
  EXPECT_EQ(message.find(test::tag(path) + "column 'l' holds list<"), 0U) << message;
  EXPECT_EQ(read_as(path, ColumnType::integer, q), "1");  // the columns beside it can be read
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              TableReader(path, {{"x", ColumnType::text, true}}, {}, q);
            }),
            test::tag(path) + "has no column 'x'; it has: l, c");
}

TEST(Parquet, RowGroupsBatchesAndOrderOfColumns) {
  const Scratch scratch;
  std::vector<std::optional<std::int64_t>> numbers;
  std::vector<std::optional<std::string>> texts;
  for (std::int64_t i = 0; i < 5000; ++i) {
    numbers.emplace_back(i);
    texts.emplace_back(i % 10 == 3 ? std::string("bad\xFF") : std::to_string(i) + "t");
  }
  const auto n = column<arrow::Int64Builder, std::int64_t>(arrow::Int64Builder(), numbers);
  const auto t = column<arrow::BinaryBuilder, std::string>(arrow::BinaryBuilder(), texts);
  write_arrays(scratch / "t.parquet", {{"unused", n}, {"n", n}, {"t", t}}, 700);
  TableOptions options;
  options.batch_rows = 256;
  Quarantine q;
  TableReader reader(scratch / "t.parquet",
                     {{"t", ColumnType::text, true},
                      {"gone", ColumnType::real, false},
                      {"n", ColumnType::integer, true},
                      {"n", ColumnType::text, true}},
                     options, q);
  EXPECT_EQ(reader.expected_rows(), 5000U);
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"unused", "n", "t"}));
  std::size_t rows = 0;
  while (const auto* batch = reader.next()) {
    for (std::size_t i = 0; i < (*batch)[0].valid.size(); ++i, ++rows) {
      const std::int64_t number = (*batch)[2].integer[i];
      ASSERT_NE(number % 10, 3);
      ASSERT_EQ((*batch)[0].text[i], std::to_string(number) + "t");
      ASSERT_EQ((*batch)[3].text[i], std::to_string(number));
      ASSERT_EQ((*batch)[1].valid[i], 0);
      ASSERT_EQ(reader.line(i), static_cast<std::uint64_t>(number) + 1);
    }
    if (rows < 300) reader.reject(0, "no");
  }
  EXPECT_EQ(rows, 4500U);
  EXPECT_EQ(reader.input().rows_read, 5000U);
  EXPECT_EQ(reader.input().rows_quarantined, 501U);
  EXPECT_EQ(q.count(), 501U);
}

TEST(Parquet, TwoColumnsOfOneName) {
  const Scratch scratch;
  const auto n = column<arrow::Int64Builder, std::int64_t>(arrow::Int64Builder(), {1});
  write_arrays(scratch / "t.parquet", {{"c", n}, {"c", n}});
  Quarantine q;
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_as(scratch / "t.parquet", ColumnType::integer, q); }),
            test::tag(scratch / "t.parquet") + "has two columns named 'c'; each name must stand once");
}

TEST(Parquet, ACutFileIsFoundWhereverItIsCut) {
  const Scratch scratch;
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 100; ++i) texts.emplace_back(std::to_string(i * i));
  write_arrays(scratch / "t.parquet", {{"c", column<arrow::StringBuilder, std::string>(arrow::StringBuilder(), texts)}},
               40);
  const std::string whole = read_file(scratch / "t.parquet");
  for (std::size_t size = 1; size < whole.size(); size += 3) {
    test::put(scratch / "t.parquet", whole.substr(0, size));
    Quarantine q;
    const std::string message =
        message_of<std::runtime_error>([&] { read_as(scratch / "t.parquet", ColumnType::text, q); });
    EXPECT_EQ(message.find(test::tag(scratch / "t.parquet")), 0U) << size << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  // A file whose middle is gone, with both ends in place.
  write_file(scratch / "t.parquet", whole.substr(0, 60) + whole.substr(200));
  Quarantine q;
  EXPECT_EQ(message_of<std::runtime_error>([&] {
              read_as(scratch / "t.parquet", ColumnType::text, q);
            }).find(test::tag(scratch / "t.parquet") + "is a corrupt Parquet file: "),
            0U);
}

}  // namespace
}  // namespace tamis
