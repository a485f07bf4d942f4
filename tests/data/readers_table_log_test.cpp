#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tamis/base/memory_meter.h"
#include "tamis/data/readers/table_log.h"
#include "tests/base/scratch.h"

namespace tamis::data {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::Scratch;
using test::tag;

TEST(TableLog, ReadsEveryColumn) {
  const Scratch scratch;
  write_file(scratch / "log.csv",
             "user,item,event,value,position,request,event_time,known_time\n"
             "u2,b,click,12.5,1,r1,2024-01-02 10:00:00,2024-01-02T10:05:00Z\n"
             "u1,a,View,,1,r0,2024-01-01,\n"
             "u1,c,SHOWN,,2,r0,2024-01-01,\n"
             "u1,a,impression,,3,,1704067200,\n"
             "u1,zz,like,1,,,2024-01-01 00:00:01+00:00,1704067201.5\n");
  write_file(scratch / "items.csv", "item,text,category\na,\"An, apple\",fruit\nb,,\nd,never seen,none\nc,x,y\n");
  Quarantine q;
  const Dataset set = read_table_log(scratch / "log.csv", scratch / "items.csv", {}, q);
  EXPECT_EQ(q.count(), 0U);
  const Time day = 19'723 * kDay;  // 2024-01-01
  ASSERT_EQ(set.log.size(), 5U);
  EXPECT_EQ(set.items.catalogued, 4U);
  EXPECT_EQ(set.items.size(), 5U);
  EXPECT_EQ(set.items.text[0], "An, apple");
  EXPECT_EQ(set.items.category[0], "fruit");
  EXPECT_EQ(set.uncatalogued_rows, 1U);
  const std::vector<Event> events = {Event::impression, Event::impression, Event::impression, Event::other,
                                     Event::click};
  const std::vector<std::string> items = {"a", "c", "a", "zz", "b"};
  const std::vector<int> positions = {1, 2, 3, 0, 1};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(set.log.event(i), events[i]) << i;
    EXPECT_EQ(set.items.ids.at(set.log.item(i)), items[i]) << i;
    EXPECT_EQ(set.log.position(i), positions[i]) << i;
  }
  EXPECT_EQ(set.log.event_time(0), day);
  EXPECT_EQ(set.log.known_time(0), day);
  EXPECT_EQ(set.log.known_time(3), day + kSecond + kSecond / 2);
  EXPECT_EQ(set.log.known_time(4), day + kDay + 10 * kHour + 300 * kSecond);
  EXPECT_EQ(set.log.value(4), 12.5F);
  EXPECT_EQ(set.log.users.at(set.log.user(4)), "u2");
  EXPECT_EQ(set.log.requests.at(set.log.request(0)), "r0");
  EXPECT_EQ(set.log.request(0), set.log.request(1));
  EXPECT_EQ(set.log.request(2), kNone);
  ASSERT_EQ(set.inputs.size(), 2U);
  EXPECT_EQ(set.inputs[0].rows_read, 4U);
  EXPECT_EQ(set.inputs[1].rows_read, 5U);
}

TEST(TableLog, TheLeastIsThreeColumns) {
  const Scratch scratch;
  write_file(scratch / "log.tsv", "who\twhat\twhen\n1\tx\t100\n2\ty\t50\n");
  TableColumns columns;
  columns.user = "who";
  columns.item = "what";
  columns.event_time = "when";
  Quarantine q;
  const Dataset set = read_table_log(scratch / "log.tsv", "", columns, q);
  EXPECT_EQ(set.log.clicks(), 2U);
  EXPECT_EQ(set.log.event_time(0), 50 * kSecond);
  EXPECT_EQ(set.items.catalogued, 0U);
  EXPECT_EQ(set.uncatalogued_rows, 0U);
  EXPECT_FALSE(set.log.has_positions());
  EXPECT_FALSE(set.log.has_requests());
}

