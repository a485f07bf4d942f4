#include "tamis/evidence/simulate/audience.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "tamis/evidence/simulate/world.h"
#include "tests/evidence/simulate/simulated_people.h"

namespace tamis::simulate {
namespace {

constexpr std::size_t kItems = 150;
constexpr std::size_t kUsers = 300;
constexpr std::size_t kLength = 8;

class ServeDay : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    WorldSpec spec;
    spec.seed = 21;
    spec.items = kItems;
    spec.users = kUsers;
    spec.days = 5;
    world_ = new World(spec);
    Progress silent;
    world_->make_log(silent);
  }
  static void TearDownTestSuite() {
    delete world_;
    world_ = nullptr;
  }

  /// The best by the truth.
  static std::vector<data::Index> truly_best(const data::Request& request) {
    std::vector<data::Index> order(request.candidates.begin(), request.candidates.end());
    const int day = world_->launch_day() + static_cast<int>((request.time - world_->launch()) / data::kDay);
    std::stable_sort(order.begin(), order.end(), [&](data::Index a, data::Index b) {
      return world_->click_probability(request.user, a, day) > world_->click_probability(request.user, b, day);
    });
    order.resize(std::min(kLength, order.size()));
    return order;
  }
  static std::vector<data::Index> by_lot(const data::Request& request) {
    std::vector<data::Index> order(request.candidates.begin(), request.candidates.end());
    Stream draw(99, "by lot", (std::uint64_t{request.user} << 32) | request.id);
    for (std::size_t i = 0; i < std::min(kLength, order.size()); ++i) {
      std::swap(order[i], order[i + draw.below(order.size() - i)]);
    }
    order.resize(std::min(kLength, order.size()));
    return order;
  }
  static std::vector<data::Index> first_items(const data::Request& request) {
    const std::size_t n = std::min(kLength, request.candidates.size());
    return {request.candidates.begin(), request.candidates.begin() + static_cast<std::ptrdiff_t>(n)};
  }
  static std::vector<data::Index> first_items_by_twos(const data::Request& request) {
    auto list = first_items(request);
    for (std::size_t i = 0; i + 3 < list.size(); i += 4) std::swap(list[i], list[i + 1]);
    return list;
  }

  static Served serve_user(data::Index user, const Policy& policy, int days = 6) {
    return serve(*world_, setting_of(4, kLength, catalogue()), user, days, policy);
  }
  static const std::vector<data::Index>& catalogue() {
    static const auto all = whole_catalogue(kItems);
    return all;
  }

  static World* world_;
};

World* ServeDay::world_ = nullptr;

TEST_F(ServeDay, TwoPoliciesMeetTheSameLuck) {
  // The same item at the same place of the same list of the same day has the same fate under both.
  using Place = std::tuple<std::uint64_t, std::size_t, data::Index>;
  int compared = 0;
  int clicked = 0;
  for (data::Index user = 0; user < kUsers; ++user) {
    std::map<Place, double> fate;
    for (const auto& o : serve_user(user, first_items).outcomes) fate[{o.request, o.rank, o.item}] = o.seconds;
    for (const auto& o : serve_user(user, first_items_by_twos).outcomes) {
      const auto at = fate.find({o.request, o.rank, o.item});
      if (at == fate.end()) continue;
      EXPECT_EQ(at->second, o.seconds);
      ++compared;
      clicked += o.seconds >= 0 ? 1 : 0;
    }
  }
  EXPECT_GT(compared, 500);
  EXPECT_GT(clicked, 20);
}

TEST_F(ServeDay, AnotherSeedMeetsOtherLuck) {
  int differ = 0;
  for (data::Index user = 0; user < 50; ++user) {
    const auto a = serve(*world_, setting_of(4, kLength, catalogue()), user, 6, first_items);
    const auto b = serve(*world_, setting_of(5, kLength, catalogue()), user, 6, first_items);
    differ += a.outcomes.size() != b.outcomes.size() || a.visits != b.visits ? 1 : 0;
  }
  EXPECT_GT(differ, 20);
}

