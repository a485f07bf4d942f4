#pragma once

#include <vector>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/tensor/attention.h"
#include "tamis/engine/tensor/conv.h"
#include "tamis/engine/tensor/dropout.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/engine/tensor/pool.h"

// The ops of tamis/engine/tensor on variables, with their gradients: same names, same shapes, same errors; see there.
// Where an op has a kink, the gradient is that of the side stated there; max and min over an axis send it to the first
// of equals, minimum and maximum of two tensors to the first operand where they are equal.
namespace tamis::engine {

class Meeting;

Variable add(const Variable& a, const Variable& b);
Variable sub(const Variable& a, const Variable& b);
Variable mul(const Variable& a, const Variable& b);
Variable div(const Variable& a, const Variable& b);
Variable pow(const Variable& a, const Variable& b);
Variable minimum(const Variable& a, const Variable& b);
Variable maximum(const Variable& a, const Variable& b);
Variable add(const Variable& a, double b);
Variable mul(const Variable& a, double b);
Variable pow(const Variable& a, double exponent);
Variable where(const Tensor& condition, const Variable& a, const Variable& b);
Variable neg(const Variable& x);
Variable abs(const Variable& x);
Variable square(const Variable& x);
Variable exp(const Variable& x);
Variable log(const Variable& x);
Variable sqrt(const Variable& x);
Variable tanh(const Variable& x);
Variable sigmoid(const Variable& x);
Variable softplus(const Variable& x);
Variable relu(const Variable& x);
Variable leaky_relu(const Variable& x, double slope);
Variable gelu(const Variable& x, Gelu form = Gelu::exact);
Variable clip(const Variable& x, double low, double high);

Variable sum(const Variable& x);
Variable sum(const Variable& x, int axis, bool keep = false);
Variable mean(const Variable& x);
Variable mean(const Variable& x, int axis, bool keep = false);
Variable max(const Variable& x, int axis, bool keep = false);
Variable min(const Variable& x, int axis, bool keep = false);
Variable var(const Variable& x, int axis, bool keep = false, int correction = 0);
/// At the zero vector the gradient is 0.
Variable norm(const Variable& x, int axis, bool keep = false);

Variable reshape(const Variable& x, const Shape& shape);
Variable slice(const Variable& x, int axis, std::int64_t begin, std::int64_t end);
Variable transpose(const Variable& x, int a, int b);
Variable concat(const std::vector<Variable>& parts, int axis);
std::vector<Variable> split(const Variable& x, int axis, std::span<const std::int64_t> sizes);
Variable gather_rows(const Variable& table, const Tensor& ids);
Variable gather(const Variable& x, int axis, const Tensor& index);
Variable scatter_add(const Shape& shape, int axis, const Tensor& index, const Variable& values);

Variable matmul(const Variable& a, const Variable& b, bool transpose_a = false, bool transpose_b = false);
/// `bias` may be undefined.
Variable linear(const Variable& x, const Variable& weight, const Variable& bias);
Variable softmax(const Variable& x);
Variable log_softmax(const Variable& x);
Variable layer_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon);

/// Batch norm over all axes but the last, with the moments of the whole batch: through `meeting`, shard `shard` meets
/// the others for the moments and, in the walk, for the two sums of the gradient; without one (nullptr) the rows of x
/// are the batch. `mean` and `var` (biased), if given, receive the moments used, [C].
Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta, double epsilon, Meeting* meeting,
                    int shard, Tensor* mean = nullptr, Tensor* var = nullptr);
/// The rows of all shards, in shard order; the walk sends each shard the sum, in shard order, of what the others'
/// losses say of its rows. How a contrastive loss sees its whole batch. Without a meeting: x.
Variable gather_shards(const Variable& x, Meeting* meeting, int shard);
/// With fixed statistics [C] (inference).
Variable normalize_channels(const Variable& x, const Tensor& mean, const Tensor& var, const Variable& gamma,
                            const Variable& beta, double epsilon);

/// `bias` may be undefined in both.
Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options);
Variable conv2d_transpose(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options,
                          std::int64_t out_pad_h = 0, std::int64_t out_pad_w = 0);
Variable max_pool2d(const Variable& x, const PoolOptions& options);
Variable avg_pool2d(const Variable& x, const PoolOptions& options);
Variable dropout(const Variable& x, const Dropout& mask);
Variable attention(const Variable& qkv, const Tensor& offsets, std::int64_t heads, const Dropout& dropout);

}  // namespace tamis::engine
