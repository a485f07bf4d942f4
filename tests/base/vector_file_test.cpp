#include "tamis/base/vector_file.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;
using test::put;
using test::Scratch;
using test::tag;

// What tests/golden/make_vectors.py wrote with numpy and pyarrow.
std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(TAMIS_SOURCE_DIR "/tests/golden/vectors") / name;
}

const std::vector<float> kValues{0.25F,       -1.5F, 3.0F,   0.1F, -0.0F, 1e-30F, 2e-30F,  -3e-30F,  0,
                                 5e-31F,      0,     0,      0,    0,     0,      3.4e38F, -3.4e38F, 1e38F,
                                 2,           -7,    1,      2,    3,     4,      5,       -0.0625F, 0.5F,
                                 0.49803922F, -0.5F, 0.001F, 127,  -127,  63.5F,  64.5F,   1.5F};

/// The seven vectors, in pieces of as many rows.
void write(const std::filesystem::path& path, VectorType type = VectorType::f32, std::size_t piece = 7) {
  VectorWriter writer(path, {5, type, {}});
  for (std::size_t row = 0; row < 7; row += piece) {
    const std::size_t count = std::min(piece, 7 - row);
    writer.write(std::span(kValues).subspan(row * 5, count * 5));
  }
  EXPECT_EQ(writer.rows(), 7U);
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.commit();
}

TEST(VectorFile, NpyAndFvecsAreNumpysByteForByte) {
  const Scratch scratch;
  for (const std::size_t piece : {1, 3, 7}) {
    const std::string number = std::to_string(piece);
    write(scratch / (number + ".npy"), VectorType::f32, piece);
    EXPECT_EQ(read_file(scratch / (number + ".npy")), read_file(golden("f4.npy")));
    write(scratch / (number + ".fvecs"), VectorType::f32, piece);
    EXPECT_EQ(read_file(scratch / (number + ".fvecs")), read_file(golden("f4.fvecs")));
    write(scratch / ("i" + number + ".npy"), VectorType::int8, piece);
    EXPECT_EQ(read_file(scratch / ("i" + number + ".npy")), read_file(golden("int8.npy")));
    write(scratch / ("b" + number + ".npy"), VectorType::bits, piece);
    EXPECT_EQ(read_file(scratch / ("b" + number + ".npy")), read_file(golden("bits.npy")));
  }
}

TEST(VectorFile, ReadsWhatNumpyAndPyarrowWrote) {
  for (const std::string name : {"f4.npy", "f8.npy", "v2.npy", "f4.fvecs", "fixed.parquet", "list.parquet"}) {
    const Vectors vectors = read_vectors(golden(name));
    EXPECT_EQ(vectors.rows, 7U) << name;
    EXPECT_EQ(vectors.dimensions, 5) << name;
    EXPECT_EQ(vectors.values, kValues) << name;
  }
  const Vectors whole = read_vectors(golden("int8.npy"));
  EXPECT_EQ(whole.values[20], 25);  // 127 / 5 = 25.4
  EXPECT_EQ(whole.values[24], 127);
}

TEST(VectorFile, EveryFormatComesBack) {
  const Scratch scratch;
  for (const std::string name : {"v.npy", "v.fvecs", "v.parquet", "V.NPY"}) {
    write(scratch / name, VectorType::f32, 2);
    EXPECT_EQ(read_vectors(scratch / name).values, kValues) << name;
  }
  write(scratch / "i.parquet", VectorType::int8);
  EXPECT_EQ(read_vectors(scratch / "i.parquet").values, read_vectors(golden("int8.npy")).values);
}

