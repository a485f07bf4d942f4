#include "tamis/engine/nn/dropout.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/memory_chain.h"

namespace tamis::nn {

void require_rate(double rate) {
  if (!(rate >= 0 && rate < 1)) fail_caller("dropout", fmt::format("rate {}: must be in [0, 1)", rate));
}

engine::Dropout dropout_of(const Pass& pass, std::string_view name, double rate, std::uint64_t first) {
  if (!pass.training) return {};
  const std::string purpose = fmt::format("dropout.{}.{}", name, pass.variant);
  return {.rate = rate, .key = stream_key(pass.seed, purpose), .step = pass.step, .first = first};
}

Dropout::Dropout(double rate) : rate_(rate) {
  require_rate(rate);
}

Layer::Memory Dropout::memory(const Extent& x, bool training) const {
  if (!training || (rate_ == 0 && !given_.defined())) return view_memory(x.shape, training);
  return plain_memory(x.shape, x.shape, training, Holds::nothing);
}

Variable Dropout::compute(const Variable& x, Pass& pass) {
  if (!pass.training) return x;
  const std::int64_t rows = x.shape().rank() > 0 ? x.shape()[0] : 1;
  if (given_.defined()) {
    const Tensor mine = given_.slice(0, pass.first_row, pass.first_row + rows).to(x.dtype());
    if (mine.shape() != x.shape()) {
      fail_caller("dropout", fmt::format("x {}, mask {}: the rows must be alike", x.value().text(), given_.text()));
    }
    return engine::mul(x, Variable(mine));
  }
  if (rate_ == 0) return x;
  const auto first = static_cast<std::uint64_t>(pass.first_row * (x.shape().elements() / rows));
  return engine::dropout(x, dropout_of(pass, stream_.empty() ? path() : stream_, rate_, first));
}

}  // namespace tamis::nn
