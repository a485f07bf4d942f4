#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "tamis/data/event_log.h"

namespace tamis::reference {

/// Item-based nearest neighbours the slow way: every pair of items, every user. Numbers by item, without popularity.
class NaiveKnn {
 public:
  NaiveKnn(const data::EventLog& log, std::size_t items, data::Time until, std::size_t neighbours, double shrinkage,
           std::size_t most_clicks = 500)
      : kept_(items) {
    std::map<data::Index, std::vector<data::Index>> clicks;
    for (std::size_t row = 0; row < log.size(); ++row) {
      const bool known = log.event_time(row) < until && log.known_time(row) < until;
      if (known && log.event(row) == data::Event::click) clicks[log.user(row)].push_back(log.item(row));
    }
    std::vector<std::set<data::Index>> fans(items);
    for (const auto& [user, list] : clicks) {
      const std::size_t first = list.size() > most_clicks ? list.size() - most_clicks : 0;
      for (std::size_t i = first; i < list.size(); ++i) fans[list[i]].insert(user);
    }
    for (data::Index i = 0; i < items; ++i) {
      std::vector<std::pair<double, data::Index>> all;  // minus similarity first: ascending is best first
      for (data::Index j = 0; j < items; ++j) {
        const auto both =
            std::count_if(fans[i].begin(), fans[i].end(), [&](data::Index user) { return fans[j].contains(user); });
        if (i == j || both == 0) continue;
        const double roots = std::sqrt(static_cast<double>(fans[i].size()) * static_cast<double>(fans[j].size()));
        // To f32, so that similarities equal but for the last bits of f64 are a tie, as they are on paper.
        all.emplace_back(-static_cast<double>(static_cast<float>(static_cast<double>(both) / (roots + shrinkage))), j);
      }
      std::sort(all.begin(), all.end());
      if (all.size() > neighbours) all.resize(neighbours);
      for (const auto& [negative, j] : all) kept_[i][j] = -negative;
    }
  }

  double similarity(data::Index i, data::Index j) const {
    const auto found = kept_[i].find(j);
    return found == kept_[i].end() ? 0 : found->second;
  }

  /// The sum over the history of 2^(-age / half_life) * similarity(h, item).
  double score(std::span<const data::Interaction> history, data::Time now, double half_life, data::Index item) const {
    double sum = 0;
    for (const data::Interaction& click : history) {
      const double weight = half_life > 0 ? std::pow(2.0, -static_cast<double>(now - click.time) / half_life) : 1.0;
      sum += weight * similarity(click.item, item);
    }
    return sum;
  }

 private:
  std::vector<std::map<data::Index, double>> kept_;
};

}  // namespace tamis::reference
