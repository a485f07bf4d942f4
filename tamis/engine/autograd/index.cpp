#include "tamis/engine/tensor/index.h"

#include "tamis/engine/autograd/saved.h"

namespace tamis::engine {

Variable gather_rows(const Variable& table, const Tensor& ids) {
  return record("gather_rows", gather_rows(table.value(), ids), {table},
                [ids, table_shape = table.shape()](const Tensor& g, Sink& sink) {
                  const std::int64_t count = ids.elements();
                  sink.add_rows(0, ids.reshape({count}), g.reshape(table_shape.with(0, count)));
                });
}

Variable gather(const Variable& x, int axis, const Tensor& index) {
  return record("gather", gather(x.value(), axis, index), {x},
                [x_shape = x.shape(), axis, index](const Tensor& g, Sink& sink) {
                  sink.add(0, scatter_add(x_shape, axis, index, g));
                });
}

Variable scatter_add(const Shape& shape, int axis, const Tensor& index, const Variable& values) {
  return record("scatter_add", scatter_add(shape, axis, index, values.value()), {values},
                [axis, index](const Tensor& g, Sink& sink) { sink.add(0, gather(g, axis, index)); });
}

}  // namespace tamis::engine
