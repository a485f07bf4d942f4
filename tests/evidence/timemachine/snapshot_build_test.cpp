#include <map>
#include <set>

#include "tests/evidence/timemachine/snapshot_fixture.h"

namespace tamis::timemachine::test {
namespace {

using tamis::test::message_of;
using Outcome = BuiltDay::Outcome;

const DayRange kDays{kFirst, kFirst + 5};

std::set<std::string> files_under(const std::filesystem::path& folder) {
  std::set<std::string> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder))
    if (file.is_regular_file()) files.insert(file.path().lexically_relative(folder).string());
  return files;
}

std::string event_at(Day day, const std::string& user, const char* event, int second, int late) {
  const std::int64_t time = start_of(day) / data::kSecond + second;
  return fmt::format("{}\ti1\t{}\t9\t1\tr1\t{}\t{}", user, event, time, time + late);
}

TEST(SnapshotBuild, RowsAreTheEventsOfTheDay) {
  const Shop shop(1);
  const Built built = shop.build(kDays);
  std::uint64_t rows = 0;
  for (const BuiltDay& day : built.days) {
    EXPECT_EQ(day.outcome, Outcome::written);
    EXPECT_EQ(day.manifest.version, 1);
    EXPECT_EQ(day.manifest.completeness(), 1);
    rows += day.manifest.rows;
  }
  EXPECT_EQ(rows, 400U);
  const auto store = open_store(shop.root(), false);
  SnapshotReader reader(*store, {kDays, {"event_time", "known_time"}, 0, false});
  data::Time last = 0;
  while (const auto batch = reader.next()) {
    const auto columns = columns_of(*batch);
    for (std::size_t i = 0; i < columns[0].integer.size(); ++i) {
      EXPECT_GE(columns[0].integer[i], last);
      EXPECT_GE(columns[1].integer[i], columns[0].integer[i]);
      last = columns[0].integer[i];
    }
  }
  EXPECT_EQ(reader.rows(), 400U);
}

TEST(SnapshotBuild, SameInputsGiveTheSameVersionAndRewriteNothing) {
  const Shop shop(2);
  shop.build(kDays);
  const auto files = files_under(shop.root());
  const auto written = std::filesystem::last_write_time(shop.root() + "/date=2024-03-02/manifest.json");
  for (const BuiltDay& day : shop.build(kDays).days) EXPECT_EQ(day.outcome, Outcome::unchanged);
  EXPECT_EQ(files_under(shop.root()), files);
  EXPECT_EQ(std::filesystem::last_write_time(shop.root() + "/date=2024-03-02/manifest.json"), written);
  BuildOptions resume;
  resume.resume = true;
  for (const BuiltDay& day : shop.build(kDays, resume).days) EXPECT_EQ(day.outcome, Outcome::skipped);
}

TEST(SnapshotBuild, ADayIsTheSameWhateverIsBuiltWithIt) {
  const Shop together(3), alone(3);
  together.build(kDays);
  for (Day day = kDays.to; day >= kDays.from; --day) alone.build({day, day});
  EXPECT_EQ(together.dump({kDays, {}, 0, false}), alone.dump({kDays, {}, 0, false}));
}

TEST(SnapshotBuild, ALateEventMakesANewVersionAndTheOldOneStaysReadable) {
  Shop shop(4);
  shop.build(kDays);
  const DayRange day{kFirst + 2, kFirst + 2};
  const std::string before = shop.dump({day, {}, 0, false});
  shop.add_event(event_at(kFirst + 2, "late", "click", 100, 86400 * 2));
  const Built built = shop.build(kDays);
  for (const BuiltDay& other : built.days) {
    // It became known on the fifth day: the statistics of the sixth are the first to count it.
    const bool changed = other.manifest.day == kFirst + 2 || other.manifest.day == kFirst + 5;
    EXPECT_EQ(other.outcome == Outcome::written, changed) << format_day(other.manifest.day);
    EXPECT_EQ(other.manifest.version, changed ? 2 : 1);
  }
  EXPECT_EQ(shop.dump({day, {}, 1, false}), before);
  const std::string after = shop.dump({day, {}, 2, false});
  EXPECT_EQ(after, shop.dump({day, {}, 0, false}));
  EXPECT_NE(after.find("late|i1|click"), std::string::npos);
  EXPECT_EQ(before.find("late|i1|click"), std::string::npos);
  // As it was known when the day ended, the day is the first version's again, but for what else was late.
  BuildOptions known;
  known.known_by = end_of(kFirst + 2);
  shop.build(day, known);
  EXPECT_EQ(shop.dump({day, {}, 3, false}).find("late|i1|click"), std::string::npos);
}

