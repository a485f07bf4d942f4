#include "tamis/evidence/interleave/team_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tamis/base/error.h"

namespace tamis::interleave {

namespace {

void check(std::span<const data::Index> list, char name) {
  std::vector<data::Index> sorted(list.begin(), list.end());
  std::sort(sorted.begin(), sorted.end());
  const auto repeat = std::adjacent_find(sorted.begin(), sorted.end());
  if (repeat != sorted.end())
    fail_caller("team_draft", fmt::format("list {} has item {} twice; items must be distinct", name, *repeat));
}

}  // namespace

Merged team_draft(std::span<const data::Index> a, std::span<const data::Index> b, std::size_t k, Stream& coin) {
  check(a, 'a');
  check(b, 'b');
  Merged merged;
  const std::size_t most = std::min(k, a.size() + b.size());
  merged.items.reserve(most);
  merged.team.reserve(most);
  const std::array<std::span<const data::Index>, 2> lists = {a, b};
  std::array<std::size_t, 2> next = {0, 0};
  const auto pick = [&](std::size_t side) {
    const auto list = lists[side];
    std::size_t& at = next[side];
    while (at < list.size() && std::find(merged.items.begin(), merged.items.end(), list[at]) != merged.items.end())
      ++at;
    if (at == list.size() || merged.items.size() == k) return;
    merged.items.push_back(list[at++]);
    merged.team.push_back(side == 0 ? Team::a : Team::b);
  };
  while (merged.items.size() < k && (next[0] < a.size() || next[1] < b.size())) {
    const std::size_t first = coin.next32() >> 31;
    pick(first);
    pick(1 - first);
  }
  return merged;
}

}  // namespace tamis::interleave
