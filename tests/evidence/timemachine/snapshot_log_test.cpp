#include "tamis/evidence/timemachine/snapshot_log.h"

#include <stdexcept>

#include "tests/evidence/timemachine/snapshot_fixture.h"

namespace tamis::timemachine::test {
namespace {

TEST(SnapshotLog, IsTheLogThatTheDaysWereMadeFrom) {
  const Shop shop(5);
  shop.build({kFirst, kFirst + 5});
  const auto store = open_store(shop.root(), false);
  const data::Dataset read = read_snapshot_log(*store, std::nullopt);
  Quarantine quarantine;
  const data::Dataset first = data::read_table_log(shop.scratch / "log.tsv", "", {}, quarantine);
  ASSERT_EQ(read.log.size(), first.log.size());
  EXPECT_EQ(read.inputs.front().rows_read, first.log.size());
  EXPECT_GT(read.inputs.front().bytes, 0U);
  EXPECT_EQ(read.log.clicks(), first.log.clicks());
  for (std::size_t i = 0; i < read.log.size(); ++i) {
    const data::Row a = read.log.row(i), b = first.log.row(i);
    EXPECT_EQ(read.log.users.at(a.user), first.log.users.at(b.user));
    EXPECT_EQ(read.items.ids.at(a.item), first.items.ids.at(b.item));
    EXPECT_EQ(read.log.requests.at(a.request), first.log.requests.at(b.request));
    EXPECT_EQ(a.event, b.event);
    EXPECT_EQ(a.value, b.value);
    EXPECT_EQ(a.position, b.position);
    EXPECT_EQ(a.event_time, b.event_time);
    EXPECT_EQ(a.known_time, b.known_time);
  }
}

TEST(SnapshotLog, TakesARangeAndRefusesWhatIsNotThere) {
  const Shop shop(6);
  shop.build({kFirst + 1, kFirst + 3});
  const auto store = open_store(shop.root(), false);
  const data::Dataset some = read_snapshot_log(*store, DayRange{kFirst + 2, kFirst + 3});
  EXPECT_GE(some.log.event_time(0), start_of(kFirst + 2));
  EXPECT_LT(some.log.size(), read_snapshot_log(*store, std::nullopt).log.size());
  EXPECT_THROW(read_snapshot_log(*store, DayRange{kFirst, kFirst + 2}), std::runtime_error);
  const Scratch empty;
  EXPECT_THROW(read_snapshot_log(*open_store((empty / "days").string(), true), std::nullopt), std::runtime_error);
}

}  // namespace
}  // namespace tamis::timemachine::test
