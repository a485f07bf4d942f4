#pragma once

#include "tamis/engine/tensor/tensor.h"

// Operations element by element. Two tensors broadcast (broadcast() in shape.h) and must have one dtype; nothing is
// converted in silence. f32 runs on Highway, f64 and integers in plain loops. Real-valued functions refuse integers and
// booleans with invalid_argument("[op] …"). Results are new tensors.
namespace tamis::engine {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
/// IEEE division: x / 0 is ±inf, 0 / 0 is NaN; integers refuse a divisor of 0.
Tensor div(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& a, double b);
Tensor mul(const Tensor& a, double b);
Tensor pow(const Tensor& a, double exponent);

/// Boolean results.
Tensor equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
/// a where condition (boolean) holds, else b; all three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

Tensor neg(const Tensor& x);
Tensor abs(const Tensor& x);
Tensor square(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + e^-x), computed without overflow.
Tensor sigmoid(const Tensor& x);
/// log(1 + e^x), computed without overflow.
Tensor softplus(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double slope);
/// exact: x Phi(x); tanh_form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). Source: Hendrycks and Gimpel,
/// arXiv:1606.08415, section 2.
enum class Gelu { exact, tanh_form };
Tensor gelu(const Tensor& x, Gelu form = Gelu::exact);
/// max(low, min(x, high)); throws unless low <= high. NaN stays NaN.
Tensor clip(const Tensor& x, double low, double high);
/// -1, 0 or 1.
Tensor sign(const Tensor& x);

// Gradients: dL/dx from g = dL/dy. At kinks: relu, leaky_relu, abs at 0 take the slope 0, `slope`, 0 respectively; clip
// passes the gradient at both bounds.
Tensor tanh_backward(const Tensor& g, const Tensor& y);
Tensor sigmoid_backward(const Tensor& g, const Tensor& y);
/// From the input or the output: both have the same sign.
Tensor relu_backward(const Tensor& g, const Tensor& y);
Tensor leaky_relu_backward(const Tensor& g, const Tensor& x, double slope);
Tensor gelu_backward(const Tensor& g, const Tensor& x, Gelu form);
Tensor clip_backward(const Tensor& g, const Tensor& x, double low, double high);

/// target += x or target *= factor, in place. Shapes and dtypes must be equal; target contiguous.
void add_into(Tensor& target, const Tensor& x);
/// target += factor * x.
void add_scaled_into(Tensor& target, const Tensor& x, double factor);
void scale_into(Tensor& target, double factor);

/// Undoes a broadcast: sums over the axes along which `shape` was stretched to x's shape.
Tensor sum_to(const Tensor& x, const Shape& shape);

/// True if every element is finite (always for integers). One pass, stops at the first that is not.
bool all_finite(const Tensor& x);
/// Row-major index of the first NaN or infinity, or -1.
std::int64_t first_not_finite(const Tensor& x);

}  // namespace tamis::engine
