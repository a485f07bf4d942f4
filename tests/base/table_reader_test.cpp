#include <unistd.h>

#include <cstdio>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/table.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::Scratch;

struct ReadTable {
  std::vector<std::vector<std::string>> rows;  // "-" where not valid
  std::vector<std::uint64_t> lines;
  std::vector<std::string> names;
  InputFile input;
};

std::string cell(const Column& column, std::size_t i) {
  if (column.valid[i] == 0) return "-";
  if (column.type == ColumnType::text) return std::string(column.text[i]);
  if (column.type == ColumnType::real) return std::to_string(column.real[i]);
  return std::to_string(column.integer[i]);
}

ReadTable read(const fs::path& path, const std::vector<ColumnRequest>& columns, Quarantine& quarantine,
               TableOptions options = {}) {
  ReadTable out;
  TableReader reader(path, columns, options, quarantine);
  out.names = reader.names();
  while (const auto* batch = reader.next()) {
    for (std::size_t i = 0; i < batch->front().valid.size(); ++i) {
      out.rows.emplace_back();
      for (const Column& column : *batch) out.rows.back().push_back(cell(column, i));
      out.lines.push_back(reader.line(i));
    }
  }
  out.input = reader.input();
  return out;
}

using Rows = std::vector<std::vector<std::string>>;
using Lines = std::vector<std::uint64_t>;

ReadTable read_text(const std::string& name, const std::string& bytes, const std::vector<ColumnRequest>& columns,
                    Quarantine& quarantine, TableOptions options = {}) {
  const Scratch scratch;
  write_file(scratch / name, bytes);
  return read(scratch / name, columns, quarantine, options);
}

std::string quarantined(const Quarantine& quarantine) {
  const Scratch scratch;
  quarantine.write(scratch / "q.tsv");
  if (!fs::exists(scratch / "q.tsv")) return "";
  std::string text = read_file(scratch / "q.tsv");
  text.erase(0, text.find('\n') + 1);
  std::string out;  // without the folder
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    out += line.substr(line.rfind('/', line.find('\t')) + 1) + "\n";
    at = end + 1;
  }
  return out;
}

const std::vector<ColumnRequest> kTextPair = {{"a", ColumnType::text, true}, {"b", ColumnType::text, true}};

TEST(TableFormat, GoesByTheExtension) {
  EXPECT_EQ(table_format("x/a.parquet"), TableFormat::parquet);
  EXPECT_EQ(table_format("a.CSV"), TableFormat::csv);
  EXPECT_EQ(table_format("a.csv.gz"), TableFormat::csv);
  EXPECT_EQ(table_format("a.b.tsv.zst"), TableFormat::tsv);
  EXPECT_EQ(table_format("a.txt"), TableFormat::tsv);
  EXPECT_EQ(table_format("a"), std::nullopt);
  EXPECT_EQ(table_format("a.gz"), std::nullopt);
  EXPECT_EQ(table_format("a.csv.bz2"), std::nullopt);
}

TEST(TableCsv, ReadsQuotesLineEndsAndTypes) {
  Quarantine q;
  const auto table = read_text("t.csv",
                               "\xEF\xBB\xBF"
                               "id,\"the text\",n,x\r\n"
                               "1,\"a,b\",-3,1.5\r\n"
                               "2,\"say \"\"hi\"\"\",9007199254740993,-2e-3\r\n"
                               "3,\"two\nlines\",,\r\n"
                               "4,5\" disk, 7.0 ,1\n"
                               "5,\"\",+,1\n"
                               "6,end,0,nan",
                               {{"x", ColumnType::real, true},
                                {"the text", ColumnType::text, true},
                                {"n", ColumnType::integer, true},
                                {"id", ColumnType::text, true}},
                               q);
  EXPECT_EQ(table.rows, (Rows{{"1.500000", "a,b", "-3", "1"},
                              {"-0.002000", "say \"hi\"", "9007199254740993", "2"},
                              {"-", "two\nlines", "-", "3"},
                              {"1.000000", "5\" disk", "7", "4"},
                              {"-", "end", "0", "6"}}));
  EXPECT_EQ(table.lines, (Lines{2, 3, 4, 6, 8}));
  EXPECT_EQ(table.input.rows_read, 6U);
  EXPECT_EQ(table.input.rows_quarantined, 1U);
  EXPECT_EQ(quarantined(q), "t.csv\t7\tcolumn 'n': '+' is not a whole number\t5,\"\",+,1\n");
}

