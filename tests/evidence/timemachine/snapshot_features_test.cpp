#include <cmath>
#include <map>

#include "tamis/evidence/timemachine/point_in_time.h"
#include "tests/evidence/timemachine/snapshot_fixture.h"

namespace tamis::timemachine::test {
namespace {

using data::Event;
using data::kDay;
using data::kSecond;
using data::Time;

// The shop's log as the reader has it.
data::Dataset log_of(const Shop& shop) {
  Quarantine quarantine;
  return data::read_table_log(shop.scratch / "log.tsv", "", {}, quarantine);
}

std::map<std::string, std::string> by_name(const std::vector<OutputColumn>& columns) {
  std::map<std::string, std::string> values;
  for (const OutputColumn& column : columns)
    values[column.name] = !column.text.empty()      ? column.text[0]
                          : !column.integer.empty() ? std::to_string(column.integer[0])
                                                    : fmt::format("{}", column.real[0]);
  return values;
}

// Every feature of one moment, by loops over everything.
std::map<std::string, std::string> naive(const data::Dataset& data, const Request& request) {
  std::map<std::string, std::string> values;
  const Time day = start_of(day_of(request.time));
  std::int64_t clicks = 0, item_clicks = 0;
  double idle = std::nan("");
  std::string last;
  Time last_time = -1;
  struct Count {
    std::int64_t impressions = 0, clicks = 0;
    double play = 0;
  };
  std::map<std::string, Count> counts;
  for (const char* whose : {"user", "item"})
    for (const int w : {1, 3}) counts[fmt::format("{} {}", whose, w)];
  std::vector<std::pair<Time, std::size_t>> known;
  for (std::size_t i = 0; i < data.log.size(); ++i) {
    const data::Row row = data.log.row(i);
    const bool user = data.log.users.at(row.user) == request.user;
    const bool item = data.items.ids.at(row.item) == request.item;
    for (const int w : {1, 3}) {
      if (row.event_time < day - w * kDay || row.event_time >= day || row.known_time >= day) continue;
      for (const char* whose : {"user", "item"}) {
        if (!(*whose == 'u' ? user : item)) continue;
        Count& count = counts[fmt::format("{} {}", whose, w)];
        count.impressions += row.event == Event::impression;
        count.clicks += row.event == Event::click;
        count.play += row.event == Event::click ? static_cast<double>(row.value) : 0.0;
      }
    }
    if (user && row.event == Event::click && row.known_time < request.time) known.push_back({row.known_time, i});
  }
  std::sort(known.begin(), known.end());
  for (const auto& entry : known) {
    const data::Row row = data.log.row(entry.second);
    ++clicks;
    item_clicks += data.items.ids.at(row.item) == request.item;
    if (row.event_time < last_time) continue;
    last_time = row.event_time;
    last = data.items.ids.at(row.item);
    idle = static_cast<double>(request.time - row.event_time) / static_cast<double>(kSecond);
  }
  values["views_clicks"] = std::to_string(clicks);
  values["views_item_clicks"] = std::to_string(item_clicks);
  values["views_idle_s"] = fmt::format("{}", idle);
  values["views_last_item"] = last;
  for (const auto& entry : counts) {
    const std::string whose = entry.first.substr(0, 4), w = entry.first.substr(5);
    values[fmt::format("daily_{}_impressions_{}d", whose, w)] = std::to_string(entry.second.impressions);
    values[fmt::format("daily_{}_clicks_{}d", whose, w)] = std::to_string(entry.second.clicks);
    values[fmt::format("daily_{}_play_{}d", whose, w)] = fmt::format("{}", entry.second.play);
  }
  return values;
}

TEST(SnapshotFeatures, EqualLoopsOverEverything) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Shop shop(seed);
    const data::Dataset data = log_of(shop);
    Quarantine quarantine;
    const SnapshotConfig config = shop.config();
    Features features(config, kFirst + 7, INT64_MAX, quarantine);
    Stream stream(seed, "moments");
    std::size_t with_history = 0;
    for (int i = 0; i < 150; ++i) {
      const Day day = kFirst + static_cast<Day>(stream.below(8));
      features.open_day(day);
      const std::string user = fmt::format("u{}", stream.below(10)), item = fmt::format("i{}", stream.below(8));
      const Request request{user, item, start_of(day) + static_cast<Time>(stream.below(86400)) * kSecond};
      const auto got = by_name(features.serve(request));
      for (const auto& wanted : naive(data, request))
        ASSERT_EQ(got.at(wanted.first), wanted.second)
            << wanted.first << " of " << user << " at " << data::format_time(request.time);
      with_history += got.at("views_clicks") != "0" ? 1 : 0;
    }
    EXPECT_GT(with_history, 80U);
  }
}

