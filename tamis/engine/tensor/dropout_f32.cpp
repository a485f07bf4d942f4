#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/dropout_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tamis/base/random.h"
#include "tamis/engine/tensor/dropout_f32.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

namespace {

#if HWY_TARGET != HWY_SCALAR  // which has no product of 32 by 32 bits: there the plain function makes all words

using Longs = hn::ScalableTag<std::uint64_t>;
using Words = hn::Repartition<std::uint32_t, Longs>;
using Vector = hn::Vec<Longs>;

/// Four counters' words of a vector's blocks: word j of each block in the low half of a 64-bit lane. What stands in the
/// high halves never reaches a low half: products take low halves alone, and the rest is by bits.
struct Counters {
  Vector words[4];
};

HWY_INLINE Vector product(Vector a, std::uint32_t b) {
  return hn::MulEven(hn::BitCast(Words(), a), hn::Set(Words(), b));
}

constexpr std::int64_t kChains = 2;  // rounds under way together, to hide the latency of the products

struct RoundKeys {
  HWY_ALIGN std::uint64_t keys[10][2][hn::MaxLanes(Longs())];

  explicit RoundKeys(std::array<std::uint32_t, 2> key) {
    for (auto& round : keys) {
      for (std::size_t half = 0; half < 2; ++half) hn::Store(hn::Set(Longs(), key[half]), Longs(), round[half]);
      key[0] += 0x9E3779B9U;
      key[1] += 0xBB67AE85U;
    }
  }
};

HWY_INLINE void rounds(Counters (&chains)[kChains], const RoundKeys& keys) {
  for (const auto& key : keys.keys) {
    for (Counters& c : chains) {
      const Vector first = product(c.words[0], 0xD2511F53U);
      const Vector second = product(c.words[2], 0xCD9E8D57U);
      const Vector left = hn::Xor(c.words[1], hn::Load(Longs(), key[0]));
      const Vector right = hn::Xor(c.words[3], hn::Load(Longs(), key[1]));
      c.words[0] = hn::Xor(hn::ShiftRight<32>(second), left);
      c.words[1] = second;
      c.words[2] = hn::Xor(hn::ShiftRight<32>(first), right);
      c.words[3] = first;
    }
  }
}

HWY_INLINE Vector paired(Vector low, Vector high) {
  return hn::Or(hn::And(low, hn::Set(Longs(), 0xFFFFFFFFU)), hn::ShiftLeft<32>(high));
}

/// Makes words as long as whole vectors of blocks last; returns the number of blocks done.
std::int64_t vectors_of_words(std::array<std::uint32_t, 2> key, std::uint64_t step, std::uint64_t first,
                              std::int64_t blocks, std::uint32_t* words) {
  constexpr auto kBlocks = static_cast<std::int64_t>(hn::MaxLanes(Longs()));
  const RoundKeys keys(key);
  const Vector steps = hn::Iota(Longs(), 0);
  std::int64_t b = 0;
  for (; b + kChains * kBlocks <= blocks; b += kChains * kBlocks) {
    Counters chains[kChains];
    for (std::int64_t chain = 0; chain < kChains; ++chain) {
      const Vector block = hn::Add(steps, hn::Set(Longs(), first + static_cast<std::uint64_t>(b + chain * kBlocks)));
      chains[chain] = {{block, hn::ShiftRight<32>(block), hn::Set(Longs(), step), hn::Set(Longs(), step >> 32)}};
    }
    rounds(chains, keys);
    for (std::int64_t chain = 0; chain < kChains; ++chain) {
      const Vector* const of = chains[chain].words;
      hn::StoreInterleaved2(paired(of[0], of[1]), paired(of[2], of[3]), Longs(),
                            reinterpret_cast<std::uint64_t*>(words + 4 * (b + chain * kBlocks)));
    }
  }
  return b;
}

#else

std::int64_t vectors_of_words(std::array<std::uint32_t, 2>, std::uint64_t, std::uint64_t, std::int64_t,
                              std::uint32_t*) {
  return 0;
}

#endif

void philox_words_of_target(std::array<std::uint32_t, 2> key, std::uint64_t step, std::uint64_t first,
                            std::int64_t blocks, std::uint32_t* words) {
  for (std::int64_t b = vectors_of_words(key, step, first, blocks, words); b < blocks; ++b) {
    const std::uint64_t block = first + static_cast<std::uint64_t>(b);
    const auto rest = philox4x32_10({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
                                     static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)},
                                    key);
    for (std::size_t j = 0; j < 4; ++j) words[4 * b + static_cast<std::int64_t>(j)] = rest[j];
  }
}

void keep_above_of_target(const float* x, const std::uint32_t* words, std::uint32_t threshold, float factor, float* y,
                          std::int64_t n) {
  const hn::ScalableTag<float> floats;
  const hn::RebindToUnsigned<decltype(floats)> integers;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(floats));
  const auto bound = hn::Set(integers, threshold);
  const auto scale = hn::Set(floats, factor);
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto kept = hn::RebindMask(floats, hn::Gt(hn::LoadU(integers, words + i), bound));
    hn::StoreU(hn::IfThenElseZero(kept, hn::Mul(hn::LoadU(floats, x + i), scale)), floats, y + i);
  }
  for (; i < n; ++i) y[i] = words[i] > threshold ? x[i] * factor : 0;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(philox_words_of_target);
HWY_EXPORT(keep_above_of_target);

void philox_words(std::array<std::uint32_t, 2> key, std::uint64_t step, std::uint64_t first, std::int64_t blocks,
                  std::uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(philox_words_of_target)(key, step, first, blocks, words);
}

void keep_above(const float* x, const std::uint32_t* words, std::uint32_t threshold, float factor, float* y,
                std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(keep_above_of_target)(x, words, threshold, factor, y, n);
}

}  // namespace tamis::engine
#endif
