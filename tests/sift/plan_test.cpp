#include "tamis/sift/plan.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis::sift {
namespace {

const std::filesystem::path kSource = TAMIS_SOURCE_DIR;

Plan read(const std::string& path) {
  return read_plan(kSource / path, std::nullopt, 0);
}

/// Between two marks of a text; "" if one is missing.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end, from == std::string::npos ? 0 : from + begin.size());
  if (from == std::string::npos || to == std::string::npos) return "";
  return text.substr(from + begin.size(), to - from - begin.size());
}

TEST(Plan, TheDemoIsRead) {
  const Plan plan = read("examples/demo.toml");
  EXPECT_EQ(plan.source, Plan::Source::world);
  EXPECT_EQ(plan.world.items, 5000);
  EXPECT_EQ(plan.world.length, 10) << "the default";
  ASSERT_EQ(plan.stages.size(), 4U);
  EXPECT_EQ(plan.stages[0].kind, StageKind::offline);
  EXPECT_EQ(plan.stages[1].step, data::kDay);
  EXPECT_EQ(plan.stages[2].kind, StageKind::interleave);
  EXPECT_EQ(plan.stages[3].kind, StageKind::ab);
  for (const StagePlan& stage : plan.stages) {
    EXPECT_EQ(stage.correction, stats::Correction::holm);
    EXPECT_DOUBLE_EQ(stage.alpha, 0.05);
  }
  EXPECT_EQ(plan.stages[3].keep_max, 1) << "the same as keep";
  EXPECT_EQ(plan.candidates[plan.incumbent].name, "popularity_7d");
  ASSERT_TRUE(plan.sanity);
  EXPECT_TRUE(plan.rides(*plan.sanity));
  EXPECT_TRUE(plan.rides(plan.incumbent));
}

TEST(Plan, EveryPlanOfTheProjectIsRead) {
  EXPECT_EQ(read("examples/movielens.toml").source, Plan::Source::movielens);
  for (const char* folder : {"examples", "tests/plans", "tests/cli/plans"}) {
    if (!std::filesystem::exists(kSource / folder)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(kSource / folder)) {
      // Candidates and training configs are TOML too; a plan has stages.
      if (entry.path().extension() != ".toml" || read_file(entry.path()).find("[[stage]]") == std::string::npos)
        continue;
      EXPECT_NO_THROW(read_plan(entry.path(), std::nullopt, 0)) << entry.path();
    }
  }
}

TEST(Plan, ThirtyCandidatesThatDiffer) {
  const Plan plan = read("examples/demo.toml");
  ASSERT_EQ(plan.candidates.size(), 30U);
  std::set<std::string> names;
  std::set<std::string> families;
  for (const Candidate& candidate : plan.candidates) {
    EXPECT_TRUE(names.insert(candidate.name).second) << candidate.name;
    families.insert(candidate.family);
    EXPECT_FALSE(candidate.describe.empty()) << candidate.name;
    const auto equal = std::count_if(plan.candidates.begin(), plan.candidates.end(),
                                     [&](const Candidate& other) { return other.spec == candidate.spec; });
    EXPECT_EQ(equal, 1) << candidate.name << " is another one over again";
  }
  EXPECT_EQ(families, (std::set<std::string>{"blend", "content", "item_knn", "popularity", "random"}));
}

TEST(Plan, DataFolderReplacesThePlans) {
  EXPECT_EQ(read("examples/movielens.toml").folder, kSource / "examples" / "ml-100k");
  EXPECT_EQ(read_plan(kSource / "examples/movielens.toml", "/elsewhere", 0).folder, "/elsewhere");
  EXPECT_THROW(read_plan(kSource / "examples/demo.toml", "/elsewhere", 0), std::invalid_argument);
}

TEST(Plan, TheSeedReachesTheWorldAndTheRandomArm) {
  const Plan one = read_plan(kSource / "examples/demo.toml", std::nullopt, 1);
  const Plan two = read_plan(kSource / "examples/demo.toml", std::nullopt, 2);
  EXPECT_EQ(one.world.seed, 1U);
  EXPECT_FALSE(one.candidates[*one.sanity].spec == two.candidates[*two.sanity].spec);
}

TEST(Plan, ThePageHoldsEveryKey) {
  const std::string page = read_file(kSource / "docs/formats/plan.md");
  EXPECT_EQ(between(page, "<!-- keys: begin -->\n\n", "\n<!-- keys: end -->"), describe_plan_keys())
      << "put the output of tamis sift --keys between the marks of docs/formats/plan.md";
}

