#include "tamis/engine/train/dataset.h"

#include <cmath>

#include "tests/base/scratch.h"

namespace tamis::train {
namespace {

std::string idx(std::vector<std::uint32_t> sizes, const std::string& values) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  }
  return bytes + values;
}

DataConfig config_of(const test::Scratch& scratch, const std::string& keys) {
  ConfigFile file = ConfigFile::parse("[data]\n" + keys, "c.toml");
  return read_data(file, scratch.path());
}

Dataset read(const test::Scratch& scratch, const std::string& keys) {
  return read_dataset(config_of(scratch, keys), 0);
}

TEST(Dataset, ReadsIdxAndNormalisesByTheTrainingRowsAlone) {
  const test::Scratch scratch;
  test::put(scratch / "images", idx({3, 1, 2}, std::string{'\x00', '\x02', '\x04', '\x06', '\xff', '\xff'}));
  test::put(scratch / "labels", idx({3}, std::string{'\x01', '\x00', '\x01'}));
  const Dataset data = read(scratch,
                            "kind = 'idx'\nimages = 'images'\nlabels = 'labels'\nclasses = 2\ntrain = '0:2'\ntest = "
                            "'2:3'\n");
  EXPECT_EQ(data.row.text(), "[1, 2, 1]");
  EXPECT_EQ(data.train.labels, (std::vector<std::int32_t>{1, 0}));
  // 0 2 4 6: mean 3, deviation sqrt(5).
  EXPECT_DOUBLE_EQ(data.mean[0], 3);
  EXPECT_DOUBLE_EQ(data.deviation[0], std::sqrt(5.0));
  EXPECT_FLOAT_EQ(data.train.x.span<float>()[0], static_cast<float>(-3 / std::sqrt(5.0)));
  EXPECT_FLOAT_EQ(data.test.x.span<float>()[0], static_cast<float>(252 / std::sqrt(5.0)));
  EXPECT_EQ(data.test.first, 2);
  EXPECT_EQ(data.inputs.size(), 2U);
}

TEST(Dataset, ReadsATableWithFeaturesOfTheirOwn) {
  const test::Scratch scratch;
  test::put(scratch / "t.csv", "0,5,1\n2,5,0\n\n");
  const Dataset data =
      read(scratch, "kind = 'table'\ntable = 't.csv'\nheader = false\nclasses = 2\nnormalize = 'feature'\n");
  EXPECT_EQ(data.train.labels, (std::vector<std::int32_t>{1, 0}));
  EXPECT_EQ(data.mean, (std::vector<double>{1, 5}));
  EXPECT_EQ(data.deviation, (std::vector<double>{1, 1}));  // the second never changes
  EXPECT_EQ(data.train.x.numbers(), (std::vector<double>{-1, 0, 1, 0}));
}

TEST(Dataset, GivenStatisticsAreUsed) {
  const test::Scratch scratch;
  test::put(scratch / "t.csv", "a,label,b\n10,1,12\n14,0,16\n");
  const Dataset data =
      read(scratch, "kind = 'table'\ntable = 't.csv'\nlabel = 'label'\nclasses = 2\nmean = 10\ndeviation = 2\n");
  EXPECT_EQ(data.train.x.numbers(), (std::vector<double>{0, 1, 2, 3}));
}

TEST(Dataset, BadFilesAreNamed) {
  const test::Scratch scratch;
  const std::string keys = "kind = 'idx'\nimages = 'images'\nlabels = 'labels'\nclasses = 2\n";
  const auto message = [&] { return test::message_of<std::runtime_error>([&] { read(scratch, keys); }); };
  test::put(scratch / "labels", idx({2}, "ab"));
  EXPECT_NE(message().find((scratch / "images").string()), std::string::npos);
  test::put(scratch / "images", idx({2, 1, 2}, "abc"));
  EXPECT_NE(message().find("is truncated or damaged: it holds 3 values, its header says 4"), std::string::npos);
  test::put(scratch / "images", idx({3, 1, 1}, "abc"));
  EXPECT_NE(message().find("holds 2 labels for the 3 images"), std::string::npos);
  test::put(scratch / "images", idx({2}, "ab"));
  EXPECT_NE(message().find("is no idx file of bytes with 3 axes"), std::string::npos);
  test::put(scratch / "images", idx({0xFFFFFFFF, 0xFFFFFFFF, 2}, "ab"));
  EXPECT_NE(message().find("damaged"), std::string::npos);
}

TEST(Dataset, BadCellsAreNamedWithTheirLine) {
  const test::Scratch scratch;
  const std::string keys = "kind = 'table'\ntable = 't.csv'\nheader = false\nclasses = 2\n";
  const auto message = [&](const std::string& table) {
    test::put(scratch / "t.csv", table);
    return test::message_of<std::runtime_error>([&] { read(scratch, keys); });
  };
  EXPECT_NE(message("1,2,0\n1,x,1\n").find("t.csv line 2] column \"2\": \"x\" is not a number"), std::string::npos);
  EXPECT_NE(message("1,2,0\n1,2,0.5\n").find("line 2] column \"3\": \"0.5\" is not a whole number"), std::string::npos);
  EXPECT_NE(message("1,2,0\n1,2\n").find("line 2"), std::string::npos) << message("1,2,0\n1,2\n");
}

TEST(Dataset, NanAndLabelsOutsideAreRefusedWhenAsked) {
  const test::Scratch scratch;
  const std::string keys = "kind = 'table'\ntable = 't.csv'\nheader = false\nclasses = 2\n";
  test::put(scratch / "t.csv", "1,2,0\n1,nan,1\n");
  const Dataset nan = read(scratch, keys);
  EXPECT_NE(test::message_of<std::invalid_argument>([&] {
              require_sound(nan);
            }).find("t.csv] row 1 (from 0): feature 1 is nan"),
            std::string::npos);
  test::put(scratch / "t.csv", "1,2,0\n1,3,2\n");
  const Dataset outside = read(scratch, keys);
  EXPECT_NE(test::message_of<std::invalid_argument>([&] {
              require_sound(outside);
            }).find("t.csv] row 1 (from 0): the label 2 is outside the classes 0 to 1"),
            std::string::npos);
}

TEST(Dataset, RangesAndShapesAreChecked) {
  const test::Scratch scratch;
  test::put(scratch / "t.csv", "1,2,0\n1,3,1\n");
  const auto message = [&](const std::string& more) {
    return test::message_of<std::invalid_argument>(
        [&] { read(scratch, "kind = 'table'\ntable = 't.csv'\nheader = false\nclasses = 2\n" + more); });
  };
  EXPECT_NE(message("train = '0:3'\n").find("train = \"0:3\" goes beyond the 2 rows"), std::string::npos);
  EXPECT_NE(message("train = '1:1'\n").find("no range of rows"), std::string::npos);
  EXPECT_NE(message("test = 'all'\n").find("no range of rows"), std::string::npos);
  EXPECT_NE(message("shape = '3x1x1'\n").find("has 3 values, an example 2"), std::string::npos);
  EXPECT_NE(message("shape = '2x'\n").find("is no shape"), std::string::npos);
  EXPECT_NE(message("label = '9'\n").find("has no column \"9\""), std::string::npos);
  EXPECT_NE(message("normalise = 'none'\n").find("did you mean \"normalize\"?"), std::string::npos);
}

}  // namespace
}  // namespace tamis::train
