#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::encoder {

/// f32 numbers that live as long as their owner: where they lie in a mapped file, or converted.
struct Floats {
  std::span<const float> values;
  std::shared_ptr<const void> owner;
  bool empty() const { return values.empty(); }
};

/// The weights of a model folder: model.safetensors, or the files that model.safetensors.index.json names, mapped into
/// memory; a page is read when it is used. Format: safetensors (an 8-byte header length, JSON, data). What is asked for
/// may be stored as F32, F16 or BF16. Constant once opened; any number of threads may read.
class WeightFile {
 public:
  /// Throws runtime_error naming the file, and the tensor where one is at fault: no weights in the folder (saying what
  /// is there instead: pytorch_model.bin), truncated, a header longer than the file or 100 MB or that is no JSON
  /// object, offsets past the end, overlapping or not filling shape times dtype, a name twice, an index that names a
  /// file that is not there.
  static WeightFile open(const std::filesystem::path& folder);

  bool has(std::string_view name) const;
  /// Throws runtime_error if it is missing, has another shape (both are told) or a dtype that is not served.
  Floats floats(std::string_view name, const std::vector<std::int64_t>& shape) const;
  /// In the order of the file.
  std::vector<std::string> names() const;
  /// The shape as stored; empty for a name that is not there.
  std::vector<std::int64_t> shape(std::string_view name) const;
  std::uint64_t bytes() const;  ///< of all files

 private:
  struct Inside;
  std::shared_ptr<const Inside> inside_;
};

}  // namespace tamis::encoder