TEST(TableCsv, QuarantinesRowsAndGoesOn) {
  Quarantine q;
  const auto table = read_text("t.csv",
                               "a,b\n"
                               "1\n"
                               "1,2,3\n"
                               "\n"
                               "\xC3(,x\n"
                               "\"open,2\n"
                               "3,4\n"
                               "\"shut\"x,2\n"
                               "5,\"six\n"
                               "seven\"\n",
                               kTextPair, q);
  EXPECT_EQ(table.rows, (Rows{{"3", "4"}, {"5", "six\nseven"}}));
  EXPECT_EQ(table.lines, (Lines{7, 9}));
  EXPECT_EQ(quarantined(q),
            "t.csv\t2\thas 1 fields where 2 are needed\t1\n"
            "t.csv\t3\thas 3 fields where 2 are needed\t1,2,3\n"
            "t.csv\t5\tholds bytes that are not UTF-8\t\\xC3(,x\n"
            "t.csv\t6\ta quote is not closed or is followed by other text\t\"open,2\n"
            "t.csv\t8\ta quote is not closed or is followed by other text\t\"shut\"x,2\n");
  EXPECT_EQ(table.input.rows_read, 7U);
  EXPECT_EQ(table.input.rows_quarantined, 5U);
}

TEST(TableCsv, AQuoteThatNeverClosesCostsOneRow) {
  std::string bytes = "a,b\n\"x,1\n";
  for (int i = 0; i < 200'000; ++i) bytes += std::to_string(i) + ",y\n";
  Quarantine q;
  const auto table = read_text("t.csv", bytes, kTextPair, q);
  EXPECT_EQ(table.rows.size(), 200'000U);
  EXPECT_EQ(table.rows.back(), (std::vector<std::string>{"199999", "y"}));
  EXPECT_EQ(table.lines.front(), 3U);
  EXPECT_EQ(table.lines.back(), 200'002U);
  EXPECT_EQ(q.count(), 1U);
}

TEST(TableCsv, NumbersMustBeNumbers) {
  Quarantine q;
  const auto table = read_text("t.csv", "x,n\n1,1\ninf,1\n1e999,1\n1,1.5\n1,99999999999999999999\n0x1,1\n1,1e3\n",
                               {{"x", ColumnType::real, true}, {"n", ColumnType::integer, true}}, q);
  EXPECT_EQ(table.lines, (Lines{2, 8}));
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"1.000000", "1000"}));
  EXPECT_EQ(q.count(), 5U);
}

TEST(TableTsv, HasNoQuotes) {
  Quarantine q;
  const auto table = read_text("t.tsv", "a\tb\n\"x\t\"y\"\n\t\nlast\tone", kTextPair, q);
  EXPECT_EQ(table.rows, (Rows{{"\"x", "\"y\""}, {"-", "-"}, {"last", "one"}}));
  EXPECT_EQ(q.count(), 0U);
}

TEST(TableText, WithoutHeaderColumnsAreNumbers) {
  Quarantine q;
  TableOptions options;
  options.header = false;
  const auto table = read_text("t.txt", "\n7\tx\n8\ty\n",
                               {{"2", ColumnType::text, true}, {"1", ColumnType::integer, true}}, q, options);
  EXPECT_EQ(table.names, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(table.rows, (Rows{{"x", "7"}, {"y", "8"}}));
  EXPECT_EQ(table.lines, (Lines{2, 3}));
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              read_text("t.txt", "7\tx\n", {{"3", ColumnType::text, true}}, q, options);
            }).substr(0, 1),
            "[");
}

