#include "tamis/engine/train/run.h"

#include "tamis/base/file.h"
#include "tests/base/scratch.h"
#include "tests/engine/train/small_task.h"

namespace tamis::train {
namespace {

namespace fs = std::filesystem;

RunResult run_in(const fs::path& out, const std::string& text, bool resume = false, std::uint64_t seed = 0) {
  auto made = classifier(text, seed);
  Progress silent;
  return run(*made.trainer, {.out = out, .resume = resume, .title = "small", .config = text, .seed = seed}, silent);
}

void expect_same_run(const fs::path& a, const fs::path& b) {
  for (const char* file : {"last.safetensors", "best.safetensors", "log.jsonl", "curves.html", "config.toml"}) {
    EXPECT_EQ(read_file(a / file), read_file(b / file)) << file;
  }
}

TEST(Run, LeavesWhatItSays) {
  const test::Scratch scratch;
  const RunResult result = run_in(scratch / "out", small_images());
  EXPECT_EQ(result.stopped, "epochs");
  EXPECT_EQ(result.steps, 12);
  EXPECT_EQ(result.epochs, 4);
  EXPECT_EQ(result.part, "test");
  const Log log = read_log(scratch / "out" / "log.jsonl");
  EXPECT_EQ(log.steps.size(), 12U);
  ASSERT_EQ(log.evaluations.size(), 4U);
  EXPECT_EQ(log.evaluations.back().metrics.at("loss"), result.metrics[0].second);
  EXPECT_EQ(read_file(scratch / "out" / "config.toml"), small_images());
  // The mean of the last epoch's three steps.
  EXPECT_NEAR(result.train_loss, (log.steps[9].loss + log.steps[10].loss + log.steps[11].loss) / 3, 1e-12);
}

TEST(Run, AnotherSeedIsAnotherRun) {
  const test::Scratch scratch;
  run_in(scratch / "a", small_images(), false, 1);
  run_in(scratch / "b", small_images(), false, 1);
  run_in(scratch / "c", small_images(), false, 2);
  expect_same_run(scratch / "a", scratch / "b");
  EXPECT_NE(read_file(scratch / "a" / "last.safetensors"), read_file(scratch / "c" / "last.safetensors"));
}

/// Breaks off in the middle of a step; what then lies in the folder is what a kill would leave.
class Breaking : public Classify {
 public:
  Breaking(ConfigFile& file, const Config& config, std::uint64_t step) : Classify(file, config, "", 0), step_(step) {}
  Variable loss(const Share& share, nn::Pass& pass) override {
    if (pass.step == step_) throw std::runtime_error("broken off");
    return Classify::loss(share, pass);
  }

 private:
  std::uint64_t step_;
};

void break_off(const fs::path& out, const std::string& text, std::uint64_t step, bool resume) {
  ConfigFile file = ConfigFile::parse(text, "small.toml");
  const Config config = read_config(file);
  Breaking task(file, config, step);
  Trainer trainer(task, config.recipe, 0);
  Progress silent;
  EXPECT_THROW(run(trainer, {.out = out, .resume = resume, .title = "small", .config = text, .seed = 0}, silent),
               std::runtime_error);
}

TEST(Run, BrokenOffAtAnyStepAndResumedIsTheSameRun) {
  const test::Scratch scratch;
  const std::string text = small_images("checkpoint_every = 2\nevaluate_every = 3\n");
  run_in(scratch / "whole", text);
  for (std::uint64_t step = 0; step < 12; ++step) {
    const fs::path out = scratch / std::to_string(step);
    break_off(out, text, step, false);
    const RunResult result = run_in(out, text, true);
    EXPECT_EQ(result.steps, 12);
    expect_same_run(scratch / "whole", out);
  }
  break_off(scratch / "twice", text, 4, false);
  break_off(scratch / "twice", text, 9, true);
  run_in(scratch / "twice", text, true);
  expect_same_run(scratch / "whole", scratch / "twice");
}

TEST(Run, AFinishedRunResumesToItsResult) {
  const test::Scratch scratch;
  const RunResult first = run_in(scratch / "out", small_images());
  const std::string last = read_file(scratch / "out" / "last.safetensors");
  const RunResult again = run_in(scratch / "out", small_images(), true);
  EXPECT_EQ(again.metrics, first.metrics);
  EXPECT_EQ(again.stopped, "epochs");
  EXPECT_EQ(read_file(scratch / "out" / "last.safetensors"), last);
}

TEST(Run, RefusesToResumeAnotherRun) {
  const test::Scratch scratch;
  run_in(scratch / "out", small_images());
  const std::string last = read_file(scratch / "out" / "last.safetensors");
  EXPECT_NE(test::message_of<std::invalid_argument>([&] {
              run_in(scratch / "out", small_images("\n"), true);
            }).find("was made with another config"),
            std::string::npos);
  EXPECT_NE(test::message_of<std::invalid_argument>([&] {
              run_in(scratch / "out", small_images(), true, 5);
            }).find("was made with another seed"),
            std::string::npos);
  EXPECT_EQ(read_file(scratch / "out" / "last.safetensors"), last);
}

TEST(Run, SetsAnOldRunAside) {
  const test::Scratch scratch;
  run_in(scratch / "out", small_images(), false, 1);
  const std::string old = read_file(scratch / "out" / "last.safetensors");
  run_in(scratch / "out", small_images(), false, 2);
  EXPECT_EQ(read_file(scratch / "out" / "last.old.safetensors"), old);
}

TEST(Run, StopsAtItsTargetAndWithoutProgress) {
  const test::Scratch scratch;
  const RunResult target = run_in(scratch / "a", small_images("target = 0.0\nevaluate_every = 1\n"));
  EXPECT_EQ(target.stopped, "target");
  EXPECT_EQ(target.steps, 1);
  // A rate so small that the loss cannot improve in f32 by anything an evaluation sees.
  std::string still = small_images("patience = 2\nevaluate_every = 1\nwatch = \"accuracy\"\n");
  still.replace(still.find("rate = 0.02"), 11, "rate = 1e-30");
  const RunResult patience = run_in(scratch / "b", still);
  EXPECT_EQ(patience.stopped, "patience");
  EXPECT_LT(patience.steps, 12);
  ASSERT_TRUE(patience.best.has_value());
}

TEST(Run, ReportsTheBestWeightsWhenAsked) {
  const test::Scratch scratch;
  const RunResult result =
      run_in(scratch / "a", small_images("report = \"best\"\nwatch = \"loss\"\nevaluate_every = 1\n"));
  EXPECT_EQ(result.metrics[0].second, result.best->metrics.at("loss"));
}

TEST(Run, SaysWhereItStoppedBeingFinite) {
  const test::Scratch scratch;
  std::string text = small_vectors("batch = 12\n");
  text.replace(text.find("examples = 24"), 13, "examples = 24\ndeviation = 1e-30");
  const std::string message = test::message_of<NotFinite>([&] { run_in(scratch / "out", text); });
  EXPECT_NE(message.find("not finite"), std::string::npos) << message;
  EXPECT_FALSE(read_log(scratch / "out" / "log.jsonl").steps.empty());
  EXPECT_TRUE(fs::exists(scratch / "out" / "curves.html"));
}

TEST(Run, RefusesAMetricThatIsNot) {
  const test::Scratch scratch;
  EXPECT_NE(test::message_of<std::invalid_argument>([&] {
              run_in(scratch / "a", small_images("watch = \"auc\"\n"));
            }).find("it has: loss, accuracy"),
            std::string::npos);
}

}  // namespace
}  // namespace tamis::train
