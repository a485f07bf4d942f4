#include "tamis/engine/tensor/elementwise.h"

#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::awkward_sizes;
using reference::difference;
using reference::refusal;
using reference::uniform_tensor;
using Numbers = std::vector<double>;

constexpr double kClose = 1e-6;  // f32 against f64, absolute or relative

struct UnaryCase {
  const char* name;
  Tensor (*op)(const Tensor&);
  double (*plain)(double);
  double low, high;
};

const std::vector<UnaryCase>& unary_cases() {
  static const std::vector<UnaryCase> cases = {
      {"neg", neg, [](double v) { return -v; }, -3, 3},
      {"abs", abs, [](double v) { return std::abs(v); }, -3, 3},
      {"square", square, [](double v) { return v * v; }, -3, 3},
      {"exp", exp, [](double v) { return std::exp(v); }, -120, 80},
      {"log", log, [](double v) { return std::log(v); }, 1e-6, 50},
      {"sqrt", sqrt, [](double v) { return std::sqrt(v); }, 0, 50},
      {"tanh", tanh, [](double v) { return std::tanh(v); }, -12, 12},
      {"sigmoid", sigmoid, [](double v) { return 1 / (1 + std::exp(-v)); }, -120, 120},
      {"softplus", softplus, [](double v) { return v > 30 ? v : std::log1p(std::exp(v)); }, -120, 120},
      {"relu", relu, [](double v) { return v > 0 ? v : 0; }, -3, 3},
      {"sign", sign, [](double v) { return v > 0   ? 1.0
                                           : v < 0 ? -1.0
                                                   : 0.0; }, -3, 3},
      {"leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.125); },
       [](double v) { return v > 0 ? v : 0.125 * v; }, -3, 3},
      {"gelu", [](const Tensor& x) { return gelu(x); },
       [](double v) { return 0.5 * v * std::erfc(-v / std::sqrt(2.0)); }, -20, 20},
      {"gelu tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh_form); },
       [](double v) { return 0.5 * v * (1 + std::tanh(0.7978845608028654 * (v + 0.044715 * v * v * v))); }, -20, 20},
      {"clip", [](const Tensor& x) { return clip(x, -1, 2); }, [](double v) { return std::clamp(v, -1.0, 2.0); }, -3,
       3},
      {"add", [](const Tensor& x) { return add(x, 0.5); }, [](double v) { return v + 0.5; }, -3, 3},
      {"mul", [](const Tensor& x) { return mul(x, -2); }, [](double v) { return v * -2; }, -3, 3},
      {"pow", [](const Tensor& x) { return pow(x, 1.5); }, [](double v) { return std::pow(v, 1.5); }, 0, 9},
      {"pow 2", [](const Tensor& x) { return pow(x, 2); }, [](double v) { return v * v; }, -3, 3},
  };
  return cases;
}

TEST(Elementwise, UnaryOpsAreThoseOfTheStandardLibrary) {
  for (const UnaryCase& of : unary_cases()) {
    for (const std::int64_t n : awkward_sizes()) {
      const Tensor x = uniform_tensor({n}, static_cast<std::uint64_t>(n), of.low, of.high);
      Numbers expected = x.numbers();
      for (double& value : expected) value = of.plain(value);
      const Tensor wanted = Tensor::from(expected, {n});
      EXPECT_LE(difference(of.op(x), wanted), 1e-14) << of.name << " " << n;
      EXPECT_LE(difference(of.op(x.to(DType::f32)), wanted), kClose) << of.name << " " << n;
    }
  }
}

TEST(Elementwise, UnaryOpsTakeViews) {
  const Tensor x = uniform_tensor({5, 7}, 1, 0.5, 2);
  for (const UnaryCase& of : unary_cases()) {
    const Tensor y = of.op(x.to(DType::f32).transpose(0, 1).slice(0, 1, 6));
    EXPECT_LE(difference(y, of.op(x).transpose(0, 1).slice(0, 1, 6)), kClose) << of.name;
  }
}

