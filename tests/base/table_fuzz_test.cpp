#include <algorithm>
#include <limits>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/random.h"
#include "tamis/base/table.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::Scratch;

// Changes, drops, doubles or moves a few bytes, or cuts the end.
std::string mutated(std::string bytes, Stream& random) {
  const std::uint64_t changes = 1 + random.below(4);
  for (std::uint64_t c = 0; c < changes && !bytes.empty(); ++c) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t length = std::min<std::size_t>(bytes.size() - at, 1 + random.below(16));
    switch (random.below(5)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << random.below(8)));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), length));
        break;
      default:
        if (random.below(4) == 0) bytes.resize(at);
    }
  }
  return bytes;
}

// Reads the table to its end; false if it was refused by one of the two errors. All other ends fail the test.
bool reads(const std::filesystem::path& path, bool header, std::uint64_t round) {
  Quarantine quarantine;
  try {
    TableOptions options;
    options.header = header;
    TableReader reader(path,
                       {{header ? "text" : "1", ColumnType::text, false},
                        {header ? "count" : "2", ColumnType::integer, false},
                        {header ? "score" : "3", ColumnType::real, false},
                        {header ? "count" : "2", ColumnType::time, false}},
                       options, quarantine);
    std::uint64_t rows = 0;
    while (const auto* batch = reader.next()) {
      for (const Column& column : *batch) EXPECT_EQ(column.valid.size(), batch->front().valid.size());
      std::size_t bytes = 0;
      for (const std::string_view text : (*batch)[0].text)
        for (const char c : text) bytes += static_cast<unsigned char>(c);
      if (bytes % 7 == 0) reader.reject(0, "by lot");
      rows += batch->front().valid.size();
    }
    EXPECT_GE(reader.input().rows_read, rows) << round;
    EXPECT_EQ(reader.input().rows_quarantined, quarantine.count()) << round;
    return true;
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 1), "[") << round;
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()).find(test::tag(path).substr(0, path.string().size() + 1)), 0U)
        << round << ": " << error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "round " << round << ": " << error.what();
  }
  return false;
}

class TableFuzz : public ::testing::TestWithParam<const char*> {};

TEST_P(TableFuzz, ReadsOrRefuses) {
  const Scratch scratch;
  const std::string name = GetParam();
  std::vector<OutputColumn> columns = {{"text", {}, {}, {}}, {"count", {}, {}, {}}, {"score", {}, {}, {}}};
  for (int i = 0; i < 120; ++i) {
    columns[0].text.push_back(i % 7 == 0 ? std::string("a, \"b\" caf\xC3\xA9") : std::to_string(i * i));
    columns[1].integer.push_back(i % 5 == 0 ? std::numeric_limits<std::int64_t>::min() : i);
    columns[2].real.push_back(i / 7.0);
  }
  write_table(scratch / name, columns);
  const std::string good = read_file(scratch / name);
  ASSERT_TRUE(reads(scratch / name, true, 0));
  Stream random(20240131, "table fuzz", fnv1a(name));
  int read = 0;
  for (std::uint64_t round = 1; round <= 300; ++round) {
    test::put(scratch / name, mutated(good, random));
    read += reads(scratch / name, round % 4 != 0, round) ? 1 : 0;
  }
  RecordProperty("read", read);
  EXPECT_LT(read, 300);
}

INSTANTIATE_TEST_SUITE_P(Formats, TableFuzz, ::testing::Values("t.csv", "t.tsv", "t.csv.gz", "t.tsv.zst", "t.parquet"));

}  // namespace
}  // namespace tamis
