#pragma once

#include <vector>

#include "tamis/data/schema.h"

namespace tamis::data {

/// A value per user, the currency between metrics, experiments and statistics. `users` ascends; a user with nothing
/// to measure is absent.
struct UserValues {
  std::vector<Index> users;
  std::vector<double> values;
};

/// Adds up values by user and gives their means. A monoid: merging two gives the state of both inputs together.
class UserMeans {
 public:
  explicit UserMeans(std::size_t users) : sum_(users), count_(users) {}
  void update(Index user, double value) {
    sum_[user] += value;
    ++count_[user];
  }
  void merge(const UserMeans& other);
  UserValues value() const;

 private:
  std::vector<double> sum_;
  std::vector<std::uint32_t> count_;
};

}  // namespace tamis::data
