#include "tamis/vectors/transform/moments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/vectors/transform/lapack.h"

namespace tamis::transform {

namespace {

constexpr std::size_t kBlock = 2048;  ///< rows summed together; part of the result's last bits, so fixed

/// What one block of rows adds.
struct Block {
  std::vector<double> mean, products;
  std::int64_t bad = -1;  ///< the first row with a component that is not finite
};

template <typename T>
void sum_block(std::span<const T> rows, std::size_t C, Block& block) {
  const std::size_t n = rows.size() / C;
  std::vector<double> centred(rows.begin(), rows.end());
  block.mean.assign(C, 0);
  for (std::size_t i = 0; i < n; ++i) {
    double total = 0;
    for (std::size_t c = 0; c < C; ++c) {
      block.mean[c] += centred[i * C + c];
      total += std::fabs(centred[i * C + c]);
    }
    if (!std::isfinite(total)) {
      block.bad = static_cast<std::int64_t>(i);
      return;
    }
  }
  for (double& mean : block.mean) mean /= static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < C; ++c) centred[i * C + c] -= block.mean[c];
  }
  block.products.assign(C * C, 0);
  add_gram(centred, C, block.products);
}

}  // namespace

Moments::Moments(std::int64_t dimensions) : dimensions_(dimensions) {
  if (dimensions < 1) fail_caller("moments", fmt::format("{} dimensions; 1 or more are needed", dimensions));
  mean_.assign(static_cast<std::size_t>(dimensions), 0);
  products_.assign(mean_.size() * mean_.size(), 0);
}

template <typename T>
void Moments::add(std::span<const T> rows) {
  const auto C = static_cast<std::size_t>(dimensions_);
  const std::size_t n = rows.size() / C, blocks = (n + kBlock - 1) / kBlock;
  // So many blocks at a time that memory stays small; merged in their order.
  const auto wave = static_cast<std::size_t>(threads());
  for (std::size_t first = 0; first < blocks; first += wave) {
    std::vector<Block> made(std::min(wave, blocks - first));
    parallel_for(made.size(), [&](std::size_t b) {
      const std::size_t begin = (first + b) * kBlock, end = std::min(n, begin + kBlock);
      sum_block(rows.subspan(begin * C, (end - begin) * C), C, made[b]);
    });
    for (std::size_t b = 0; b < made.size(); ++b) {
      const std::size_t begin = (first + b) * kBlock;
      if (made[b].bad >= 0) {
        fail_world(fmt::format("row {}", count_ + static_cast<std::uint64_t>(made[b].bad)),
                   "has a component that is not finite");
      }
      merge(std::min(n, begin + kBlock) - begin, made[b].mean, made[b].products);
    }
  }
}

void Moments::update(std::span<const float> rows) {
  add(rows);
}

void Moments::update(std::span<const double> rows) {
  add(rows);
}

void Moments::merge(const Moments& other) {
  if (other.dimensions_ != dimensions_) {
    fail_caller("moments", fmt::format("{} dimensions do not merge with {}", other.dimensions_, dimensions_));
  }
  merge(other.count_, other.mean_, other.products_);
}

void Moments::merge(std::uint64_t count, std::span<const double> mean, std::span<const double> products) {
  if (count == 0) return;
  const std::size_t C = mean_.size();
  const double a = static_cast<double>(count_), b = static_cast<double>(count);
  std::vector<double> apart(C);
  for (std::size_t c = 0; c < C; ++c) apart[c] = mean[c] - mean_[c];
  const double weight = a * b / (a + b);
  for (std::size_t r = 0; r < C; ++r) {
    for (std::size_t c = 0; c <= r; ++c) products_[r * C + c] += products[r * C + c] + weight * apart[r] * apart[c];
  }
  for (std::size_t c = 0; c < C; ++c) mean_[c] += apart[c] * (b / (a + b));
  count_ += count;
}

std::vector<double> Moments::covariance(int correction) const {
  const double divisor = static_cast<double>(count_) - correction;
  if (!(divisor > 0)) {
    fail_caller("covariance", fmt::format("{} rows are too few to divide by their number less {}", count_, correction));
  }
  const std::size_t C = mean_.size();
  std::vector<double> full(C * C);
  for (std::size_t r = 0; r < C; ++r) {
    for (std::size_t c = 0; c <= r; ++c) full[r * C + c] = full[c * C + r] = products_[r * C + c] / divisor;
  }
  return full;
}

}  // namespace tamis::transform
