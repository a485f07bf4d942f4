#include "tamis/engine/train/augment.h"

#include <cmath>
#include <numeric>

#include "tests/base/scratch.h"

namespace tamis::train {
namespace {

using engine::Shape;

std::vector<float> changed(const std::vector<float>& from, const Shape& shape, const Augment& options,
                           std::uint64_t index, std::uint64_t seed = 3) {
  std::vector<float> to(from.size());
  augment(from, to, shape, options, -1, seed, index);
  return to;
}

std::vector<float> counted(std::size_t n) {
  std::vector<float> values(n);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

TEST(Augment, NothingChangesNothing) {
  const auto image = counted(24);
  EXPECT_EQ(changed(image, {3, 4, 2}, {}, 5), image);
}

// Each outcome must be the image moved by one of the 25 offsets, and all of them must come.
TEST(Augment, ShiftMovesByWholePixelsInBothDirections) {
  const auto image = counted(20);
  std::vector<int> seen(25);
  for (std::uint64_t index = 0; index < 400; ++index) {
    const auto moved = changed(image, {4, 5, 1}, {.shift = 2}, index);
    int matches = 0;
    for (int down = -2; down <= 2; ++down) {
      for (int right = -2; right <= 2; ++right) {
        std::vector<float> expected;
        for (int i = 0; i < 4; ++i) {
          for (int j = 0; j < 5; ++j) {
            const int r = i + down, c = j + right;
            const bool inside = r >= 0 && r < 4 && c >= 0 && c < 5;
            expected.push_back(inside ? image[static_cast<std::size_t>(r * 5 + c)] : -1);
          }
        }
        if (moved != expected) continue;
        ++matches;
        ++seen[static_cast<std::size_t>((down + 2) * 5 + right + 2)];
      }
    }
    EXPECT_EQ(matches, 1) << index;
  }
  for (const int count : seen) EXPECT_GT(count, 2);
}

TEST(Augment, FlipMirrorsWithItsProbability) {
  const auto image = counted(6);
  const std::vector<float> mirrored{3, 2, 1, 6, 5, 4};
  int flips = 0;
  for (std::uint64_t index = 0; index < 1000; ++index) {
    const auto now = changed(image, {2, 3, 1}, {.flip = 0.25}, index);
    EXPECT_TRUE(now == image || now == mirrored);
    flips += now == mirrored;
  }
  EXPECT_NEAR(flips, 250, 4 * std::sqrt(1000 * 0.25 * 0.75));
}

TEST(Augment, CropStretchesAWindowBack) {
  // A slope stays a slope under bilinear stretching: 5 pixels show a window of 3 in steps of 1/2.
  const std::vector<float> slope{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4};
  std::vector<int> starts(3);
  for (std::uint64_t index = 0; index < 60; ++index) {
    const auto now = changed(slope, {5, 5, 1}, {.crop = 2}, index);
    const float first = now[0];
    ASSERT_TRUE(first == 0 || first == 1 || first == 2) << first;
    ++starts[static_cast<std::size_t>(first)];
    for (std::size_t j = 0; j < 5; ++j) EXPECT_FLOAT_EQ(now[10 + j], first + 0.5F * static_cast<float>(j));
  }
  for (const int count : starts) EXPECT_GT(count, 5);
}

TEST(Augment, RotationKeepsTheMiddle) {
  std::vector<float> image(25);
  image[12] = 8;
  for (std::uint64_t index = 0; index < 20; ++index) {
    EXPECT_NEAR(changed(image, {5, 5, 1}, {.rotate = 90, .scale = 0.5}, index)[12], 8, 1e-5);
  }
}

TEST(Augment, NoiseHasItsDeviation) {
  const std::vector<float> image(10000, 2);
  const auto now = changed(image, {100, 100, 1}, {.noise = 0.5}, 0);
  double sum = 0, squares = 0;
  for (const float value : now) {
    sum += value - 2;
    squares += (value - 2.0) * (value - 2.0);
  }
  EXPECT_NEAR(sum / 1e4, 0, 0.02);
  EXPECT_NEAR(std::sqrt(squares / 1e4), 0.5, 0.02);
}

TEST(Augment, NamedByseedAndIndexAlone) {
  const auto image = counted(64);
  const Augment all{.shift = 1, .crop = 1, .flip = 0.5, .noise = 0.1, .rotate = 10, .scale = 0.1};
  EXPECT_EQ(changed(image, {8, 8, 1}, all, 7), changed(image, {8, 8, 1}, all, 7));
  EXPECT_NE(changed(image, {8, 8, 1}, all, 7), changed(image, {8, 8, 1}, all, 8));
  EXPECT_NE(changed(image, {8, 8, 1}, all, 7, 1), changed(image, {8, 8, 1}, all, 7, 2));
}

TEST(Augment, RefusesWhatIsNoImage) {
  EXPECT_EQ(test::message_of<std::invalid_argument>([] { changed(counted(4), {4}, {.shift = 1}, 0); }),
            "[augment] [4] is no image [H, W, C]");
  EXPECT_EQ(test::message_of<std::invalid_argument>([] {
              changed(counted(4), {2, 2, 1}, {.crop = 2}, 0);
            }),
            "[augment] crop = 2 leaves nothing of an image [2, 2, 1]");
}

}  // namespace
}  // namespace tamis::train
