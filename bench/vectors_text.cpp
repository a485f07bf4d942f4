#include <fmt/format.h>

#include "bench/vectors.h"

namespace tamis::bench {

std::string describe(const VectorReport& report) {
  std::string text = fmt::format("{}, {} cores, {}; {} threads; sgemm {:.0f} GFLOP/s\n", report.machine.processor,
                                 report.machine.cores, report.machine.vectors, report.threads, report.sgemm_peak / 1e9);
  text +=
      fmt::format("{} sentence vectors ({:.0f} sentences/s): {}\n\n", report.vectors, report.encode_rate, report.texts);
  return text + table(report.results, true) +
         "\ntimes: ours against that peer. of sgemm: operations of the plain method, against sgemm's peak; a method\n"
         "that leaves some out can stand above 100 %. All peers run on the same number of threads, without\n"
         "OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE: OpenBLAS takes the processor for what it finds;\n"
         "\"told\": its OPENBLAS_CORETYPE was set, since an old OpenBLAS takes new processors for very old ones.\n";
}

}  // namespace tamis::bench