TEST(Elementwise, SmallNumbersKeepTheirDigits) {
  const Tensor x = uniform_tensor({1000}, 2, -1e-4, 1e-4);
  for (const auto op : {tanh, neg}) {
    const Numbers got = op(x.to(DType::f32)).numbers(), expected = op(x).numbers();
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i] / expected[i], 1, 1e-6);
  }
}

TEST(Elementwise, EndsOfTheNumberLine) {
  const double inf = INFINITY;
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor x = Tensor::from(Numbers{0, inf, -inf, NAN, 1000, -1000}, {6}).to(dtype);
    const auto expect = [&](const Tensor& y, const Numbers& wanted) {
      EXPECT_LE(difference(y, Tensor::from(wanted, {6})), kClose) << name(dtype) << " " << y.at(1);
    };
    expect(exp(x), {1, inf, 0, NAN, inf, 0});
    expect(log(x), {-inf, inf, NAN, NAN, std::log(1000.0), NAN});
    expect(tanh(x), {0, 1, -1, NAN, 1, -1});
    expect(sigmoid(x), {0.5, 1, 0, NAN, 1, 0});
    expect(softplus(x), {std::log(2.0), inf, 0, NAN, 1000, 0});
    expect(relu(x), {0, inf, 0, NAN, 1000, 0});
    expect(sign(x), {0, 1, -1, NAN, 1, -1});
    expect(clip(x, -2, 2), {0, 2, -2, NAN, 2, -2});
    expect(maximum(x, Tensor::scalar(1, dtype)), {1, inf, 1, NAN, 1000, 1});
    expect(minimum(Tensor::scalar(1, dtype), x), {0, 1, -inf, NAN, 1, -1000});
    expect(div(x, Tensor::zeros({6}, dtype)), {NAN, inf, -inf, NAN, inf, -inf});
  }
}

struct BinaryCase {
  const char* name;
  Tensor (*op)(const Tensor&, const Tensor&);
  double (*plain)(double, double);
};

const std::vector<BinaryCase>& binary_cases() {
  static const std::vector<BinaryCase> cases = {
      {"add", add, [](double a, double b) { return a + b; }},
      {"sub", sub, [](double a, double b) { return a - b; }},
      {"mul", mul, [](double a, double b) { return a * b; }},
      {"div", div, [](double a, double b) { return a / b; }},
      {"pow", pow, [](double a, double b) { return std::pow(a, b); }},
      {"minimum", minimum, [](double a, double b) { return std::min(a, b); }},
      {"maximum", maximum, [](double a, double b) { return std::max(a, b); }},
      {"equal", equal, [](double a, double b) { return a == b ? 1.0 : 0.0; }},
      {"less", less, [](double a, double b) { return a < b ? 1.0 : 0.0; }},
      {"greater", greater, [](double a, double b) { return a > b ? 1.0 : 0.0; }},
  };
  return cases;
}

Tensor naive(const BinaryCase& of, const Tensor& a, const Tensor& b) {
  const Shape shape = broadcast(a.shape(), b.shape(), "test");
  Numbers values;
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    const auto index = reference::index_of(i, shape);
    values.push_back(of.plain(reference::broadcast_at(a, index), reference::broadcast_at(b, index)));
  }
  return Tensor::from(values, shape);
}

