#include "tamis/engine/tensor/packed_kernel.h"

#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "tamis/engine/tensor/onednn.h"
#include "tamis/engine/tensor/sharded_cache.h"
#include "tamis/engine/tensor/storage.h"

namespace tamis::engine {

namespace {

using dnnl::memory;
using Product = dnnl::inner_product_forward;
using Type = memory::data_type;

struct Types {
  Type x, weight, y;
};

Types types_of(WeightPrecision precision) {
  switch (precision) {
    case WeightPrecision::bf16:
      return {Type::bf16, Type::bf16, Type::f32};
    case WeightPrecision::int8:
      return {Type::u8, Type::s8, Type::s32};
    case WeightPrecision::f32:
      break;
  }
  return {Type::f32, Type::f32, Type::f32};
}

dnnl::primitive_attr attributes_of(const PackedKernel& kernel) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // else one buffer would be shared by all threads
  dnnl::post_ops after;
  if (kernel.epilogue == Epilogue::add) after.append_sum(1);
  if (kernel.epilogue == Epilogue::gelu) after.append_eltwise(dnnl::algorithm::eltwise_gelu_erf, 0, 0);
  if (kernel.epilogue == Epilogue::gelu_tanh) after.append_eltwise(dnnl::algorithm::eltwise_gelu_tanh, 0, 0);
  attributes.set_post_ops(after);
  return attributes;
}

Product::primitive_desc describe(const PackedKernel& kernel, const memory::desc& weights) {
  const Types types = types_of(kernel.precision);
  const memory::desc x({kernel.rows, kernel.in}, types.x, memory::format_tag::ab);
  const memory::desc y({kernel.rows, kernel.out}, types.y, memory::format_tag::ab);
  const auto attributes = attributes_of(kernel);
  constexpr auto kind = dnnl::prop_kind::forward_inference;
  if (!kernel.bias) return {cpu(), kind, x, weights, y, attributes};
  return {cpu(), kind, x, weights, {{kernel.out}, Type::f32, memory::format_tag::a}, y, attributes};
}

/// The form of the weights is chosen once, for whole blocks on one thread; every other kernel takes it as it is.
memory::desc packed_form(WeightPrecision precision, std::int64_t in, std::int64_t out) {
  static auto* const forms = new ShardedCache<memory::desc, 3>;
  return *forms->get({static_cast<std::int64_t>(precision), in, out}, [&] {
    const KernelThreads alone(1);
    const PackedKernel whole{precision, PackedLinear::kRowBlock, in, out, Epilogue::store, false, 1};
    return describe(whole, {{out, in}, types_of(precision).weight, memory::format_tag::any}).weights_desc();
  });
}

struct Kernel {
  memory::desc x, weights, bias, y, scratch;
  Product product;
};

std::shared_ptr<const Kernel> find(const PackedKernel& of) {
  static auto* const kernels = new ShardedCache<Kernel, 7>;
  return kernels->get({static_cast<std::int64_t>(of.precision), of.rows, of.in, of.out,
                       static_cast<std::int64_t>(of.epilogue), of.bias ? 1 : 0, of.threads},
                      [&] {
                        const auto chosen = describe(of, packed_form(of.precision, of.in, of.out));
                        return Kernel{chosen.src_desc(), chosen.weights_desc(),    chosen.bias_desc(),
                                      chosen.dst_desc(), chosen.scratchpad_desc(), Product(chosen)};
                      });
}

}  // namespace

PackedWeights pack_weights(WeightPrecision precision, std::int64_t in, std::int64_t out, const void* weight) {
  const KernelThreads alone(1);
  const memory::desc form = packed_form(precision, in, out);
  const Type given = precision == WeightPrecision::int8 ? Type::s8 : Type::f32;
  memory from({{out, in}, given, memory::format_tag::ab}, cpu(), const_cast<void*>(weight));
  PackedWeights packed{allocate(form.get_size()), form.get_size()};
  memory to(form, cpu(), packed.data.get());
  dnnl::stream stream(cpu());
  dnnl::reorder(from, to).execute(stream, from, to);
  return packed;
}

void run_kernel(const PackedKernel& kernel, const PackedWeights& weights, const float* bias, const void* x, void* y) {
  const KernelThreads team(kernel.threads);
  const auto found = find(kernel);
  const auto scratch = allocate(found->scratch.get_size() + 1);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memory(found->x, cpu(), const_cast<void*>(x))},
                                            {DNNL_ARG_WEIGHTS, memory(found->weights, cpu(), weights.data.get())},
                                            {DNNL_ARG_DST, memory(found->y, cpu(), y)},
                                            {DNNL_ARG_SCRATCHPAD, memory(found->scratch, cpu(), scratch.get())}};
  if (kernel.bias) arguments.emplace(DNNL_ARG_BIAS, memory(found->bias, cpu(), const_cast<float*>(bias)));
  dnnl::stream stream(cpu());
  found->product.execute(stream, arguments);
}

bool cpu_adds_bytes_exactly() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::avx2_vnni:
    case dnnl::cpu_isa::avx512_core_vnni:
    case dnnl::cpu_isa::avx512_core_bf16:
    case dnnl::cpu_isa::avx512_core_fp16:
    case dnnl::cpu_isa::avx512_core_amx:
    case dnnl::cpu_isa::avx512_core_amx_fp16:
      return true;
    default:
      return false;
  }
}

}  // namespace tamis::engine
