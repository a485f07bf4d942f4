#include "tamis/data/user_values.h"

namespace tamis::data {
namespace {

TEST(UserMeans, AreByUserAndLeaveOutThoseWithoutValues) {
  UserMeans means(4);
  means.update(3, 1);
  means.update(1, 2);
  means.update(3, 4);
  const UserValues values = means.value();
  EXPECT_EQ(values.users, (std::vector<Index>{1, 3}));
  EXPECT_EQ(values.values, (std::vector<double>{2, 2.5}));
}

TEST(UserMeans, MergedAreThoseOfBothInputs) {
  UserMeans left(2), right(4), whole(4);
  const std::vector<std::pair<Index, double>> rows = {{0, 1}, {1, 5}, {1, 7}, {3, 2}, {0, 4}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    (i < 2 ? left : right).update(rows[i].first, rows[i].second);
    whole.update(rows[i].first, rows[i].second);
  }
  left.merge(right);
  EXPECT_EQ(left.value().users, whole.value().users);
  EXPECT_EQ(left.value().values, whole.value().values);
  left.merge(UserMeans(0));
  EXPECT_EQ(left.value().values, whole.value().values);
}

TEST(UserMeans, OfNothingAreEmpty) {
  EXPECT_TRUE(UserMeans(5).value().users.empty());
}

}  // namespace
}  // namespace tamis::data