TEST(SnapshotFeatures, ContextIsTheStrictPointInTimeJoin) {
  const Shop shop(4);
  Quarantine quarantine;
  TableReader reader(shop.scratch / "facts.tsv",
                     {{"who", ColumnType::text},
                      {"age", ColumnType::integer},
                      {"since", ColumnType::integer},
                      {"known", ColumnType::integer}},
                     {}, quarantine);
  std::vector<std::int64_t> who, age;
  std::vector<Time> since, known;
  while (const auto* batch = reader.next()) {
    for (std::size_t i = 0; i < (*batch)[0].valid.size(); ++i) {
      who.push_back((*batch)[0].text[i][1]);
      age.push_back((*batch)[1].integer[i]);
      since.push_back((*batch)[2].integer[i] * kSecond);
      known.push_back((*batch)[3].integer[i] * kSecond);
    }
  }
  ASSERT_EQ(who.size(), 60U);
  const SnapshotConfig config = shop.config();
  Features features(config, kFirst + 7, INT64_MAX, quarantine);
  Stream stream(4, "moments");
  std::vector<std::int64_t> key;
  std::vector<Time> time;
  // Half of the moments are the very ones at which a fact happens or becomes known.
  for (int i = 0; i < 400; ++i) {
    key.push_back(static_cast<std::int64_t>('0' + stream.below(10)));
    const std::size_t fact = stream.below(who.size());
    time.push_back(i % 2 == 0 ? (i % 4 == 0 ? known[fact] : since[fact])
                              : start_of(kFirst) + static_cast<Time>(stream.below(8 * 86400)) * kSecond);
  }
  AsOfOptions strict;
  strict.strict = true;
  const AsOf join = as_of_join({key, time}, {who, since, known}, strict);
  EXPECT_GT(join.matched, 200U);
  EXPECT_GT(join.unknown_yet, 20U);
  for (std::size_t i = 0; i < key.size(); ++i) {
    features.open_day(day_of(time[i]));
    const std::string user = std::string("u") + static_cast<char>(key[i]);
    const auto got = by_name(features.serve({user, "i0", time[i]}));
    const std::int64_t fact = join.fact[i];
    ASSERT_EQ(got.at("profile_age"), fact == kNoFact ? "nan" : std::to_string(age[static_cast<std::size_t>(fact)]))
        << i;
  }
}

// The planted leak: what was not known before a moment is taken away, and nothing may change.
TEST(SnapshotFeatures, DoNotSeeWhatWasNotKnown) {
  const Shop shop(5);
  const SnapshotConfig config = shop.config();
  Quarantine quarantine;
  Features all(config, kFirst + 7, INT64_MAX, quarantine);
  Stream stream(5, "moments");
  for (int i = 0; i < 40; ++i) {
    const Time time = start_of(kFirst) + static_cast<Time>(86400 + stream.below(6 * 86400)) * kSecond;
    const std::string user = fmt::format("u{}", stream.below(9)), item = fmt::format("i{}", stream.below(7));
    Features then(config, kFirst + 7, time, quarantine);
    all.open_day(day_of(time));
    then.open_day(day_of(time));
    ASSERT_EQ(by_name(all.serve({user, item, time})), by_name(then.serve({user, item, time})));
  }
}

