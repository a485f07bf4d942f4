#include "tamis/engine/train/shards.h"

#include <algorithm>
#include <array>

#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/index.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::train {

namespace {

constexpr std::int64_t kPiece = 1 << 15;
constexpr std::int64_t kBlock = 2048;  // fits the nearest cache with the other shards' blocks

/// In eight lanes, which a compiler may keep in vectors without changing the order of the sums.
template <typename T>
double squares_of(const T* values, std::int64_t count) {
  std::array<double, 8> lanes{};
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const auto value = static_cast<double>(values[i + static_cast<std::int64_t>(lane)]);
      lanes[lane] += value * value;
    }
  }
  for (; i < count; ++i) lanes[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

template <typename T>
double add_piece(Tensor& into, const std::vector<Tensor>& others, std::int64_t begin, std::int64_t end) {
  double squares = 0;
  for (std::int64_t block = begin; block < end; block += kBlock) {
    const std::int64_t count = std::min(kBlock, end - block);
    T* sum = into.data<T>() + block;
    for (const Tensor& other : others) {
      const T* from = other.data<T>() + block;
      for (std::int64_t i = 0; i < count; ++i) sum[i] += from[i];
    }
    squares += squares_of(sum, count);
  }
  return squares;
}

void zero_rows(Tensor& table, const Tensor& ids) {
  const auto width = static_cast<std::size_t>(table.elements() / table.size(0));
  const Tensor packed = ids.packed();
  engine::visit_index(packed.dtype(), [&](auto index) {
    for (const auto id : packed.span<typename decltype(index)::type>()) {
      engine::visit_real(table.dtype(), [&](auto real) {
        using T = typename decltype(real)::type;
        std::fill_n(table.data<T>() + static_cast<std::size_t>(id) * width, width, T{0});
      });
    }
  });
}

}  // namespace

Range piece_of(std::int64_t count, std::int64_t pieces, std::int64_t piece) {
  return {count * piece / pieces, count * (piece + 1) / pieces};
}

GradientSum::GradientSum(std::vector<nn::Parameter> parameters)
    : parameters_(std::move(parameters)),
      tables_(parameters_.size()),
      others_(parameters_.size()),
      gradients_(parameters_.size()),
      squares_(parameters_.size()) {
  for (std::size_t p = 0; p < parameters_.size(); ++p) {
    const std::int64_t elements = parameters_[p].variable.value().elements();
    for (std::int64_t begin = 0; begin < elements; begin += kPiece) {
      pieces_.push_back({p, begin, std::min(elements, begin + kPiece)});
    }
  }
  piece_squares_.resize(pieces_.size());
}

void GradientSum::add_up(std::span<engine::GradientStore> stores) {
  forget();
  for (std::size_t p = 0; p < parameters_.size(); ++p) collect(p, stores);
  add_pieces();
  for (std::vector<Tensor>& others : others_) others.clear();
}

void GradientSum::forget() {
  for (Tensor& gradient : gradients_) gradient = {};
}

void GradientSum::square_again() {
  add_pieces();
}

void GradientSum::collect(std::size_t parameter, std::span<engine::GradientStore> stores) {
  const nn::Variable& leaf = parameters_[parameter].variable;
  bool rows = false, dense = false;
  for (const engine::GradientStore& store : stores) {
    const engine::GradientStore::Parts* parts = store.parts(leaf);
    if (parts == nullptr) continue;
    (parts->dense.defined() ? dense : rows) = true;
  }
  if (rows && !dense) {
    gradients_[parameter] = table_sum(parameter, stores);
    return;
  }
  for (engine::GradientStore& store : stores) {
    Tensor gradient = store.of(leaf);
    if (!gradient.defined()) continue;
    if (gradients_[parameter].defined()) {
      others_[parameter].push_back(std::move(gradient));
    } else {
      gradients_[parameter] = std::move(gradient);
    }
  }
}

Tensor GradientSum::table_sum(std::size_t parameter, std::span<engine::GradientStore> stores) {
  const nn::Variable& leaf = parameters_[parameter].variable;
  Table& table = tables_[parameter];
  if (!table.sum.defined()) table.sum = Tensor::zeros(leaf.shape(), leaf.dtype());
  for (const Tensor& ids : table.touched) zero_rows(table.sum, ids);
  table.touched.clear();
  for (const engine::GradientStore& store : stores) {
    const engine::GradientStore::Parts* parts = store.parts(leaf);
    if (parts == nullptr) continue;
    for (const engine::GradientStore::Rows& part : parts->rows) {
      engine::scatter_add_rows(table.sum, part.ids, part.rows);
      table.touched.push_back(part.ids);
    }
  }
  return table.sum;
}

void GradientSum::add_pieces() {
  parallel_for(
      pieces_.size(),
      [&](std::size_t i) {
        const Piece& piece = pieces_[i];
        Tensor& into = gradients_[piece.parameter];
        piece_squares_[i] = 0;
        if (!into.defined()) return;
        piece_squares_[i] = engine::visit_real(into.dtype(), [&](auto tag) {
          return add_piece<typename decltype(tag)::type>(into, others_[piece.parameter], piece.begin, piece.end);
        });
      },
      0);
  std::fill(squares_.begin(), squares_.end(), 0.0);
  for (std::size_t i = 0; i < pieces_.size(); ++i) squares_[pieces_[i].parameter] += piece_squares_[i];
}

}  // namespace tamis::train
