#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tamis/engine/tensor/packed_loops_f32.cpp"
#include "tamis/engine/tensor/simd_targets.h"
// The targets must be known before Highway's headers.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <bit>
#include <cmath>

#include "tamis/engine/tensor/packed_loops_f32.h"
#include "tamis/engine/tensor/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::engine::HWY_NAMESPACE {
namespace {

constexpr auto kStep = static_cast<std::int64_t>(hn::MaxLanes(kLanes));
using Words = hn::Rebind<std::uint32_t, Lanes>;
using Integers = hn::Rebind<std::int32_t, Lanes>;

std::uint16_t bf16_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (x != x) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

void to_bf16(const float* x, std::uint16_t* y, std::int64_t n) {
  const hn::Rebind<std::uint16_t, Lanes> halves;
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const auto value = hn::LoadU(kLanes, x + i);
    const auto bits = hn::BitCast(Words(), value);
    const auto top = hn::ShiftRight<16>(bits);
    const auto even = hn::And(top, hn::Set(Words(), 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(even, hn::Set(Words(), 0x7fff))));
    const auto nan = hn::Or(top, hn::Set(Words(), 0x40));
    const auto chosen = hn::IfThenElse(hn::RebindMask(Words(), hn::IsNaN(value)), nan, rounded);
    hn::StoreU(hn::TruncateTo(halves, chosen), halves, y + i);
  }
  for (; i < n; ++i) y[i] = bf16_of(x[i]);
}

float largest_size(const float* x, std::int64_t n) {
  Vector most = hn::Zero(kLanes);
  std::int64_t i = 0;
  // The number comes first and the maximum second: where a comparison with NaN fails, the maximum stays.
  for (; i + kStep <= n; i += kStep) {
    const Vector size = hn::Abs(hn::LoadU(kLanes, x + i));
    most = hn::IfThenElse(hn::Gt(size, most), size, most);
  }
  float size = hn::GetLane(hn::MaxOfLanes(kLanes, most));
  for (; i < n; ++i) size = std::fabs(x[i]) > size ? std::fabs(x[i]) : size;
  return size;
}

void quantize_row(const float* x, std::uint8_t* y, std::int64_t n, float* scale) {
  const float most = largest_size(x, n);
  // An infinite row has no scale; its bytes are 128 and its outputs NaN, as infinity times 0 is.
  *scale = most > 0 ? most / 127 : 1;
  const float factor = most > 0 && std::isfinite(most) ? 127 / most : 0;
  const hn::Rebind<std::uint8_t, Lanes> bytes;
  const Vector factors = hn::Set(kLanes, factor);
  std::int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const Vector value = hn::Mul(hn::LoadU(kLanes, x + i), factors);
    const auto whole = hn::NearestInt(hn::IfThenZeroElse(hn::IsNaN(value), value));
    hn::StoreU(hn::DemoteTo(bytes, hn::Add(whole, hn::Set(Integers(), 128))), bytes, y + i);
  }
  for (; i < n; ++i) {
    const float value = x[i] * factor;
    y[i] = static_cast<std::uint8_t>(128 + (value == value ? std::lrint(value) : 0));
  }
}

template <Epilogue kEpilogue>
void dequantize_row(const Dequantize& of, float row_scale, const std::int32_t* sums, float* y, std::int64_t out) {
  const Vector factor = hn::Set(kLanes, row_scale);
  for (std::int64_t i = 0; i < out; i += kStep) {
    // The last vector of a row overlaps the one before it, but for rows shorter than a vector: those go through
    // buffers, as adding to y twice would.
    const std::int64_t left = out - i;
    HWY_ALIGN float buffer[hn::MaxLanes(kLanes)];
    const auto numbers = [&](const float* from) {
      return left >= kStep ? hn::LoadU(kLanes, from + i) : load_rest(from + i, left);
    };
    const auto integers = [&](const std::int32_t* from) {
      if (left >= kStep) return hn::LoadU(Integers(), from + i);
      HWY_ALIGN std::int32_t lanes[hn::MaxLanes(Integers())] = {};
      for (std::int64_t j = 0; j < left; ++j) lanes[j] = from[i + j];
      return hn::Load(Integers(), lanes);
    };
    const Vector sum = hn::ConvertTo(kLanes, hn::Sub(integers(sums), integers(of.shift)));
    Vector value = hn::MulAdd(sum, hn::Mul(factor, numbers(of.scale)), numbers(of.bias));
    if constexpr (kEpilogue == Epilogue::add) value = hn::Add(value, numbers(y));
    if constexpr (kEpilogue == Epilogue::gelu) value = hn::Mul(value, normal_of(value).distribution);
    if constexpr (kEpilogue == Epilogue::gelu_tanh) {
      const Vector cube = hn::Mul(hn::Mul(value, value), value);
      const Vector inner = hn::Mul(hn::MulAdd(cube, constant(0.044715), value), constant(0.7978845608028654));
      value = hn::Mul(hn::Mul(value, constant(0.5)), hn::Add(constant(1), tanh_of(inner)));
    }
    if (left >= kStep) {
      hn::StoreU(value, kLanes, y + i);
    } else {
      hn::Store(value, kLanes, buffer);
      for (std::int64_t j = 0; j < left; ++j) y[i + j] = buffer[j];
    }
  }
}

template <Epilogue kEpilogue>
void dequantize_rows(const Dequantize& of, float* y, std::int64_t rows, std::int64_t out) {
  for (std::int64_t r = 0; r < rows; ++r) {
    dequantize_row<kEpilogue>(of, of.row_scale[r], of.sums + r * out, y + r * out, out);
  }
}

void dequantize(const Dequantize& of, float* y, std::int64_t rows, std::int64_t out, Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::store:
      return dequantize_rows<Epilogue::store>(of, y, rows, out);
    case Epilogue::gelu:
      return dequantize_rows<Epilogue::gelu>(of, y, rows, out);
    case Epilogue::gelu_tanh:
      return dequantize_rows<Epilogue::gelu_tanh>(of, y, rows, out);
    case Epilogue::add:
      return dequantize_rows<Epilogue::add>(of, y, rows, out);
  }
}

const PackedLoops* loops_of_target() {
  static constexpr PackedLoops loops = {to_bf16, quantize_row, dequantize};
  return &loops;
}

}  // namespace
}  // namespace tamis::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::engine {

HWY_EXPORT(loops_of_target);

const PackedLoops& packed_loops() {
  return *HWY_DYNAMIC_DISPATCH(loops_of_target)();
}

}  // namespace tamis::engine
#endif
