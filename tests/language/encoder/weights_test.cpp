#include "tamis/language/encoder/weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis::encoder {
namespace {

using test::message_of;
using test::put;
using test::Scratch;

/// A safetensors file of this header and this many zero bytes.
std::string file_of(const std::string& header, std::size_t bytes) {
  std::string text(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(text.data(), &length, 8);
  return text + header + std::string(bytes, '\0');
}

class WeightsTest : public testing::Test {
 protected:
  /// What opening a folder with these bytes as its weights says.
  std::string complaint(const std::string& bytes) const {
    put(scratch_ / "model.safetensors", bytes);
    return message_of<std::runtime_error>([&] { WeightFile::open(scratch_.path()); });
  }
  void says(const std::string& bytes, const std::string& part) const {
    const std::string message = complaint(bytes);
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("model.safetensors"), std::string::npos) << message;
  }
  Scratch scratch_;
};

constexpr const char* kOne = R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})";

TEST_F(WeightsTest, ReadsWhatIsThere) {
  put(scratch_ / "model.safetensors", file_of(kOne, 16));
  const WeightFile file = WeightFile::open(scratch_.path());
  EXPECT_TRUE(file.has("a"));
  EXPECT_EQ(file.names(), std::vector<std::string>{"a"});
  EXPECT_EQ(file.shape("a"), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(file.floats("a", {2, 2}).values.size(), 4U);
  EXPECT_EQ(message_of<std::runtime_error>([&] { file.floats("b", {2}); }).find("holds no b [2]") != std::string::npos,
            true);
  const std::string shapes = message_of<std::runtime_error>([&] { file.floats("a", {4}); });
  EXPECT_NE(shapes.find("a is [2, 2]; the network needs [4]"), std::string::npos) << shapes;
}

TEST_F(WeightsTest, OutlivesTheFileObject) {
  put(scratch_ / "model.safetensors", file_of(kOne, 16));
  const Floats kept = WeightFile::open(scratch_.path()).floats("a", {2, 2});
  EXPECT_EQ(kept.values[3], 0);
}

TEST_F(WeightsTest, DamagedFilesAreNamed) {
  says("", "is truncated");
  says("abc", "is truncated");
  says(std::string(8, '\xff'), "claims a header of 18446744073709551615 bytes");
  says(file_of(kOne, 16).substr(0, 30), "its header should have");
  says(file_of("[1]", 0), "no JSON object");
  says(file_of("{\"a\":", 0), "no JSON object");
  says(file_of(kOne, 15), "it is truncated or damaged");
  says(file_of(kOne, 17), "1 bytes behind its last tensor");
  says(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})", 16), "its shape and dtype need 8");
  says(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), "lies at bytes 8 to 0");
  says(
      file_of(
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
          12),
      "does not begin where the tensor before it ends");
  says(
      file_of(
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})",
          20),
      "does not begin where");
  says(file_of(R"({"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}})", 8), "\"F99\"");
  says(file_of(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), "a shape that no tensor has");
  says(file_of(R"({"a":{"dtype":"F32","shape":[1000000000000,1000000000000],"data_offsets":[0,8]}})", 8),
       "no file can hold");
  says(file_of(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8), "needs a dtype, a shape and two data_offsets");
  says(
      file_of(
          R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
          8),
      "names a twice");
  says(file_of("{\"a\":" + std::string(50, '[') + std::string(50, ']') + "}", 0), "nested too deep");
}

TEST_F(WeightsTest, FoldersWithoutWeights) {
  const auto message = [&] { return message_of<std::runtime_error>([&] { WeightFile::open(scratch_.path()); }); };
  EXPECT_NE(message().find("holds no weights"), std::string::npos) << message();
  put(scratch_ / "pytorch_model.bin", "x");
  EXPECT_NE(message().find("save it as model.safetensors"), std::string::npos) << message();
  std::filesystem::create_directory(scratch_ / "model.safetensors");
  EXPECT_NE(message().find("is no regular file"), std::string::npos) << message();
  EXPECT_THROW(WeightFile::open(scratch_ / "absent"), std::runtime_error);
}

TEST_F(WeightsTest, AnIndexThatLies) {
  const auto message = [&](const std::string& index) {
    put(scratch_ / "model.safetensors.index.json", index);
    return message_of<std::runtime_error>([&] { WeightFile::open(scratch_.path()); });
  };
  EXPECT_NE(message("{}").find("weight_map"), std::string::npos);
  EXPECT_NE(message(R"({"weight_map":{"a":"gone.safetensors"}})").find("which is not there"), std::string::npos);
  EXPECT_NE(message(R"({"weight_map":{"a":"../a.safetensors"}})").find("is no file name"), std::string::npos);
  put(scratch_ / "x.safetensors", file_of(kOne, 16));
  put(scratch_ / "y.safetensors", file_of(kOne, 16));
  EXPECT_NE(message(R"({"weight_map":{"a":"x.safetensors","b":"y.safetensors"}})").find("another file of the folder"),
            std::string::npos);
}

TEST_F(WeightsTest, HalvesAndUnalignedNumbers) {
  // 1, -2, 65504 (the largest), the smallest subnormal, -0, infinity, NaN as f16; then a byte puts f32 off its place.
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00};
  const std::vector<std::uint16_t> brains = {0x3f80, 0xc049};
  const float number = 1.5F;
  std::string data(reinterpret_cast<const char*>(halves.data()), 14);
  data.append(reinterpret_cast<const char*>(brains.data()), 4);
  data += '\x07';
  data.append(reinterpret_cast<const char*>(&number), 4);
  std::string header =
      R"({"h":{"dtype":"F16","shape":[7],"data_offsets":[0,14]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[14,18]},"i":{"dtype":"I8","shape":[1],"data_offsets":[18,19]},"f":{"dtype":"F32","shape":[1],"data_offsets":[19,23]}})";
  put(scratch_ / "model.safetensors", file_of(header, 0) + data);
  const WeightFile file = WeightFile::open(scratch_.path());
  const Floats h = file.floats("h", {7});
  EXPECT_EQ(h.values[0], 1);
  EXPECT_EQ(h.values[1], -2);
  EXPECT_EQ(h.values[2], 65504);
  EXPECT_EQ(h.values[3], 0x1p-24F);
  EXPECT_TRUE(h.values[4] == 0 && std::signbit(h.values[4]));
  EXPECT_TRUE(std::isinf(h.values[5]));
  EXPECT_TRUE(std::isnan(h.values[6]));
  EXPECT_EQ(file.floats("b", {2}).values[1], -3.140625F);
  EXPECT_EQ(file.floats("f", {1}).values[0], 1.5F);
  EXPECT_NE(message_of<std::runtime_error>([&] { file.floats("i", {1}); }).find("has the dtype I8"), std::string::npos);
}

}  // namespace
}  // namespace tamis::encoder
