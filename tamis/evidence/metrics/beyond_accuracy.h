#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tamis/stats/summary.h"

namespace tamis::metrics {

/// What all lists were like, whether or not they were right. nullopt where nothing defines a value.
struct BeyondAccuracyValue {
  std::uint64_t lists = 0;
  double coverage = 0;               ///< share of the catalogue that stood in some list, in [0, 1]
  std::optional<double> gini;        ///< of how often each item stood in a list: 0 all the same, 1 one item alone
  std::optional<double> novelty;     ///< bits of self-information of an item, mean over lists
  std::optional<double> popularity;  ///< how often an item was had, mean over lists: the popularity bias
  std::optional<double> diversity;   ///< distance between two items of a list, mean over lists of two or more
  std::uint64_t unseen = 0;          ///< items listed that nobody had
};

/// Measures the first k items of lists beyond accuracy. A monoid: update and merge in any order and any parts give the
/// same value (to rounding) and the same counts. 8 bytes an item of the catalogue. Not thread-safe.
///
/// coverage: Ge, Delgado-Battenfeld & Jannach 2010, catalogue coverage. gini: sum over items, the least listed
///   first, of (2 j - n - 1) times their share of all places, over n - 1 (Shani & Gunawardana 2011).
/// novelty: -log2(popularity / population) (Zhou et al. 2010, self-information); an item that nobody had counts as had
///   once, so that the value is finite, and is counted in `unseen`.
/// popularity: mean over lists of the mean popularity (Abdollahpouri et al. 2019, average recommendation popularity).
/// diversity: mean over pairs of a list of their distance (Smyth & McClave 2001, average dissimilarity).
class BeyondAccuracy {
 public:
  /// Of two items, symmetric.
  using Distance = std::function<double(std::uint32_t, std::uint32_t)>;
  /// popularity: of each item of the catalogue, how many of `population` had it. Without a distance there is no
  /// diversity. Throws invalid_argument if k is 0, the catalogue is empty, or a popularity is above the population.
  BeyondAccuracy(std::vector<std::uint64_t> popularity, std::uint64_t population, std::size_t k,
                 Distance distance = {});

  /// A list, best first; an empty one is counted and changes nothing else. Throws invalid_argument for an item beyond
  /// the catalogue, or one twice among the first k.
  void update(std::span<const std::uint32_t> ranked);
  /// Throws invalid_argument unless both have one catalogue, population and cutoff.
  void merge(const BeyondAccuracy& other);
  BeyondAccuracyValue value() const;

 private:
  std::vector<std::uint64_t> popularity_;
  std::uint64_t population_;
  std::size_t k_;
  Distance distance_;
  std::vector<std::uint64_t> listed_;  ///< how often each item stood in a list [items]
  std::uint64_t lists_ = 0;
  std::uint64_t unseen_ = 0;
  stats::Summary novelty_;
  stats::Summary popular_;
  stats::Summary diversity_;
};

}  // namespace tamis::metrics
