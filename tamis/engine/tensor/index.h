#pragma once

#include <vector>

#include "tamis/engine/tensor/tensor.h"

// Picking and placing. Indices are i32 or i64; one out of range throws invalid_argument naming it, its position and the
// range. Sums into the same place are taken in index order.
namespace tamis::engine {

/// Rows of a table: table [V, ..], ids [any shape] -> ids' shape + [..].
Tensor gather_rows(const Tensor& table, const Tensor& ids);
/// target[ids[i]] += rows[i], in place; the gradient of gather_rows.
void scatter_add_rows(Tensor& target, const Tensor& ids, const Tensor& rows);
/// out[i][j] = x[i][index[i][j]] along `axis`; index has x's shape but for that axis.
Tensor gather(const Tensor& x, int axis, const Tensor& index);
/// Zeros of `shape` with g added at the places gather() read.
Tensor scatter_add(const Shape& shape, int axis, const Tensor& index, const Tensor& g);
/// Joins along an axis; all other sizes and the dtype equal.
Tensor concat(const std::vector<Tensor>& parts, int axis);
/// Cuts along an axis into parts of the given sizes, which must sum to it; views.
std::vector<Tensor> split(const Tensor& x, int axis, std::span<const std::int64_t> sizes);
/// [..] -> [.., classes] of the dtype, 1 at the label and 0 elsewhere.
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype);

}  // namespace tamis::engine
