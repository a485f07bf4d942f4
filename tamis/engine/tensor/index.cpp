#include "tamis/engine/tensor/index.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tamis/base/error.h"
#include "tamis/engine/tensor/accumulate_f32.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::engine {

namespace {

/// The indices as i64, each checked to be in 0 .. range - 1.
std::vector<std::int64_t> checked(const Tensor& index, std::int64_t range, const char* op) {
  if (!index.defined() || (index.dtype() != DType::i32 && index.dtype() != DType::i64)) {
    fail_caller(op, "index " + index.text() + ": must be i32 or i64");
  }
  const Tensor packed = index.packed();
  std::vector<std::int64_t> result(static_cast<std::size_t>(index.elements()));
  visit_index(index.dtype(),
              [&](auto tag) { std::ranges::copy(packed.span<typename decltype(tag)::type>(), result.begin()); });
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i] < 0 || result[i] >= range) {
      fail_caller(op, fmt::format("index {} at position {} is out of range 0 .. {}", result[i], i, range - 1));
    }
  }
  return result;
}

template <typename T>
void add_row(T* to, const T* from, std::int64_t n) {
  if constexpr (std::is_same_v<T, float>) {
    accumulate_loops().add_scaled(to, from, 1, n);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
  }
}

/// What gather() and scatter_add() walk: the whole as [outer, range, inner], the picked as [outer, n, inner].
struct Places {
  std::int64_t outer = 1, range = 1, n = 1, inner = 1;
};

Places places(const Shape& whole, int axis, const Tensor& index, const char* op) {
  axis = whole.axis(axis, op);
  if (!index.defined() || index.rank() != whole.rank() || whole.with(axis, index.size(axis)) != index.shape()) {
    fail_caller(op,
                fmt::format("whole {}, index {}: shapes must agree but for axis {}", whole.text(), index.text(), axis));
  }
  Places result;
  for (int a = 0; a < axis; ++a) result.outer *= whole[a];
  for (int a = axis + 1; a < whole.rank(); ++a) result.inner *= whole[a];
  result.range = whole[axis];
  result.n = index.size(axis);
  return result;
}

/// Calls body(offset in the whole, offset in the picked), in the order of the picked.
template <typename Body>
void for_places(const Places& places, const std::vector<std::int64_t>& index, const Body& body) {
  std::size_t at = 0;
  for (std::int64_t outer = 0; outer < places.outer; ++outer) {
    for (std::int64_t i = 0; i < places.n; ++i) {
      for (std::int64_t inner = 0; inner < places.inner; ++inner, ++at) {
        body((outer * places.range + index[at]) * places.inner + inner, static_cast<std::int64_t>(at));
      }
    }
  }
}

}  // namespace

Tensor gather_rows(const Tensor& table, const Tensor& ids) {
  if (!table.defined() || table.rank() == 0) fail_caller("gather_rows", "table " + table.text() + ": has no rows");
  const auto rows = checked(ids, table.size(0), "gather_rows");
  Shape shape = ids.shape();
  for (int axis = 1; axis < table.rank(); ++axis) shape = shape.appended(table.size(axis));
  Tensor y(shape, table.dtype());
  const Tensor packed = table.packed();
  const std::int64_t width = table.elements() / table.size(0);
  visit(table.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = y.data<T>();
    for (const std::int64_t row : rows) to = std::copy_n(packed.data<T>() + row * width, width, to);
  });
  return y;
}

void scatter_add_rows(Tensor& target, const Tensor& ids, const Tensor& rows) {
  require_real(target, "scatter_add_rows");
  require_same_dtype(target, rows, "scatter_add_rows");
  if (target.rank() == 0 || !target.contiguous()) {
    fail_caller("scatter_add_rows", "target " + target.text() + ": must be contiguous and have rows");
  }
  const auto places = checked(ids, target.size(0), "scatter_add_rows");
  Shape expected = ids.shape();
  for (int axis = 1; axis < target.rank(); ++axis) expected = expected.appended(target.size(axis));
  if (rows.shape() != expected) {
    fail_caller("scatter_add_rows", fmt::format("target {}, ids {}: rows must be {}, not {}", target.text(), ids.text(),
                                                expected.text(), rows.shape().text()));
  }
  const Tensor packed = rows.packed();
  const std::int64_t width = target.elements() / target.size(0);
  visit_real(target.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = packed.data<T>();
    for (const std::int64_t place : places) {
      add_row(target.data<T>() + place * width, from, width);
      from += width;
    }
  });
}

Tensor gather(const Tensor& x, int axis, const Tensor& index) {
  if (!x.defined()) fail_caller("gather", "the tensor is undefined");
  const Places where = places(x.shape(), axis, index, "gather");
  const auto indices = checked(index, where.range, "gather");
  const Tensor packed = x.packed();
  Tensor y(index.shape(), x.dtype());
  visit(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const from = packed.data<T>();
    T* const to = y.data<T>();
    for_places(where, indices, [&](std::int64_t whole, std::int64_t picked) { to[picked] = from[whole]; });
  });
  return y;
}

Tensor scatter_add(const Shape& shape, int axis, const Tensor& index, const Tensor& g) {
  require_real(g, "scatter_add");
  const Places where = places(shape, axis, index, "scatter_add");
  const auto indices = checked(index, where.range, "scatter_add");
  if (g.shape() != index.shape()) {
    fail_caller("scatter_add", fmt::format("index {}, g {}: shapes differ", index.text(), g.text()));
  }
  const Tensor packed = g.packed();
  Tensor y = Tensor::zeros(shape, g.dtype());
  visit_real(g.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const from = packed.data<T>();
    T* const to = y.data<T>();
    for_places(where, indices, [&](std::int64_t whole, std::int64_t picked) { to[whole] += from[picked]; });
  });
  return y;
}

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  if (parts.empty()) fail_caller("concat", "there are no parts");
  if (!parts[0].defined()) fail_caller("concat", "part 0 is undefined");
  axis = parts[0].shape().axis(axis, "concat");
  std::int64_t size = 0;
  for (const Tensor& part : parts) {
    require_same_dtype(parts[0], part, "concat");
    if (part.rank() != parts[0].rank() || part.shape().with(axis, parts[0].size(axis)) != parts[0].shape()) {
      fail_caller("concat", fmt::format("parts {} and {}: sizes differ at another axis than {}", parts[0].text(),
                                        part.text(), axis));
    }
    size += part.size(axis);
  }
  Tensor y(parts[0].shape().with(axis, size), parts[0].dtype());
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    y.slice(axis, begin, begin + part.size(axis)).assign(part);
    begin += part.size(axis);
  }
  return y;
}

std::vector<Tensor> split(const Tensor& x, int axis, std::span<const std::int64_t> sizes) {
  if (!x.defined()) fail_caller("split", "the tensor is undefined");
  axis = x.shape().axis(axis, "split");
  const bool fits = std::ranges::all_of(sizes, [](std::int64_t size) { return size >= 1; });
  if (!fits || std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != x.size(axis)) {
    fail_caller("split", fmt::format("sizes [{}] do not cut axis {} of {}", fmt::join(sizes, ", "), axis, x.text()));
  }
  std::vector<Tensor> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(x.slice(axis, begin, begin + size));
    begin += size;
  }
  return parts;
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype) {
  const auto places = checked(labels, classes, "one_hot");
  Tensor y = Tensor::zeros(labels.shape().appended(classes), dtype);
  visit(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* row = y.data<T>();
    for (const std::int64_t place : places) {
      row[place] = T{1};
      row += classes;
    }
  });
  return y;
}

}  // namespace tamis::engine
