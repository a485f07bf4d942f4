#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tamis {

/// Philox 4x32-10: four 32-bit words from a 128-bit counter and a 64-bit key.
/// Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), checked on Random123's known
/// answers.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// 64-bit FNV-1a of the bytes: names a stream's purpose, hashes text. `hash`: that of the bytes before, to go on from.
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325ULL) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

/// Mixes a seed and a purpose into a Philox key.
std::array<std::uint32_t, 2> stream_key(std::uint64_t seed, std::string_view purpose);

/// A stream of random numbers named by (seed, purpose, index): the same name gives the same numbers on any machine and
/// at any number of threads; different names give independent ones. Not thread-safe; streams are cheap, make one each.
class Stream {
 public:
  Stream(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

  std::uint32_t next32();
  std::uint64_t next64();
  /// Uniform on [0, 1), a multiple of 2^-53.
  double uniform();
  /// Uniform on 0 .. n - 1, without bias (Lemire's rejection). Throws invalid_argument if n == 0.
  std::uint64_t below(std::uint64_t n);
  /// Standard normal (Box-Muller).
  double normal();

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t index_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  unsigned used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0;
};

/// Random numbers addressed by four coordinates instead of drawn in order: whoever asks for (a, b, c, d) gets the same
/// number, so that two policies serving the same user meet the same luck. Thread-safe.
class Luck {
 public:
  Luck(std::uint64_t seed, std::string_view purpose) : key_(stream_key(seed, purpose)) {}
  /// Uniform on [0, 1), a multiple of 2^-53.
  double uniform(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0, std::uint32_t d = 0) const;
  /// Standard normal.
  double normal(std::uint32_t a, std::uint32_t b = 0, std::uint32_t c = 0, std::uint32_t d = 0) const;

 private:
  std::array<std::uint32_t, 2> key_;
};

}  // namespace tamis
