#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>

#include "tamis/base/byte_stream.h"
#include "tamis/base/error.h"
#include "tamis/base/vector_file.h"
#include "tamis/base/vector_sink.h"

namespace tamis {

namespace {

constexpr std::uint64_t kMostDimensions = std::uint64_t{1} << 24;
constexpr std::uint64_t kMostHead = std::uint64_t{1} << 20;

/// A file of known size, read from its begin.
class Input {
 public:
  explicit Input(const std::filesystem::path& path)
      : name_(path.string()), left_(require_file(path)), file_(path, std::ios::binary) {
    if (!file_) fail_world(name_, "cannot be read");
  }
  std::uint64_t left() const { return left_; }
  const std::string& name() const { return name_; }

  void read(void* to, std::size_t bytes) {
    if (bytes > left_) fail_world(name_, "is cut short");
    file_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
    if (file_.gcount() != static_cast<std::streamsize>(bytes)) fail_world(name_, "is cut short, or cannot be read");
    left_ -= bytes;
  }

 private:
  std::string name_;
  std::uint64_t left_;
  std::ifstream file_;
};

/// What stands behind 'key': in the head of a .npy, up to the next of `ends`, that included.
std::string value_of(const std::string& head, const std::string& key, const std::string& ends,
                     const std::string& name) {
  const std::size_t at = head.find("'" + key + "':");
  if (at == std::string::npos) fail_world(name, fmt::format("is a corrupt .npy: its head has no '{}'", key));
  std::size_t begin = at + key.size() + 3;
  while (begin < head.size() && head[begin] == ' ') ++begin;
  // A quoted value ends at the quote after the one it begins with.
  const std::size_t stop = head.find_first_of(ends, begin + 1);
  if (stop == std::string::npos) fail_world(name, fmt::format("is a corrupt .npy: '{}' in its head has no end", key));
  return head.substr(begin, stop - begin + 1);
}

/// "(3, 4)" as numbers.
std::vector<std::uint64_t> shape_of(const std::string& text, const std::string& name) {
  std::vector<std::uint64_t> shape;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  while (true) {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    if (at == end) return shape;
    std::uint64_t size = 0;
    const auto [stop, error] = std::from_chars(at, end, size);
    if (error != std::errc() || shape.size() > 32)
      fail_world(name, fmt::format("is a corrupt .npy: its shape is {}", text.substr(0, 60)));
    shape.push_back(size);
    at = stop;
  }
}

struct NpyHead {
  std::string type;
  std::uint64_t rows = 0, width = 0;
};

std::string read_npy_head(Input& input) {
  std::uint8_t start[8];
  if (input.left() < 10) fail_world(input.name(), "is cut short: a .npy has a head of at least ten bytes");
  input.read(start, 8);
  if (std::memcmp(start, "\x93NUMPY", 6) != 0)
    fail_world(input.name(), "is not a .npy, whatever its name says; it does not begin with \\x93NUMPY");
  if (start[6] < 1 || start[6] > 3)
    fail_world(input.name(), fmt::format("is a .npy of version {}; 1 to 3 are read", start[6]));
  std::uint32_t length = 0;
  input.read(&length, start[6] == 1 ? 2 : 4);
  if (length > kMostHead || length > input.left())
    fail_world(input.name(), fmt::format("is cut short or corrupt: its head shall have {} bytes", length));
  std::string head(length, '\0');
  input.read(head.data(), length);
  return head;
}

NpyHead parse_npy_head(const std::string& head, const std::string& name) {
  NpyHead parsed;
  parsed.type = value_of(head, "descr", "'],", name);
  parsed.type.erase(std::remove(parsed.type.begin(), parsed.type.end(), '\''), parsed.type.end());
  if (parsed.type != "<f4" && parsed.type != "<f8" && parsed.type != "|i1")
    fail_caller(name, fmt::format("holds numbers of type {}; <f4, <f8 or |i1 are read", parsed.type));
  if (value_of(head, "fortran_order", ",}", name).starts_with("True"))
    fail_caller(name, "lies in Fortran order; C order is read (numpy.ascontiguousarray makes it)");
  const std::string text = value_of(head, "shape", ")", name);
  if (text.front() != '(') fail_world(name, fmt::format("is a corrupt .npy: its shape is {}", text.substr(0, 60)));
  const auto shape = shape_of(text, name);
  if (shape.size() != 2 || shape[1] == 0 || shape[1] > kMostDimensions)
    fail_caller(name, fmt::format("has the shape {}; rows of 1 to {} components are needed", text.substr(0, 60),
                                  kMostDimensions));
  parsed.rows = shape[0];
  parsed.width = shape[1];
  return parsed;
}

template <class Number>
void read_numbers(Input& input, std::vector<float>& to) {
  if constexpr (std::is_same_v<Number, float>) {
    input.read(to.data(), to.size() * sizeof(float));
  } else {
    std::vector<Number> piece(std::min<std::size_t>(to.size(), 65536));
    for (std::size_t begin = 0; begin < to.size(); begin += piece.size()) {
      const std::size_t count = std::min(piece.size(), to.size() - begin);
      input.read(piece.data(), count * sizeof(Number));
      std::transform(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count),
                     to.begin() + static_cast<std::ptrdiff_t>(begin), [](Number x) { return static_cast<float>(x); });
    }
  }
}

Vectors read_npy(const std::filesystem::path& path) {
  Input input(path);
  const NpyHead head = parse_npy_head(read_npy_head(input), input.name());
  const std::uint64_t bytes = head.type == "<f4" ? 4 : head.type == "<f8" ? 8 : 1;
  // Before any room is asked for: the shape may say anything.
  if (head.rows != input.left() / (head.width * bytes) || input.left() % (head.width * bytes) != 0)
    fail_world(input.name(), fmt::format("is cut short or corrupt: {} bytes of numbers do not make the shape ({}, {})",
                                         input.left(), head.rows, head.width));
  Vectors vectors{std::vector<float>(head.rows * head.width), head.rows, static_cast<std::int64_t>(head.width)};
  if (bytes == 4) {
    read_numbers<float>(input, vectors.values);
  } else if (bytes == 8) {
    read_numbers<double>(input, vectors.values);
  } else {
    read_numbers<std::int8_t>(input, vectors.values);
  }
  return vectors;
}

Vectors read_fvecs(const std::filesystem::path& path) {
  Input input(path);
  Vectors vectors;
  while (input.left() > 0) {
    std::int32_t width = 0;
    if (input.left() < 4) fail_world(input.name(), fmt::format("vector {} is cut short", vectors.rows));
    input.read(&width, 4);
    if (vectors.rows == 0) vectors.dimensions = width;
    if (width < 1 || static_cast<std::uint64_t>(width) > kMostDimensions || width != vectors.dimensions)
      fail_world(input.name(), fmt::format("vector {} has {} components, vector 0 has {}; all need as many, at least 1",
                                           vectors.rows, width, vectors.dimensions));
    const std::size_t begin = vectors.values.size();
    const std::size_t bytes = static_cast<std::size_t>(width) * 4;
    if (bytes > input.left()) fail_world(input.name(), fmt::format("vector {} is cut short", vectors.rows));
    if (vectors.rows == 0) vectors.values.reserve((input.left() + 4) / (bytes + 4) * static_cast<std::size_t>(width));
    vectors.values.resize(begin + static_cast<std::size_t>(width));
    input.read(vectors.values.data() + begin, bytes);
    ++vectors.rows;
  }
  return vectors;
}

}  // namespace

Vectors read_vectors(const std::filesystem::path& path) {
  const auto format = vector_format(path);
  if (format == VectorFormat::npy) return read_npy(path);
  if (format == VectorFormat::fvecs) return read_fvecs(path);
  if (format == VectorFormat::parquet) return read_parquet_vectors(path);
  fail_caller(path.string(), "is no file of vectors that is read; .npy, .parquet or .fvecs is needed");
}

}  // namespace tamis
