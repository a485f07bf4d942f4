#include "tamis/sift/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "tamis/evidence/experiment/assignment.h"

namespace tamis::sift {

Traffic::Traffic(const simulate::Audience& audience, std::uint64_t seed) : order_(audience.users()) {
  const std::string salt = fmt::format("traffic/{}", seed);
  std::vector<double> place(order_.size());
  for (data::Index u = 0; u < place.size(); ++u) place[u] = experiment::bucket(salt, audience.name(u));
  std::iota(order_.begin(), order_.end(), data::Index{0});
  std::stable_sort(order_.begin(), order_.end(), [&](data::Index a, data::Index b) { return place[a] < place[b]; });
}

std::vector<data::Index> Traffic::take(std::size_t n) {
  assert(next_ + n <= order_.size());
  std::vector<data::Index> users(order_.begin() + static_cast<std::ptrdiff_t>(next_),
                                 order_.begin() + static_cast<std::ptrdiff_t>(next_ + n));
  next_ += n;
  std::sort(users.begin(), users.end());
  return users;
}

}  // namespace tamis::sift