TEST(VectorFile, JsonLinesHoldNotesAndExactNumbers) {
  const Scratch scratch;
  for (const auto type : {VectorType::f32, VectorType::int8, VectorType::bits}) {
    VectorWriter writer(scratch / "v.jsonl", {5, type, {{"tokens", false}, {"truncated", true}}});
    const std::vector<std::int64_t> notes{4, 0, 300, 1};
    writer.write(std::span(kValues).subspan(20, 10), notes);
    writer.write(std::span(kValues).subspan(30));
    writer.commit();
    std::istringstream lines(read_file(scratch / "v.jsonl"));
    std::vector<nlohmann::json> rows;
    for (std::string line; std::getline(lines, line);) rows.push_back(nlohmann::json::parse(line));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[1]["row"], 1);
    EXPECT_EQ(rows[1]["tokens"], 300);
    EXPECT_EQ(rows[1]["truncated"], true);
    EXPECT_EQ(rows[2]["truncated"], false);
    const auto vector = rows[1]["vector"];
    if (type == VectorType::f32) {
      for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(vector[i].get<float>(), kValues[25 + i]);
      EXPECT_FALSE(rows[1].contains("scale"));
    } else if (type == VectorType::int8) {
      // 127 / 0.5 times each.
      EXPECT_EQ(vector, (std::vector<int>{-16, 127, 127, -127, 0}));
      EXPECT_EQ(rows[1]["scale"].get<float>(), static_cast<float>(0.5 / 127));
    } else {
      EXPECT_EQ(vector, std::vector<int>{0b01101000});
    }
  }
}

TEST(VectorFile, QuantisesByHand) {
  std::vector<std::int8_t> whole(3);
  EXPECT_EQ(quantize_int8(std::vector<float>{2, -254, 1}, whole), 2);
  EXPECT_EQ(whole, (std::vector<std::int8_t>{1, -127, 0}));  // 0.5 to even
  EXPECT_EQ(quantize_int8(std::vector<float>{0, 0, 0}, whole), 0);
  EXPECT_EQ(whole, (std::vector<std::int8_t>{0, 0, 0}));
  std::vector<std::uint8_t> bits(2);
  pack_signs(std::vector<float>{1, -1, 0, -0.0F, 1e-40F, -2, 3, 4, 5}, bits);
  EXPECT_EQ(bits, (std::vector<std::uint8_t>{0b10001011, 0b10000000}));
}

TEST(VectorFile, NoRowsAreAFileOfNone) {
  const Scratch scratch;
  for (const std::string name : {"v.npy", "v.parquet"}) {
    VectorWriter(scratch / name, {5, VectorType::f32, {}}).commit();
    const Vectors none = read_vectors(scratch / name);
    EXPECT_EQ(none.rows, 0U) << name;
    EXPECT_EQ(none.dimensions, 5) << name;
  }
}

TEST(VectorFile, ManyRowsFillSeveralGroups) {
  const Scratch scratch;
  VectorWriter writer(scratch / "v.parquet", {3, VectorType::f32, {{"tokens", false}}});
  std::vector<float> rows(3 * 50000);
  for (int part = 0; part < 3; ++part) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(part * 1000000 + static_cast<int>(i));
    writer.write(rows, std::vector<std::int64_t>(50000, part));
  }
  writer.commit();
  const Vectors vectors = read_vectors(scratch / "v.parquet");
  ASSERT_EQ(vectors.rows, 150000U);
  EXPECT_EQ(vectors.values[3 * 65536], 1000000 + 3 * 15536);
  EXPECT_EQ(vectors.values.back(), 2000000 + 149999);
}

TEST(VectorFile, RefusesWhatItDoesNotRead) {
  for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
           {"big.npy", "holds numbers of type >f4; <f4, <f8 or |i1 are read"},
           {"bits.npy", "holds numbers of type |u1"},
           {"text.npy", "holds numbers of type <U1"},
           {"fortran.npy", "lies in Fortran order"},
           {"flat.npy", "has the shape (5,); rows of"},
           {"text.parquet", "column 'vector' holds string"},
           {"none.parquet", "has no column 'vector'"}}) {
    const std::string message = message_of<std::invalid_argument>([&, file = name] { read_vectors(golden(file)); });
    EXPECT_TRUE(message.starts_with(tag(golden(name)) + what)) << message;
  }
  for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
           {"uneven.parquet", "row 1 of column 'vector' has 4 components"},
           {"null.parquet", "row 1 of column 'vector' has 0 components"}}) {
    const std::string message = message_of<std::runtime_error>([&, file = name] { read_vectors(golden(file)); });
    EXPECT_TRUE(message.starts_with(tag(golden(name)) + what)) << message;
  }
  EXPECT_THROW(read_vectors("v.txt"), std::invalid_argument);
  EXPECT_THROW(read_vectors(golden("missing.npy")), std::runtime_error);
}

