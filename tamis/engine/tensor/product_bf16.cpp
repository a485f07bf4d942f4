#include <oneapi/dnnl/dnnl.hpp>

#include "tamis/engine/tensor/onednn.h"
#include "tamis/engine/tensor/product.h"
#include "tamis/engine/tensor/sharded_cache.h"
#include "tamis/engine/tensor/storage.h"

namespace tamis::engine {

namespace {

using dnnl::memory;

/// A product of given sizes and strides: operands are converted by reorders (the second straight into the blocked form
/// that the product wants), then multiplied.
struct Recipe {
  memory::desc lhs, rhs, out;       ///< f32, where the caller's numbers lie
  memory::desc lhs_bf16, rhs_bf16;  ///< converted
  memory::desc scratch;
  dnnl::reorder convert_lhs, convert_rhs;
  dnnl::matmul multiply;
};

constexpr auto kNarrow = memory::data_type::bf16;
constexpr auto kWide = memory::data_type::f32;

memory::desc described(const MatrixView<float>& matrix) {
  const MatrixView<float> other = matrix.transposed();
  const memory::dims strides =
      matrix.row_major() ? memory::dims{matrix.leading(), 1} : memory::dims{1, other.leading()};
  return {{matrix.rows, matrix.columns}, kWide, strides};
}

Recipe make_recipe(const memory::desc& lhs, const memory::desc& rhs, const memory::desc& out, bool accumulate) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // else one buffer would be shared by all threads
  if (accumulate) {
    dnnl::post_ops add;
    add.append_sum(1);
    attributes.set_post_ops(add);
  }
  const memory::desc any_lhs(lhs.get_dims(), kNarrow, memory::format_tag::any);
  const memory::desc any_rhs(rhs.get_dims(), kNarrow, memory::format_tag::any);
  const dnnl::matmul::primitive_desc chosen(cpu(), any_lhs, any_rhs, out, attributes);
  using Reorder = dnnl::reorder::primitive_desc;
  return {lhs,
          rhs,
          out,
          chosen.src_desc(),
          chosen.weights_desc(),
          chosen.scratchpad_desc(),
          dnnl::reorder(Reorder(cpu(), lhs, cpu(), chosen.src_desc())),
          dnnl::reorder(Reorder(cpu(), rhs, cpu(), chosen.weights_desc())),
          dnnl::matmul(chosen)};
}

}  // namespace

void product_bf16(const MatrixView<float>& a, const MatrixView<float>& b, float* out, std::int64_t out_step,
                  bool accumulate) {
  static auto* const recipes = new ShardedCache<Recipe, 9>;
  const KernelThreads alone(1);
  const memory::desc lhs = described(a);
  const memory::desc rhs = described(b);
  const memory::dims left = lhs.get_strides();
  const memory::dims right = rhs.get_strides();
  const auto recipe = recipes->get(
      {a.rows, a.columns, b.columns, left[0], left[1], right[0], right[1], out_step, accumulate ? 1 : 0}, [&] {
        return make_recipe(lhs, rhs, memory::desc({a.rows, b.columns}, kWide, memory::dims{out_step, 1}), accumulate);
      });
  const auto lhs_block = allocate(recipe->lhs_bf16.get_size());
  const auto rhs_block = allocate(recipe->rhs_bf16.get_size());
  const auto scratch_block = allocate(recipe->scratch.get_size() + 1);
  memory lhs_given(recipe->lhs, cpu(), const_cast<float*>(a.data));
  memory rhs_given(recipe->rhs, cpu(), const_cast<float*>(b.data));
  memory lhs_narrow(recipe->lhs_bf16, cpu(), lhs_block.get());
  memory rhs_narrow(recipe->rhs_bf16, cpu(), rhs_block.get());
  dnnl::stream stream(cpu());
  recipe->convert_lhs.execute(stream, lhs_given, lhs_narrow);
  recipe->convert_rhs.execute(stream, rhs_given, rhs_narrow);
  recipe->multiply.execute(stream, {{DNNL_ARG_SRC, lhs_narrow},
                                    {DNNL_ARG_WEIGHTS, rhs_narrow},
                                    {DNNL_ARG_DST, memory(recipe->out, cpu(), out)},
                                    {DNNL_ARG_SCRATCHPAD, memory(recipe->scratch, cpu(), scratch_block.get())}});
}

}  // namespace tamis::engine
