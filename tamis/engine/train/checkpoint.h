#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tamis/engine/nn/module.h"

namespace tamis::train {

using engine::Tensor;

/// A training state on disk: tensors by name, and texts. One safetensors file (docs/formats/checkpoint.md), with a
/// checksum over all its bytes, so that what is read is what was written.
struct Checkpoint {
  std::vector<nn::Buffer> tensors;
  std::map<std::string, std::string> texts;  ///< "state": JSON of the trainer; "seed", "config" …
};

/// Writes atomically: a full disk or a kill leaves the file that stood there. Throws runtime_error where the disk
/// refuses.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
/// Throws runtime_error if the file is missing, no safetensors file, truncated, longer than it says, of another version
/// or does not match its checksum.
Checkpoint read_checkpoint(const std::filesystem::path& path);
/// Copies the checkpoint's tensors into those of `into`, by name. Throws invalid_argument, before anything is changed,
/// naming the first tensor that is missing, left over, or of another shape or dtype, with both shapes.
void restore(const Checkpoint& checkpoint, const std::vector<nn::Buffer>& into, const std::filesystem::path& path);

}  // namespace tamis::train
