#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/vectors/index/index.h"

namespace tamis::index {

namespace {

using engine::Tensor;

constexpr std::int64_t kTile = 512;

}  // namespace

std::vector<Pair> near_duplicates(std::span<const float> rows, std::int64_t dimensions, double least) {
  if (!(least > 0 && least <= 1)) fail_caller("duplicates", fmt::format("cosine {}: must be above 0, up to 1", least));
  const auto C = static_cast<std::size_t>(dimensions);
  const auto n = static_cast<std::int64_t>(rows.size() / C);
  std::vector<float> unit(rows.begin(), rows.end());
  parallel_for(static_cast<std::size_t>(n), [&](std::size_t i) {
    double square = 0;
    for (std::size_t c = 0; c < C; ++c) square += static_cast<double>(unit[i * C + c]) * unit[i * C + c];
    if (!std::isfinite(square)) fail_world(fmt::format("row {}", i), "has a component that is not finite");
    const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
    for (std::size_t c = 0; c < C; ++c) unit[i * C + c] = static_cast<float>(unit[i * C + c] * scale);
  });
  const auto tile = [&](std::int64_t begin) {
    const std::int64_t end = std::min(n, begin + kTile);
    return Tensor::from(std::span<const float>(unit).subspan(static_cast<std::size_t>(begin) * C,
                                                             static_cast<std::size_t>(end - begin) * C),
                        {end - begin, dimensions});
  };
  // A product of rows of length 1 may fall short of 1 by rounding.
  const auto bound = static_cast<float>(least - 1e-6);
  std::vector<std::vector<Pair>> found(static_cast<std::size_t>((n + kTile - 1) / kTile));
  parallel_for(found.size(), [&](std::size_t t) {
    const std::int64_t first = static_cast<std::int64_t>(t) * kTile;
    const Tensor a = tile(first);
    for (std::int64_t begin = first; begin < n; begin += kTile) {
      const Tensor b = tile(begin);
      const Tensor products = engine::matmul(a, b, false, true).packed();
      const std::int64_t wide = b.size(0);
      for (std::int64_t i = 0; i < a.size(0); ++i) {
        for (std::int64_t j = begin == first ? i + 1 : 0; j < wide; ++j) {
          const float cosine = products.data<float>()[i * wide + j];
          if (cosine >= bound) found[t].push_back({first + i, begin + j, std::min(cosine, 1.0F)});
        }
      }
    }
    std::sort(found[t].begin(), found[t].end(), [](const Pair& x, const Pair& y) {
      return x.first != y.first ? x.first < y.first : x.second < y.second;
    });
  });
  std::vector<Pair> all;
  for (const auto& part : found) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace tamis::index
