#pragma once

#include <cstdint>
#include <vector>

namespace tamis::optim {

/// Elements begin .. end - 1 of the array number `array`.
struct Piece {
  std::size_t array;
  std::int64_t begin, end;
};

/// Cuts arrays of the given sizes into work items of about equal weight: large arrays into several items, many small
/// ones together into one. Depends on the sizes alone, never on the number of threads. Pieces begin at multiples of 64.
std::vector<std::vector<Piece>> cut_into_items(const std::vector<std::int64_t>& sizes);

}  // namespace tamis::optim
