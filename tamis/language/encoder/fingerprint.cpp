#include "tamis/language/encoder/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::encoder {

namespace {

namespace fs = std::filesystem;

std::uint64_t hash_of(const fs::path& path, std::uint64_t hash) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> piece(1 << 20);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash = fnv1a({piece.data(), static_cast<std::size_t>(file.gcount())}, hash);
  }
  if (!file.eof()) fail_world(path.string(), "cannot be read");
  return hash;
}

}  // namespace

std::string fingerprint(const SentenceEncoder& encoder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(encoder.folder().transformer)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::uint64_t hash = fnv1a("");
  for (const fs::path& file : files) hash = hash_of(file, hash);
  const EncoderOptions& options = encoder.options();
  return fmt::format("{:016x} {}{} {}", hash, text(options.pooling.value_or(PoolingChoice{})),
                     options.normalize.value_or(false) ? " normalised" : "", encoder.dimensions());
}

}  // namespace tamis::encoder