TEST_F(ServeDay, WhatWasSeenOrClickedIsNotOfferedAgain) {
  for (data::Index user = 0; user < 60; ++user) {
    std::set<data::Index> gone;
    for (const auto& click : world_->history(user)) gone.insert(click.item);
    serve_user(user, [&](const data::Request& request) {
      EXPECT_EQ(request.candidates.size(), kItems - gone.size());
      for (const data::Index item : request.candidates) EXPECT_EQ(gone.count(item), 0U) << item;
      auto list = by_lot(request);
      gone.insert(list.begin(), list.end());
      return list;
    });
  }
}

TEST_F(ServeDay, ClicksEnterTheHistoryAtOnce) {
  std::size_t clicks_seen = 0;
  for (data::Index user = 0; user < 60; ++user) {
    const std::size_t known = world_->history(user).size();
    std::vector<std::size_t> told;
    const Served served = serve_user(user, [&](const data::Request& request) {
      told.push_back(request.history.size());
      for (const auto& click : request.history) EXPECT_LT(click.time, request.time);
      EXPECT_TRUE(std::is_sorted(request.history.begin(), request.history.end(),
                                 [](const auto& a, const auto& b) { return a.time < b.time; }));
      return truly_best(request);
    });
    std::size_t clicks = 0;
    for (const auto& o : served.outcomes) clicks += o.seconds >= 0 ? 1 : 0;
    EXPECT_EQ(served.state.history.size(), known + clicks);
    EXPECT_EQ(served.state.shown.size(), served.outcomes.size());
    // The n-th list is told of the clicks on the n - 1 lists before it.
    std::vector<std::size_t> expected;
    std::size_t so_far = known;
    std::uint64_t last = ~std::uint64_t{0};
    for (const auto& o : served.outcomes) {
      if (o.request != last) expected.push_back(so_far);
      last = o.request;
      so_far += o.seconds >= 0 ? 1 : 0;
    }
    EXPECT_EQ(told, expected);
    clicks_seen += clicks;
  }
  EXPECT_GT(clicks_seen, 50U);
}

TEST_F(ServeDay, EverythingHappensAfterTheLaunchAndOnItsDay) {
  for (data::Index user = 0; user < 60; ++user) {
    for (const auto& o : serve_user(user, by_lot).outcomes) {
      EXPECT_GT(o.time, world_->launch());
      EXPECT_LT(o.time, world_->launch() + 6 * data::kDay);
      EXPECT_EQ(static_cast<std::uint64_t>(world_->launch_day() + (o.time - world_->launch()) / data::kDay),
                o.request >> 8);
    }
  }
}

TEST_F(ServeDay, TheExposureIsToldBeforeTheListIsMade) {
  for (data::Index user = 0; user < 40; ++user) {
    UserState state = begin(*world_, user);
    std::vector<std::string> order;
    std::vector<data::Index> list;
    data::Time told = -1;
    const bool came = serve_day(
        *world_, setting_of(4, kLength, catalogue()), user, world_->launch_day(), state,
        [&](const data::Request& request) {
          order.emplace_back("list");
          EXPECT_EQ(told, request.time);
          list = by_lot(request);
          return std::span<const data::Index>(list);
        },
        [](const Outcome&) {},
        [&](data::Time time) {
          order.emplace_back("exposure");
          told = time;
        });
    EXPECT_EQ(order,
              came ? (std::vector<std::string>{"exposure", "list", "exposure", "list"}) : std::vector<std::string>{});
  }
}

TEST_F(ServeDay, NoMoreThanTheLengthOfAListIsShown) {
  const Served served = serve_user(0, [](const data::Request& request) {
    return std::vector<data::Index>(request.candidates.begin(), request.candidates.end());
  });
  for (const auto& o : served.outcomes) EXPECT_LE(o.rank, kLength);
}

