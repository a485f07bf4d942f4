#include "tamis/sift/traffic.h"

#include <algorithm>
#include <set>

namespace tamis::sift {
namespace {

/// People of whom only the name is asked.
class NamedPeople : public simulate::Audience {
 public:
  explicit NamedPeople(std::size_t users) : users_(users) {}
  std::size_t users() const override { return users_; }
  std::string name(data::Index user) const override { return "person " + std::to_string(user); }
  std::span<const data::Interaction> history(data::Index) const override { return {}; }
  int launch_day() const override { return 0; }
  data::Time launch() const override { return 0; }
  double satisfaction(data::Index) const override { return 0; }
  double visit_probability(data::Index, int, double) const override { return 0; }
  double attention(std::size_t) const override { return 1; }
  double click_probability(data::Index, data::Index, int) const override { return 0; }
  double stay(data::Index, data::Index, int, double) const override { return 0; }

 private:
  std::size_t users_;
};

std::vector<std::vector<data::Index>> draw(std::uint64_t seed) {
  const NamedPeople people(1000);
  Traffic traffic(people, seed);
  return {traffic.take(100), traffic.take(0), traffic.take(250), traffic.take(650)};
}

TEST(Traffic, StagesMeetDifferentPeopleAndInTheEndEveryone) {
  std::set<data::Index> met;
  for (const auto& users : draw(3)) {
    EXPECT_TRUE(std::is_sorted(users.begin(), users.end()));
    for (const data::Index user : users) EXPECT_TRUE(met.insert(user).second) << user << " is met twice";
  }
  EXPECT_EQ(met.size(), 1000U);
  EXPECT_EQ(*met.rbegin(), 999U);
}

TEST(Traffic, TheSameSeedDrawsTheSamePeople) {
  EXPECT_EQ(draw(3), draw(3));
}

TEST(Traffic, AnotherSeedDrawsOthers) {
  const auto a = draw(3)[2];
  const auto b = draw(4)[2];
  std::vector<data::Index> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  // Two draws of 250 in 1000 share 62.5 on average, with a standard deviation of 5.9.
  EXPECT_NEAR(static_cast<double>(both.size()), 62.5, 4 * 5.9);
}

TEST(Traffic, PeopleAreDrawnEvenlyOverTheAudience) {
  double sum = 0;
  const auto drawn = draw(5);
  for (const data::Index user : drawn[0]) sum += user;
  // Mean of 100 drawn from 0 .. 999 without replacement: 499.5, standard error 27.4.
  EXPECT_NEAR(sum / 100, 499.5, 4 * 27.4);
}

}  // namespace
}  // namespace tamis::sift