TEST(TableLog, NumbersAsTimesTellTheirUnitBySize) {
  const Scratch scratch;
  // 2024-01-01 in seconds, milliseconds, microseconds and nanoseconds; then limits.
  write_file(scratch / "log.csv",
             "user,item,event_time\nu,a,1704067200\nu,b,1704067200000\nu,c,1704067200000000\n"
             "u,d,1704067200000000000\nu,e,0\nu,f,100000000001\nu,g,100000000000\nu,h,7289654399\nu,i,7289654400\n");
  Quarantine q;
  const Dataset set = read_table_log(scratch / "log.csv", "", {}, q);
  ASSERT_EQ(set.log.size(), 7U);
  EXPECT_EQ(set.log.event_time(0), 0);
  EXPECT_EQ(set.log.event_time(1), 100'000'000'001'000);
  for (std::size_t i = 2; i < 6; ++i) EXPECT_EQ(set.log.event_time(i), 19'723 * kDay) << i;
  EXPECT_EQ(set.log.event_time(6), 7'289'654'399 * kSecond);
  EXPECT_EQ(q.count(), 2U);
  std::vector<OutputColumn> columns = {{"user", {"u", "v"}, {}, {}}, {"item", {}, {7, 8}, {}}};
  columns.push_back({"event_time", {}, {1'704'067'200, 1'704'067'200'000}, {}});
  write_table(scratch / "log.parquet", columns);
  const Dataset same = read_table_log(scratch / "log.parquet", "", {}, q);
  EXPECT_EQ(same.log.event_time(0), 19'723 * kDay);
  EXPECT_EQ(same.log.event_time(1), 19'723 * kDay);
  EXPECT_EQ(same.items.ids.at(same.log.item(0)), "7");
  columns[2] = {"event_time", {}, {}, {1'704'067'200.25, 1'704'067'199}};
  write_table(scratch / "log.parquet", columns);
  EXPECT_EQ(read_table_log(scratch / "log.parquet", "", {}, q).log.event_time(1), 19'723 * kDay + kSecond / 4);
}

TEST(TableLog, QuarantinesWithTheReason) {
  const Scratch scratch;
  write_file(scratch / "log.csv",
             "user,item,value,position,event_time,known_time\n"
             "u,a,1,1,100,\n"
             ",a,1,1,100,\n"
             "u,,1,1,100,\n"
             "u,a,1,1,,\n"
             "u,a,1,1,tomorrow,\n"
             "u,a,-1,1,100,\n"
             "u,a,1,0,100,\n"
             "u,a,1,70000,100,\n"
             "u,a,1,1,100,99\n"
             "u,a,1,1,100,later\n"
             "u,a,1\n"
             "u,a,x,1,100,\n"
             "u,a,1e300,1,100,\n"
             "u,new-item,-1,1,100,\n"
             "u,a,1,1,2024-02-30,\n");
  Quarantine q;
  const Dataset set = read_table_log(scratch / "log.csv", "", {}, q);
  EXPECT_EQ(set.log.size(), 1U);
  EXPECT_EQ(set.items.size(), 1U);  // a refused row adds no item
  EXPECT_EQ(set.inputs[0].rows_read, 15U);
  EXPECT_EQ(set.inputs[0].rows_quarantined, 14U);
  EXPECT_EQ(q.count(), 14U);
  q.write(scratch / "q.tsv");
  const std::string text = read_file(scratch / "q.tsv");
  const std::string file = (scratch / "log.csv").string();
  const std::string time = "is not a time of the years 1970 to 2200 (2024-01-31 13:05:00, or seconds since 1970)";
  for (const std::string& expected : std::vector<std::string>{
           "\t3\tthe user is empty\t,a,1,1,100,\n", "\t4\tthe item is empty\tu,,1,1,100,\n",
           "\t5\tthe event time is empty\t", "\t6\tevent time 'tomorrow' " + time + "\t",
           "\t7\tvalue -1 is negative; a duration or a rating of at least 0 is needed\t",
           "\t8\tposition 0 is not from 1 to 65535\t", "\t9\tposition 70000 is not from 1 to 65535\t",
           "\t10\tthe known time is before the event time\t", "\t11\tknown time 'later' " + time + "\t",
           "\t12\thas 3 fields where 6 are needed\tu,a,1\n", "\t13\tcolumn 'value': 'x' is not a finite number\t",
           "\t14\tvalue 1e+300 is beyond the range of a 32-bit float\t", "\t15\tvalue -1 is negative",
           "\t16\tevent time '2024-02-30' " + time + "\t"})
    EXPECT_NE(text.find(file + expected), std::string::npos) << expected << text;
}

TEST(TableLog, CatalogueRowsAreChecked) {
  const Scratch scratch;
  write_file(scratch / "log.csv", "user,item,event_time\nu,a,100\n");
  write_file(scratch / "items.tsv", "item\ttext\na\tfirst\n\tnone\na\tsecond\n");
  Quarantine q;
  const Dataset set = read_table_log(scratch / "log.csv", scratch / "items.tsv", {}, q);
  EXPECT_EQ(set.items.catalogued, 1U);
  EXPECT_EQ(set.items.text[0], "first");
  EXPECT_EQ(set.items.category[0], "");
  EXPECT_EQ(set.inputs[0].rows_quarantined, 2U);
}

TEST(TableLog, RefusesWholeFiles) {
  const Scratch scratch;
  Quarantine q;
  write_file(scratch / "log.csv", "user,item,event_time\n");
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_table_log(scratch / "log.csv", "", {}, q); }),
            tag(scratch / "log.csv") + "holds no rows");
  write_file(scratch / "log.csv", "user,item,event_time\nu,a,x\n");
  EXPECT_EQ(message_of<std::runtime_error>([&] {
              read_table_log(scratch / "log.csv", "", {}, q);
            }).find(tag(scratch / "log.csv") + "holds no row that can be read; the first one refused: "),
            0U);
  write_file(scratch / "log.csv", "user,item,time\nu,a,1\n");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { read_table_log(scratch / "log.csv", "", {}, q); }),
            tag(scratch / "log.csv") + "has no column 'event_time'; it has: user, item, time");
  TableColumns columns;
  columns.event_time = "time";
  EXPECT_EQ(read_table_log(scratch / "log.csv", "", columns, q).log.size(), 1U);
  columns.event = "evnt";  // a column that was named must be there
  EXPECT_THROW(read_table_log(scratch / "log.csv", "", columns, q), std::invalid_argument);
  columns.event = "";
  EXPECT_EQ(read_table_log(scratch / "log.csv", "", columns, q).log.size(), 1U);
  columns.user = "";
  EXPECT_THROW(read_table_log(scratch / "log.csv", "", columns, q), std::invalid_argument);
  EXPECT_THROW(read_table_log(scratch / "none.csv", "", {}, q), std::runtime_error);
}

TEST(TableLog, ShuffledRowsGiveTheSameLog) {
  const Scratch scratch;
  std::string header = "user,item,event_time\n", forward = header, backward = header;
  for (int i = 0; i < 500; ++i) {
    const std::string row =
        std::to_string(i % 7) + "," + std::to_string(i % 11) + "," + std::to_string(1000 + i) + "\n";
    forward += row;
    backward.insert(header.size(), row);
  }
  Quarantine q;
  write_file(scratch / "a.csv", forward);
  write_file(scratch / "b.csv", backward);
  const Dataset a = read_table_log(scratch / "a.csv", "", {}, q);
  const Dataset b = read_table_log(scratch / "b.csv", "", {}, q);
  ASSERT_EQ(a.log.size(), b.log.size());
  for (std::size_t i = 0; i < a.log.size(); ++i) {
    EXPECT_EQ(a.log.users.at(a.log.user(i)), b.log.users.at(b.log.user(i)));
    EXPECT_EQ(a.items.ids.at(a.log.item(i)), b.items.ids.at(b.log.item(i)));
    EXPECT_EQ(a.log.event_time(i), b.log.event_time(i));
  }
}

constexpr std::int64_t kMany = 10'000'000;

void write_many(const fs::path& path) {
  std::vector<OutputColumn> columns(8);
  const char* const names[] = {"user", "item", "event", "value", "position", "request", "event_time", "known_time"};
  for (std::size_t c = 0; c < 8; ++c) columns[c].name = names[c];
  for (std::int64_t i = 0; i < kMany; ++i) {
    columns[0].integer.push_back(i * 7919 % 200'003);
    columns[1].integer.push_back(i * 104'729 % 50'021);
    columns[2].text.emplace_back(i % 10 == 0 ? "click" : "impression");
    columns[3].real.push_back(i % 10 == 0 ? static_cast<double>(i % 600) : 0);
    columns[4].integer.push_back(i % 10 + 1);
    columns[5].integer.push_back(i / 10);
    columns[6].integer.push_back(1'704'067'200 + i * 31 % 2'592'000);
    columns[7].integer.push_back(columns[6].integer.back() + 60);
  }
  write_table(path, columns);
}

// Runs in a process of its own: the peak of this one holds whatever other tests did. Exit 0 where `body` passes.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool reads_many(const fs::path& path) {
  const auto start = std::chrono::steady_clock::now();
  Quarantine q;
  const Dataset set = read_table_log(path, "", {}, q);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double megabytes = static_cast<double>(peak_resident_bytes()) / 1e6;
  std::printf("%s: %zu rows in %.1f s, peak %.0f MB\n", path.filename().c_str(), set.log.size(), took.count(),
              megabytes);
  std::fflush(stdout);
  return set.log.size() == kMany && set.log.clicks() == kMany / 10 && set.log.requests.size() == kMany / 10 &&
         q.count() == 0 && megabytes <= 1200;
}

class SlowTableLog : public ::testing::TestWithParam<const char*> {};

TEST_P(SlowTableLog, TenMillionRowsFit) {
  const Scratch scratch;
  const fs::path path = scratch / GetParam();
  ASSERT_EQ(in_child([&] {
              write_many(path);
              return true;
            }),
            0);
  EXPECT_EQ(in_child([&] { return reads_many(path); }), 0);
}

INSTANTIATE_TEST_SUITE_P(SlowFormats, SlowTableLog, ::testing::Values("log.parquet", "log.csv"));

}  // namespace
}  // namespace tamis::data