TEST(TableText, OptionalColumnsMayBeMissing) {
  Quarantine q;
  const auto table = read_text("t.csv", "a\n1\n\n2\n",
                               {{"a", ColumnType::text, true},
                                {"b", ColumnType::text, false},
                                {"n", ColumnType::integer, false},
                                {"x", ColumnType::real, false},
                                {"", ColumnType::text, false}},
                               q);
  EXPECT_EQ(table.rows, (Rows{{"1", "-", "-", "-", "-"}, {"-", "-", "-", "-", "-"}, {"2", "-", "-", "-", "-"}}));
}

TEST(TableText, BatchesAndBuffersDoNotShow) {
  std::string bytes = "a,b\n";
  Rows expected;
  Lines lines;
  std::uint64_t line = 2;
  for (int i = 0; i < 30'000; ++i) {
    const std::string text(static_cast<std::size_t>(i * 37 % 211), static_cast<char>('a' + i % 26));
    bytes += std::to_string(i) + ",\"" + text + "\n\"\"\"\r\n";
    expected.push_back({std::to_string(i), text + "\n\""});
    lines.push_back(line);
    line += 2;
  }
  for (const std::uint64_t batch : {1U, 7U, 65536U}) {
    TableOptions options;
    options.batch_rows = batch;
    Quarantine q;
    const auto table = read_text("t.csv", bytes, kTextPair, q, options);
    EXPECT_TRUE(table.rows == expected) << batch;
    EXPECT_TRUE(table.lines == lines) << batch;
    EXPECT_EQ(q.count(), 0U);
  }
}

TEST(TableText, RejectKeepsTheRowAsWritten) {
  const Scratch scratch;
  write_file(scratch / "t.csv", "a,b\n1,2\n\"q\"\"q\",4\n");
  Quarantine q;
  TableReader reader(scratch / "t.csv", kTextPair, {}, q);
  const auto* batch = reader.next();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ((*batch)[0].text[1], "q\"q");
  reader.reject(1, "the caller says no");
  EXPECT_EQ(reader.input().rows_quarantined, 1U);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.next(), nullptr);
  EXPECT_EQ(reader.input().rows_read, 2U);
  EXPECT_EQ(quarantined(q), "t.csv\t3\tthe caller says no\t\"q\"\"q\",4\n");
}

