#include "tamis/recommend/text_matrix.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/parallel.h"
#include "tamis/base/words.h"

namespace tamis::recommend {

namespace {

using data::Index;
using data::kNone;

struct Count {
  Index term;
  std::uint32_t times;
};

/// Every item's terms, numbered as they are met, ascending, with how often each occurs there.
std::vector<std::vector<Count>> count_terms(const data::Items& items, std::size_t& terms) {
  std::vector<std::vector<std::string>> texts(items.size());
  parallel_for(
      items.size(),
      [&](std::size_t i) {
        texts[i] = words(items.text[i]);
        // No word holds a colon, so a category never meets a word of the texts.
        if (!items.category[i].empty()) texts[i].push_back(":" + items.category[i]);
      },
      0);
  data::Names vocabulary;
  std::vector<std::vector<Count>> rows(items.size());
  std::vector<Index> met;
  for (std::size_t i = 0; i < items.size(); ++i) {
    met.clear();
    for (const std::string& word : texts[i]) met.push_back(vocabulary.add(word));
    std::sort(met.begin(), met.end());
    for (const Index term : met) {
      if (rows[i].empty() || rows[i].back().term != term) rows[i].push_back({term, 0});
      ++rows[i].back().times;
    }
    texts[i] = {};
  }
  terms = vocabulary.size();
  return rows;
}

}  // namespace

TextMatrix::TextMatrix(const data::Items& items) {
  std::size_t terms = 0;
  const auto rows = count_terms(items, terms);
  std::vector<std::uint32_t> spread(terms);  // in how many items a term is
  std::size_t filled = 0;
  for (const auto& row : rows) {
    filled += row.empty() ? 0 : 1;
    for (const Count& count : row) ++spread[count.term];
  }
  std::vector<Index> kept(terms, kNone);
  std::vector<double> rarity;  // by the new number
  for (std::size_t term = 0; term < terms; ++term) {
    if (spread[term] < 2) continue;
    kept[term] = static_cast<Index>(rarity.size());
    rarity.push_back(std::log(1.0 + static_cast<double>(filled) / spread[term]));
  }

  item_offsets_.assign(items.size() + 1, 0);
  term_offsets_.assign(rarity.size() + 1, 0);
  for (std::size_t item = 0; item < items.size(); ++item) {
    std::vector<double> weights;
    double square = 0;
    for (const Count& count : rows[item]) {
      if (kept[count.term] == kNone) continue;
      const double weight = (1.0 + std::log(static_cast<double>(count.times))) * rarity[kept[count.term]];
      weights.push_back(weight);
      square += weight * weight;
      by_item_.push_back({kept[count.term], 0.0F});
      ++term_offsets_[kept[count.term] + 1];
    }
    const std::size_t begin = item_offsets_[item];
    for (std::size_t k = 0; k < weights.size(); ++k) {
      by_item_[begin + k].weight = static_cast<float>(weights[k] / std::sqrt(square));
    }
    item_offsets_[item + 1] = by_item_.size();
  }

  std::partial_sum(term_offsets_.begin(), term_offsets_.end(), term_offsets_.begin());
  by_term_.resize(by_item_.size());
  std::vector<std::size_t> next(term_offsets_.begin(), term_offsets_.end() - 1);
  for (std::size_t item = 0; item < items.size(); ++item) {
    for (const Cell& cell : of_item(static_cast<Index>(item))) {
      by_term_[next[cell.index]++] = {static_cast<Index>(item), cell.weight};
    }
  }
}

}  // namespace tamis::recommend
