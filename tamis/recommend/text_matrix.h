#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tamis/data/items.h"

namespace tamis::recommend {

/// TF-IDF of a catalogue, sparse, by item and by term. The terms of an item are the words() of its text and its
/// category as one more. Weight (1 + ln tf) * ln(1 + N / df), N the items with any term, df those with this one; terms
/// in fewer than two items are dropped, then rows brought to length 1. Items without text or category have empty rows.
/// Immutable, so thread-safe.
/// Source: Salton & Buckley 1988 (the "ltc" weighting; here with a smoothed idf).
class TextMatrix {
 public:
  explicit TextMatrix(const data::Items& items);

  /// A term of an item, or an item of a term, with the weight of the pair.
  struct Cell {
    data::Index index;
    float weight;
  };
  std::size_t items() const { return item_offsets_.size() - 1; }
  std::size_t terms() const { return term_offsets_.size() - 1; }
  std::size_t cells() const { return by_item_.size(); }
  /// Ascending by term. An item the catalogue lacked has none.
  std::span<const Cell> of_item(data::Index item) const {
    return item < items() ? cut(by_item_, item_offsets_, item) : std::span<const Cell>{};
  }
  /// Ascending by item; term < terms().
  std::span<const Cell> of_term(data::Index term) const { return cut(by_term_, term_offsets_, term); }

 private:
  static std::span<const Cell> cut(const std::vector<Cell>& cells, const std::vector<std::size_t>& offsets,
                                   data::Index at) {
    return std::span(cells).subspan(offsets[at], offsets[at + 1] - offsets[at]);
  }

  std::vector<std::size_t> item_offsets_;  // [items + 1] into by_item_
  std::vector<Cell> by_item_;
  std::vector<std::size_t> term_offsets_;  // [terms + 1] into by_term_
  std::vector<Cell> by_term_;
};

}  // namespace tamis::recommend
