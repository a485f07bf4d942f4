#include <oneapi/dnnl/dnnl.hpp>

#include "tamis/engine/tensor/conv_kernels.h"
#include "tamis/engine/tensor/onednn.h"
#include "tamis/engine/tensor/sharded_cache.h"
#include "tamis/engine/tensor/storage.h"

// Activations stay channels-last; the form of the weights is left to oneDNN, which then chooses its fastest kernel for
// the machine. Weights are small: putting them into that form at every call costs about a microsecond. With weights as
// they lie oneDNN 3.2 has only its reference loops, a thousand times slower. See docs/design/engine_kernels.md.
namespace tamis::engine {

namespace {

using dnnl::memory;
using dnnl::prop_kind;

constexpr auto kFloat = memory::data_type::f32;
constexpr auto kChosen = memory::format_tag::any;

enum class Kind : std::int64_t { forward, forward_with_bias, backward_input, backward_weight };

/// One of the three products for given sizes, and the reorder between the weights as they lie and as they are chosen.
struct Recipe {
  memory::desc x, y, bias;
  memory::desc weight, chosen_weight;
  memory::desc scratch;
  dnnl::reorder reorder;
  dnnl::primitive primitive;
};

/// How oneDNN is told of the sizes; it counts dilation from 0 and channels before pixels, whatever the strides.
struct Description {
  explicit Description(const ConvSizes& s)
      : x({s.batch, s.channels, s.in_h, s.in_w}, kFloat, memory::format_tag::nhwc),
        y({s.batch, s.filters, s.out_h, s.out_w}, kFloat, memory::format_tag::nhwc),
        bias({s.filters}, kFloat, memory::format_tag::a),
        stride{s.stride_h, s.stride_w},
        dilation{s.dilation_h - 1, s.dilation_w - 1},
        before{s.top, s.left},
        after{s.bottom, s.right} {
    const std::int64_t seen = s.channels / s.groups;
    const std::int64_t filter = s.kernel_h * s.kernel_w * seen;
    const std::int64_t filters = s.filters / s.groups;
    memory::dims sizes{filters, seen, s.kernel_h, s.kernel_w};
    memory::dims strides{filter, 1, s.kernel_w * seen, seen};
    if (s.groups > 1) {
      sizes.insert(sizes.begin(), s.groups);
      strides.insert(strides.begin(), filters * filter);
    }
    weight = memory::desc(sizes, kFloat, strides);
    any_weight = memory::desc(sizes, kFloat, kChosen);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);  // else one buffer would be shared by all threads
  }

  dnnl::convolution_forward::primitive_desc forward(bool with_bias) const {
    constexpr auto direct = dnnl::algorithm::convolution_direct;
    if (with_bias) {
      return {cpu(),     prop_kind::forward_training, direct, x, any_weight, bias, y, stride, dilation, before, after,
              attributes};
    }
    return {cpu(), prop_kind::forward_training, direct, x, any_weight, y, stride, dilation, before, after, attributes};
  }

