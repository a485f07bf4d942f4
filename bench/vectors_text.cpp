#include <fmt/format.h>

#include "bench/vectors.h"

namespace tamis::bench {

namespace {

std::string shown(double value, const std::string& unit) {
  return unit == "s" ? fmt::format("{:.3f}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

double VectorResult::times(const VectorFigure& peer) const {
  return unit == "s" ? peer.value / ours.value : ours.value / peer.value;
}

std::string describe(const VectorReport& report) {
  std::string text = fmt::format("{}, {} cores, {}; {} threads; sgemm {:.0f} GFLOP/s\n", report.machine.processor,
                                 report.machine.cores, report.machine.vectors, report.threads, report.sgemm_peak / 1e9);
  text +=
      fmt::format("{} sentence vectors ({:.0f} sentences/s): {}\n\n", report.vectors, report.encode_rate, report.texts);
  text += fmt::format("{:<17} {:<31} {:>10} {:<9} {:>6} {:>9}  {}\n", "workload", "", "", "unit", "times", "of sgemm",
                      "result");
  for (const VectorResult& result : report.results) {
    text += fmt::format("{:<17} {:<31} {:>10} {:<9} {:>6} {:>9}  {}\n", result.name, result.ours.who,
                        shown(result.ours.value, result.unit), result.unit, "",
                        result.share > 0 ? fmt::format("{:.1f}%", 100 * result.share) : "-", result.ours.note);
    for (const VectorFigure& peer : result.peers) {
      text += fmt::format("{:<17} {:<31} {:>10} {:<9} {:>6.2f} {:>9}  {}\n", "", peer.who,
                          shown(peer.value, result.unit), result.unit, result.times(peer), "", peer.note);
    }
    if (result.peers.empty()) text += fmt::format("{:<17} no peer: {}\n", "", result.why);
  }
  text += "\n";
  for (const VectorResult& result : report.results) {
    text += fmt::format("{}: {}\n  {}\n", result.name, result.what, result.check);
  }
  return text +
         "\ntimes: ours against that peer. of sgemm: operations of the plain method, against sgemm's peak; a method\n"
         "that leaves some out can stand above 100 %. All peers run on the same number of threads, without\n"
         "OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE: OpenBLAS takes the processor for what it finds;\n"
         "\"told\": its OPENBLAS_CORETYPE was set, since an old OpenBLAS takes new processors for very old ones.\n";
}

}  // namespace tamis::bench
