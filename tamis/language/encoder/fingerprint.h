#pragma once

#include <string>

#include "tamis/language/encoder/sentence_encoder.h"

namespace tamis::encoder {

/// What decides an encoder's vectors, in one line: a hash (FNV-1a) of its weight files' bytes, then pooling,
/// normalisation and dimensions. Two encoders with the same line give the same vectors in f32. Throws runtime_error if
/// the files cannot be read.
std::string fingerprint(const SentenceEncoder& encoder);

}  // namespace tamis::encoder
