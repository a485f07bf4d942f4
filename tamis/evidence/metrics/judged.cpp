#include "tamis/evidence/metrics/judged.h"

namespace tamis::metrics {

namespace {

template <typename Value>
std::span<const Value> part(const std::vector<Value>& all, std::uint64_t begin, std::uint64_t end) {
  return std::span<const Value>(all).subspan(begin, end - begin);
}

}  // namespace

JudgedList Judged::list(std::size_t query) const {
  const std::span<const std::int32_t> own = part(grades, grade_starts[query], grade_starts[query + 1]);
  const ListPlace& place = places[query];
  if (place.score_begin == place.score_end) return {queries[query], {}, {}, own, {}};
  const RetrievedLists& lists = parts[place.part];
  JudgedList list{queries[query],
                  part(lists.scores, place.score_begin, place.score_end),
                  part(lists.retrieved, place.retrieved_begin, place.retrieved_end),
                  own,
                  {}};
  if (place.id_order > 0) list.id_order = lists.id_orders[place.id_order - 1];
  return list;
}

}  // namespace tamis::metrics
