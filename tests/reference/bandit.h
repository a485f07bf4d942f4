#pragma once

#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/evidence/replay/bandit.h"

namespace tamis::reference {

/// A bandit whose answers are known: contexts come by their shares, arms earn 1 with known probabilities.
struct BanditWorld {
  std::vector<double> share;                 // [contexts]
  std::vector<std::vector<double>> earns;    // [contexts][arms]
  std::vector<std::vector<double>> logging;  // [contexts][arms]
};

/// Three contexts, four arms; what is good in one context is bad in another.
inline BanditWorld bandit_world(bool uniform) {
  BanditWorld world{{0.5, 0.3, 0.2},
                    {{0.8, 0.3, 0.2, 0.1}, {0.1, 0.6, 0.3, 0.2}, {0.2, 0.1, 0.4, 0.9}},
                    {{0.4, 0.3, 0.2, 0.1}, {0.1, 0.2, 0.3, 0.4}, {0.3, 0.3, 0.2, 0.2}}};
  if (uniform) world.logging.assign(3, std::vector<double>(4, 0.25));
  return world;
}

/// The policy to judge in that world.
inline std::vector<std::vector<double>> bandit_candidate() {
  return {{0.7, 0.1, 0.1, 0.1}, {0.1, 0.6, 0.2, 0.1}, {0.05, 0.05, 0.1, 0.8}};
}

inline std::size_t draw_from(const std::vector<double>& chances, Stream& stream) {
  double left = stream.uniform();
  std::size_t i = 0;
  while (i + 1 < chances.size() && (left -= chances[i]) >= 0) ++i;
  return i;
}

inline replay::BanditLog draw_log(const BanditWorld& world, std::size_t events, std::uint64_t seed) {
  Stream stream(seed, "bandit world");
  replay::BanditLog log;
  for (std::size_t a = 0; a < world.earns[0].size(); ++a) log.arms.add("arm" + std::to_string(a));
  for (std::size_t c = 0; c < world.share.size(); ++c)
    log.add_situation({log.contexts.add("context" + std::to_string(c)), 0});
  for (std::size_t e = 0; e < events; ++e) {
    const std::size_t c = draw_from(world.share, stream);
    const std::size_t a = draw_from(world.logging[c], stream);
    log.situation.push_back(static_cast<data::Index>(c));
    log.arm.push_back(static_cast<data::Index>(a));
    log.propensity.push_back(world.logging[c][a]);
    log.reward.push_back(stream.uniform() < world.earns[c][a] ? 1 : 0);
  }
  return log;
}

inline double true_value(const BanditWorld& world, const std::vector<std::vector<double>>& policy) {
  double value = 0;
  for (std::size_t c = 0; c < world.share.size(); ++c) {
    for (std::size_t a = 0; a < policy[c].size(); ++a) value += world.share[c] * policy[c][a] * world.earns[c][a];
  }
  return value;
}

inline replay::ActionProbabilities as_table(const std::vector<std::vector<double>>& policy) {
  replay::ActionProbabilities table{policy[0].size(), {}};
  for (const auto& row : policy) table.values.insert(table.values.end(), row.begin(), row.end());
  return table;
}

/// ips, snips, dm and dr as their formulas say, event by event; `cell` names what the reward model tells apart.
class NaiveBandit {
 public:
  NaiveBandit(const replay::BanditLog& log, const replay::ActionProbabilities& policy, double clip)
      : log_(log), policy_(policy), clip_(clip) {}

  double ips() const {
    double sum = 0;
    for (std::size_t e = 0; e < log_.size(); ++e) sum += weight(e) * log_.reward[e];
    return sum / static_cast<double>(log_.size());
  }
  double snips() const {
    double above = 0, below = 0;
    for (std::size_t e = 0; e < log_.size(); ++e) {
      above += weight(e) * log_.reward[e];
      below += weight(e);
    }
    return above / below;
  }
  template <typename Cell>
  double dm(const Cell& cell) const {
    double sum = 0;
    for (std::size_t e = 0; e < log_.size(); ++e) sum += expected(e, cell, [](std::size_t) { return true; });
    return sum / static_cast<double>(log_.size());
  }
  /// fold(e) of each event; the mean of a cell is that of events of other folds.
  template <typename Cell, typename Fold>
  double dr(const Cell& cell, const Fold& fold) const {
    double sum = 0;
    for (std::size_t e = 0; e < log_.size(); ++e) {
      const auto other = [&](std::size_t f) { return fold(f) != fold(e); };
      sum += expected(e, cell, other) +
             weight(e) * (log_.reward[e] - mean(cell(log_.situation[e]), log_.arm[e], cell, other));
    }
    return sum / static_cast<double>(log_.size());
  }

 private:
  double weight(std::size_t e) const {
    return std::min(clip_, policy_.at(log_.situation[e])[log_.arm[e]] / log_.propensity[e]);
  }
  template <typename Cell, typename Counts>
  double mean(std::size_t in_cell, std::size_t arm, const Cell& cell, const Counts& counts) const {
    double sum = 0, n = 0, all = 0, all_n = 0;
    for (std::size_t e = 0; e < log_.size(); ++e) {
      if (!counts(e)) continue;
      all += log_.reward[e];
      ++all_n;
      if (cell(log_.situation[e]) != in_cell || log_.arm[e] != arm) continue;
      sum += log_.reward[e];
      ++n;
    }
    return n > 0 ? sum / n : all / all_n;
  }
  template <typename Cell, typename Counts>
  double expected(std::size_t e, const Cell& cell, const Counts& counts) const {
    double sum = 0;
    for (std::size_t a = 0; a < policy_.arms; ++a)
      sum += policy_.at(log_.situation[e])[a] * mean(cell(log_.situation[e]), a, cell, counts);
    return sum;
  }

  const replay::BanditLog& log_;
  const replay::ActionProbabilities& policy_;
  double clip_;
};

}  // namespace tamis::reference