TEST(Elementwise, BroadcastsLikeTheNaiveLoop) {
  const std::vector<std::pair<Shape, Shape>> shapes = {{{37}, {37}},
                                                       {{5, 37}, {37}},
                                                       {{37}, {5, 37}},
                                                       {{5, 37}, {5, 1}},
                                                       {{5, 1}, {1, 37}},
                                                       {{}, {33}},
                                                       {{33}, {}},
                                                       {{1}, {}},
                                                       {{2, 3, 17}, {3, 1}},
                                                       {{2, 1, 17}, {3, 1}},
                                                       {{2, 3, 4, 5}, {3, 1, 5}},
                                                       {{1, 1}, {4, 1, 3}},
                                                       {{8, 1, 6, 1}, {7, 1, 5}},
                                                       {{3, 1, 1}, {3, 1, 1}}};
  std::uint64_t seed = 0;
  for (const auto& [left, right] : shapes) {
    const Tensor a = uniform_tensor(left, ++seed, 0.5, 2), b = uniform_tensor(right, ++seed, 0.5, 2);
    for (const BinaryCase& of : binary_cases()) {
      const Tensor expected = naive(of, a, b);
      EXPECT_LE(difference(of.op(a, b), expected), 1e-15) << of.name << left.text() << right.text();
      EXPECT_LE(difference(of.op(a.to(DType::f32), b.to(DType::f32)), expected), kClose)
          << of.name << left.text() << right.text();
    }
  }
}

TEST(Elementwise, BroadcastsViews) {
  const Tensor x = uniform_tensor({6, 35}, 1, 0.5, 2);
  const std::vector<std::pair<Tensor, Tensor>> views = {{x.transpose(0, 1), x.slice(1, 3, 4).reshape({6})},
                                                        {x.transpose(0, 1), x.transpose(0, 1)},
                                                        {x.slice(1, 2, 19), x.slice(1, 2, 19)},
                                                        {x.slice(1, 2, 19), x.slice(0, 1, 2).slice(1, 0, 17)},
                                                        {x.slice(1, 0, 1), x},
                                                        {x.row(2).broadcast_to({3, 35}), x.slice(0, 0, 3)}};
  for (const auto& [a, b] : views) {
    for (const BinaryCase& of : binary_cases()) {
      const Tensor expected = naive(of, a, b);
      EXPECT_LE(difference(of.op(a, b), expected), 1e-15) << of.name << a.text() << b.text();
    }
    EXPECT_LE(difference(add(a.to(DType::f32), b.to(DType::f32)), add(a, b)), kClose);
  }
}

TEST(Elementwise, IntegersStayIntegersAndWrapAround) {
  const Tensor a = Tensor::from(std::vector<std::int32_t>{INT32_MAX, INT32_MIN, 7, -7}, {4});
  const Tensor b = Tensor::from(std::vector<std::int32_t>{1, -1, 2, 2}, {4});
  EXPECT_EQ(add(a, b).text(), "i32[4]");
  EXPECT_EQ(add(a, b).numbers(), Numbers({INT32_MIN, INT32_MAX, 9, -5}));
  EXPECT_EQ(div(a, b).numbers(), Numbers({INT32_MAX, INT32_MIN, 3, -3}));
  EXPECT_EQ(abs(a).numbers(), Numbers({INT32_MAX, INT32_MIN, 7, 7}));
  EXPECT_EQ(clip(a, -2.5, 3.5).numbers(), Numbers({3, -2, 3, -2}));
  EXPECT_EQ(refusal([&] { div(a, Tensor::zeros({4}, DType::i32)); }), "[div] an integer divisor is 0");
}

TEST(Elementwise, ChoosesByACondition) {
  const Tensor a = uniform_tensor({4, 5}, 1), b = uniform_tensor({5}, 2);
  const Tensor y = where(greater(a, b), a, b);
  EXPECT_EQ(y.numbers(), maximum(a, b).numbers());
  const Tensor column = less(uniform_tensor({4, 1}, 3), Tensor::scalar(0, DType::f64));
  const Tensor z = where(column, a.transpose(0, 1).transpose(0, 1), b);
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(z.at(i), column.at(i / 5) != 0 ? a.at(i) : b.at(i % 5));
  EXPECT_EQ(refusal([&] { where(a, a, b); }), "[where] condition f64[4, 5]: must be boolean");
}

struct GradientCase {
  const char* name;
  Tensor (*backward)(const Tensor& g, const Tensor& x);
  Tensor (*forward)(const Tensor&);
  bool from_output;
};

