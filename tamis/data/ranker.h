#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tamis/data/event_log.h"
#include "tamis/data/items.h"

namespace tamis::data {

/// What a recommender is asked: whom it serves, when, what is known of the user by then, and what it may choose from.
struct Request {
  Index user = kNone;
  Time time = 0;
  std::uint64_t id = 0;                  ///< names the request, for rankers that draw lots
  std::span<const Interaction> history;  ///< the user's clicks known before `time`, oldest first
  std::span<const Index> candidates;     ///< items to score, distinct
};

/// A recommender. Fitted once on a log up to a time, it scores any number of requests; the user's own history comes
/// with the request, so a fitted ranker holds nothing about single users and never sees past `until`.
class Ranker {
 public:
  virtual ~Ranker() = default;

  /// Learns from the rows of `log` with known time < until (and event time < until).
  virtual void fit(const EventLog& log, const Items& items, Time until) = 0;

  /// Scores each candidate, higher is better, all finite; `scores` has the length of `request.candidates`.
  /// Returns false if the user's history gave nothing to go by and the scores are the fallback's (popularity);
  /// rankers that never use the history return true. Thread-safe after fit().
  virtual bool score(const Request& request, std::span<float> scores) const = 0;
};

/// A ranker, ready to score.
using Fitted = std::shared_ptr<const Ranker>;

/// The k best candidates, best first; equal scores in the order of the candidates. Fewer if there are fewer.
/// `fallback`, when given, is set to true if the ranker fell back (see score).
std::vector<Index> rank(const Ranker& ranker, const Request& request, std::size_t k, bool* fallback = nullptr);

}  // namespace tamis::data
