#include "tamis/base/random.h"

#include <cmath>
#include <numbers>

#include "tamis/base/error.h"

namespace tamis {

namespace {

std::uint64_t mix(std::uint64_t x) {  // the finaliser of SplitMix64: spreads close seeds over the key space
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

double unit(std::uint32_t high, std::uint32_t low) {
  return static_cast<double>(((std::uint64_t{high} << 32) | low) >> 11) * 0x1p-53;
}

double box_muller(double u, double v) {  // u on [0, 1) is turned to (0, 1] for the logarithm
  return std::sqrt(-2 * std::log(1 - u)) * std::cos(2 * std::numbers::pi * v);
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c[0];
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<std::uint32_t>(p0)};
    k[0] += 0x9E3779B9U;
    k[1] += 0xBB67AE85U;
  }
  return c;
}

std::array<std::uint32_t, 2> stream_key(std::uint64_t seed, std::string_view purpose) {
  const std::uint64_t key = mix(mix(seed) ^ fnv1a(purpose));
  return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

Stream::Stream(std::uint64_t seed, std::string_view purpose, std::uint64_t index)
    : key_(stream_key(seed, purpose)), index_(index) {}

std::uint32_t Stream::next32() {
  if (used_ == 4) {
    words_ = philox4x32_10({static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32),
                            static_cast<std::uint32_t>(index_), static_cast<std::uint32_t>(index_ >> 32)},
                           key_);
    ++block_;
    used_ = 0;
  }
  return words_[used_++];
}

std::uint64_t Stream::next64() {
  const std::uint64_t high = next32();
  return (high << 32) | next32();
}

double Stream::uniform() {
  const std::uint32_t high = next32();
  return unit(high, next32());
}

std::uint64_t Stream::below(std::uint64_t n) {
  if (n == 0) fail_caller("random", "below(0): n must be at least 1");
  const std::uint64_t threshold = (0 - n) % n;
  while (true) {
    const auto product = static_cast<unsigned __int128>(next64()) * n;
    if (static_cast<std::uint64_t>(product) >= threshold) return static_cast<std::uint64_t>(product >> 64);
  }
}

double Stream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

double Luck::uniform(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  const auto words = philox4x32_10({a, b, c, d}, key_);
  return unit(words[0], words[1]);
}

double Luck::normal(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) const {
  const auto words = philox4x32_10({a, b, c, d}, key_);
  return box_muller(unit(words[0], words[1]), unit(words[2], words[3]));
}

}  // namespace tamis
