#pragma once

#include "tamis/evidence/interleave/team_draft.h"

namespace tamis::interleave {

/// What one user gave the two rankers over a whole test; a monoid.
struct Credit {
  double clicks_a = 0, clicks_b = 0;
  double seconds_a = 0, seconds_b = 0;  ///< time stayed on what each team had placed

  void update(Team team, double seconds);
  void merge(const Credit& other);
};

enum class CreditBy { clicks, time };

/// The user's preference for b over a: (b - a) / (a + b), in [-1, 1]; 0 when neither has any credit (the user saw both
/// and took nothing: no preference, still a user).
double preference(const Credit& credit, CreditBy by);

}  // namespace tamis::interleave
