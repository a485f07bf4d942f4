#include "tamis/data/user_values.h"

#include <algorithm>

namespace tamis::data {

void UserMeans::merge(const UserMeans& other) {
  const std::size_t users = std::max(sum_.size(), other.sum_.size());
  sum_.resize(users);
  count_.resize(users);
  for (std::size_t user = 0; user < other.sum_.size(); ++user) {
    sum_[user] += other.sum_[user];
    count_[user] += other.count_[user];
  }
}

UserValues UserMeans::value() const {
  UserValues means;
  for (std::size_t user = 0; user < sum_.size(); ++user) {
    if (count_[user] == 0) continue;
    means.users.push_back(static_cast<Index>(user));
    means.values.push_back(sum_[user] / count_[user]);
  }
  return means;
}

}  // namespace tamis::data
