#include "tamis/engine/optim/pieces.h"

#include <algorithm>

namespace tamis::optim {

namespace {

// Some tens of microseconds of work: long beside handing out an item, short beside a step.
constexpr std::int64_t kElementsAnItem = 32768;

}  // namespace

std::vector<std::vector<Piece>> cut_into_items(const std::vector<std::int64_t>& sizes) {
  std::vector<std::vector<Piece>> items;
  std::int64_t room = 0;
  for (std::size_t array = 0; array < sizes.size(); ++array) {
    for (std::int64_t begin = 0; begin < sizes[array]; begin += kElementsAnItem) {
      const std::int64_t end = std::min(begin + kElementsAnItem, sizes[array]);
      if (end - begin > room) {
        items.emplace_back();
        room = kElementsAnItem;
      }
      items.back().push_back({array, begin, end});
      room -= end - begin;
    }
  }
  return items;
}

}  // namespace tamis::optim
