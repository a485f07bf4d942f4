#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "tamis/base/file.h"
#include "tamis/base/vector_file.h"

namespace tamis {

/// Rows on their way to a file, encoded as the layout says.
struct VectorRows {
  std::uint64_t first = 0;  ///< number of the first
  std::size_t count = 0;
  std::span<const float> f32;           ///< [count, dimensions] if the type is f32
  std::span<const std::uint8_t> bytes;  ///< [count, width] otherwise; int8 as its bits
  std::size_t width = 0;                ///< bytes of a row in `bytes`
  std::span<const float> scale;         ///< [count] if the type is int8
  std::span<const std::int64_t> notes;  ///< [count, notes]
};

/// One kind of file behind VectorWriter.
class VectorSink {
 public:
  virtual ~VectorSink() = default;
  virtual void write(const VectorRows& rows) = 0;
  /// Everything is in the file but the rename.
  virtual void finish(std::uint64_t rows) = 0;
};

std::unique_ptr<VectorSink> make_plain_sink(VectorFormat format, const std::filesystem::path& target,
                                            const VectorLayout& layout, AtomicFile& file);
std::unique_ptr<VectorSink> make_parquet_sink(const std::filesystem::path& target, const VectorLayout& layout,
                                              AtomicFile& file);
Vectors read_parquet_vectors(const std::filesystem::path& path);

}  // namespace tamis
