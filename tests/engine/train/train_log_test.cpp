#include "tamis/engine/train/train_log.h"

#include <cmath>

#include "tests/base/scratch.h"

namespace tamis::train {
namespace {

LogHeading heading() {
  return {.task = "classify",
          .title = "a \"title\"",
          .seed = 7,
          .config = "abc",
          .batch = 4,
          .shards = 2,
          .steps_per_epoch = 3,
          .steps = 6,
          .examples = 12,
          .watch = "accuracy",
          .metrics = {"loss", "accuracy"},
          .weights = {1, 2},
          .layers = {"network.a", "network.b"}};
}

StepLine step(std::int64_t number) {
  return {.step = number, .epoch = number / 3, .loss = 0.1, .rate = 1e-3, .norm = 5, .clip = 0.2, .norms = {3, 4}};
}

TEST(TrainLog, ComesBackAndHoldsNullForNan) {
  const test::Scratch scratch;
  {
    LogWriter log(scratch / "log", heading());
    log.add(step(0));
    StepLine broken = step(1);
    broken.loss = NAN;
    broken.norms[1] = INFINITY;
    log.add(broken);
    log.add(EvaluationLine{.step = 3,
                           .epoch = 1,
                           .part = "test",
                           .metrics = {{"loss", 0.5}, {"accuracy", 0.75}},
                           .best = true,
                           .weights = {1, 2}});
    log.flush();
    EXPECT_EQ(log.bytes(), std::filesystem::file_size(scratch / "log"));
  }
  const Log log = read_log(scratch / "log");
  EXPECT_EQ(log.heading.title, "a \"title\"");
  EXPECT_EQ(log.heading.layers, heading().layers);
  EXPECT_EQ(log.heading.weights, heading().weights);
  ASSERT_EQ(log.steps.size(), 2U);
  EXPECT_EQ(log.steps[0].loss, 0.1);
  EXPECT_EQ(log.steps[0].norms, (std::vector<double>{3, 4}));
  EXPECT_TRUE(std::isnan(log.steps[1].loss));
  EXPECT_TRUE(std::isnan(log.steps[1].norms[1]));
  ASSERT_EQ(log.evaluations.size(), 1U);
  EXPECT_EQ(log.evaluations[0].metrics.at("accuracy"), 0.75);
  EXPECT_TRUE(log.evaluations[0].best);
}

TEST(TrainLog, GoesOnBehindTheBytesKept) {
  const test::Scratch scratch;
  std::uint64_t kept = 0;
  {
    LogWriter log(scratch / "log", heading());
    log.add(step(0));
    log.flush();
    kept = log.bytes();
    log.add(step(1));
    log.flush();
  }
  LogWriter again(scratch / "log", kept);
  again.add(step(9));
  again.flush();
  const Log log = read_log(scratch / "log");
  ASSERT_EQ(log.steps.size(), 2U);
  EXPECT_EQ(log.steps[1].step, 9);
}

TEST(TrainLog, ATornLastLineIsDroppedAndDamageNamed) {
  const test::Scratch scratch;
  {
    LogWriter log(scratch / "log", heading());
    log.add(step(0));
    log.flush();
  }
  std::ofstream(scratch / "log", std::ios::app) << "{\"step\":1,\"ep";
  EXPECT_EQ(read_log(scratch / "log").steps.size(), 1U);
  std::ofstream(scratch / "log", std::ios::app) << "\n{}\n";
  EXPECT_NE(test::message_of<std::runtime_error>([&] { read_log(scratch / "log"); }).find("log line 3"),
            std::string::npos);
  test::put(scratch / "log", "{\"log\":1}\n");
  EXPECT_THROW(read_log(scratch / "log"), std::runtime_error);
  test::put(scratch / "log", "no log\n");
  EXPECT_THROW(read_log(scratch / "log"), std::runtime_error);
}

}  // namespace
}  // namespace tamis::train
