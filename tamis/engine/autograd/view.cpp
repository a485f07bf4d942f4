#include <fmt/format.h>

#include <utility>

#include "tamis/base/error.h"
#include "tamis/engine/autograd/saved.h"
#include "tamis/engine/tensor/index.h"

namespace tamis::engine {

namespace {

Variable cut(const char* op, Tensor value, const Variable& x, int axis, std::int64_t begin) {
  const std::int64_t end = begin + value.size(axis);
  return record(op, std::move(value), {x}, [axis, begin, end](const Tensor& g, Sink& sink) {
    // Into one tensor of zeros, however many parts of x there are.
    sink.write(0, [&](Tensor& whole, bool accumulate) {
      if (!accumulate) whole.fill(0);
      Tensor part = whole.slice(axis, begin, end);
      part.assign(accumulate ? add(part, g) : g);
    });
  });
}

}  // namespace

Variable reshape(const Variable& x, const Shape& shape) {
  return record("reshape", x.value().reshape(shape), {x},
                [x_shape = x.shape()](const Tensor& g, Sink& sink) { sink.add(0, g.reshape(x_shape)); });
}

Variable slice(const Variable& x, int axis, std::int64_t begin, std::int64_t end) {
  return cut("slice", x.value().slice(axis, begin, end), x, axis, begin);
}

Variable transpose(const Variable& x, int a, int b) {
  return record("transpose", x.value().transpose(a, b), {x},
                [a, b](const Tensor& g, Sink& sink) { sink.add(0, g.transpose(a, b)); });
}

Variable concat(const std::vector<Variable>& parts, int axis) {
  std::vector<Tensor> values;
  for (const Variable& part : parts) values.push_back(part.value());
  Tensor joined = concat(values, axis);
  std::vector<std::int64_t> sizes;
  for (const Tensor& value : values) sizes.push_back(value.size(axis));
  return record("concat", std::move(joined), parts, [sizes = std::move(sizes), axis](const Tensor& g, Sink& sink) {
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (sink.wants(i)) sink.add(i, g.slice(axis, begin, begin + sizes[i]));
      begin += sizes[i];
    }
  });
}

std::vector<Variable> split(const Variable& x, int axis, std::span<const std::int64_t> sizes) {
  std::vector<Variable> parts;
  std::int64_t begin = 0;
  for (Tensor& part : split(x.value(), axis, sizes)) {
    const std::int64_t size = part.size(axis);
    parts.push_back(cut("split", std::move(part), x, axis, begin));
    begin += size;
  }
  return parts;
}

}  // namespace tamis::engine