TEST(Elementwise, GradientsAreTheSlopes) {
  const std::vector<GradientCase> cases = {
      {"tanh", tanh_backward, tanh, true},
      {"sigmoid", sigmoid_backward, sigmoid, true},
      {"relu", relu_backward, relu, false},
      {"relu", relu_backward, relu, true},
      {"leaky_relu", [](const Tensor& g, const Tensor& x) { return leaky_relu_backward(g, x, 0.2); },
       [](const Tensor& x) { return leaky_relu(x, 0.2); }, false},
      {"gelu", [](const Tensor& g, const Tensor& x) { return gelu_backward(g, x, Gelu::exact); },
       [](const Tensor& x) { return gelu(x); }, false},
      {"gelu tanh", [](const Tensor& g, const Tensor& x) { return gelu_backward(g, x, Gelu::tanh_form); },
       [](const Tensor& x) { return gelu(x, Gelu::tanh_form); }, false},
      {"clip", [](const Tensor& g, const Tensor& x) { return clip_backward(g, x, -1, 1); },
       [](const Tensor& x) { return clip(x, -1, 1); }, false}};
  for (const GradientCase& of : cases) {
    const Tensor x = uniform_tensor({3, 67}, 5, -6, 6), g = uniform_tensor({3, 67}, 6);
    const double h = 1e-6;
    const Tensor slope = mul(sub(of.forward(add(x, h)), of.forward(add(x, -h))), 1 / (2 * h));
    const Tensor at = of.from_output ? of.forward(x) : x;
    const Tensor got = of.backward(g, at);
    EXPECT_LE(difference(got, mul(g, slope)), 1e-8) << of.name;
    EXPECT_LE(difference(of.backward(g.to(DType::f32), at.to(DType::f32)), got), 2e-6) << of.name;
  }
}

TEST(Elementwise, GradientsAtKinks) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensor g = Tensor::full({3}, 4, dtype);
    const Tensor x = Tensor::from(Numbers{-1, 0, 1}, {3}).to(dtype);
    EXPECT_EQ(relu_backward(g, x).numbers(), Numbers({0, 0, 4}));
    EXPECT_EQ(leaky_relu_backward(g, x, 0.5).numbers(), Numbers({2, 2, 4}));
    EXPECT_EQ(clip_backward(g, x, -1, 0).numbers(), Numbers({4, 4, 0}));
  }
}

TEST(Elementwise, RefusesByName) {
  const Tensor x({2, 3}), integers({2, 3}, DType::i32), truths({2, 3}, DType::boolean);
  EXPECT_EQ(refusal([&] { add(x, Tensor({4})); }),
            "[add] lhs [2, 3], rhs [4]: sizes 3 and 4 at axis -1 do not broadcast");
  EXPECT_EQ(refusal([&] { mul(x, integers); }),
            "[mul] lhs f32[2, 3], rhs i32[2, 3]: dtypes differ; convert one with to()");
  EXPECT_EQ(refusal([&] { exp(integers); }), "[exp] i32[2, 3]: only f32 and f64; convert with to()");
  EXPECT_EQ(refusal([&] { add(truths, truths); }), "[add] boolean[2, 3]: only numbers; convert with to()");
  EXPECT_EQ(refusal([&] { neg(truths); }), "[neg] boolean[2, 3]: only numbers; convert with to()");
  EXPECT_EQ(refusal([&] { clip(x, 2, 1); }), "[clip] low 2 must be at most high 1");
  EXPECT_EQ(refusal([&] { add(Tensor(), x); }), "[add] the tensor is undefined");
  EXPECT_EQ(refusal([&] { relu(Tensor()); }), "[relu] the tensor is undefined");
  EXPECT_EQ(refusal([&] { add(Tensor(), 1.0); }), "[add] the tensor is undefined");
  EXPECT_EQ(refusal([&] { relu_backward(x, Tensor()); }), "[relu_backward] the tensor is undefined");
}

}  // namespace
}  // namespace tamis::engine