TEST_F(ServeDay, SatisfactionIsAnExponentialMeanOfClicksPerList) {
  for (data::Index user = 0; user < 60; ++user) {
    const Served served = serve_user(user, truly_best);
    double expected = world_->satisfaction(user);
    for (std::size_t i = 0; i < served.outcomes.size();) {
      const std::uint64_t request = served.outcomes[i].request;
      double clicks = 0;
      for (; i < served.outcomes.size() && served.outcomes[i].request == request; ++i) {
        clicks += served.outcomes[i].seconds >= 0 ? 1 : 0;
      }
      expected = 0.7 * expected + 0.3 * clicks;
    }
    EXPECT_NEAR(served.state.satisfaction, expected, 1e-12);
  }
}

TEST_F(ServeDay, ServingWellPaysInClicksAndInVisits) {
  double clicks[2] = {};
  int visits[2] = {};
  const Policy policies[] = {truly_best, by_lot};
  for (int p = 0; p < 2; ++p) {
    for (data::Index user = 0; user < kUsers; ++user) {
      const Served served = serve_user(user, policies[p], 8);
      visits[p] += served.visits;
      for (const auto& o : served.outcomes) clicks[p] += o.seconds >= 0 ? 1 : 0;
    }
  }
  EXPECT_GT(clicks[0], 2 * clicks[1]);
  EXPECT_GT(visits[0], 1.1 * visits[1]);
}

/// One user who always comes, looks with a known curve and clicks everything looked at with a known probability.
class PlainPeople : public Audience {
 public:
  std::size_t users() const override { return 4000; }
  std::string name(data::Index user) const override { return std::to_string(user); }
  std::span<const data::Interaction> history(data::Index) const override { return {}; }
  int launch_day() const override { return 3; }
  data::Time launch() const override { return 100 * data::kDay; }
  double satisfaction(data::Index) const override { return 0.5; }
  double visit_probability(data::Index, int, double) const override { return 0.7; }
  double attention(std::size_t rank) const override { return rank == 1 ? 1 : rank == 2 ? 0.5 : 0.2; }
  double click_probability(data::Index, data::Index item, int) const override { return item == 0 ? 0.8 : 0.4; }
  double stay(data::Index, data::Index, int, double normal) const override { return std::exp(normal); }
};

TEST(Serving, RatesAreThoseOfTheAudience) {
  const PlainPeople people;
  const auto catalogue = whole_catalogue(5);
  Setting setting = setting_of(8, 3, catalogue);
  setting.requests = 1;
  double visits = 0, clicks[3] = {}, both = 0;
  for (data::Index user = 0; user < people.users(); ++user) {
    const Served served = serve(people, setting, user, 1, [](const data::Request&) {
      return std::vector<data::Index>{0, 1, 2};
    });
    visits += served.visits;
    for (const auto& o : served.outcomes) clicks[o.rank - 1] += o.seconds >= 0 ? 1 : 0;
    if (served.visits > 0 && served.outcomes[1].seconds >= 0 && served.outcomes[2].seconds >= 0) both += 1;
  }
  const auto near = [](double share, double p, double n) { EXPECT_NEAR(share, p, 3.5 * std::sqrt(p * (1 - p) / n)); };
  near(visits / 4000, 0.7, 4000);
  near(clicks[0] / visits, 0.8, visits);
  near(clicks[1] / visits, 0.5 * 0.4, visits);
  near(clicks[2] / visits, 0.2 * 0.4, visits);
  // One depth for the whole list: who looks at the third has looked at the second.
  near(both / visits, 0.2 * 0.4 * 0.4, visits);
}

TEST(Serving, WithoutACatalogueRequestsCarryNoCandidates) {
  const PlainPeople people;
  serve(people, setting_of(8, 3, {}), 1, 5, [](const data::Request& request) {
    EXPECT_TRUE(request.candidates.empty());
    return std::vector<data::Index>{7, 8};
  });
}

}  // namespace
}  // namespace tamis::simulate
