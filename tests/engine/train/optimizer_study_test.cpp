#include "tamis/engine/train/optimizer_study.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"

namespace tamis::train {
namespace {

LabelledRows digits(std::int64_t rows, std::uint64_t index) {
  Stream stream(11, "study_test", index);
  std::vector<float> pixels;
  LabelledRows result;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto label = static_cast<std::int32_t>(row % 10);
    result.labels.push_back(label);
    for (int p = 0; p < 64; ++p) {
      // Each class has its own dark pixels, and the middle is dark in seven of ten.
      const bool dark = p == 28 ? label > 2 : p % 10 == label || p % 7 == label;
      pixels.push_back(static_cast<float>(dark ? 16 - stream.below(3) : stream.below(3)));
    }
  }
  result.x = Tensor::from(pixels, {rows, 64});
  return result;
}

Dataset small_data() {
  Dataset data;
  data.train = digits(230, 0);
  data.test = digits(50, 1);
  data.classes = 10;
  return data;
}

OptimizerStudy small_study(std::uint64_t seed) {
  const StudySize size{
      .epochs = 2, .full_steps = 8, .decay_steps = 40, .path_steps = 10, .valley_steps = 200, .valley_starts = 3};
  Progress silent;
  return study_optimizers(small_data(), seed, size, silent);
}

TEST(OptimizerStudy, SameAtAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  const OptimizerStudy one = small_study(0);
  set_threads(3);
  const OptimizerStudy three = small_study(0);
  set_threads(before);
  EXPECT_EQ(study_json(one), study_json(three));
  EXPECT_EQ(study_page(one), study_page(three));
}

TEST(OptimizerStudy, FindsWhatTheTextbookSays) {
  const OptimizerStudy study = small_study(1);
  ASSERT_EQ(study.batches.size(), 4);
  // Smaller batches take more steps over the same images.
  EXPECT_EQ(study.batches[0].steps, 2);
  EXPECT_EQ(study.batches[3].steps, 58);
  EXPECT_LT(study.batches[3].losses.back(), study.batches[0].losses.back());
  ASSERT_EQ(study.decay.size(), 2);
  EXPECT_LT(study.decay[0].largest_difference, 1e-13);
  EXPECT_GT(study.decay[0].largest_weight, 0.1);
  EXPECT_GT(study.decay[1].largest_difference, 1e-3);
  EXPECT_NEAR(study.valley.local, 1, 1);
  EXPECT_NEAR(study.valley.global, 15, 1);
  EXPECT_GT(study.valley.local_loss, study.valley.global_loss);
  EXPECT_EQ(study.valley.descents[0].escaped, 0);
  ASSERT_EQ(study.surface.paths.size(), 8);
  for (const StudyPath& path : study.surface.paths) EXPECT_EQ(path.points.size(), 11) << path.name;
}

TEST(OptimizerStudy, PageHoldsEveryPart) {
  const OptimizerStudy study = small_study(0);
  const std::string page = study_page(study);
  for (const StudyRule& rule : study_rules()) EXPECT_NE(page.find(rule.name), std::string::npos) << rule.name;
  EXPECT_EQ(study_findings(study).size(), 6);
  const auto json = study_json(study);
  for (const char* key : {"findings", "batches", "momentum", "surface", "optimizers", "decay", "valley"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json.at("optimizers").size(), 8);
}

TEST(OptimizerStudy, RefusesAFolderWithoutDigits) {
  EXPECT_THROW(read_study_digits("/nowhere"), std::runtime_error);
}

}  // namespace
}  // namespace tamis::train
