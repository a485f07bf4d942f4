#include "tamis/sift/measurement.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace tamis::sift {
namespace {

void expect_same(const Measured& a, const Measured& b) {
  EXPECT_EQ(a.values.users, b.values.users);
  ASSERT_EQ(a.values.values.size(), b.values.values.size());
  for (std::size_t i = 0; i < a.values.values.size(); ++i) {
    EXPECT_EQ(a.values.values[i], b.values.values[i]) << i;
    EXPECT_EQ(std::signbit(a.values.values[i]), std::signbit(b.values.values[i])) << i;
  }
  EXPECT_EQ(a.metrics, b.metrics);
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    EXPECT_EQ(a.steps[i].from, b.steps[i].from);
    EXPECT_EQ(a.steps[i].questions, b.steps[i].questions);
    EXPECT_EQ(a.steps[i].users, b.steps[i].users);
    EXPECT_EQ(a.steps[i].cold, b.steps[i].cold);
    EXPECT_EQ(a.steps[i].value, b.steps[i].value);
  }
  EXPECT_EQ(a.served, b.served);
  EXPECT_EQ(a.cold, b.cold);
  EXPECT_EQ(a.exposed, b.exposed);
}

TEST(Measurement, EveryNumberComesBackExactly) {
  using limits = std::numeric_limits<double>;
  Measured measured;
  measured.values.values = {1.0 / 3,       0.1 + 0.2,     limits::denorm_min(), 5 * limits::denorm_min(),
                            limits::min(), limits::max(), -limits::max(),       -0.0,
                            0.0,           1e22,          9007199254740993.0,   1 + limits::epsilon()};
  for (data::Index u = 0; u < measured.values.values.size(); ++u) measured.values.users.push_back(u * 400'000'000U);
  measured.metrics = {{"ndcg@10", 2.0 / 7}, {"auc", 0}, {"a \"quoted\"\tname\n", -1e-300}};
  measured.steps = {{-5, 1, 2, 3, 1.0 / 7}, {1'700'000'000'000'000, 0, 0, 0, std::nullopt}};
  measured.served = std::numeric_limits<std::uint64_t>::max();
  measured.cold = 1;
  measured.exposed = {1'704'067'200'000'001, -1, 0};
  const std::string text = to_json(measured);
  EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
  expect_same(measured_from_json(text), measured);
  EXPECT_EQ(to_json(measured_from_json(text)), text);
}

TEST(Measurement, AnEmptyOneComesBackEmpty) {
  expect_same(measured_from_json(to_json({})), {});
}

TEST(Measurement, WhatCannotBeReadBackIsTheWorldsFault) {
  for (const char* text : {"", "{}", "[1]", R"({"users":[1],"values":"x"})"}) {
    EXPECT_THROW(measured_from_json(text), std::runtime_error) << text;
  }
  std::string text = to_json({});
  EXPECT_THROW(measured_from_json(text.substr(0, text.size() - 1)), std::runtime_error);
}

}  // namespace
}  // namespace tamis::sift
