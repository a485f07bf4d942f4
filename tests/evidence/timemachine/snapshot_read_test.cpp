#include "tamis/base/file.h"
#include "tests/evidence/timemachine/snapshot_fixture.h"

namespace tamis::timemachine::test {
namespace {

using tamis::test::message_of;
using tamis::test::tag;

// Three days of small parts.
class SnapshotRead : public ::testing::Test {
 protected:
  SnapshotRead() : shop(1, 3, 200) {
    BuildOptions small;
    small.part_rows = 20;
    shop.build(days, small);
    whole = shop.dump({days, {}, 0, false});
    part = shop.root() + "/date=2024-03-02/v0001/part-00001.parquet";
    manifest = shop.root() + "/date=2024-03-02/manifest.json";
  }
  std::string read_all() { return shop.dump({days, {}, 0, false}); }
  // With `readable`: rows, and what was left out.
  std::pair<std::uint64_t, std::vector<Fault>> read_rest() {
    const auto store = open_store(shop.root(), false);
    SnapshotReader reader(*store, {days, {"user"}, 0, true});
    while (reader.next()) {
    }
    return {reader.rows(), reader.faults()};
  }
  std::vector<Fault> verify() {
    std::vector<Fault> faults;
    const auto store = open_store(shop.root(), false);
    for (const DayState& day : verify_days(*store)) faults.insert(faults.end(), day.faults.begin(), day.faults.end());
    return faults;
  }

  DayRange days{kFirst, kFirst + 2};
  Shop shop;
  std::string whole;
  std::filesystem::path part, manifest;
};

TEST_F(SnapshotRead, GivesTheColumnsAskedForInThatOrder) {
  const auto store = open_store(shop.root(), false);
  SnapshotReader reader(*store, {{kFirst + 1, kFirst + 1}, {"profile_age", "user"}, 0, false});
  ASSERT_EQ(reader.columns().size(), 2U);
  const auto batch = reader.next();
  const auto columns = columns_of(*batch);
  EXPECT_EQ(columns[0].name, "profile_age");
  EXPECT_EQ(columns[0].real.size(), 20U);
  EXPECT_EQ(columns[1].text.size(), 20U);
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              SnapshotReader(*store, {days, {"nothing"}, 0, false});
            }).find("has no column 'nothing'; it has user, item, event"),
            std::string::npos);
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              SnapshotReader(*store, {days, {"user", "user"}, 0, false});
            }),
            "[--columns] names 'user' twice");
}

TEST_F(SnapshotRead, NamesADamagedPartAndReadsTheRest) {
  std::string bytes = tamis::read_file(part);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  put(part, bytes);
  const std::string said = tag(part) + "is damaged: it does not match the checksum in its manifest";
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_all(); }), said);
  const auto rest = read_rest();
  EXPECT_EQ(rest.first, 180U);
  ASSERT_EQ(rest.second.size(), 1U);
  EXPECT_EQ(rest.second[0].what, said);
  ASSERT_EQ(verify().size(), 1U);
  EXPECT_EQ(verify()[0].what, said);
}

TEST_F(SnapshotRead, NamesAPartThatIsCutShortOrGone) {
  std::filesystem::resize_file(part, 100);
  EXPECT_NE(message_of<std::runtime_error>([&] { read_all(); }).find(tag(part) + "is not the part its manifest names"),
            std::string::npos);
  EXPECT_EQ(read_rest().first, 180U);
  EXPECT_EQ(verify().size(), 1U);
  std::filesystem::remove(part);
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_all(); }),
            tag(part) + "cannot be read: No such file or directory");
  EXPECT_EQ(read_rest().first, 180U);
  EXPECT_EQ(verify().size(), 1U);
}

TEST_F(SnapshotRead, NamesAManifestThatDoesNotMatchItsParts) {
  // A whole manifest, of another build: its checksum is right, its parts are others.
  Shop other(2, 3, 200);
  BuildOptions small;
  small.part_rows = 20;
  other.build(days, small);
  put(manifest, tamis::read_file(other.root() + "/date=2024-03-02/manifest.json"));
  const std::string said = message_of<std::runtime_error>([&] { read_all(); });
  EXPECT_NE(said.find("part-00000.parquet] is "), std::string::npos) << said;
  EXPECT_GE(verify().size(), 2U);  // the version's own copy is another, and the parts are
}

