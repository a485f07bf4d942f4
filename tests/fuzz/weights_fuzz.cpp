// Any bytes as a safetensors file: it is refused, or every tensor it claims to hold can be read.
#include <stdexcept>

#include "tamis/language/encoder/weights.h"
#include "tests/fuzz/scratch_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const tamis::fuzz::ScratchFile file(data, size);
  try {
    const auto weights = tamis::encoder::WeightFile::open(file.path());
    for (const std::string& name : weights.names()) {
      try {
        float sum = 0;
        for (const float value : weights.floats(name, weights.shape(name)).values) sum += value;
        volatile float kept = sum;
        static_cast<void>(kept);
      } catch (const std::runtime_error&) {  // a dtype that is not served
      }
    }
  } catch (const std::runtime_error&) {
  }
  return 0;
}
