#pragma once

#include <span>
#include <string>
#include <vector>

namespace tamis::bench {

/// One way of doing a workload, and how it came out.
struct ComparedFigure {
  std::string who;   ///< "tamis", "FAISS 1.15.1", …
  double value = 0;  ///< in the workload's unit
  std::string note;  ///< inertia, recall, …: how good the result is
};

/// One workload, checked before it was timed.
struct Compared {
  std::string name;   ///< "kmeans normal", "hnsw search", …
  std::string what;   ///< in words
  std::string check;  ///< what was compared with what, and the largest difference
  std::string unit;   ///< "s" (less is better) or "queries/s" (more is)
  double share = 0;   ///< of sgemm's peak; 0 where it does not bind
  ComparedFigure ours;
  std::vector<ComparedFigure> peers;
  std::string why;  ///< there are no peers
  /// How many times better ours is than that peer.
  double times(const ComparedFigure& peer) const;
};

/// Workloads as lines of a table, ours and then each peer's; `shares` adds the column "of sgemm". Below it what each
/// workload was and what was checked.
std::string table(std::span<const Compared> results, bool shares);

}  // namespace tamis::bench
