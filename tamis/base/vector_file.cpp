#include "tamis/base/vector_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/vector_sink.h"

namespace tamis {

namespace {

constexpr std::int64_t kMostDimensions = std::int64_t{1} << 24;

VectorFormat require_format(const std::filesystem::path& path) {
  if (path.empty()) fail_caller("vectors", "the path of a file of vectors is empty");
  const auto format = vector_format(path);
  if (!format)
    fail_caller(path.string(), "has no extension of a file of vectors; .npy, .parquet, .jsonl or .fvecs is needed");
  return *format;
}

void require_finite(const std::string& target, std::uint64_t first, std::int64_t width, std::span<const float> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isfinite(rows[i]))
      fail_world(target, fmt::format("vector {} holds {}, which is no component of a vector; the weights it was made "
                                     "with may be damaged",
                                     first + i / static_cast<std::size_t>(width), rows[i]));
  }
}

}  // namespace

std::optional<VectorFormat> vector_format(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".npy") return VectorFormat::npy;
  if (extension == ".fvecs") return VectorFormat::fvecs;
  if (extension == ".jsonl") return VectorFormat::jsonl;
  if (extension == ".parquet") return VectorFormat::parquet;
  return std::nullopt;
}

float quantize_int8(std::span<const float> x, std::span<std::int8_t> to) {
  assert(x.size() == to.size());
  double largest = 0;
  for (const float value : x) largest = std::max(largest, std::abs(static_cast<double>(value)));
  const double factor = largest > 0 ? 127 / largest : 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    to[i] = static_cast<std::int8_t>(std::nearbyint(static_cast<double>(x[i]) * factor));
  }
  return static_cast<float>(largest / 127);
}

void pack_signs(std::span<const float> x, std::span<std::uint8_t> to) {
  assert(to.size() == (x.size() + 7) / 8);
  std::fill(to.begin(), to.end(), std::uint8_t{0});
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] > 0) to[i / 8] = static_cast<std::uint8_t>(to[i / 8] | (0x80U >> (i % 8)));
  }
}

struct VectorWriter::Inside {
  std::string target;
  VectorLayout layout;
  AtomicFile file;
  std::unique_ptr<VectorSink> sink;
  std::vector<std::uint8_t> bytes;
  std::vector<float> scale;
  std::vector<std::int64_t> no_notes;

  void encode(std::span<const float> rows, VectorRows& to);
};

void VectorWriter::Inside::encode(std::span<const float> rows, VectorRows& to) {
  const auto width = static_cast<std::size_t>(layout.dimensions);
  if (layout.type == VectorType::f32) {
    to.f32 = rows;
    return;
  }
  to.width = layout.type == VectorType::int8 ? width : (width + 7) / 8;
  bytes.resize(to.count * to.width);
  scale.assign(to.count, 0);
  std::vector<std::int8_t> whole(width);
  for (std::size_t i = 0; i < to.count; ++i) {
    const std::span<std::uint8_t> row(bytes.data() + i * to.width, to.width);
    if (layout.type == VectorType::bits) {
      pack_signs(rows.subspan(i * width, width), row);
      continue;
    }
    scale[i] = quantize_int8(rows.subspan(i * width, width), whole);
    std::transform(whole.begin(), whole.end(), row.begin(), [](std::int8_t x) { return static_cast<std::uint8_t>(x); });
  }
  to.bytes = bytes;
  to.scale = scale;
}

VectorWriter::VectorWriter(std::filesystem::path target, VectorLayout layout) {
  const VectorFormat format = require_format(target);
  if (layout.dimensions < 1 || layout.dimensions > kMostDimensions)
    fail_caller(target.string(),
                fmt::format("vectors of {} components; 1 to {} are written", layout.dimensions, kMostDimensions));
  if (format == VectorFormat::fvecs && layout.type != VectorType::f32)
    fail_caller(target.string(), ".fvecs holds f32 alone; for int8 and bits .npy, .parquet or .jsonl is needed");
  inside_.reset(new Inside{target.string(), std::move(layout), AtomicFile(target), nullptr, {}, {}, {}});
  inside_->sink = format == VectorFormat::parquet ? make_parquet_sink(target, inside_->layout, inside_->file)
                                                  : make_plain_sink(format, target, inside_->layout, inside_->file);
}

VectorWriter::~VectorWriter() = default;

void VectorWriter::write(std::span<const float> rows, std::span<const std::int64_t> notes) {
  const auto width = static_cast<std::size_t>(inside_->layout.dimensions);
  assert(rows.size() % width == 0);
  VectorRows some;
  some.first = rows_;
  some.count = rows.size() / width;
  require_finite(inside_->target, rows_, inside_->layout.dimensions, rows);
  inside_->encode(rows, some);
  const std::size_t cells = some.count * inside_->layout.notes.size();
  if (notes.empty()) inside_->no_notes.assign(cells, 0);
  some.notes = notes.empty() ? std::span<const std::int64_t>(inside_->no_notes) : notes;
  assert(some.notes.size() == cells);
  inside_->sink->write(some);
  rows_ += some.count;
}

void VectorWriter::commit() {
  inside_->sink->finish(rows_);
  inside_->file.commit();
}

}  // namespace tamis
