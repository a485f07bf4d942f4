#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tamis {

/// Files of vectors, row after row: docs/formats/vectors.md.
enum class VectorFormat : std::uint8_t { npy, fvecs, jsonl, parquet };

/// By extension, in any case; nullopt for another.
std::optional<VectorFormat> vector_format(const std::filesystem::path& path);

/// How components are stored. `int8`: each vector scaled so that its largest component in size is 127 (direction is
/// kept, length goes into `scale`). `bits`: one bit a component, 1 where it is above 0, most significant bit first, the
/// last byte filled up with 0, as numpy.packbits.
enum class VectorType : std::uint8_t { f32, int8, bits };

/// A whole number beside each vector, as a column of its own.
struct VectorNote {
  std::string name;
  bool flag = false;  ///< written as true and false; else a number from 0 to 2^32 - 1
};

struct VectorLayout {
  std::int64_t dimensions = 0;
  VectorType type = VectorType::f32;
  std::vector<VectorNote> notes;  ///< .jsonl and .parquet hold them, the others have no room
};

/// Writes vectors as they come, in bounded memory, under a temporary name that commit() renames onto the target: never
/// half a file. Throws runtime_error naming the target where the disk refuses. Not thread-safe.
class VectorWriter {
 public:
  /// Throws invalid_argument for an extension that is none of vector_format()'s, dimensions < 1, or `int8` and `bits`
  /// into .fvecs.
  VectorWriter(std::filesystem::path target, VectorLayout layout);
  ~VectorWriter();
  VectorWriter(const VectorWriter&) = delete;
  VectorWriter& operator=(const VectorWriter&) = delete;

  /// rows [n, dimensions]; notes [n, layout.notes], or empty: all 0. Throws runtime_error, by its row, for a component
  /// that is not finite; assert for other sizes.
  void write(std::span<const float> rows, std::span<const std::int64_t> notes = {});
  std::uint64_t rows() const { return rows_; }
  void commit();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
  std::uint64_t rows_ = 0;
};

/// values [rows, dimensions].
struct Vectors {
  std::vector<float> values;
  std::uint64_t rows = 0;
  std::int64_t dimensions = 0;
};

/// Reads a whole file: .npy (v1 to v3, two axes, C order, little-endian f4, f8 or i1), .fvecs, .parquet (column
/// `vector`: lists of f32 or f64, all as long). f64 is rounded to f32. Values that are not finite pass. Throws
/// runtime_error for a file that is missing, cut short, longer than it says, of unequal widths or otherwise corrupt;
/// invalid_argument for another extension or a kind of .npy or column that is not read, naming it.
Vectors read_vectors(const std::filesystem::path& path);

/// to[i] = round(127 x[i] / m), half to even, with m = max |x|; all 0 for x = 0. Returns the scale m / 127, by which
/// `to` is near x. Sizes are equal; components finite.
float quantize_int8(std::span<const float> x, std::span<std::int8_t> to);

/// to [ceil(n / 8)]: the sign bits of x [n], see VectorType::bits.
void pack_signs(std::span<const float> x, std::span<std::uint8_t> to);

}  // namespace tamis