/// A plan in a folder of its own, changed line by line.
class WrittenPlan : public testing::Test {
 protected:
  static inline const std::string kText = R"(incumbent = "pop"
sanity = "random"
[world]
items = 100
users = 5000
days = 5
[[candidate]]
name = "random"
family = "random"
[[candidate]]
name = "pop"
family = "popularity"
half_life = "12h"
[[candidate]]
name = "knn"
family = "item_knn"
neighbours = 7
[[candidate]]
name = "mix"
family = "blend"
parts = ["0.5 knn", "2 pop"]
[[stage]]
kind = "offline"
keep = 1
keep_max = 2
[[stage]]
kind = "ab"
alpha = 0.1
correction = "bh"
users = 50
keep = 1
)";

  Plan read_text(const std::string& text) {
    test::put(path_, text);
    return read_plan(path_, std::nullopt, 0);
  }

  /// Replaces the first `from` by `to` and expects a refusal at `line` (0: the file alone) that says `says`.
  void refuse(const std::string& from, const std::string& to, int line, const std::string& says) {
    std::string text = kText;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto message = test::message_of<std::invalid_argument>([&] { read_text(text); });
    std::string where = path_.string();
    if (line > 0) where.append(" line ").append(std::to_string(line));
    where.insert(0, 1, '[');
    EXPECT_EQ(message.find(where), 0U) << to << "\n" << message;
    EXPECT_TRUE(message.size() > where.size() && (message[where.size()] == ']' || message[where.size()] == ':'))
        << message;
    EXPECT_NE(message.find(says), std::string::npos) << to << "\n" << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << "one line: " << message;
  }

  test::Scratch scratch_;
  std::filesystem::path path_ = scratch_ / "plan.toml";
};

TEST_F(WrittenPlan, IsReadAsWritten) {
  const Plan plan = read_text(kText);
  EXPECT_EQ(plan.title, "plan.toml");
  ASSERT_EQ(plan.candidates.size(), 4U);
  EXPECT_EQ(plan.candidates[1].spec.half_life, 12 * data::kHour);
  EXPECT_EQ(plan.candidates[2].spec.neighbours, 7);
  ASSERT_EQ(plan.candidates[3].spec.parts.size(), 2U);
  EXPECT_DOUBLE_EQ(plan.candidates[3].spec.parts[1].first, 2);
  EXPECT_EQ(plan.candidates[3].spec.parts[1].second, plan.candidates[1].spec);
  EXPECT_EQ(plan.candidates[3].describe, "0.5 knn + 2 pop");
  EXPECT_DOUBLE_EQ(plan.stages[0].alpha, 0.05);
  EXPECT_EQ(plan.stages[0].correction, stats::Correction::holm);
  EXPECT_DOUBLE_EQ(plan.stages[1].alpha, 0.1);
  EXPECT_EQ(plan.stages[1].correction, stats::Correction::benjamini_hochberg);
  EXPECT_EQ(plan.stages[0].metrics.front().name, "ndcg@10");
  EXPECT_EQ(plan.stages[0].test, 5 * data::kDay);
  EXPECT_EQ(plan.truth_users, 3000);
}

TEST_F(WrittenPlan, CandidatesMayStandInAFileOfTheirOwn) {
  const std::size_t from = kText.find("[[candidate]]");
  const std::size_t to = kText.find("[[stage]]");
  test::put(scratch_ / "list.toml", kText.substr(from, to - from));
  const std::string rest = "candidates = \"list.toml\"\n" + kText.substr(0, from) + kText.substr(to);
  EXPECT_EQ(read_text(rest).candidates.size(), 4U);
  test::put(scratch_ / "list.toml", "wrong = 1\n" + kText.substr(from, to - from));
  const auto message = test::message_of<std::invalid_argument>([&] { read_text(rest); });
  EXPECT_NE(message.find("list.toml line 1] unknown key \"wrong\""), std::string::npos) << message;
  std::filesystem::remove(scratch_ / "list.toml");
  EXPECT_THROW(read_text(rest), std::runtime_error);
}

TEST_F(WrittenPlan, CandidatesInBothPlacesAreRefused) {
  test::put(scratch_ / "list.toml", kText.substr(kText.find("[[candidate]]")));
  EXPECT_THROW(read_text("candidates = \"list.toml\"\n" + kText), std::invalid_argument);
}

TEST_F(WrittenPlan, NamesFileAndLineOfWhatIsWrong) {
  refuse("incumbent", "incumbant", 1, "did you mean \"incumbent\"");
  refuse("incumbent = \"pop\"\n", "", 0, "\"incumbent\"");
  refuse("incumbent = \"pop\"", "incumbent = \"nobody\"", 1, "\"nobody\" is not the name of a candidate");
  refuse("sanity = \"random\"", "sanity = \"pop\"", 2, "the same candidate");
  refuse("items = 100", "items = 10", 4, "50 to 1000000");
  refuse("items = 100", "items = \"100\"", 4, "must be an integer");
  refuse("days = 5", "dais = 5", 6, "did you mean \"days\"");
  refuse("[world]", "[wolrd]", 3, "did you mean \"world\"");
  refuse("[world]", "alpha = 1.5\n[world]", 3, "alpha must be above 0 and below 1");
  refuse("[world]", "correction = \"tukey\"\n[world]", 3, "not one of holm, bh, none");
  refuse("[world]", "[data]\nkind = \"sql\"\n[world]", 4, "world, movielens, table or snapshot");
}