TEST_F(SnapshotRead, NamesADayThatIsNotThere) {
  std::filesystem::remove(manifest);
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_all(); }),
            fmt::format("[{}/date=2024-03-02] is not there: that day was not built", shop.root()));
  EXPECT_EQ(read_rest().second.size(), 1U);
  const auto store = open_store(shop.root(), false);
  EXPECT_NE(message_of<std::runtime_error>([&] {
              SnapshotReader(*store, {{kFirst + 8, kFirst + 9}, {}, 0, true});
            }).find("no day from 2024-03-09 to 2024-03-10 can be read"),
            std::string::npos);
  EXPECT_EQ(message_of<std::runtime_error>([&] {
              SnapshotReader(*store, {{kFirst, kFirst}, {}, 7, false});
            }),
            fmt::format("[{}/date=2024-03-01] has no version 7; it has 1 alone", shop.root()));
}

TEST_F(SnapshotRead, EveryDamagedManifestIsRefused) {
  const std::string good = tamis::read_file(manifest);
  const auto store = open_store(shop.root(), false);
  ASSERT_TRUE(read_manifest(*store, kFirst + 1));
  for (std::size_t length = 0; length < good.size(); length += 7)
    EXPECT_THROW(parse_manifest(good.substr(0, length), "m"), std::runtime_error) << length;
  Stream stream(1, "damage");
  for (int i = 0; i < 500; ++i) {
    std::string bad = good;
    char& byte = bad[stream.below(bad.size())];
    byte = static_cast<char>(byte ^ (1 << stream.below(8)));
    EXPECT_THROW(parse_manifest(bad, "m"), std::runtime_error);
  }
  put(manifest, good.substr(0, good.size() / 2));
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_all(); }),
            tag(manifest) + "is not the whole of a manifest: its checksum is missing");
  EXPECT_EQ(verify().size(), 1U);
  EXPECT_EQ(read_rest().second.size(), 1U);
}

TEST_F(SnapshotRead, AManifestIsReadBackAsItWasWritten) {
  const auto store = open_store(shop.root(), false);
  const Manifest read = *read_manifest(*store, kFirst);
  EXPECT_EQ(write_manifest(read), tamis::read_file(shop.root() + "/date=2024-03-01/manifest.json"));
  Manifest away = read;
  away.parts[0].path = "../../../etc/passwd";
  EXPECT_NE(message_of<std::runtime_error>([&] {
              parse_manifest(write_manifest(away), "m");
            }).find("is not the path of a part"),
            std::string::npos);
  away = read;
  away.rows += 1;
  EXPECT_NE(message_of<std::runtime_error>([&] { parse_manifest(write_manifest(away), "m"); }).find("where its parts"),
            std::string::npos);
  EXPECT_FALSE(same_content(away, read));
}

TEST(SnapshotDays, AreReadStrictly) {
  EXPECT_EQ(format_day(parse_day("2024-02-29", "d")), "2024-02-29");
  EXPECT_EQ(parse_day("1970-01-01", "d"), 0);
  const auto said = [](const char* text) {
    return message_of<std::invalid_argument>([&] { parse_day(text, "--day"); });
  };
  EXPECT_EQ(said("yesterday"), "[--day] 'yesterday' is not a day; 2024-01-31 is the form");
  EXPECT_EQ(said("2024-1-31"), "[--day] '2024-1-31' is not a day; 2024-01-31 is the form");
  EXPECT_EQ(said(""), "[--day] '' is not a day; 2024-01-31 is the form");
  EXPECT_EQ(said("2023-02-29"), "[--day] '2023-02-29' is not a day of the calendar in the years 1970 to 2200");
  EXPECT_EQ(said("1969-12-31"), "[--day] '1969-12-31' is before 1970; a day of the years 1970 to 2200 is needed");
  EXPECT_EQ(said("2024-01-31T00:00+02:00"),
            "[--day] '2024-01-31T00:00+02:00' says more than a day; days are those of UTC, written as 2024-01-31");
  EXPECT_EQ(message_of<std::invalid_argument>([] { parse_range("2024-02-01", "2024-01-31"); }),
            "[--from] 2024-02-01 is after --to 2024-01-31; the first day comes first");
}

}  // namespace
}  // namespace tamis::timemachine::test