  memory::desc x, y, bias, weight, any_weight;
  memory::dims stride, dilation, before, after;
  dnnl::primitive_attr attributes;
};

Recipe make_recipe(Kind kind, const ConvSizes& sizes) {
  const Description d(sizes);
  const auto completed = [&](const memory::desc& chosen, const memory::desc& scratch,
                             const dnnl::primitive& primitive) {
    const bool back = kind == Kind::backward_weight;
    const dnnl::reorder::primitive_desc reorder(cpu(), back ? chosen : d.weight, cpu(), back ? d.weight : chosen);
    return Recipe{d.x, d.y, d.bias, d.weight, chosen, scratch, dnnl::reorder(reorder), primitive};
  };
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  const auto forward = d.forward(kind == Kind::forward_with_bias);
  if (kind == Kind::backward_input) {
    const dnnl::convolution_backward_data::primitive_desc chosen(cpu(), direct, d.x, d.any_weight, d.y, d.stride,
                                                                 d.dilation, d.before, d.after, forward, d.attributes);
    return completed(chosen.weights_desc(), chosen.scratchpad_desc(), dnnl::convolution_backward_data(chosen));
  }
  if (kind == Kind::backward_weight) {
    const dnnl::convolution_backward_weights::primitive_desc chosen(
        cpu(), direct, d.x, d.any_weight, d.y, d.stride, d.dilation, d.before, d.after, forward, d.attributes);
    return completed(chosen.diff_weights_desc(), chosen.scratchpad_desc(), dnnl::convolution_backward_weights(chosen));
  }
  return completed(forward.weights_desc(), forward.scratchpad_desc(), dnnl::convolution_forward(forward));
}

std::shared_ptr<const Recipe> recipe_for(Kind kind, const ConvSizes& s) {
  // Never destroyed: threads may still compute while statics are taken down.
  static auto* const recipes = new ShardedCache<Recipe, 19>;
  return recipes->get(
      {static_cast<std::int64_t>(kind), s.batch, s.in_h, s.in_w, s.channels, s.out_h, s.out_w, s.filters, s.kernel_h,
       s.kernel_w, s.stride_h, s.stride_w, s.dilation_h, s.dilation_w, s.top, s.bottom, s.left, s.right, s.groups},
      [&] { return make_recipe(kind, s); });
}

/// A recipe with the memory it needs for one call.
class Call {
 public:
  Call(Kind kind, const ConvSizes& sizes)
      : recipe(recipe_for(kind, sizes)),
        weight_block(allocate(recipe->chosen_weight.get_size())),
        scratch_block(allocate(recipe->scratch.get_size() + 1)),
        chosen_weight(recipe->chosen_weight, cpu(), weight_block.get()),
        stream(cpu()) {}

  memory at(const memory::desc& desc, const float* numbers) const {
    return {desc, cpu(), const_cast<float*>(numbers)};  // oneDNN knows no constant memory
  }
  void execute(std::unordered_map<int, memory> arguments) {
    arguments.emplace(DNNL_ARG_SCRATCHPAD, memory(recipe->scratch, cpu(), scratch_block.get()));
    recipe->primitive.execute(stream, arguments);
  }

 private:
  const KernelThreads alone_{1};  // before the recipe: it is chosen for one thread

 public:
  const std::shared_ptr<const Recipe> recipe;
  const std::shared_ptr<void> weight_block, scratch_block;
  memory chosen_weight;
  dnnl::stream stream;
};

}  // namespace

void conv_forward(const ConvSizes& sizes, const float* x, const float* w, const float* bias, float* y) {
  Call call(bias == nullptr ? Kind::forward : Kind::forward_with_bias, sizes);
  const Recipe& recipe = *call.recipe;
  memory weight = call.at(recipe.weight, w);
  recipe.reorder.execute(call.stream, weight, call.chosen_weight);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, call.at(recipe.x, x)},
                                            {DNNL_ARG_WEIGHTS, call.chosen_weight},
                                            {DNNL_ARG_DST, call.at(recipe.y, y)}};
  if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, call.at(recipe.bias, bias));
  call.execute(std::move(arguments));
}

void conv_backward_input(const ConvSizes& sizes, const float* g, const float* w, float* dx) {
  Call call(Kind::backward_input, sizes);
  const Recipe& recipe = *call.recipe;
  memory weight = call.at(recipe.weight, w);
  recipe.reorder.execute(call.stream, weight, call.chosen_weight);
  call.execute({{DNNL_ARG_DIFF_DST, call.at(recipe.y, g)},
                {DNNL_ARG_WEIGHTS, call.chosen_weight},
                {DNNL_ARG_DIFF_SRC, call.at(recipe.x, dx)}});
}

void conv_backward_weight(const ConvSizes& sizes, const float* g, const float* x, float* dw) {
  Call call(Kind::backward_weight, sizes);
  const Recipe& recipe = *call.recipe;
  call.execute({{DNNL_ARG_DIFF_DST, call.at(recipe.y, g)},
                {DNNL_ARG_SRC, call.at(recipe.x, x)},
                {DNNL_ARG_DIFF_WEIGHTS, call.chosen_weight}});
  memory weight = call.at(recipe.weight, dw);
  recipe.reorder.execute(call.stream, call.chosen_weight, weight);
}

}  // namespace tamis::engine
