#include "tamis/engine/tensor/reduce.h"

#include "tests/reference/compare_tensors.h"
#include "tests/reference/naive_tensor.h"

namespace tamis::engine {
namespace {

using reference::difference;
using reference::refusal;
using reference::uniform_tensor;
using Numbers = std::vector<double>;

/// The elements along an axis that share all other indices, for each place of the result.
std::vector<Numbers> lines(const Tensor& x, int axis) {
  std::vector<Numbers> result(static_cast<std::size_t>(x.elements() / x.size(axis)));
  const Tensor places =
      Tensor::range(static_cast<std::int64_t>(result.size()), DType::i64).reshape(x.shape().with(axis, 1));
  for (std::int64_t i = 0; i < x.elements(); ++i) {
    const double place = reference::broadcast_at(places, reference::index_of(i, x.shape()));
    result[static_cast<std::size_t>(place)].push_back(x.at(i));
  }
  return result;
}

struct Reduction {
  const char* name;
  Tensor (*op)(const Tensor&, int axis, bool keep);
  double (*plain)(const Numbers&);
};

double total(const Numbers& v) {
  long double sum = 0;
  for (const double x : v) sum += x;
  return static_cast<double>(sum);
}
double average(const Numbers& v) {
  return total(v) / static_cast<double>(v.size());
}
double variance(const Numbers& v) {
  double squares = 0;
  for (const double x : v) squares += (x - average(v)) * (x - average(v));
  return squares / static_cast<double>(v.size());
}
double length(const Numbers& v) {
  double squares = 0;
  for (const double x : v) squares += x * x;
  return std::sqrt(squares);
}

Tensor argmax_of(const Tensor& x, int axis, bool) {
  return argmax(x, axis);
}

const std::vector<Reduction>& reductions() {
  static const std::vector<Reduction> all = {
      {"sum", sum, total},
      {"mean", mean, average},
      {"max", max, [](const Numbers& v) { return *std::max_element(v.begin(), v.end()); }},
      {"min", min, [](const Numbers& v) { return *std::min_element(v.begin(), v.end()); }},
      {"norm", norm, length},
      {"var", [](const Tensor& x, int axis, bool keep) { return var(x, axis, keep); }, variance},
      {"argmax", argmax_of,
       [](const Numbers& v) { return static_cast<double>(std::max_element(v.begin(), v.end()) - v.begin()); }}};
  return all;
}

void expect_all_reductions(const Tensor& x) {
  for (const Reduction& of : reductions()) {
    for (int axis = 0; axis < x.rank(); ++axis) {
      Numbers expected;
      for (const Numbers& line : lines(x, axis)) expected.push_back(of.plain(line));
      const Tensor wanted = Tensor::from(expected, x.shape().without(axis));
      EXPECT_LE(difference(of.op(x, axis, false), wanted), 1e-13) << of.name << x.text() << axis;
      const Tensor narrow = of.op(x.to(DType::f32), axis, false);
      EXPECT_LE(difference(narrow, wanted), 2e-6) << of.name << x.text() << axis;
      if (of.op == argmax_of) continue;  // which keeps no axis
      EXPECT_EQ(of.op(x, axis - x.rank(), true).shape(), x.shape().with(axis, 1));
    }
  }
}

TEST(Reduce, IsThatOfTheNaiveLoop) {
  for (const std::int64_t n : reference::awkward_sizes()) {
    expect_all_reductions(uniform_tensor({n}, 1));
    expect_all_reductions(uniform_tensor({3, n}, 2));
    expect_all_reductions(uniform_tensor({n, 5}, 3));
  }
  expect_all_reductions(uniform_tensor({2, 3, 1, 17}, 4));
  expect_all_reductions(uniform_tensor({3, 1031}, 5));
}

TEST(Reduce, TakesViewsAndWholeTensors) {
  const Tensor x = uniform_tensor({6, 7, 5}, 1);
  expect_all_reductions(x.transpose(0, 2));
  expect_all_reductions(x.slice(1, 2, 5));
  const Tensor view = x.transpose(0, 1).slice(0, 1, 6);
  EXPECT_NEAR(sum(view).item(), total(view.numbers()), 1e-12);
  EXPECT_NEAR(mean(view.to(DType::f32)).item(), average(view.numbers()), 1e-6);
  const Numbers elements = view.numbers();
  EXPECT_EQ(max(view).item(), *std::max_element(elements.begin(), elements.end()));
  EXPECT_NEAR(norm(view).item(), length(view.numbers()), 1e-12);
  EXPECT_NEAR(sum_of_squares(view.to(DType::f32)), std::pow(length(view.numbers()), 2), 1e-5);
  EXPECT_EQ(sum(Tensor::scalar(3)).item(), 3);
}

TEST(Reduce, LongSumsKeepTheirDigits) {
  // Added one by one in f32, a million tenths are 100958.34; 0.05 is half a millionth.
  const Tensor x = Tensor::full({1000000}, 0.1);
  EXPECT_NEAR(sum(x).item(), 100000, 0.05);
  EXPECT_NEAR(sum(x.reshape({1000000, 1}), 0).item(), 100000, 0.05);
  EXPECT_NEAR(sum(x.reshape({50000, 20}), 0).at(7), 5000, 0.0025);
  const double tenth = 0.1F;
  EXPECT_NEAR(sum_of_squares(x), 1e6 * tenth * tenth, 1e-8);
}

TEST(Reduce, IntegersAndNotANumber) {
  const Tensor integers = Tensor::from(std::vector<std::int64_t>{INT64_MAX, 1, -5, 7}, {2, 2});
  EXPECT_EQ(sum(integers, 1).numbers(), Numbers({static_cast<double>(INT64_MIN), 2}));
  EXPECT_EQ(max(integers).item(), static_cast<double>(INT64_MAX));
  EXPECT_EQ(argmax(Tensor::from(std::vector<float>{3, 5, 5, 1}, {4}), 0).text(), "i64[]");
  EXPECT_EQ(argmax(Tensor::from(std::vector<float>{3, 5, 5, 1}, {4}), 0).item(), 1);
  const Tensor bad = Tensor::from(std::vector<float>{3, NAN, 5, NAN}, {4});
  EXPECT_TRUE(std::isnan(max(bad).item()));
  EXPECT_TRUE(std::isnan(min(bad).item()));
  EXPECT_EQ(argmax(bad, 0).item(), 1);
  EXPECT_EQ(max(Tensor::full({3}, -INFINITY)).item(), -INFINITY);
}

TEST(Reduce, RefusesByName) {
  const Tensor x({2, 3});
  EXPECT_EQ(refusal([&] { sum(x, 2); }), "[sum] axis 2 is out of range for [2, 3]: give -2 to 1");
  EXPECT_EQ(refusal([&] { argmax(x, -3); }), "[argmax] axis -3 is out of range for [2, 3]: give -2 to 1");
  EXPECT_EQ(refusal([&] { var(x, 0, false, 2); }),
            "[var] 2 elements along axis 0 of f32[2, 3] are too few for a correction of 2");
  EXPECT_EQ(refusal([&] { mean(Tensor({2}, DType::i32)); }), "[mean] i32[2]: only f32 and f64; convert with to()");
  EXPECT_EQ(refusal([&] { sum(Tensor({2}, DType::boolean)); }), "[sum] boolean[2]: only numbers; convert with to()");
  EXPECT_EQ(refusal([&] { sum(Tensor()); }), "[sum] the tensor is undefined");
  EXPECT_EQ(refusal([&] { max(Tensor(), 0); }), "[max] the tensor is undefined");
}

}  // namespace
}  // namespace tamis::engine
