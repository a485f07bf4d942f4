#include "tamis/evidence/timemachine/point_in_time_tables.h"

#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tests/base/scratch.h"

namespace tamis::timemachine {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::put;
using test::Scratch;
using test::tag;

class PointInTimeTables : public testing::Test {
 protected:
  FeatureTables read(const std::string& labels, const std::string& facts, bool as_text = true, double max_bad = 1) {
    return read_feature_tables(scratch / labels, scratch / facts, columns,
                               {.carry = true, .as_text = as_text, .max_bad = max_bad}, quarantine, progress);
  }
  AsOf join(const std::string& labels, const std::string& facts, const std::string& out, AsOfOptions how = {}) {
    const bool as_text = table_format(out) != TableFormat::parquet;
    const FeatureTables tables = read(labels, facts, as_text);
    const AsOf joined = as_of_join(tables.as_of_labels(), tables.as_of_facts(), how);
    write_features(scratch / out, tables, joined);
    return joined;
  }
  std::string text(const std::string& name) const { return read_file(scratch / name); }

  Scratch scratch;
  FeatureColumns columns{.key = "user"};
  Quarantine quarantine;
  Progress progress;
};

constexpr const char* kLabels =
    "user,time,clicked\n"
    "ann,2024-01-03,1\n"
    "bob,2024-01-03 12:00:00,0\n"
    "ann,2024-01-01,0\n"
    "eve,2024-01-03,1\n";

constexpr const char* kFacts =
    "event_time,user,known_time,city,visits\n"
    "2024-01-02T00:00:00Z,ann,2024-01-02T01:00:00+01:00,\"Oslo, N\",3\n"
    "2024-01-03 11:00,bob,2024-01-04,Rome,9\n"
    "2024-01-01,bob,,Pisa,\n"
    "1969-01-01,ann,1969-01-01,Bern,1\n";

TEST_F(PointInTimeTables, WritesTheLabelsWithWhatWasKnown) {
  put(scratch / "labels.csv", kLabels);
  put(scratch / "facts.csv", kFacts);
  const AsOf joined = join("labels.csv", "facts.csv", "out.csv");
  EXPECT_EQ(text("out.csv"),
            "user,time,clicked,city,visits\n"
            "ann,2024-01-03,1,\"Oslo, N\",3\n"
            "bob,2024-01-03 12:00:00,0,Pisa,\n"
            "ann,2024-01-01,0,Bern,1\n"
            "eve,2024-01-03,1,,\n");
  EXPECT_EQ(joined.matched, 3U);
  EXPECT_EQ(joined.unknown_yet, 1U);
  join("labels.csv", "facts.csv", "leak.csv", {.event_time_only = true});
  EXPECT_NE(text("leak.csv").find("bob,2024-01-03 12:00:00,0,Rome,9\n"), std::string::npos);
  EXPECT_EQ(quarantine.count(), 0U);
}

// What the label says is put among the facts as known a moment after it: a join by two clocks never shows it.
TEST_F(PointInTimeTables, APlantedLeakIsCaught) {
  std::string labels = "user,time,clicked\n", facts = "user,event_time,known_time,last\n";
  for (int i = 0; i < 50; ++i) {
    const std::string user = "u" + std::to_string(i % 7), day = std::to_string(1'700'000'000 + 86'400 * i);
    const std::string clicked = i % 3 == 0 ? "1" : "0";
    labels += user + "," + day + "," + clicked + "\n";
    facts += user + "," + day + "," + std::to_string(1'700'000'001 + 86'400 * i) + ",outcome" + clicked + "\n";
  }
  put(scratch / "labels.csv", labels);
  put(scratch / "facts.csv", facts);
  const FeatureTables tables = read("labels.csv", "facts.csv");
  const AsOf honest = as_of_join(tables.as_of_labels(), tables.as_of_facts());
  EXPECT_EQ(honest.unknown_yet, 50U);
  for (std::size_t i = 0; i < honest.fact.size(); ++i)
    EXPECT_EQ(honest.fact[i], i < 7 ? kNoFact : static_cast<std::int64_t>(i) - 7);
  const AsOf leaking = as_of_join(tables.as_of_labels(), tables.as_of_facts(), {.event_time_only = true});
  EXPECT_EQ(leaking.unknown_yet, 50U);
  for (std::size_t i = 0; i < leaking.fact.size(); ++i) EXPECT_EQ(leaking.fact[i], static_cast<std::int64_t>(i));
}

TEST_F(PointInTimeTables, ParquetKeepsTypes) {
  write_table(scratch / "labels.parquet",
              {{"user", {}, {5, 6, 5}, {}}, {"time", {}, {100, 100, 5}, {}}, {"clicked", {}, {1, 0, 1}, {}}});
  write_table(scratch / "facts.parquet", {{"user", {}, {5, 7}, {}},
                                          {"event_time", {}, {50, 50}, {}},
                                          {"visits", {}, {3, 4}, {}},
                                          {"score", {}, {}, {0.5, 0.25}},
                                          {"city", {"Oslo", "Rome"}, {}, {}}});
  columns.prefix = "last_";
  const AsOf joined = join("labels.parquet", "facts.parquet", "out.parquet");
  EXPECT_EQ(joined.fact, (std::vector<std::int64_t>{0, kNoFact, kNoFact}));
  TableReader reader(scratch / "out.parquet",
                     {{"user", ColumnType::time},
                      {"last_visits", ColumnType::time},
                      {"last_score", ColumnType::time},
                      {"last_city", ColumnType::time}},
                     {}, quarantine);
  const auto* batch = reader.next();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ((*batch)[0].integer, (std::vector<std::int64_t>{5, 6, 5}));
  EXPECT_EQ((*batch)[1].integer, (std::vector<std::int64_t>{3, 0, 0}));
  EXPECT_EQ((*batch)[1].valid, (std::vector<std::uint8_t>{1, 0, 0}));
  EXPECT_EQ((*batch)[2].real, (std::vector<double>{0.5, 0, 0}));
  EXPECT_EQ((*batch)[3].text.front(), "Oslo");
  EXPECT_EQ(reader.names(),
            (std::vector<std::string>{"user", "time", "clicked", "last_visits", "last_score", "last_city"}));
}

TEST_F(PointInTimeTables, NumbersAndTextsAreOneKeyAsTheyAreWritten) {
  put(scratch / "labels.csv", "user,time\n7,100\n07,100\n");
  write_table(scratch / "facts.parquet",
              {{"user", {}, {7}, {}}, {"event_time", {}, {50}, {}}, {"x", {"seen"}, {}, {}}});
  EXPECT_EQ(join("labels.csv", "facts.parquet", "out.csv").fact, (std::vector<std::int64_t>{0, kNoFact}));
  // A column of numbers with gaps is often one of reals.
  write_table(scratch / "reals.parquet",
              {{"user", {}, {}, {7, 8}}, {"event_time", {}, {50, 60}, {}}, {"x", {}, {1, 2}, {}}});
  write_table(scratch / "whole.parquet", {{"user", {}, {8, 7}, {}}, {"time", {}, {60, 60}, {}}});
  EXPECT_EQ(join("whole.parquet", "reals.parquet", "out.csv").fact, (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(text("out.csv"), "user,time,x\n8,60,2\n7,60,1\n");
}

TEST_F(PointInTimeTables, BadRowsAreSetAsideWithTheReason) {
  put(scratch / "labels.csv", "user,time,y\nann,100,1\n,100,1\nann,,1\nann,soon,1\nann\nann,200,0\n");
  put(scratch / "facts.csv", "user,event_time,known_time,x\nann,50,later,0\nann,50,,1\nann,150,160,2\n,1,1,3\n");
  EXPECT_EQ(join("labels.csv", "facts.csv", "out.csv").fact, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(text("out.csv"), "user,time,y,x\nann,100,1,1\nann,200,0,2\n");
  EXPECT_EQ(quarantine.count(), 6U);
  quarantine.write(scratch / "quarantine.tsv");
  const std::string refused = text("quarantine.tsv");
  for (const char* reason : {"\t3\tthe key 'user' is empty\t", "\t4\tcolumn 'time' is empty\t",
                             "\t5\tcolumn 'time': 'soon' is not a time (2024-01-31 13:05:00, or seconds since 1970)\t",
                             "\t6\thas 1 fields where 3 are needed\t",
                             "\t2\tcolumn 'known_time': 'later' is not a time", "\t5\tthe key 'user' is empty\t"})
    EXPECT_NE(refused.find(reason), std::string::npos) << reason << " in\n" << refused;
  Quarantine again;
  std::swap(quarantine, again);
  EXPECT_EQ(message_of<std::runtime_error>([&] { read("labels.csv", "facts.csv", true, 0.5); }),
            "[" + (scratch / "labels.csv").string() +
                " line 6] has 1 fields where 3 are needed; 4 of 6 rows could not be read, "
                "more than the share of 0.5 that is let pass");
}

// Tables with whole keys are read side by side; what is refused is told once all the same.
TEST_F(PointInTimeTables, BadRowsOfBothParquetTablesAreToldOnce) {
  write_table(scratch / "labels.parquet", {{"user", {}, {5, 6}, {}}, {"time", {}, {}, {1e300, 100}}});
  write_table(scratch / "facts.parquet",
              {{"user", {}, {6, 6, 6}, {}}, {"event_time", {}, {}, {20, 1e300, 30}}, {"x", {}, {1, 2, 3}, {}}});
  const int before = threads();
  for (const int count : {1, 2}) {
    set_threads(count);
    Quarantine fresh;
    std::swap(quarantine, fresh);
    EXPECT_EQ(join("labels.parquet", "facts.parquet", "out.csv").fact, std::vector<std::int64_t>{1});
    EXPECT_EQ(quarantine.count(), 2U);
    quarantine.write(scratch / "quarantine.tsv");
    EXPECT_NE(text("quarantine.tsv").find("labels.parquet\t1\tcolumn 'time': '1e+300' is not"), std::string::npos);
    EXPECT_NE(text("quarantine.tsv").find("facts.parquet\t2\tcolumn 'event_time': '1e+300'"), std::string::npos);
  }
  set_threads(before);
  EXPECT_EQ(text("out.csv"), "user,time,x\n6,100,3\n");
}

TEST_F(PointInTimeTables, FactsMayBeNone) {
  put(scratch / "labels.csv", "user,time\nann,100\n");
  put(scratch / "facts.csv", "user,event_time,x\n");
  EXPECT_EQ(join("labels.csv", "facts.csv", "out.csv").matched, 0U);
  EXPECT_EQ(text("out.csv"), "user,time,x\nann,100,\n");
  put(scratch / "none.csv", "user,time\n");
  EXPECT_EQ(message_of<std::runtime_error>([&] { read("none.csv", "facts.csv"); }),
            tag(scratch / "none.csv") + "holds no rows");
}

TEST_F(PointInTimeTables, RefusesByName) {
  put(scratch / "labels.csv", "user,time,x\nann,100,1\n");
  put(scratch / "facts.csv", "user,event_time,x\nann,1,2\n");
  const auto refused = [&] { return message_of<std::invalid_argument>([&] { read("labels.csv", "facts.csv"); }); };
  EXPECT_EQ(
      refused(),
      "[features] two columns of the result would be named 'x'; a prefix for those of the facts, or a choice among "
      "them, is needed");
  columns.prefix = "f_";
  EXPECT_EQ(refused(), "nothing was thrown");
  columns.known_time = "loaded";
  EXPECT_EQ(refused(), tag(scratch / "facts.csv") + "has no column 'loaded'; it has: user, event_time, x");
  columns.known_time.reset();
  columns.of_facts = {"y"};
  EXPECT_EQ(refused(), tag(scratch / "facts.csv") + "has no column 'y'; it has: user, event_time, x");
  columns.of_facts.reset();
  put(scratch / "facts.csv", "user,event_time\nann,1\n");
  EXPECT_EQ(refused(), tag(scratch / "facts.csv") + "has no column beside the key and the times; name those to carry");
  columns.key = "who";
  EXPECT_EQ(refused(), tag(scratch / "labels.csv") + "has no column 'who'; it has: user, time, x");
}

}  // namespace
}  // namespace tamis::timemachine
