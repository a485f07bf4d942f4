#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/data/event_log.h"
#include "tamis/data/ranker.h"

namespace tamis::simulate {

/// Simulated people who can be shown lists: a generated world, or users fitted to a log. Every method is thread-safe.
/// Days are counted from 0 on the audience's own calendar.
class Audience {
 public:
  virtual ~Audience() = default;

  virtual std::size_t users() const = 0;
  /// The name by which experiments assign a user.
  virtual std::string name(data::Index user) const = 0;
  /// The clicks known of a user before day launch_day(), oldest first.
  virtual std::span<const data::Interaction> history(data::Index user) const = 0;
  /// The first day on which lists may be shown, and the time at which it begins.
  virtual int launch_day() const = 0;
  virtual data::Time launch() const = 0;
  /// Satisfaction with which a user meets the launch day.
  virtual double satisfaction(data::Index user) const = 0;
  /// P(the user comes on this day), in [0, 1].
  virtual double visit_probability(data::Index user, int day, double satisfaction) const = 0;
  /// P(a user who came looks at this rank of a list), rank from 1; does not rise with rank; 1 at rank 1.
  virtual double attention(std::size_t rank) const = 0;
  /// P(click | the user looks at the item), in [0, 1].
  virtual double click_probability(data::Index user, data::Index item, int day) const = 0;
  /// Seconds stayed after a click, for a standard normal draw.
  virtual double stay(data::Index user, data::Index item, int day, double normal) const = 0;
};

/// How lists are shown: the same for every policy that is to be compared.
struct Setting {
  std::uint64_t seed = 0;                  ///< names the luck; the same luck for every policy
  int requests = 2;                        ///< lists per visit, >= 1
  std::size_t length = 10;                 ///< items per list, >= 1
  std::span<const data::Index> catalogue;  ///< what lists are made of; empty: requests carry no candidates
};

/// What is known of one user while being served.
struct UserState {
  double satisfaction = 0;
  std::vector<data::Interaction> history;  ///< clicks, oldest first
  std::vector<data::Index> shown;          ///< items shown so far: not offered again
};

/// Makes a list for a request (best first, distinct).
using MakeList = std::function<std::span<const data::Index>(const data::Request&)>;

/// What happened to one item of a list: rank from 1; seconds < 0 where it was not clicked.
struct Outcome {
  data::Index item = 0;
  std::size_t rank = 0;
  double seconds = -1;
  data::Time time = 0;
  std::uint64_t request = 0;
};
using Watch = std::function<void(const Outcome&)>;

/// The state in which a user meets the launch day.
UserState begin(const Audience& audience, data::Index user);

/// One user's day: perhaps a visit; then `requests` lists, each looked down with decreasing attention; clicks enter the
/// history and the satisfaction (an exponential mean of clicks per list, weight 0.3). Returns true if the user came.
/// Every draw is addressed by (user, day, list, item), so two policies meet the same user with the same luck.
/// `before_list` is called before each list is made (to log an exposure before it takes effect).
bool serve_day(const Audience& audience, const Setting& setting, data::Index user, int day, UserState& state,
               const MakeList& make_list, const Watch& watch,
               const std::function<void(data::Time)>& before_list = nullptr);

}  // namespace tamis::simulate