// The same property catches a leak when there is one: a source that looked at event times alone would fail it.
TEST(SnapshotFeatures, ALateFactChangesOnlyWhatComesAfterIt) {
  Shop shop(6);
  const Time noon = start_of(kFirst + 3) + kDay / 2;
  const auto ask = [&](Time time) {
    Quarantine quarantine;
    const SnapshotConfig config = shop.config();
    Features features(config, kFirst + 7, INT64_MAX, quarantine);
    features.open_day(day_of(time));
    return by_name(features.serve({"u1", "i1", time}));
  };
  const auto before = ask(noon);
  const auto after = ask(noon + kDay);
  const std::int64_t second = noon / kSecond;
  shop.add_fact(fmt::format("u1\tZZ\t99\t{}\t{}", second - 60, second));  // known at noon itself: too late for noon
  shop.add_event(fmt::format("u1\ti1\tclick\t7\t1\tr1\t{}\t{}", second - 60, second));
  EXPECT_EQ(ask(noon), before);
  const auto changed = ask(noon + kDay);
  EXPECT_EQ(changed.at("profile_country"), "ZZ");
  EXPECT_NE(changed.at("views_clicks"), after.at("views_clicks"));
  EXPECT_NE(changed.at("daily_user_clicks_1d"), after.at("daily_user_clicks_1d"));
}

TEST(SnapshotFeatures, DailyFilesCountWhatIsThere) {
  const Scratch scratch;
  const auto row = [](const char* day) { return fmt::format("user\titem\tevent_time\nu1\ti1\t{} 12:00:00\n", day); };
  std::filesystem::create_directories(scratch / "log");
  std::filesystem::create_directories(scratch / "who");
  put(scratch / "log/2024-03-01.tsv", row("2024-03-01"));
  put(scratch / "log/2024-03-03.tsv", row("2024-03-03"));
  put(scratch / "who/2024-03-02.tsv", "user\tcountry\nu1\tDK\n");
  put(scratch / "who/2024-03-01.tsv", "user\tcountry\nu1\tSE\nu2\tSE\n");
  put(scratch / "c.toml",
      "[snapshot]\nrows = \"views\"\n[[source]]\nkind = \"events\"\nname = \"views\"\npath = \"log/{day}.tsv\"\n"
      "first = \"2024-03-01\"\n[[source]]\nkind = \"statistics\"\nname = \"daily\"\nof = \"views\"\n"
      "windows = [\"2d\"]\n[[source]]\nkind = \"context\"\nname = \"who\"\npath = \"who/{day}.tsv\"\n"
      "texts = [\"country\"]\nkeep_days = 2\n");
  Quarantine quarantine;
  const SnapshotConfig config = read_snapshot_config(scratch / "c.toml", "");
  Features features(config, kFirst + 3, INT64_MAX, quarantine);
  const auto share = [&](Day day, std::size_t source) { return features.open_day(day)[source].share; };
  // rows, history, statistics, context
  EXPECT_EQ(share(kFirst, 0), 1);
  EXPECT_EQ(share(kFirst + 1, 0), 0);
  EXPECT_EQ(features.open_day(kFirst + 1)[0].missing, std::vector{(scratch / "log/2024-03-02.tsv").string()});
  EXPECT_EQ(share(kFirst + 2, 1), 2.0 / 3);
  EXPECT_EQ(share(kFirst + 2, 2), 0.5);
  EXPECT_EQ(share(kFirst, 3), 0);
  EXPECT_EQ(share(kFirst + 1, 3), 0.5);
  EXPECT_EQ(share(kFirst + 2, 3), 1);
  const Time noon = start_of(kFirst + 2) + kDay / 2;
  EXPECT_EQ(by_name(features.serve({"u1", "i1", noon})).at("who_country"), "DK");  // the later day's file first
  EXPECT_EQ(by_name(features.serve({"u2", "i1", noon})).at("who_country"), "SE");  // then the one before
  EXPECT_EQ(by_name(features.serve({"u3", "i1", noon})).at("who_country"), "");
  EXPECT_EQ(by_name(features.serve({"u1", "i1", noon})).at("views_clicks"), "1");  // its own moment is not before it
  // A day's own file is not known before the day ends.
  features.open_day(kFirst + 1);
  EXPECT_EQ(by_name(features.serve({"u1", "i1", start_of(kFirst + 1)})).at("who_country"), "SE");

  put(scratch / "log/2024-03-03.tsv", row("2024-03-02"));
  EXPECT_EQ(tamis::test::message_of<std::runtime_error>([&] { Features(config, kFirst + 3, INT64_MAX, quarantine); }),
            tamis::test::tag(scratch / "log/2024-03-03.tsv") +
                "holds a row of 2024-03-02; a daily file holds what happened on its own day");
}

}  // namespace
}  // namespace tamis::timemachine::test
