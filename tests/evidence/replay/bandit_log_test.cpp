#include "tamis/evidence/replay/bandit_log.h"

#include <filesystem>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis::replay {
namespace {

using Reals = std::vector<double>;

struct Read {
  BanditLog log;
  std::uint64_t bad = 0;
  std::string first;
  std::string told;  // the quarantine's file
};

Read read(const std::string& text, const BanditColumns& columns = {}, const std::string& arms = "") {
  const test::Scratch folder;
  test::put(folder / "log.csv", text);
  if (!arms.empty()) test::put(folder / "arms.csv", arms);
  Quarantine quarantine;
  Read read;
  read.log = read_bandit_log(folder / "log.csv", columns, arms.empty() ? "" : folder / "arms.csv", quarantine);
  read.bad = quarantine.count();
  read.first = quarantine.first();
  if (read.bad > 0) {
    quarantine.write(folder / "quarantine.tsv");
    read.told = read_file(folder / "quarantine.tsv");
  }
  return read;
}

TEST(BanditLogFile, IsReadInOrderOfTime) {
  const Read found = read(
      "event_time,arm,reward,propensity,position,context,user\n"
      "2024-01-02,b,0,0.5,1,new,u1\n"
      "2024-01-01 10:00:00+02:00,a,1.5,0.25,2,old,u2\n"
      "2024-01-02,a,-1,1,1,new,u1\n");
  const BanditLog& log = found.log;
  EXPECT_EQ(found.bad, 0U);
  EXPECT_TRUE(log.by_time);
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(log.arms.at(log.arm[0]), "a");
  EXPECT_EQ(log.reward, (Reals{1.5, 0, -1}));
  EXPECT_EQ(log.propensity, (Reals{0.25, 0.5, 1}));
  EXPECT_EQ(log.name_of(log.situation[0]), "context old, position 2");
  EXPECT_EQ(log.name_of(log.situation[1]), "context new, position 1");
  EXPECT_EQ(log.situation[1], log.situation[2]);
  EXPECT_EQ(log.users.at(log.user[0]), "u2");
  EXPECT_EQ(log.user[1], log.user[2]);
  EXPECT_EQ(log.find_situation({log.contexts.find("old"), 2}), log.situation[0]);
  EXPECT_EQ(log.find_situation({log.contexts.find("old"), 1}), data::kNone);
  EXPECT_EQ(log.inputs.at(0).rows_read, 3U);
}

TEST(BanditLogFile, NeedsArmAndRewardOnly) {
  const Read found = read("arm,reward\nx,1\ny,0\n");
  EXPECT_EQ(found.log.size(), 2U);
  EXPECT_TRUE(found.log.propensity.empty());
  EXPECT_TRUE(found.log.user.empty());
  EXPECT_FALSE(found.log.by_time);
  EXPECT_EQ(found.log.name_of(0), "every event");
  EXPECT_THROW(read("arm,click\nx,1\n"), std::invalid_argument);
  BanditColumns columns;
  columns.reward = "click";
  EXPECT_EQ(read("arm,click\nx,1\n", columns).log.reward, Reals{1});
  columns.propensity = "p";  // named, and not there
  EXPECT_THROW(read("arm,click\nx,1\n", columns), std::invalid_argument);
  EXPECT_THROW(read("arm,reward\n"), std::runtime_error);
  EXPECT_THROW(read("arm,reward\n,1\n"), std::runtime_error);
}

TEST(BanditLogFile, QuarantinesWhatCannotBe) {
  const Read found = read(
      "arm,reward,propensity,position,event_time,user\n"
      "a,1,0.5,1,2024-01-01,u\n"
      ",1,0.5,1,2024-01-01,u\n"
      "a,nan,0.5,1,2024-01-01,u\n"
      "a,inf,0.5,1,2024-01-01,u\n"
      "a,1,0,1,2024-01-01,u\n"
      "a,1,1.5,1,2024-01-01,u\n"
      "a,1,-0.1,1,2024-01-01,u\n"
      "a,1,,1,2024-01-01,u\n"
      "a,1,0.5,0,2024-01-01,u\n"
      "a,1,0.5,1,yesterday,u\n"
      "a,1,0.5,1,2024-01-01,\n");
  EXPECT_EQ(found.log.size(), 1U);
  EXPECT_EQ(found.bad, 10U);
  for (const char* reason :
       {"\t3\tthe arm is empty", "\t4\tthe reward is empty or NaN", "\t5\t", "\t6\tpropensity 0 is not above 0",
        "\t7\tpropensity 1.5 is not above 0 and up to 1", "\t8\tpropensity -0.1", "\t9\tthe propensity is empty",
        "\t10\tposition 0 is not from 1", "\t11\ttime 'yesterday'", "\t12\tthe user is empty"})
    EXPECT_NE(found.told.find(reason), std::string::npos) << reason << "\n" << found.told;
}

TEST(BanditLogFile, KnowsTheArmsOfAList) {
  const Read found = read("arm,reward\nx,1\nq,0\n", {}, "arm,name\nx,first\ny,second\n");
  EXPECT_EQ(found.log.arms.size(), 2U);
  EXPECT_TRUE(found.log.closed_arms);
  EXPECT_EQ(found.log.size(), 1U);
  EXPECT_NE(found.first.find("arm 'q' is not one of the 2 that there are"), std::string::npos);
  EXPECT_EQ(found.log.inputs.size(), 2U);
}

TEST(BanditLogFile, CarriesAllActionProbabilities) {
  BanditColumns columns;
  columns.probabilities = "p_";
  const Read found = read(
      "arm,reward,p_a,p_b,position\n"
      "a,1,0.5,0.5,1\n"
      "a,0,1,0,1\n"
      "b,0,0.3,0.7,2\n"
      "b,0,1,0,2\n"
      "b,0,0.2,0.7,2\n"
      "b,0,1.2,-0.2,2\n"
      "c,0,0.5,0.5,2\n",
      columns);
  const BanditLog& log = found.log;
  EXPECT_TRUE(log.carries_all);
  EXPECT_EQ(log.propensity, (Reals{0.5, 1, 0.7}));
  EXPECT_EQ(log.unsupported, (std::vector<std::uint64_t>{0, 1, 0, 0}));
  EXPECT_EQ(found.bad, 4U);
  for (const char* reason :
       {"\t5\tthe arm was shown, and its probability is 0", "\t6\tthe action probabilities sum to 0.9",
        "\t7\tthe probability of arm 'a' is not from 0 to 1", "\t8\tarm 'c' is not one of the 2"})
    EXPECT_NE(found.told.find(reason), std::string::npos) << reason << "\n" << found.told;
  const Read both = read("arm,reward,propensity,p_a,p_b\na,1,0.5,0.5,0.5\na,1,0.4,0.5,0.5\n", columns);
  EXPECT_EQ(both.bad, 1U);
  EXPECT_NE(both.first.find("the propensity is 0.4, and the probability of the arm shown 0.5"), std::string::npos);
  EXPECT_THROW(read("arm,reward\na,1\n", columns), std::invalid_argument);
  EXPECT_THROW(read("arm,reward,p_a\na,1,1\n", columns, "arm\na\n"), std::invalid_argument);
}

TEST(OpenBanditFolder, NamesItsFilesAndColumns) {
  const test::Scratch folder;
  EXPECT_THROW(open_bandit(folder.path()), std::runtime_error);
  test::put(folder / "item_context.csv", ",item_id\n0,0\n1,1\n");
  EXPECT_THROW(open_bandit(folder.path()), std::runtime_error);
  test::put(folder / "men.csv",
            ",timestamp,item_id,position,click,propensity_score\n0,2019-11-24 00:03:13.4+00:00,1,3,0,0.5\n");
  const OpenBandit found = open_bandit(folder.path());
  EXPECT_EQ(found.log, folder / "men.csv");
  Quarantine quarantine;
  const BanditLog log = read_bandit_log(found.log, found.columns, found.arms, quarantine);
  EXPECT_EQ(log.size(), 1U);
  EXPECT_EQ(log.arms.size(), 2U);
  EXPECT_EQ(log.propensity, Reals{0.5});
  EXPECT_EQ(log.situations.at(0).position, 3);
}

TEST(OpenBanditFolder, HoldsTheSampleThatIsShippedWithIt) {
  const std::filesystem::path data = std::filesystem::path(TAMIS_SOURCE_DIR) / "../shared/data/open-bandit";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "../shared/data/open-bandit is not there";
  for (const auto& [policy, clicks] : {std::pair{"random", 46.0}, {"bts", 69.0}}) {
    const OpenBandit files = open_bandit(data / policy / "men");
    Quarantine quarantine;
    const BanditLog log = read_bandit_log(files.log, files.columns, files.arms, quarantine);
    EXPECT_EQ(quarantine.count(), 0U);
    EXPECT_EQ(log.size(), 10000U);
    EXPECT_EQ(log.arms.size(), 34U);
    EXPECT_EQ(log.situations.size(), 3U);
    double sum = 0;
    for (const double reward : log.reward) sum += reward;
    EXPECT_EQ(sum, clicks);
  }
}

}  // namespace
}  // namespace tamis::replay
