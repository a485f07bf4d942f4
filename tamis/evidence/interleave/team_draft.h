#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/data/schema.h"

namespace tamis::interleave {

/// Which ranker an item of an interleaved list belongs to.
enum class Team : std::uint8_t { none, a, b };

struct Merged {
  std::vector<data::Index> items;  ///< best first, distinct
  std::vector<Team> team;          ///< who drafted each; same length
};

/// Team draft: in each round a fair coin decides who picks first; each ranker in turn adds its best item not yet in the
/// list. Ends at k items or when both lists are used up; a ranker with nothing left passes.
/// Source: Radlinski, Kurup & Joachims, "How Does Clickthrough Data Reflect Retrieval Quality?" (CIKM 2008), alg. 2.
/// Throws invalid_argument if a list repeats an item.
Merged team_draft(std::span<const data::Index> a, std::span<const data::Index> b, std::size_t k, Stream& coin);

}  // namespace tamis::interleave