// Every shorter file and every changed byte of the head: an error of ours, or numbers, never anything else.
TEST(VectorFile, DamagedFilesAreRefused) {
  const Scratch scratch;
  for (const std::string name : {"f4.npy", "f8.npy", "v2.npy", "f4.fvecs", "fixed.parquet", "list.parquet"}) {
    const std::string bytes = read_file(golden(name));
    const auto path = scratch / name;
    const bool rows_alone = name == "f4.fvecs";
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      put(path, bytes.substr(0, size));
      if (rows_alone && size > 0 && size % 24 == 0) continue;  // whole rows are a file
      EXPECT_THROW(read_vectors(path), std::runtime_error) << name << " of " << size;
    }
    for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 128); ++at) {
      for (const char change : {'\x01', '\x80', '\x7F', '0', '9', '('}) {
        std::string bent = bytes;
        bent[at] = change;
        put(path, bent);
        try {
          static_cast<void>(read_vectors(path));
        } catch (const std::runtime_error& error) {
          EXPECT_TRUE(std::string(error.what()).starts_with(tag(path))) << error.what();
        } catch (const std::invalid_argument& error) {
          EXPECT_TRUE(std::string(error.what()).starts_with(tag(path))) << error.what();
        }
      }
    }
    put(path, bytes + "x");
    EXPECT_THROW(read_vectors(path), std::runtime_error) << name;
  }
}

TEST(VectorFile, AShapeOfAnySizeAsksForNoMemory) {
  const Scratch scratch;
  std::string bytes = read_file(golden("f4.npy"));
  bytes.replace(bytes.find("(7, 5), }"), 26, "(999999999999999999, 65536");
  put(scratch / "v.npy", bytes);
  EXPECT_THROW(read_vectors(scratch / "v.npy"), std::runtime_error);
  put(scratch / "v.fvecs", std::string("\xFF\xFF\xFF\x7F", 4) + std::string(20, '\0'));
  EXPECT_THROW(read_vectors(scratch / "v.fvecs"), std::runtime_error);
}

TEST(VectorFile, RefusesWhatItCannotWrite) {
  const Scratch scratch;
  const auto make = [&](const std::string& name, VectorLayout layout) {
    return [=, path = scratch / name] { VectorWriter writer(path, layout); };
  };
  EXPECT_THROW(make("v.txt", {5, VectorType::f32, {}})(), std::invalid_argument);
  EXPECT_THROW(make("v.npy", {0, VectorType::f32, {}})(), std::invalid_argument);
  EXPECT_THROW(make("v.fvecs", {5, VectorType::int8, {}})(), std::invalid_argument);
  EXPECT_THROW(make("none/v.npy", {5, VectorType::f32, {}})(), std::runtime_error);
  EXPECT_THROW(VectorWriter("", {5, VectorType::f32, {}}), std::invalid_argument);
  VectorWriter writer(scratch / "v.npy", {2, VectorType::f32, {}});
  writer.write(std::vector<float>{1, 2});
  const std::vector<float> bad{1, 2, 3, std::nanf("")};
  EXPECT_EQ(message_of<std::runtime_error>([&] { writer.write(bad); }),
            tag(scratch / "v.npy") +
                "vector 2 holds nan, which is no component of a vector; the weights it was made with may be damaged");
}

// A quota on the size of files plays the full disk.
TEST(VectorFile, AFullDiskLeavesNothing) {
  const Scratch scratch;
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const std::vector<float> rows(100 * 1000, 0.5F);
  for (const std::string name : {"v.npy", "v.fvecs", "v.jsonl", "v.parquet"}) {
    put(scratch / name, "old");
    const rlimit small{100'000, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string message = message_of<std::runtime_error>([&] {
      VectorWriter writer(scratch / name, {100, VectorType::f32, {}});
      writer.write(rows);
      writer.commit();
    });
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(message, tag(scratch / name) + "cannot be written: File too large");
    EXPECT_EQ(read_file(scratch / name), "old");
  }
  std::signal(SIGXFSZ, old_handler);
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path()))
    EXPECT_EQ(entry.path().filename().string().find("partial"), std::string::npos);
}

}  // namespace
}  // namespace tamis
