#include "bench/compared.h"

#include <fmt/format.h>

namespace tamis::bench {

namespace {

std::string shown(double value, const std::string& unit) {
  return unit == "s" ? fmt::format("{:.3f}", value) : fmt::format("{:.0f}", value);
}

}  // namespace

double Compared::times(const ComparedFigure& peer) const {
  return unit == "s" ? peer.value / ours.value : ours.value / peer.value;
}

std::string table(std::span<const Compared> results, bool shares) {
  const auto share = [&](const std::string& cell) { return shares ? fmt::format(" {:>9}", cell) : std::string(); };
  std::string text = fmt::format("{:<17} {:<31} {:>10} {:<9} {:>6}{}  {}\n", "workload", "", "", "unit", "times",
                                 share("of sgemm"), "result");
  for (const Compared& result : results) {
    text += fmt::format("{:<17} {:<31} {:>10} {:<9} {:>6}{}  {}\n", result.name, result.ours.who,
                        shown(result.ours.value, result.unit), result.unit, "",
                        share(result.share > 0 ? fmt::format("{:.1f}%", 100 * result.share) : "-"), result.ours.note);
    for (const ComparedFigure& peer : result.peers) {
      text += fmt::format("{:<17} {:<31} {:>10} {:<9} {:>6.2f}{}  {}\n", "", peer.who, shown(peer.value, result.unit),
                          result.unit, result.times(peer), share(""), peer.note);
    }
    if (result.peers.empty()) text += fmt::format("{:<17} no peer: {}\n", "", result.why);
  }
  text += "\n";
  for (const Compared& result : results) text += fmt::format("{}: {}\n  {}\n", result.name, result.what, result.check);
  return text;
}

}  // namespace tamis::bench
