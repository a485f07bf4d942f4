#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tamis/evidence/simulate/audience.h"

namespace tamis::sift {

/// Hands out the audience's users, each at most once, in the order of a hash of their names: stages meet different
/// people, and the same people in every run.
class Traffic {
 public:
  Traffic(const simulate::Audience& audience, std::uint64_t seed);
  /// The next n users, ascending. Asking for more than are left is our fault: load_scene has checked.
  std::vector<data::Index> take(std::size_t n);

 private:
  std::vector<data::Index> order_;
  std::size_t next_ = 0;
};

}  // namespace tamis::sift
