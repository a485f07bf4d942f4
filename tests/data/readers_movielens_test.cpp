#include <algorithm>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/data/readers/movielens.h"
#include "tests/base/scratch.h"

namespace tamis::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::Scratch;
using test::tag;

// A row of u.item with the genres of those numbers.
std::string u_item(const std::string& id, const std::string& title, const std::vector<std::size_t>& genres) {
  std::string row = id;
  row += "|" + title + "|01-Jan-1995||http://x";
  for (std::size_t g = 0; g < 19; ++g) row += std::count(genres.begin(), genres.end(), g) > 0 ? "|1" : "|0";
  return row + "\n";
}

// The same text compressed: a table of one column whose name is the first line.
void write_compressed(const fs::path& path, const std::string& text, char separator) {
  std::vector<std::vector<std::string>> rows;
  std::string cell;
  rows.emplace_back();
  for (const char c : text) {
    if (c != separator && c != '\n') {
      cell += c;
      continue;
    }
    rows.back().push_back(cell);
    cell.clear();
    if (c == '\n') rows.emplace_back();
  }
  rows.pop_back();
  std::vector<OutputColumn> columns(rows.front().size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    columns[c].name = rows.front()[c];
    for (std::size_t r = 1; r < rows.size(); ++r) columns[c].text.push_back(rows[r][c]);
  }
  const fs::path table = path.parent_path() / (path.extension() == ".gz" ? "t.tsv.gz" : "t.tsv.zst");
  write_table(table, columns);
  fs::rename(table, path);
}

const std::string kRatings =
    "7\t10\t3\t300\n"
    "8\t11\t4\t200\n"
    "7\t99\t5\t100\n"
    "8\t10\t5\t200\n";

void expect_small_set(const Dataset& set) {
  ASSERT_EQ(set.items.catalogued, 2U);
  ASSERT_EQ(set.items.size(), 3U);
  EXPECT_EQ(set.items.ids.at(0), "10");
  EXPECT_EQ(set.items.text[0], "Caf\xC3\xA9 (1990) Action Sci-Fi");
  EXPECT_EQ(set.items.category[0], "Action");
  EXPECT_EQ(set.items.text[1], "Plain (1991)");
  EXPECT_EQ(set.items.category[1], "");
  EXPECT_EQ(set.items.ids.at(2), "99");
  EXPECT_EQ(set.items.text[2], "");
  EXPECT_EQ(set.uncatalogued_rows, 1U);
  ASSERT_EQ(set.log.size(), 4U);
  EXPECT_EQ(set.log.clicks(), 3U);
  const std::vector<std::string> users = {"7", "8", "8", "7"};
  const std::vector<std::string> items = {"99", "11", "10", "10"};
  const std::vector<float> values = {5, 4, 5, 3};
  const std::vector<Time> times = {100, 200, 200, 300};
  for (std::size_t i = 0; i < 4; ++i) {
    const Row row = set.log.row(i);
    EXPECT_EQ(set.log.users.at(row.user), users[i]) << i;
    EXPECT_EQ(set.items.ids.at(row.item), items[i]) << i;
    EXPECT_EQ(row.value, values[i]) << i;
    EXPECT_EQ(row.event, values[i] >= 4 ? Event::click : Event::other) << i;
    EXPECT_EQ(row.event_time, times[i] * kSecond) << i;
    EXPECT_EQ(row.known_time, row.event_time) << i;
    EXPECT_EQ(row.request, kNone);
    EXPECT_EQ(row.position, 0);
  }
  EXPECT_FALSE(set.log.has_impressions());
}

TEST(MovieLens, ReadsTheTabbedForm) {
  const Scratch scratch;
  const std::string items = u_item("10", "Caf\xE9 (1990)", {1, 15}) + u_item("11", "Plain (1991)", {0});
  write_file(scratch / "u.data", kRatings);
  write_file(scratch / "u.item", items);
  Quarantine q;
  const Dataset set = read_movielens(scratch.path(), q);
  expect_small_set(set);
  EXPECT_EQ(q.count(), 0U);
  ASSERT_EQ(set.inputs.size(), 2U);
  EXPECT_EQ(set.inputs[0].path, (scratch / "u.item").string());
  EXPECT_EQ(set.inputs[0].rows_read, 2U);
  EXPECT_EQ(set.inputs[1].rows_read, 4U);
  EXPECT_EQ(set.inputs[1].bytes, kRatings.size());
}

TEST(MovieLens, ReadsCompressedFiles) {
  for (const std::string extension : {".gz", ".zst"}) {
    const Scratch scratch;
    const std::string items = u_item("10", "Caf\xE9 (1990)", {1, 15}) + u_item("11", "Plain (1991)", {});
    write_compressed(scratch / ("u.data" + extension), kRatings, '\t');
    write_compressed(scratch / ("u.item" + extension), items, '\n');
    Quarantine q;
    expect_small_set(read_movielens(scratch.path(), q));
  }
}

TEST(MovieLens, ReadsTheColonForm) {
  const Scratch scratch;
  std::string ratings = kRatings;
  for (std::size_t at = 0; (at = ratings.find('\t')) != std::string::npos;) ratings.replace(at, 1, "::");
  write_file(scratch / "ratings.dat", ratings);
  for (const std::string e : {"\xE9", "\xC3\xA9"}) {  // ISO-8859-1 and UTF-8 both go by this name
    write_file(scratch / "movies.dat",
               "10::Caf" + e + " (1990)::Action|Sci-Fi\r\n11::Plain (1991)::(no genres listed)\r\n");
    Quarantine q;
    expect_small_set(read_movielens(scratch.path(), q));
  }
  write_file(scratch / "movies.dat", "10::One::Two: Three (1990)::Drama\n");
  Quarantine q;
  EXPECT_EQ(read_movielens(scratch.path(), q).items.text[0], "One::Two: Three (1990) Drama");
}

