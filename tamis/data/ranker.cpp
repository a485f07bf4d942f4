#include "tamis/data/ranker.h"

#include <algorithm>
#include <numeric>

namespace tamis::data {

namespace {

/// Positions of the k highest scores, best first, equal scores in order. A list is short and the candidates are many,
/// so most scores are told from the list's last at one comparison.
std::vector<Index> best_few(std::span<const float> scores, std::size_t k) {
  std::vector<Index> best;
  best.reserve(k + 1);
  for (Index i = 0; i < scores.size(); ++i) {
    if (best.size() == k && scores[i] <= scores[best.back()]) continue;
    const auto place =
        std::upper_bound(best.begin(), best.end(), i, [&](Index a, Index b) { return scores[a] > scores[b]; });
    best.insert(place, i);
    if (best.size() > k) best.pop_back();
  }
  return best;
}

std::vector<Index> best_many(std::span<const float> scores, std::size_t k) {
  std::vector<Index> order(scores.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto better = [&](Index a, Index b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), better);
  order.resize(k);
  return order;
}

}  // namespace

std::vector<Index> rank(const Ranker& ranker, const Request& request, std::size_t k, bool* fallback) {
  static thread_local std::vector<float> scores;
  scores.resize(request.candidates.size());
  const bool personal = ranker.score(request, scores);
  if (fallback != nullptr) *fallback = !personal;
  k = std::min(k, scores.size());
  if (k == 0) return {};
  std::vector<Index> best = k <= 100 ? best_few(scores, k) : best_many(scores, k);
  for (Index& i : best) i = request.candidates[i];
  return best;
}

}  // namespace tamis::data