TEST(SnapshotBuild, PartsThatCameOutAlikeAreNotWrittenAgain) {
  Shop shop(5);
  BuildOptions small;
  small.part_rows = 10;
  const DayRange day{kFirst + 1, kFirst + 1};
  const Manifest first = shop.build(day, small).days[0].manifest;
  ASSERT_GT(first.parts.size(), 4U);
  shop.add_event(event_at(kFirst + 1, "last", "other", 86399, 0));
  const Manifest second = shop.build(day, small).days[0].manifest;
  EXPECT_EQ(second.version, 2);
  EXPECT_EQ(second.rows, first.rows + 1);
  for (std::size_t i = 0; i + 1 < first.parts.size(); ++i) EXPECT_EQ(second.parts[i].path, first.parts[i].path);
  EXPECT_TRUE(second.parts.back().path.starts_with("v0002/"));
  const auto store = open_store(shop.root(), false);
  for (const DayState& state : verify_days(*store)) EXPECT_TRUE(state.faults.empty());
}

TEST(SnapshotBuild, ADamagedPartIsMended) {
  Shop shop(6);
  const DayRange day{kFirst, kFirst};
  shop.build(day);
  const std::string before = shop.dump({day, {}, 0, false});
  const std::filesystem::path part = shop.root() + "/date=2024-03-01/v0001/part-00000.parquet";
  std::filesystem::resize_file(part, std::filesystem::file_size(part) / 2);
  const BuiltDay mended = shop.build(day).days[0];
  EXPECT_EQ(mended.outcome, Outcome::mended);
  EXPECT_EQ(mended.manifest.version, 1);
  EXPECT_EQ(shop.dump({day, {}, 0, false}), before);
  std::filesystem::remove(part);
  EXPECT_EQ(shop.build(day).days[0].outcome, Outcome::mended);
  EXPECT_EQ(shop.dump({day, {}, 0, false}), before);
  EXPECT_EQ(shop.build(day).days[0].outcome, Outcome::unchanged);
  // What the sources no longer give cannot be mended: the old version stays damaged, and is named.
  std::filesystem::resize_file(part, 100);
  shop.add_event(event_at(kFirst, "late", "click", 100, 0));
  EXPECT_EQ(shop.build(day).days[0].manifest.version, 2);
  EXPECT_THROW(shop.dump({day, {}, 1, false}), std::runtime_error);
  EXPECT_NE(shop.dump({day, {}, 2, false}).find("late"), std::string::npos);
}

TEST(SnapshotBuild, LabelsAreClicksOnWhatWasShownWithinTheWait) {
  Shop shop(7, 1, 1);
  shop.more = "keep = \"impressions\"\nlabel_wait = \"1h\"\n";
  const auto show = [&](const char* user, const char* event, int second, int late, const char* request) {
    const std::int64_t time = start_of(kFirst + 3) / data::kSecond + second;
    shop.add_event(fmt::format("{}\tx\t{}\t1\t1\t{}\t{}\t{}", user, event, request, time, time + late));
  };
  show("clicked", "impression", 1000, 0, "a");
  show("clicked", "click", 1000 + 3600, 50, "a");  // just in time, and known 50 seconds later
  show("clicked", "click", 1000 + 3600, 5, "b");   // of another request
  show("tooearly", "click", 1999, 0, "a");
  show("tooearly", "impression", 2000, 0, "a");
  show("tooslow", "impression", 3000, 0, "a");
  show("tooslow", "click", 3000 + 3601, 0, "a");
  show("overnight", "impression", 86399, 0, "a");
  show("overnight", "click", 86399 + 60, 0, "a");  // on the next day
  const DayRange day{kFirst + 3, kFirst + 3};
  shop.build(day);
  const auto second = [](int s) { return std::to_string(start_of(kFirst + 3) + s * data::kSecond); };
  EXPECT_EQ(shop.dump({day, {"user", "label", "label_known_time"}, 0, false}),
            "clicked|1|" + second(4650) + "|\ntooearly|0|" + second(5600) + "|\ntooslow|0|" + second(6600) +
                "|\novernight|1|" + second(86459) + "|\n");
}

