#include "tamis/base/config.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "tamis/base/error.h"

namespace tamis {
namespace {

using Type = Key::Type;

constexpr std::array<Key, 7> kKeys = {{
    {"users", Type::integer, "", "how many users, at least 1"},
    {"share", Type::real, "0.5", "share of them, 0 to 1"},
    {"title", Type::text, "\"a | b\"", "text with a | in it"},
    {"open", Type::boolean, "true", "whether it is open"},
    {"gap", Type::duration, "\"90s\"", "how long to wait"},
    {"parts", Type::texts, "[\"x\", \"y\"]", "the parts"},
    {"note", Type::text, "-", "a remark"},
}};

constexpr std::array<Key, 2> kName = {{
    {"name", Type::text, "", "its name"},
    {"seed", Type::integer, "0", "seed of every stream"},
}};

/// What `work` says when it refuses; "" if it does not refuse with invalid_argument.
std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string world_refusal(const std::string& text) {
  return refusal([&] { ConfigFile::parse(text, "plan.toml").section("world", kKeys); });
}

TEST(Config, ReadsEveryTypeAsWritten) {
  ConfigFile file = ConfigFile::parse(
      "name = 'demo'\n"
      "[world]\n"
      "users = 1_000\n"
      "share = 0.25\n"
      "title = \"t\u00e9l\u00e9\"\n"
      "open = false\n"
      "gap = '1.5h'\n"
      "parts = ['0.5 item_knn_50', '0.3 content_30d']\n"
      "note = ''\n",
      "plan.toml");
  const Section root = file.root(kName);
  const Section world = file.section("world", kKeys);
  file.finish();
  EXPECT_EQ(root.text("name"), "demo");
  EXPECT_EQ(root.integer("seed"), 0);
  EXPECT_EQ(world.integer("users"), 1000);
  EXPECT_EQ(world.real("share"), 0.25);
  EXPECT_EQ(world.text("title"), "t\u00e9l\u00e9");
  EXPECT_FALSE(world.boolean("open"));
  EXPECT_EQ(world.duration("gap"), 5'400'000'000);
  EXPECT_EQ(world.texts("parts"), (std::vector<std::string>{"0.5 item_knn_50", "0.3 content_30d"}));
  EXPECT_TRUE(world.has("note"));
  EXPECT_EQ(world.text("note"), "");
}

TEST(Config, AbsentKeysHaveTheirDefaults) {
  ConfigFile file = ConfigFile::parse("[world]\nusers = 3\n", "plan.toml");
  const Section world = file.section("world", kKeys);
  EXPECT_EQ(world.real("share"), 0.5);
  EXPECT_EQ(world.text("title"), "a | b");
  EXPECT_TRUE(world.boolean("open"));
  EXPECT_EQ(world.duration("gap"), 90'000'000);
  EXPECT_EQ(world.texts("parts"), (std::vector<std::string>{"x", "y"}));
  EXPECT_FALSE(world.has("share"));
  EXPECT_FALSE(world.has("note"));
  EXPECT_EQ(world.text("note"), "");
}

TEST(Config, AnAbsentTableIsAllDefaultsUnlessAKeyIsRequired) {
  ConfigFile file = ConfigFile::parse("name = 'demo'\n", "plan.toml");
  EXPECT_FALSE(file.has_section("world"));
  EXPECT_EQ(file.section("world", std::span(kKeys).subspan(1)).real("share"), 0.5);
  EXPECT_EQ(refusal([&] { file.section("world", kKeys); }),
            "[plan.toml] the required key \"users\" in [world] is missing: an integer (how many users, at least 1)");
}

TEST(Config, AnIntegerPassesForANumber) {
  ConfigFile file = ConfigFile::parse("[world]\nusers = 3\nshare = 1\n", "plan.toml");
  EXPECT_EQ(file.section("world", kKeys).real("share"), 1.0);
}

TEST(Config, RefusesAnUnknownKeyByLineAndNamesTheNearest) {
  EXPECT_EQ(world_refusal("[world]\nusers = 3\n\nshrae = 0.1\n"),
            "[plan.toml line 4] unknown key \"shrae\" in [world]; did you mean \"share\"? Known: users, share, title, "
            "open, gap, parts, note");
  EXPECT_EQ(refusal([] { ConfigFile::parse("nmae = 'x'\n[world]\n", "p.toml").root(kName); }),
            "[p.toml line 1] unknown key \"nmae\"; did you mean \"name\"? Known: name, seed");
}

TEST(Config, TheFirstUnknownKeyInTheFileIsNamed) {
  EXPECT_NE(world_refusal("[world]\nusers = 3\nzeta = 1\nalpha = 2\n").find("line 3] unknown key \"zeta\""),
            std::string::npos);
}

TEST(Config, ATableInsideATableIsAnUnknownKey) {
  EXPECT_NE(world_refusal("[world]\nusers = 3\n[world.tastes]\nx = 1\n").find("line 3] unknown key \"tastes\""),
            std::string::npos);
}

TEST(Config, RefusesAMissingRequiredKeyWithTheTablesLine) {
  EXPECT_EQ(world_refusal("\n[world]\nshare = 0.1\n"),
            "[plan.toml line 2] the required key \"users\" in [world] is missing: an integer (how many users, at least "
            "1)");
}

TEST(Config, RefusesEveryWrongTypeNamingTheExpectedOne) {
  const auto refused = [](const std::string& line) { return world_refusal("[world]\nusers = 3\n" + line + "\n"); };
  EXPECT_EQ(world_refusal("[world]\nusers = 3.0\n"),
            "[plan.toml line 2] \"users\" must be an integer, not a real (how many users, at least 1)");
  EXPECT_EQ(refused("share = '1'"),
            "[plan.toml line 3] \"share\" must be a number, not a text (share of them, 0 to 1)");
  EXPECT_EQ(refused("share = nan"),
            "[plan.toml line 3] \"share\" must be a number, not an infinite or undefined one (share of them, 0 to 1)");
  EXPECT_NE(refused("title = 3").find("must be a text, not an integer"), std::string::npos);
  EXPECT_NE(refused("open = 1").find("must be true or false, not an integer"), std::string::npos);
  EXPECT_NE(refused("gap = 90").find("must be a duration such as \"90s\""), std::string::npos);
  EXPECT_NE(refused("parts = 'x'").find("must be an array of texts, not a text"), std::string::npos);
  EXPECT_NE(refused("parts = ['x', 1]").find("must be an array of texts"), std::string::npos);
  EXPECT_NE(refused("note = 2024-01-01").find("must be a text, not a date or time"), std::string::npos);
}

TEST(Config, RefusesABadDurationWithItsLineAndKey) {
  EXPECT_EQ(world_refusal("[world]\nusers = 3\ngap = '3 weeks'\n"),
            "[plan.toml line 3: gap] \"3 weeks\" is not a duration such as \"90s\", \"30m\", \"12h\" or \"7d\"");
}

TEST(Config, RefusesWhatIsNotTomlWithLineAndColumnInOneLine) {
  const std::string said = refusal([] { ConfigFile::parse("name = 'x'\nkeep = = 3\n", "plan.toml"); });
  EXPECT_EQ(said.rfind("[plan.toml line 2 column 8] not TOML: ", 0), 0U) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos);
  EXPECT_NE(refusal([] { ConfigFile::parse("a = 1\na = 2\n", "plan.toml"); }).find("plan.toml line 2"),
            std::string::npos);
}

TEST(Config, ATableWrittenAsSomethingElseIsRefused) {
  EXPECT_EQ(world_refusal("world = 3\n"),
            "[plan.toml line 1] \"world\" must be a table, written [world], not an integer");
  EXPECT_EQ(world_refusal("[[world]]\nusers = 3\n"),
            "[plan.toml line 1] \"world\" must be a table, written [world], not an array of tables");
}

constexpr std::array<Key, 2> kKnn = {{
    {"name", Type::text, "", "its name"},
    {"neighbours", Type::integer, "50", "how many neighbours"},
}};

std::span<const Key> choose(const ConfigFile::Entry& entry) {
  if (entry.kind == "item_knn") return kKnn;
  if (entry.kind == "random") return std::span(kKnn).first(1);
  fail_caller(entry.where, "unknown kind \"" + entry.kind + "\"");
}

TEST(Config, ArraysOfTablesChooseTheirKeysByKind) {
  ConfigFile file = ConfigFile::parse(
      "[[candidate]]\nkind = 'random'\nname = 'luck'\n\n"
      "[[candidate]]\nname = 'knn'\nkind = 'item_knn'\nneighbours = 20\n",
      "plan.toml");
  const std::vector<Section> found = file.sections("candidate", "kind", choose);
  file.finish();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text("kind"), "random");
  EXPECT_EQ(found[0].text("name"), "luck");
  EXPECT_EQ(found[0].where(), "plan.toml line 1");
  EXPECT_EQ(found[1].integer("neighbours"), 20);
  EXPECT_EQ(found[1].where(), "plan.toml line 5");
  EXPECT_EQ(found[1].where("neighbours"), "plan.toml line 8");
}

TEST(Config, ArraysOfTablesRefuseByKind) {
  const auto refused = [](const std::string& text) {
    return refusal([&] { ConfigFile::parse(text, "plan.toml").sections("candidate", "kind", choose); });
  };
  EXPECT_EQ(refused("[[candidate]]\nname = 'a'\nkind = 'magic'\n"), "[plan.toml line 3] unknown kind \"magic\"");
  EXPECT_EQ(refused("[[candidate]]\nname = 'a'\n"),
            "[plan.toml line 1] the required key \"kind\" in [[candidate]] is missing");
  EXPECT_NE(refused("[[candidate]]\nkind = 3\n").find("line 2] \"kind\" must be a text, not an integer"),
            std::string::npos);
  EXPECT_NE(refused("[[candidate]]\nkind = 'random'\nname = 'a'\nneighbours = 2\n").find("unknown key \"neighbours\""),
            std::string::npos);
  EXPECT_NE(refused("[candidate]\nkind = 'random'\n").find("each written [[candidate]], not a table"),
            std::string::npos);
  EXPECT_EQ(ConfigFile::parse("", "plan.toml").sections("candidate", "kind", choose).size(), 0U);
}

TEST(Config, FinishRefusesWhatNobodyAskedFor) {
  ConfigFile file = ConfigFile::parse("name = 'x'\n[world]\nusers = 3\n[wrold2]\n", "plan.toml");
  file.root(kName);
  file.section("world", kKeys);
  EXPECT_EQ(refusal([&] { file.finish(); }),
            "[plan.toml line 4] unknown table \"wrold2\"; did you mean \"world\"? Known: world");
  EXPECT_EQ(refusal([] { ConfigFile::parse("name = 'x'\n", "plan.toml").finish(); }),
            "[plan.toml line 1] unknown key \"name\"; none is known here");
}

TEST(Config, RangesAreCheckedWithTheKeysLine) {
  ConfigFile file = ConfigFile::parse("[world]\nusers = 31\nshare = 1.5\n", "plan.toml");
  const Section world = file.section("world", kKeys);
  EXPECT_EQ(world.integer_in("users", 1, 31), 31);
  EXPECT_EQ(refusal([&] { world.integer_in("users", 1, 30); }), "[plan.toml line 2] \"users\" must be 1 to 30, not 31");
  EXPECT_EQ(world.real_in("share", 0, 1.5), 1.5);
  EXPECT_EQ(refusal([&] { world.real_in("share", 0, 1); }), "[plan.toml line 3] \"share\" must be 0 to 1, not 1.5");
  EXPECT_EQ(refusal([&] { world.fail("note", "is odd"); }), "[plan.toml line 1] is odd");
}

TEST(Config, DurationsHaveANumberAndAUnit) {
  EXPECT_EQ(parse_duration("0s", "x"), 0);
  EXPECT_EQ(parse_duration("90s", "x"), 90'000'000);
  EXPECT_EQ(parse_duration("30m", "x"), 1'800'000'000);
  EXPECT_EQ(parse_duration("12h", "x"), 43'200'000'000);
  EXPECT_EQ(parse_duration("7d", "x"), 604'800'000'000);
  EXPECT_EQ(parse_duration("0.5s", "x"), 500'000);
  for (const std::string bad :
       {"", "s", "7", "7w", "-7d", "+7d", "7 d", " 7d", "1e3s", "infs", "nand", "0x1d", "1..5s", "99999999999999d"}) {
    EXPECT_EQ(refusal([&] { parse_duration(bad, "x"); }),
              "[x] \"" + bad + "\" is not a duration such as \"90s\", \"30m\", \"12h\" or \"7d\"");
  }
}

TEST(Config, DescribesItsKeysAsMarkdown) {
  EXPECT_EQ(describe(std::span(kKeys).subspan(1, 2)),
            "| key | type | default | meaning |\n|---|---|---|---|\n"
            "| `share` | number | `0.5` | share of them, 0 to 1 |\n"
            "| `title` | text | `\"a \\| b\"` | text with a \\| in it |\n");
  EXPECT_NE(describe(std::span(kKeys).first(1)).find("| required |"), std::string::npos);
  EXPECT_NE(describe(std::span(kKeys).last(1)).find("| none |"), std::string::npos);
}

class ConfigOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("config_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml");
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::filesystem::path path_;
};

TEST_F(ConfigOnDisk, KeepsThePathAndTheBytes) {
  const std::string text = "name = 'demo' # kept\n";
  std::ofstream(path_) << text;
  ConfigFile file(path_);
  EXPECT_EQ(file.bytes(), text);
  EXPECT_EQ(file.path(), path_);
  EXPECT_EQ(file.root(kName).where("name"), path_.string() + " line 1");
}

TEST_F(ConfigOnDisk, MissingAndEmptyAreTheWorldsFault) {
  EXPECT_THROW(ConfigFile{path_}, std::runtime_error);
  std::ofstream(path_) << " \n";
  EXPECT_THROW(ConfigFile{path_}, std::runtime_error);
}

const Key kTable[] = {{"x", Key::Type::integer, "0", ""}, {"y", Key::Type::integer, "0", ""}};
const Key kEntry[] = {{"kind", Key::Type::text, "", ""}};

std::span<const Key> entry_keys(const ConfigFile::Entry&) {
  return kEntry;
}

TEST(ConfigFile, VariantsLayTheirTablesOverTheFile) {
  const ConfigFile file = ConfigFile::parse(
      "[table]\nx = 1\ny = 2\n[[layer]]\nkind = \"a\"\n[[run]]\nname = \"one\"\nnote = \"why\"\n[run.table]\ny = 3\n"
      "[[run]]\nname = \"two\"\n[[run.layer]]\nkind = \"b\"\n[[run.layer]]\nkind = \"c\"\nbad = 1\n",
      "f.toml");
  auto variants = file.variants("run");
  ASSERT_EQ(variants.size(), 2U);
  EXPECT_EQ(variants[0].name, "one");
  EXPECT_EQ(variants[0].changes, "why");
  const Section table = variants[0].file.section("table", kTable);
  EXPECT_EQ(table.integer("x"), 1);
  EXPECT_EQ(table.integer("y"), 3);
  EXPECT_EQ(variants[0].file.sections("layer", "kind", entry_keys).size(), 1U);
  variants[0].file.finish();
  // Arrays replace, and a fault is told with the line it was written in.
  try {
    variants[1].file.sections("layer", "kind", entry_keys);
    FAIL() << "nothing was thrown";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("f.toml line 17] unknown key \"bad\""), std::string::npos) << error.what();
  }
  // What a variant's bytes hold is the variant: read again it is the same.
  ConfigFile again = ConfigFile::parse(variants[0].file.bytes(), "again.toml");
  EXPECT_EQ(again.section("table", kTable).integer("y"), 3);
  EXPECT_TRUE(again.variants("run").empty());
}

TEST(ConfigFile, VariantsNeedNamesOfTheirOwn) {
  for (const char* text : {"[[run]]\nx = 1\n", "[[run]]\nname = \"../up\"\n", "[[run]]\nname = \"\"\n",
                           "[[run]]\nname = \"a\"\n[[run]]\nname = \"a\"\n"}) {
    EXPECT_THROW(ConfigFile::parse(text, "f.toml").variants("run"), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace tamis
