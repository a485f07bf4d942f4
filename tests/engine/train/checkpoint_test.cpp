#include "tamis/engine/train/checkpoint.h"

#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis::train {
namespace {

using engine::DType;

Checkpoint small() {
  Checkpoint checkpoint;
  checkpoint.tensors = {{"a.weight", Tensor::from(std::vector<float>{1.5F, -2, 3, 4, 5, 6}, {2, 3})},
                        {"b", Tensor::scalar(0.1, DType::f64)},
                        {"ids", Tensor::from(std::vector<std::int64_t>{7, 8}, {2})}};
  checkpoint.texts = {{"state", "{\"step\":3}"}, {"seed", "0"}};
  return checkpoint;
}

TEST(Checkpoint, ComesBackAsItWas) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "x.safetensors", small());
  const Checkpoint back = read_checkpoint(scratch / "x.safetensors");
  EXPECT_EQ(back.texts, small().texts);
  ASSERT_EQ(back.tensors.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back.tensors[i].name, small().tensors[i].name);
    EXPECT_EQ(back.tensors[i].tensor.text(), small().tensors[i].tensor.text());
    EXPECT_EQ(back.tensors[i].tensor.numbers(), small().tensors[i].tensor.numbers());
  }
}

// What the format's description asks for, read without our own reader.
TEST(Checkpoint, IsASafetensorsFile) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "x.safetensors", small());
  const std::string bytes = read_file(scratch / "x.safetensors");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  const auto header = nlohmann::json::parse(bytes.substr(8, length));
  EXPECT_EQ(header["a.weight"]["dtype"], "F32");
  EXPECT_EQ(header["a.weight"]["shape"], (std::vector<int>{2, 3}));
  EXPECT_EQ(header["a.weight"]["data_offsets"], (std::vector<int>{0, 24}));
  EXPECT_EQ(header["b"]["dtype"], "F64");
  EXPECT_EQ(header["ids"]["data_offsets"], (std::vector<int>{32, 48}));
  EXPECT_EQ(bytes.size(), 8 + length + 48);
  float second = 0;
  std::memcpy(&second, bytes.data() + 8 + length + 4, 4);
  EXPECT_EQ(second, -2);
  for (const auto& [key, text] : header["__metadata__"].items()) EXPECT_TRUE(text.is_string()) << key;
}

TEST(Checkpoint, EveryFlippedByteAndEveryCutIsSeen) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "x.safetensors", small());
  const std::string bytes = read_file(scratch / "x.safetensors");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    test::put(scratch / "y", flipped);
    EXPECT_THROW(read_checkpoint(scratch / "y"), std::runtime_error) << "byte " << i;
    test::put(scratch / "y", bytes.substr(0, i));
    EXPECT_THROW(read_checkpoint(scratch / "y"), std::runtime_error) << "cut at " << i;
  }
  test::put(scratch / "y", bytes + "x");
  EXPECT_THROW(read_checkpoint(scratch / "y"), std::runtime_error);
}

TEST(Checkpoint, SaysWhatIsWrong) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "x", small());
  const std::string bytes = read_file(scratch / "x");
  const auto message = [&](const std::string& changed) {
    test::put(scratch / "y", changed);
    return test::message_of<std::runtime_error>([&] { read_checkpoint(scratch / "y"); });
  };
  EXPECT_NE(message(bytes.substr(0, bytes.size() - 1)).find("truncated"), std::string::npos);
  EXPECT_NE(message(bytes.substr(0, 20)).find("truncated"), std::string::npos);
  EXPECT_NE(message("").find("truncated"), std::string::npos);
  std::string other = bytes;
  other.replace(other.find("\"version\":\"1\""), 13, "\"version\":\"2\"");
  EXPECT_NE(message(other).find("version \"2\""), std::string::npos) << message(other);
  std::string flipped = bytes;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  EXPECT_NE(message(flipped).find("do not match their checksum"), std::string::npos);
}

TEST(Checkpoint, RestoreRefusesAnotherNetworkAndChangesNothing) {
  const Checkpoint from = small();
  const auto message = [&](std::vector<nn::Buffer> into) {
    return test::message_of<std::invalid_argument>([&] { restore(from, into, "x"); });
  };
  Tensor a({2, 3}), b(engine::Shape(), DType::f64), ids({2}, DType::i64);
  a.fill(9);
  EXPECT_EQ(message({{"a.weight", Tensor({3, 2})}, {"b", b}, {"ids", ids}}),
            "[x] a.weight is f32[2, 3] in the checkpoint, f32[3, 2] in this network");
  EXPECT_EQ(message({{"a.weight", a}, {"b", b}, {"ids", ids}, {"more", a}}),
            "[x] holds no more, which this network has as f32[2, 3]");
  EXPECT_EQ(message({{"a.weight", a}, {"b", b}}), "[x] holds ids, which this network has not");
  EXPECT_NE(
      message({{"a.weight", a}, {"b", Tensor(engine::Shape())}, {"ids", ids}}).find("f64[] in the checkpoint, f32[]"),
      std::string::npos);
  EXPECT_EQ(a.at(0), 9);
  restore(from, {{"a.weight", a}, {"b", b}, {"ids", ids}}, "x");
  EXPECT_EQ(a.at(1), -2);
}

TEST(Checkpoint, AFullDiskLeavesTheOldOneWhole) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "x", small());
  const std::string before = read_file(scratch / "x");
  Checkpoint large;
  large.tensors = {{"w", Tensor::zeros({1 << 16})}};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit old {};
  getrlimit(RLIMIT_FSIZE, &old);
  const struct rlimit tight { 1 << 16, old.rlim_max };
  setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_THROW(write_checkpoint(scratch / "x", large), std::runtime_error);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(read_file(scratch / "x"), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(scratch.path()), {}), 1);
}

}  // namespace
}  // namespace tamis::train