TEST(SnapshotBuild, ASampleKeepsSharesOfUsersAndSaysWhatTheyStandFor) {
  Shop shop(8, 1, 0);
  shop.more = "[sample]\nby = \"profile_country\"\nshares = [\"DK 0.5\", \"SE 0.1\"]\n";
  for (int u = 0; u < 600; ++u) {
    const char* const country = u % 3 == 0 ? "DK" : u % 3 == 1 ? "SE" : "NO";
    shop.add_fact(fmt::format("p{}\t{}\t30\t{}\t{}", u, country, Shop::base() - 10, Shop::base() - 10));
    shop.add_event(event_at(kFirst, fmt::format("p{}", u), "click", 10 + u, 0));
    shop.add_event(event_at(kFirst + 1, fmt::format("p{}", u), "click", 10 + u, 0));
  }
  shop.build({kFirst, kFirst + 1});
  const auto store = open_store(shop.root(), false);
  SnapshotReader reader(*store, {{kFirst, kFirst + 1}, {"user", "profile_country", "sample_weight"}, 0, false});
  std::vector<std::set<std::string>> users;
  std::map<std::string, int> counts;
  while (const auto batch = reader.next()) {
    const auto columns = columns_of(*batch);
    users.emplace_back(columns[0].text.begin(), columns[0].text.end());
    for (std::size_t i = 0; i < columns[1].text.size(); ++i) {
      ++counts[columns[1].text[i]];
      EXPECT_EQ(columns[2].real[i], columns[1].text[i] == "DK" ? 2.0 : columns[1].text[i] == "SE" ? 10.0 : 1.0);
    }
  }
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0], users[1]);  // the same users every day
  EXPECT_EQ(counts["NO"], 400);
  EXPECT_NEAR(counts["DK"], 200, 60);  // 200 users of share 0.5, twice: 3 standard deviations are 42
  EXPECT_NEAR(counts["SE"], 40, 26);

  shop.more = "[sample]\nby = \"profile_age\"\nshares = [\"DK 0.5\"]\n";
  shop.write();
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              shop.build({kFirst, kFirst});
            }),
            "[sample] by \"profile_age\" is no text column of the snapshot");
}

TEST(SnapshotBuild, OneOfTwoBuildersOfADayWins) {
  const Shop shop(9);
  const auto store = open_store(shop.root(), true);
  {
    const auto held = store->lock(folder_of(kFirst + 1));
    EXPECT_EQ(
        message_of<std::runtime_error>([&] {
          shop.build({kFirst + 1, kFirst + 1});
        }),
        fmt::format("[{}/date=2024-03-02] is being built by process {}; this build leaves it alone, try again when "
                    "that one has ended",
                    shop.root(), ::getpid()));
    EXPECT_FALSE(read_manifest(*store, kFirst + 1));
    shop.build({kFirst, kFirst});  // another day is free
  }
  shop.build({kFirst + 1, kFirst + 1});
  EXPECT_TRUE(read_manifest(*store, kFirst + 1));
}

TEST(SnapshotBuild, AnUnfinishedBuildIsNoDayAndIsClearedAway) {
  const Shop shop(10);
  const std::filesystem::path day = shop.root() + "/date=2024-03-01";
  std::filesystem::create_directories(day / "v0001");
  put(day / "v0001/part-00000.parquet", "half");
  put(day / "v0001/part-00001.parquet.partial-1-0", "half");
  put(day / "note.txt", "somebody's own");
  const auto store = open_store(shop.root(), false);
  EXPECT_FALSE(read_manifest(*store, kFirst));
  const auto found = list_days(*store);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].versions.empty());
  EXPECT_EQ(found[0].leftovers.size(), 2U);
  shop.build({kFirst, kFirst});
  EXPECT_TRUE(verify_days(*store)[0].leftovers.empty());
  EXPECT_EQ(files_under(day),
            (std::set<std::string>{"manifest.json", "note.txt", "v0001/manifest.json", "v0001/part-00000.parquet"}));
}

TEST(SnapshotBuild, ADayOfWhichASourceGotTooLittleIsNotBuilt) {
  Shop shop(11);
  shop.more = "least = 1.0\n";
  shop.add_event("u1\ti1\tclick\t-5\t1\tr1\t1709251200\t1709251200");  // a negative duration cannot be read
  BuildOptions options;
  options.max_bad = 0.5;
  EXPECT_NE(message_of<std::runtime_error>([&] {
              shop.build({kFirst, kFirst}, options);
            }).find("[2024-03-01] source 'views' (rows) got 0.9975 of the day, less than least = 1"),
            std::string::npos);
  shop.more = "";
  shop.write();
  EXPECT_LT(shop.build({kFirst, kFirst}, options).days[0].manifest.completeness(), 1);
  options.max_bad = 0.001;
  EXPECT_NE(message_of<std::runtime_error>([&] {
              shop.build({kFirst, kFirst}, options);
            }).find("is negative"),
            std::string::npos);
}

TEST(SnapshotBuild, AnEmptyDayIsThereWithoutRows) {
  const Shop shop(12, 2);
  const DayRange day{kFirst + 30, kFirst + 30};
  EXPECT_EQ(shop.build(day).days[0].manifest.rows, 0U);
  EXPECT_EQ(shop.dump({day, {}, 0, false}), "");
  EXPECT_EQ(shop.build(day).days[0].outcome, Outcome::unchanged);
}

}  // namespace
}  // namespace tamis::timemachine::test
