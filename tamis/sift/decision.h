#pragma once

#include <span>
#include <string>
#include <vector>

namespace tamis::sift {

/// What a stage found out about one candidate: its difference from the incumbent with the corrected interval.
struct Standing {
  std::string name;
  double estimate = 0;
  double low = 0;      ///< <= estimate
  double high = 0;     ///< >= estimate
  bool rides = false;  ///< the incumbent and the sanity arm: measured, never dropped, not counted in `keep`
};

enum class Decision { kept, dropped, rides, shipped };
std::string_view word(Decision decision);

struct Verdict {
  Decision decision = Decision::dropped;
  bool by_cap = false;  ///< dropped although its interval overlaps that of the last kept
  std::string why;
};

/// Who goes on, in the order of `standings`. The `keep` best by estimate are kept (equal estimates in the order given);
/// a further one is kept too if its interval overlaps that of the last of these, as long as fewer than `keep_max` are;
/// riders are outside both counts. Throws invalid_argument unless 1 <= keep <= keep_max.
std::vector<Verdict> decide(std::span<const Standing> standings, int keep, int keep_max);

/// The last stage: the best by estimate among those whose interval lies above 0 is shipped (index into `standings`),
/// the others are dropped. -1 when there is none: the incumbent stays. Riders are never shipped.
struct Choice {
  int shipped = -1;
  std::vector<Verdict> verdicts;
};
Choice choose(std::span<const Standing> standings);

}  // namespace tamis::sift
