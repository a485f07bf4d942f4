#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tamis/data/items.h"
#include "tamis/evidence/simulate/audience.h"

namespace tamis::simulate {

struct FitSpec {
  std::uint64_t seed = 0;
  std::size_t users = 0;     ///< how many people to make, >= 1
  data::Time launch = 0;     ///< the day after the log
  double click_prior = 0.1;  ///< logs without impressions: click rate on an item looked at, averaged over the catalogue
};

/// People fitted to a log: each is a copy of a user of the log, drawn with replacement, with luck of its own. What is
/// fitted, and from what:
/// - history: the earlier half of the user's clicks, which is what rankers are told;
/// - taste: P(click | looked at) = logistic(base + a * appeal + b * taste + c * chosen), where appeal is the log of the
///   item's clicks by other users of this log, taste the log-ratio of the user's share of the item's category (from the
///   later half, smoothed) to everyone's, and chosen says whether the item is in the later half. a and b are fitted by
///   logistic regression of later-half clicks against random items, leaving the click itself out of both features; base
///   is set so that the mean rate is the log's (with impressions) or `click_prior`; c undoes the base, so that a chosen
///   item is clicked at even odds before appeal and taste pull at it;
/// - attention by rank: the click rate by position relative to the first where the log has positions (30 lists or more
///   at each), made non-increasing and level below the last; else 0.86^(rank - 1), a stated prior;
/// - visits: every one comes once, on a day of the first week drawn by lot; after that with the user's own share of
///   active days in the log, shrunk towards everyone's; satisfaction plays no part, since a log cannot tell it.
/// What it cannot carry: taste beyond categories for items the user never met. The copies share the log's finite
/// people, so an interval says what a test on such people would show, not what the real ones would do.
class FittedAudience : public Audience {
 public:
  /// `log`: rows of the judging users only, with at least 2 clicks (invalid_argument else); `items`: the catalogue.
  FittedAudience(const data::EventLog& log, const data::Items& items, const FitSpec& spec);

  std::size_t users() const override { return copies_.size(); }
  std::string name(data::Index user) const override;
  std::span<const data::Interaction> history(data::Index user) const override;
  int launch_day() const override { return 0; }
  data::Time launch() const override { return spec_.launch; }
  double satisfaction(data::Index) const override { return 0; }
  double visit_probability(data::Index user, int day, double satisfaction) const override;
  double attention(std::size_t rank) const override;
  double click_probability(data::Index user, data::Index item, int day) const override;
  double stay(data::Index user, data::Index item, int day, double normal) const override;

  /// What was fitted, with its numbers, in sentences for a report.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Person {
    std::string name;
    std::vector<data::Interaction> history;  ///< the earlier half
    std::vector<data::Index> chosen;         ///< the later half, ascending
    std::vector<float> taste;                ///< [categories]
    double visit = 0;                        ///< P(active on a day)
  };
  void read_people(const data::EventLog& log);
  void fit_taste();
  void fit_base(const data::EventLog& log);
  void fit_attention(const data::EventLog& log);
  void fit_visits(const data::EventLog& log);
  double appeal(const Person& person, data::Index item, bool without_own) const;
  double pull(const Person& person, data::Index item) const;
  bool has_chosen(const Person& person, data::Index item) const;

  FitSpec spec_;
  std::vector<std::size_t> category_;   ///< [items]
  std::vector<double> category_share_;  ///< of all later-half clicks, smoothed
  std::vector<double> item_clicks_;     ///< by the judging users
  std::vector<Person> people_;
  std::vector<data::Index> copies_;  ///< which person each user copies
  std::vector<double> attention_;    ///< by rank; empty: the prior
  double appeal_weight_ = 0, taste_weight_ = 0, base_ = 0, chosen_weight_ = 0;
  std::vector<std::string> notes_;
};

}  // namespace tamis::simulate
