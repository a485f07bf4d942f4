#include "tamis/engine/tensor/onednn.h"

#include <omp.h>

#include <oneapi/dnnl/dnnl.hpp>

namespace tamis::engine {

KernelThreads::KernelThreads(int count) : before_(omp_get_max_threads()), changed_(before_ != count) {
  if (changed_) omp_set_num_threads(count);
}

KernelThreads::~KernelThreads() {
  if (changed_) omp_set_num_threads(before_);
}

const dnnl::engine& cpu() {
  // Never destroyed: cached primitives refer to it until the process ends.
  static const auto* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

bool cpu_multiplies_bf16() {
  switch (dnnl::get_effective_cpu_isa()) {
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
