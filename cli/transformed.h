#pragma once

#include <optional>
#include <string>

#include "tamis/language/encoder/sentence_encoder.h"
#include "tamis/vectors/transform/transform.h"

namespace CLI {
class App;
}

namespace tamis::cli {

/// An encoder and, where a file of one was given, the transform of its vectors. The encoder must outlive it.
class Transformed {
 public:
  /// `file` "": none. Throws invalid_argument for a transform that was fitted on another encoder's vectors (naming
  /// both), or that needs other dimensions.
  Transformed(const encoder::SentenceEncoder& encoder, const std::string& file);
  std::int64_t dimensions() const;
  /// out [texts, dimensions()].
  void encode(std::span<const std::string_view> texts, std::span<float> out,
              std::span<encoder::TextReport> reports) const;

 private:
  const encoder::SentenceEncoder& encoder_;
  std::optional<transform::Transform> transform_;
};

/// --transform FILE.
void add_transform(CLI::App& command, std::string& file);

}  // namespace tamis::cli
