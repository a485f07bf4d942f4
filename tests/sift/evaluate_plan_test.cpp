#include "tamis/sift/evaluate_plan.h"

#include <stdexcept>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis::sift {
namespace {

const std::filesystem::path kSource = TAMIS_SOURCE_DIR;

/// A plan in a folder of its own, changed line by line.
class WrittenEvaluatePlan : public testing::Test {
 protected:
  static inline const std::string kText = R"(metrics = ["recall@5", "auc"]
ties = "input"
alpha = 0.1
[data]
kind = "table"
log = "log.csv"
user = "who"
[split]
kind = "kfold"
by = "users"
folds = 5
asked = 0.5
[[candidate]]
name = "pop"
family = "popularity"
[[candidate]]
name = "knn"
family = "item_knn"
)";

  EvaluatePlan read_text(const std::string& text) {
    test::put(path_, text);
    return read_evaluate_plan(path_, std::nullopt, 0);
  }

  static std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  EvaluatePlan read_split(const std::string& split) {
    const std::size_t from = kText.find("[split]"), to = kText.find("[[candidate]]");
    return read_text(kText.substr(0, from) + "[split]\n" + split + kText.substr(to));
  }

  /// Line 9 is the first of `split`.
  void refuse_split(const std::string& split, int line, const std::string& says) {
    expect_message([&] { read_split(split); }, line, says);
  }

  void refuse(const std::string& from, const std::string& to, int line, const std::string& says) {
    expect_message([&] { read_text(with(kText, from, to)); }, line, says);
  }