TEST(MovieLens, ReadsTheCsvForm) {
  const Scratch scratch;
  write_file(scratch / "ratings.csv",
             "userId,movieId,rating,timestamp\r\n7,10,3.0,300\r\n8,11,4.0,200\r\n7,99,5.0,100\r\n8,10,5.0,200\r\n");
  write_file(scratch / "movies.csv",
             "movieId,title,genres\n10,\"Caf\xC3\xA9 (1990)\",Action|Sci-Fi\n11,Plain (1991),(no genres listed)\n");
  Quarantine q;
  expect_small_set(read_movielens(scratch.path(), q));
  EXPECT_EQ(q.count(), 0U);
}

TEST(MovieLens, QuarantinesBadRows) {
  const Scratch scratch;
  write_file(scratch / "u.item", u_item("1", "A", {1}) + u_item("1", "Again", {1}) + u_item("", "B", {}) +
                                     "2|short|x\n" + u_item("3", "C", {2}));
  write_file(scratch / "u.data",
             "user_id\titem_id\trating\ttimestamp\n"
             "1\t1\t4\t100\n"
             "1\t1\t6\t100\n"
             "1\t1\t0\t100\n"
             "1\t1\t4\tyesterday\n"
             "1\t1\t4\t-5\n"
             "1\t1\t4\n"
             "\t1\t4\t100\n"
             "1\t\t4\t100\n"
             "1\t1\t4\t100\n");
  Quarantine q;
  const Dataset set = read_movielens(scratch.path(), q);
  EXPECT_EQ(set.items.catalogued, 2U);
  EXPECT_EQ(set.inputs[0].rows_read, 5U);
  EXPECT_EQ(set.inputs[0].rows_quarantined, 3U);
  EXPECT_EQ(set.log.size(), 2U);
  EXPECT_EQ(set.log.users.size(), 1U);
  EXPECT_EQ(set.inputs[1].rows_read, 10U);
  EXPECT_EQ(set.inputs[1].rows_quarantined, 8U);
  EXPECT_EQ(q.count(), 11U);
  EXPECT_EQ(q.first(), (scratch / "u.item").string() + " line 2: item '1' is not new; its first row is kept");
}

TEST(MovieLens, SaysWhatIsMissing) {
  const Scratch scratch;
  Quarantine q;
  const auto refusal = [&](const fs::path& folder) {
    return message_of<std::runtime_error>([&] { read_movielens(folder, q); });
  };
  EXPECT_EQ(refusal(scratch / "none"), tag(scratch / "none") + "cannot be read: there is no such folder");
  EXPECT_EQ(refusal(scratch.path()), tag(scratch.path()) +
                                         "holds no MovieLens set: u.data with u.item, ratings.dat with movies.dat, or "
                                         "ratings.csv with movies.csv (each plain, .gz or .zst) is needed");
  write_file(scratch / "u.data", kRatings);
  EXPECT_EQ(refusal(scratch / "u.data"),
            tag(scratch / "u.data") + "is a file; a folder with a MovieLens set is needed");
  EXPECT_EQ(refusal(scratch.path()), tag(scratch.path()) + "has u.data but no u.item (plain, .gz or .zst) beside it");
  write_file(scratch / "u.item", "");
  EXPECT_EQ(refusal(scratch.path()), tag(scratch / "u.item") + "is empty");
  write_file(scratch / "u.item", "x\n");
  EXPECT_EQ(refusal(scratch.path()), tag(scratch / "u.item") + "holds no items that can be read");
  write_file(scratch / "u.item", u_item("1", "A", {1}));
  write_file(scratch / "u.data", "x\n");
  EXPECT_EQ(refusal(scratch.path()), tag(scratch / "u.data") + "holds no ratings that can be read");
}

TEST(MovieLens, ReadsTheRealSet) {
  const fs::path folder = TAMIS_SOURCE_DIR "/../shared/data/ml-100k";
  if (!fs::exists(folder / "u.data")) GTEST_SKIP() << folder << " is absent";
  Quarantine q;
  const Dataset set = read_movielens(folder, q);
  EXPECT_EQ(q.count(), 0U);
  EXPECT_EQ(set.log.size(), 100'000U);
  EXPECT_EQ(set.inputs[1].rows_read, 100'000U);
  EXPECT_EQ(set.log.users.size(), 943U);
  EXPECT_EQ(set.items.size(), 1682U);
  EXPECT_EQ(set.items.catalogued, 1682U);
  EXPECT_EQ(set.uncatalogued_rows, 0U);
  EXPECT_EQ(set.log.clicks(), 55'375U);
  EXPECT_EQ(set.log.event_time(0), 874'724'710 * kSecond);
  EXPECT_EQ(set.log.event_time(99'999), 893'286'638 * kSecond);
  const auto foreign = [](const std::string& text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  };
  EXPECT_EQ(std::count_if(set.items.text.begin(), set.items.text.end(), foreign), 9);
  EXPECT_EQ(set.items.text[0], "Toy Story (1995) Animation Children's Comedy");
  EXPECT_EQ(set.items.category[0], "Animation");
}

}  // namespace
}  // namespace tamis::data