TEST(TableText, ExpectedRowsAreNear) {
  const Scratch scratch;
  std::string bytes = "a,b\n";
  for (int i = 0; i < 100'000; ++i) bytes += "1234,5678\n";
  write_file(scratch / "t.csv", bytes);
  Quarantine q;
  TableOptions options;
  options.batch_rows = 1000;
  TableReader reader(scratch / "t.csv", kTextPair, options, q);
  ASSERT_NE(reader.next(), nullptr);
  EXPECT_NEAR(static_cast<double>(reader.expected_rows()), 100'000, 1000);
}

TEST(TableText, ReadsStandardInput) {
  const Scratch scratch;
  write_file(scratch / "in", "a\tb\n1\t2\nbad\n");
  std::FILE* const file = std::fopen((scratch / "in").c_str(), "r");
  const int before = ::dup(STDIN_FILENO);
  ::dup2(::fileno(file), STDIN_FILENO);
  Quarantine q;
  const auto table = read("-", kTextPair, q);
  EXPECT_EQ(message_of<std::runtime_error>([&] { read("-", kTextPair, q); }), "[standard input] is empty");
  ::dup2(before, STDIN_FILENO);
  ::close(before);
  std::fclose(file);
  EXPECT_EQ(table.rows, (Rows{{"1", "2"}}));
  EXPECT_EQ(table.input.path, "standard input");
  EXPECT_EQ(table.input.bytes, 12U);
  EXPECT_EQ(q.first(), "standard input line 3: has 1 fields where 2 are needed");
}

// The message for a file of that name and those bytes, without the folder; columns a and b are asked for.
template <class E>
std::string refusal(const std::string& name, const std::string& bytes) {
  const Scratch scratch;
  write_file(scratch / name, bytes);
  Quarantine q;
  std::string message = message_of<E>([&] { read(scratch / name, kTextPair, q); });
  if (const std::size_t at = message.find(scratch.path().string()); at != std::string::npos)
    message.erase(at, scratch.path().string().size() + 1);
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  return message;
}

TEST(TableErrors, NameTheFileAndTheReason) {
  using World = std::runtime_error;
  using namespace std::string_literals;
  EXPECT_EQ(refusal<World>("t.csv", ""), "[t.csv] is empty");
  EXPECT_EQ(refusal<World>("t.parquet", ""), "[t.parquet] is empty");
  EXPECT_EQ(refusal<World>("t.csv.gz", ""), "[t.csv.gz] is empty");
  EXPECT_EQ(refusal<World>("t.csv", "PAR1aaaaPAR1"), "[t.csv] holds Parquet, not text; name it .parquet");
  EXPECT_EQ(refusal<World>("t.tsv", "\x1F\x8B\x08"), "[t.tsv] holds gzip, not text; name it with .gz at the end");
  EXPECT_EQ(refusal<World>("t.tsv", "\x28\xB5\x2F\xFD"), "[t.tsv] holds zstd, not text; name it with .zst at the end");
  EXPECT_EQ(refusal<World>("t.csv", "PK\x03\x04..."), "[t.csv] holds a zip archive, not text; unpack it first");
  EXPECT_EQ(refusal<World>("t.csv", "\xFF\xFE"s + "a\0,\0"s), "[t.csv] holds UTF-16, not text; save it as UTF-8");
  EXPECT_EQ(refusal<World>("t.csv", "a,b\n1,2\n3,\0\n"s), "[t.csv line 3] holds a NUL byte; this is not a text file");
  EXPECT_EQ(refusal<World>("t.csv", "a,a\n"), "[t.csv] has two columns named 'a'; each name must stand once");
  EXPECT_EQ(refusal<World>("t.csv", "\n1,2\n"), "[t.csv line 1] is blank where a header with column names is needed");
  EXPECT_EQ(refusal<World>("t.csv", "a,\xE9\n"), "[t.csv line 1] the header is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(refusal<World>("t.csv", "a,\"b\n"),
            "[t.csv line 1] the header has a quote that is not closed or is followed by other text");
  EXPECT_EQ(
      refusal<World>("t.csv.gz", "a,b\n1,2\n"),
      "[t.csv.gz] is not gzip, whatever its name says; a file compressed by gzip, or the plain file without .gz in "
      "its name, is needed");
  EXPECT_EQ(
      refusal<World>("t.csv.zst", "a,b\n1,2\n"),
      "[t.csv.zst] is not zstd, whatever its name says; a file compressed by zstd, or the plain file without .zst "
      "in its name, is needed");
  EXPECT_EQ(refusal<World>("t.parquet", "user,item\n1,2\n"),
            "[t.parquet] is not Parquet, whatever its name says; a Parquet file begins with PAR1");
  EXPECT_EQ(refusal<World>("t.parquet", "PAR1 and then nothing"),
            "[t.parquet] is cut short: a Parquet file ends in PAR1");
  EXPECT_EQ(refusal<World>("t.parquet", "PAR1").substr(0, 27), "[t.parquet] is cut short: a");
  EXPECT_EQ(refusal<World>("t.parquet", "PAR1xxxx\xFF\xFF\xFF\xFFPAR1").substr(0, 39),
            "[t.parquet] is a corrupt Parquet file: ");
  EXPECT_EQ(refusal<std::invalid_argument>("t.csv", "a,c,d\n"), "[t.csv] has no column 'b'; it has: a, c, d");
  EXPECT_EQ(refusal<std::invalid_argument>("t.csv.bz2", "a,b\n").substr(0, 51),
            "[t.csv.bz2] has no extension that tells its format;");
  EXPECT_EQ(refusal<std::invalid_argument>("t.parquet.gz", "\x1F\x8B"),
            "[t.parquet.gz] Parquet compresses inside and is not read from .gz or .zst; give the .parquet itself");
}

TEST(TableErrors, MissingFilesAndFolders) {
  const Scratch scratch;
  Quarantine q;
  for (const std::string name : {"t.csv", "t.csv.gz", "t.parquet"}) {
    const fs::path path = scratch / name;
    EXPECT_EQ(message_of<std::runtime_error>([&] { read(path, kTextPair, q); }),
              test::tag(path) + "cannot be read: No such file or directory");
    fs::create_directory(path);
    EXPECT_EQ(message_of<std::runtime_error>([&] { read(path, kTextPair, q); }),
              test::tag(path) + "is a folder; a file is needed");
  }
  TableOptions parquet;
  parquet.format = TableFormat::parquet;
  EXPECT_THROW(read("-", kTextPair, q, parquet), std::invalid_argument);
}

TEST(TableErrors, ALineWithoutEndIsNoText) {
  EXPECT_EQ(refusal<std::runtime_error>("t.csv", "a,b\n1,2\n" + std::string(18 << 20, 'x')),
            "[t.csv line 3] is longer than 16 MiB; this is not a text file of lines");
}

TEST(TableErrors, ACutCompressedFileIsFoundWhereverItIsCut) {
  const Scratch scratch;
  std::vector<OutputColumn> columns(2);
  columns[0].name = "a";
  columns[1].name = "b";
  for (int i = 0; i < 60; ++i) {
    columns[0].integer.push_back(i * 7919 % 101);
    columns[1].text.push_back(std::to_string(i * i) + " rows");
  }
  for (const std::string name : {"t.csv.gz", "t.tsv.zst"}) {
    write_table(scratch / name, columns);
    const std::string whole = read_file(scratch / name);
    Quarantine q;
    EXPECT_EQ(read(scratch / name, kTextPair, q).rows.size(), 60U);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      test::put(scratch / name, whole.substr(0, size));
      const std::string message = message_of<std::runtime_error>([&] { read(scratch / name, kTextPair, q); });
      EXPECT_EQ(message.find(test::tag(scratch / name)), 0U) << size << ": " << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
    EXPECT_EQ(q.count(), 0U) << name;
    write_file(scratch / name, whole + whole);  // two members, one after the other, are one file; the header is a row
    EXPECT_EQ(read(scratch / name, kTextPair, q).rows.size(), 121U);
  }
}

TEST(TableErrors, ACutIsFoundAfterManyRows) {
  const Scratch scratch;
  std::vector<OutputColumn> columns(1);
  columns[0].name = "a";
  for (std::int64_t i = 0; i < 400'000; ++i) columns[0].integer.push_back(i * i % 1'000'003);
  write_table(scratch / "t.csv.gz", columns);
  const std::string whole = read_file(scratch / "t.csv.gz");
  write_file(scratch / "t.csv.gz", whole.substr(0, whole.size() - 9));
  Quarantine q;
  std::size_t rows = 0;
  const std::string message = message_of<std::runtime_error>([&] {
    TableReader reader(scratch / "t.csv.gz", {{"a", ColumnType::integer, true}}, {}, q);
    while (const auto* batch = reader.next()) rows += batch->front().valid.size();
  });
  EXPECT_NE(message.find("] is cut short or corrupt: "), std::string::npos) << message;
  EXPECT_GT(rows, 100'000U);
}

TEST(ReadLines, GivesLinesWithTheirNumbers) {
  const Scratch scratch;
  write_file(scratch / "u.item",
             "\xEF\xBB\xBF"
             "1|caf\xE9\r\n\n3|x");
  std::vector<std::string> lines;
  const InputFile input = read_lines(scratch / "u.item", [&](std::uint64_t number, std::string_view line) {
    lines.push_back(std::to_string(number) + ":" + std::string(line));
  });
  EXPECT_EQ(lines, (std::vector<std::string>{"1:1|caf\xE9", "2:", "3:3|x"}));
  EXPECT_EQ(input.rows_read, 3U);
  EXPECT_EQ(input.bytes, 15U);
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_lines(scratch / "none", [](auto, auto) {}); }),
            test::tag(scratch / "none") + "cannot be read: No such file or directory");
}

}  // namespace
}  // namespace tamis