  template <typename Call>
  void expect_message(Call call, int line, const std::string& says) {
    const auto message = test::message_of<std::invalid_argument>(call);
    const std::string where = path_.string() + (line > 0 ? " line " + std::to_string(line) : "");
    EXPECT_EQ(message.find("[" + where), 0U) << message;
    EXPECT_NE(message.find(says), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  test::Scratch scratch_;
  std::filesystem::path path_ = scratch_ / "plan.toml";
};

TEST_F(WrittenEvaluatePlan, IsReadAsWritten) {
  const EvaluatePlan plan = read_text(kText);
  EXPECT_EQ(plan.source.title, "plan.toml");
  EXPECT_EQ(plan.source.source, Plan::Source::table);
  EXPECT_TRUE(plan.source.log.is_absolute());
  EXPECT_EQ(plan.source.log.filename(), "log.csv");
  EXPECT_EQ(plan.source.columns.user, "who");
  EXPECT_EQ(plan.source.columns.item, "item");
  ASSERT_EQ(plan.source.candidates.size(), 2U);
  ASSERT_EQ(plan.metrics.size(), 2U);
  EXPECT_EQ(plan.metrics[0].name, "recall@5");
  EXPECT_EQ(plan.ties, metrics::Ties::input);
  EXPECT_DOUBLE_EQ(plan.alpha, 0.1);
  EXPECT_EQ(plan.split.kind, FoldKind::kfold);
  EXPECT_EQ(plan.split.folds, 5U);
  EXPECT_DOUBLE_EQ(plan.split.asked, 0.5);
}

TEST_F(WrittenEvaluatePlan, EveryKindOfSplit) {
  EXPECT_EQ(read_split("kind = \"holdout\"\nby = \"events\"\nshare = 0.1\n").split.by, FoldUnit::events);
  EXPECT_EQ(read_split("kind = \"bootstrap\"\nresamples = 7\n").split.resamples, 7U);
  EXPECT_DOUBLE_EQ(read_split("kind = \"time\"\n").split.share, 0.2);
  EXPECT_EQ(read_split("kind = \"time\"\ntest = \"3d\"\ngap = \"1d\"\n").split.gap, data::kDay);
  const FoldPlan rolling = read_split("kind = \"rolling\"\ntrain = \"9d\"\ntest = \"3d\"\nexpanding = true\n").split;
  EXPECT_EQ(rolling.train, 9 * data::kDay);
  EXPECT_TRUE(rolling.expanding);
  const FoldPlan last = read_split("kind = \"leave-last\"\nlast = 2\ncold = \"drop\"\n").split;
  EXPECT_EQ(last.last, 2U);
  EXPECT_EQ(last.cold, data::Cold::drop);
  EXPECT_EQ(word(last.kind), "leave-last");
}

TEST_F(WrittenEvaluatePlan, RefusesASplitThatCannotBe) {
  refuse_split("kind = \"jackknife\"\n", 9, "holdout, kfold, bootstrap, time, rolling or leave-last");
  refuse_split("", 0, "\"kind\"");
  refuse_split("kind = \"kfold\"\nfold = 5\n", 10, "did you mean \"folds\"");
  refuse_split("kind = \"kfold\"\nfolds = 1\n", 10, "2 to 1000");
  refuse_split("kind = \"kfold\"\nfolds = 0\n", 10, "2 to 1000");
  refuse_split("kind = \"kfold\"\ngap = \"1d\"\n", 10,
               "a kfold split has no \"gap\"; its keys are kind, by, folds, asked, cold");
  refuse_split("kind = \"kfold\"\nby = \"days\"\n", 10, "not users or events");
  refuse_split("kind = \"kfold\"\nby = \"events\"\nasked = 0.2\n", 11, "belongs to a split by users");
  refuse_split("kind = \"kfold\"\nasked = 1.0\n", 10, "asked must be above 0 and below 1");
  refuse_split("kind = \"holdout\"\nshare = 0.0\n", 10, "share must be above 0 and below 1");
  refuse_split("kind = \"bootstrap\"\nresamples = 0\n", 10, "1 to 1000");
  refuse_split("kind = \"time\"\ntest = \"0d\"\n", 10, "test must be longer than 0");
  refuse_split("kind = \"time\"\ntest = \"1d\"\nshare = 0.3\n", 11, "give one of the two");
  refuse_split("kind = \"time\"\ngap = \"-1d\"\n", 10, "-1d");
  refuse_split("kind = \"rolling\"\ntest = \"1d\"\n", 9, "needs \"train\"");
  refuse_split("kind = \"rolling\"\ntrain = \"1d\"\ntest = \"1d\"\nstep = \"0s\"\n", 12, "step must be longer than 0");
  refuse_split("kind = \"leave-last\"\nlast = 0\n", 10, "1 to 1000");
  refuse_split("kind = \"leave-last\"\ncold = \"warm\"\n", 10, "keep, drop, only");
}

TEST_F(WrittenEvaluatePlan, RefusesTheRest) {
  refuse("metrics = [\"recall@5\", \"auc\"]", "metrics = [\"recall\"]", 1, "recall");
  refuse("metrics = [\"recall@5\", \"auc\"]", "metrics = []", 1, "at least one metric");
  refuse("metrics = [\"recall@5\", \"auc\"]", "metrics = [\"auc\", \"auc\"]", 1, "stands twice");
  refuse("ties = \"input\"", "ties = \"best\"", 2, "average or input");
  refuse("alpha = 0.1", "alpha = 1.0", 3, "above 0 and below 1");
  refuse("alpha = 0.1", "incumbent = \"pop\"", 3, "unknown key \"incumbent\"");
  refuse("kind = \"table\"", "kind = \"sql\"", 5, "world, movielens, table or snapshot");
  refuse("family = \"item_knn\"", "family = \"oracle\"", 18, "random, popularity, item_knn, content or blend");
  refuse("[split]", "[stage]\n[split]", 8, "unknown table \"stage\"");
  EXPECT_THROW(read_evaluate_plan(scratch_ / "none.toml", std::nullopt, 0), std::runtime_error);
}

TEST(EvaluatePlanExamples, AreRead) {
  const auto movies = read_evaluate_plan(kSource / "examples/evaluate.toml", std::nullopt, 0);
  EXPECT_EQ(movies.source.source, Plan::Source::movielens);
  EXPECT_EQ(read_evaluate_plan(kSource / "examples/evaluate.toml", "/elsewhere", 0).source.folder, "/elsewhere");
  const auto world = read_evaluate_plan(kSource / "examples/evaluate_world.toml", std::nullopt, 3);
  EXPECT_EQ(world.source.source, Plan::Source::world);
  EXPECT_EQ(world.source.world.seed, 3U);
  EXPECT_EQ(world.source.world.days, 20);
  EXPECT_THROW(read_evaluate_plan(kSource / "examples/evaluate_world.toml", "/elsewhere", 0), std::invalid_argument);
}

TEST(EvaluatePlanExamples, ThePageHoldsEveryKey) {
  const std::string page = read_file(kSource / "docs/formats/evaluate_plan.md");
  const std::string begin = "<!-- keys: begin -->\n\n", end = "\n<!-- keys: end -->";
  const std::size_t from = page.find(begin), to = page.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), describe_evaluate_keys())
      << "put the output of tamis evaluate --keys between the marks of docs/formats/evaluate_plan.md";
}

}  // namespace
}  // namespace tamis::sift