TEST_F(WrittenPlan, NamesFileAndLineOfAWrongCandidate) {
  refuse("family = \"random\"", "family = \"oracle\"", 9, "random, popularity, item_knn, content or blend");
  refuse("name = \"knn\"", "name = \"pop\"", 15, "two candidates are named \"pop\"");
  refuse("name = \"knn\"", "name = \"a/b\"", 15, "no tab, line end or slash");
  refuse("name = \"knn\"\n", "", 14, "\"name\"");
  refuse("neighbours = 7", "neighbours = 0", 17, "1 to 10000");
  refuse("half_life = \"12h\"", "half_life = \"12\"", 13, "12");
  refuse("half_life = \"12h\"", "half_life = \"-1d\"", 13, "-1d");
  refuse("\"0.5 knn\"", "\"0.5 mix\"", 21, "not the name of a candidate above it");
  refuse("\"0.5 knn\"", "\"knn\"", 21, "is not a weight above 0");
  refuse("\"0.5 knn\"", "\"-1 knn\"", 21, "is not a weight above 0");
  refuse("\"0.5 knn\"", "\"nan knn\"", 21, "is not a weight above 0");
  refuse("parts = [\"0.5 knn\", \"2 pop\"]", "parts = []", 21, "at least one part");
  refuse("[[stage]]", "[[candidate]]\nname = \"more\"\nfamily = \"blend\"\nparts = [\"1 mix\"]\n[[stage]]", 25,
         "is itself a blend");
}

TEST_F(WrittenPlan, NamesFileAndLineOfAWrongStage) {
  refuse("kind = \"offline\"", "kind = \"vote\"", 23, "offline, replay, interleave or ab");
  refuse("keep = 1\nkeep_max", "keep = 3\nkeep_max", 25, "keep_max 2 is below keep 3");
  refuse("keep = 1\nkeep_max = 2", "keep = 3\nkeep_max = 3", 24, "above the 2 that enter");
  refuse("keep = 1\nkeep_max = 2", "keep = 0\nkeep_max = 2", 24, "1 to 1000000");
  refuse("keep_max = 2", "keep_max = 4294967298", 25, "keep_max");
  refuse("users = 50\nkeep = 1", "users = 50\nkeep = 1\nkeep_max = 2", 31, "the last stage ships one");
  refuse("kind = \"ab\"\nalpha = 0.1\ncorrection = \"bh\"\nusers = 50", "kind = \"offline\"", 27,
         "two stages of kind offline");
  refuse("users = 50\n", "users = 5\n", 30, "20 to");
  refuse("users = 50\n", "credit = \"love\"\n", 30, "clicks or time");
  refuse("keep_max = 2", "metrics = [\"ndcg\"]", 25, "ndcg");
  refuse("keep_max = 2", "metrics = []", 25, "at least one metric");
  refuse("keep_max = 2", "test = \"0d\"", 25, "longer than 0");
  refuse("keep_max = 2", "ties = \"best\"", 25, "average or input");
  refuse("keep_max = 2", "resamples = 10", 25, "100 to");
  refuse("keep_max = 2", "step = \"1d\"", 25, "unknown key \"step\"");
  refuse("keep_max = 2", "choosing = 0.95", 25, "0.1 to 0.9");
  refuse("correction = \"bh\"", "correction = \"BH\"", 29, "holm, bh, none");
  refuse(kText.substr(kText.find("[[stage]]")), "", 0, "no [[stage]]");
}

TEST_F(WrittenPlan, AFileThatIsMissingOrEmptyIsTheWorldsFault) {
  EXPECT_THROW(read_plan(scratch_ / "none.toml", std::nullopt, 0), std::runtime_error);
  EXPECT_THROW(read_text(""), std::runtime_error);
  EXPECT_THROW(read_text("= 3"), std::invalid_argument);
}

TEST_F(WrittenPlan, TheExampleOfThePageIsAPlan) {
  const std::string page = read_file(kSource / "docs/formats/plan.md");
  const Plan plan = read_text(between(page, "```toml\n", "```"));
  EXPECT_EQ(plan.candidates.size(), 5U);
  EXPECT_EQ(plan.stages.size(), 2U);
}

}  // namespace
}  // namespace tamis::sift
