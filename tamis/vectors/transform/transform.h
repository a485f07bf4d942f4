#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace tamis::transform {

/// A stored map of vectors, whatever its kind.
struct Transform {
  std::string kind;   ///< "whitening" or "flow"
  std::string model;  ///< fingerprint of the encoder whose vectors it was fitted on; "" if that is not known
  std::int64_t inputs = 0, outputs = 0;
  /// rows [n, inputs] -> out [n, outputs]. The same bits whatever else is in the call, at any number of threads.
  std::function<void(std::span<const float>, std::span<float>)> apply;
};

/// docs/formats/transform.md. Throws runtime_error for a file that is missing, damaged or no transform.
Transform read_transform(const std::filesystem::path& path);

}  // namespace tamis::transform
