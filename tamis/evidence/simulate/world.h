#pragma once

#include <cstdint>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/data/readers/movielens.h"
#include "tamis/evidence/simulate/audience.h"

namespace tamis::simulate {

/// Size and character of a generated world. docs/design/world.md says what each assumption rests on.
struct WorldSpec {
  std::uint64_t seed = 0;
  int items = 5000;   ///< >= 50
  int users = 22000;  ///< >= 50
  int days = 30;      ///< days of logs before the launch, >= 2
  int requests = 2;   ///< lists per visit
  int length = 10;    ///< items per list
  // How much each part of the truth moves a click's log-odds (standard deviation over items).
  double topic_pull = 1.3;   ///< taste for the item's subject: what content can learn
  double style_pull = 1.2;   ///< taste for what the text does not say: what only other users' clicks can tell
  double merit_pull = 0.55;  ///< quality and freshness, alike for all: what popularity can learn
  double base = -2.9;        ///< log-odds of a click on an item looked at that pulls neither way
  bool equal = false;        ///< every item is equally good for everyone: no ranker can be better than another
};

/// A generated catalogue, its users and the truth about them. The users' tastes over topics drift; they come back more
/// or less often depending on how well they were served. Everything is drawn from streams named by the seed.
class World : public Audience {
 public:
  /// Throws invalid_argument if a size is out of range.
  explicit World(const WorldSpec& spec);

  /// The first `days` days under the logging policy (four places in ten chance, three what sold by yesterday, three a
  /// category lately clicked): impressions and clicks with their seconds. Afterwards history() and satisfaction() are
  /// those of the launch day. To be called once.
  data::Dataset make_log(Progress& progress);

  std::size_t users() const override { return static_cast<std::size_t>(spec_.users); }
  std::string name(data::Index user) const override;
  std::span<const data::Interaction> history(data::Index user) const override { return states_[user].history; }
  int launch_day() const override { return spec_.days; }
  data::Time launch() const override;
  double satisfaction(data::Index user) const override { return states_[user].satisfaction; }
  double visit_probability(data::Index user, int day, double satisfaction) const override;
  double attention(std::size_t rank) const override;
  double click_probability(data::Index user, data::Index item, int day) const override;
  double stay(data::Index user, data::Index item, int day, double normal) const override;

 private:
  static constexpr std::size_t kStyles = 4;
  struct Item {
    std::uint16_t aspect;       ///< topic * 4 + aspect of the main subject
    std::uint16_t side_aspect;  ///< of the lesser one
    float merit;                ///< lasting quality
    float peak_day;             ///< when it is fresh
    float style[kStyles];
  };
  struct User {
    float activity;   ///< log-odds of a visit at middling satisfaction
    float first_day;  ///< when the user first comes
    float turn;       ///< radians a day by which the taste drifts
    float style[kStyles];
  };
  double utility(data::Index user, data::Index item, int day) const;
  void make_items();
  void make_users();

  WorldSpec spec_;
  std::vector<Item> items_;
  std::vector<User> users_;
  std::vector<float> taste_;  ///< [users][2][aspects]: the taste turns from the first to the second
  std::vector<UserState> states_;
};

}  // namespace tamis::simulate
