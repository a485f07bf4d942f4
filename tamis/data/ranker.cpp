#include "tamis/data/ranker.h"

#include <algorithm>
#include <numeric>

namespace tamis::data {

std::vector<Index> rank(const Ranker& ranker, const Request& request, std::size_t k, bool* fallback) {
  std::vector<float> scores(request.candidates.size());
  const bool personal = ranker.score(request, scores);
  if (fallback != nullptr) *fallback = !personal;
  std::vector<Index> order(scores.size());
  std::iota(order.begin(), order.end(), Index{0});
  k = std::min(k, order.size());
  const auto better = [&](Index a, Index b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; };
  if (k < order.size())
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k), order.end(), better);
  order.resize(k);
  std::sort(order.begin(), order.end(), better);
  for (Index& i : order) i = request.candidates[i];
  return order;
}

}  // namespace tamis::data
