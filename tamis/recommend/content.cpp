#include "tamis/recommend/content.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/recommend/clicks.h"

namespace tamis::recommend {

namespace {

/// Dense work space of one thread; all zero between calls.
struct Scratch {
  std::vector<float> terms;
  std::vector<float> items;
  std::vector<data::Index> used;  // terms of the profile, in the order met

  void make_room(const TextMatrix& texts) {
    if (terms.size() < texts.terms()) terms.resize(texts.terms());
    if (items.size() < texts.items()) items.resize(texts.items());
  }
};

Scratch& scratch_of_thread() {
  thread_local Scratch scratch;
  return scratch;
}

/// Adds the rows of the history up in scratch.terms; returns the length of the sum.
double build_profile(const TextMatrix& texts, const data::Request& request, int profile, data::Time half_life,
                     Scratch& scratch) {
  scratch.used.clear();
  for (const data::Interaction& click : latest(request, profile)) {
    const float weight = decay(request, click, half_life);
    if (weight == 0) continue;
    for (const TextMatrix::Cell& cell : texts.of_item(click.item)) {
      float& sum = scratch.terms[cell.index];
      if (sum == 0) scratch.used.push_back(cell.index);
      sum += weight * cell.weight;
    }
  }
  double square = 0;
  for (const data::Index term : scratch.used) {
    const double weight = scratch.terms[term];
    square += weight * weight;
  }
  return std::sqrt(square);
}

/// Row by row: for few candidates.
void score_rows(const TextMatrix& texts, const data::Request& request, const float* profile, float scale,
                std::span<float> scores) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    float even = 0, odd = 0;  // two sums, so that one addition need not wait for the other
    const auto row = texts.of_item(request.candidates[i]);
    std::size_t k = 0;
    for (; k + 1 < row.size(); k += 2) {
      even += profile[row[k].index] * row[k].weight;
      odd += profile[row[k + 1].index] * row[k + 1].weight;
    }
    if (k < row.size()) even += profile[row[k].index] * row[k].weight;
    scores[i] = scale * (even + odd);
  }
}

/// Term by term of the profile: for many candidates.
void score_terms(const TextMatrix& texts, const data::Request& request, Scratch& scratch, float scale,
                 std::size_t cells, std::span<float> scores) {
  float* sums = scratch.items.data();
  for (const data::Index term : scratch.used) {
    const float weight = scratch.terms[term];
    for (const TextMatrix::Cell& cell : texts.of_term(term)) sums[cell.index] += weight * cell.weight;
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const data::Index item = request.candidates[i];
    scores[i] = item < texts.items() ? scale * sums[item] : 0.0F;
  }
  if (cells >= texts.items()) {
    std::fill_n(scratch.items.begin(), texts.items(), 0.0F);
    return;
  }
  for (const data::Index term : scratch.used) {
    for (const TextMatrix::Cell& cell : texts.of_term(term)) sums[cell.index] = 0;
  }
}

}  // namespace

Content::Content(int profile, data::Time half_life, std::shared_ptr<const TextMatrix> texts)
    : profile_(profile), half_life_(half_life), popularity_(0), texts_(std::move(texts)) {
  if (profile < 1) fail_caller("content", "profile must be >= 1, not " + std::to_string(profile));
  if (half_life < 0) fail_caller("content", "half_life must be >= 0, not " + std::to_string(half_life));
}

void Content::fit(const data::EventLog& log, const data::Items& items, data::Time until) {
  popularity_.fit(log, items, until);
  if (!texts_ || texts_->items() != items.size()) texts_ = std::make_shared<TextMatrix>(items);
}

bool Content::score(const data::Request& request, std::span<float> scores) const {
  if (!texts_) fail_caller("content", "score() before fit()");
  Scratch& scratch = scratch_of_thread();
  scratch.make_room(*texts_);
  const double length = build_profile(*texts_, request, profile_, half_life_, scratch);
  if (!(length > 0)) {
    for (const data::Index term : scratch.used) scratch.terms[term] = 0;
    popularity_.score(request, scores);
    return false;
  }
  std::size_t by_term = 0;
  for (const data::Index term : scratch.used) by_term += texts_->of_term(term).size();
  const std::size_t by_row = scores.size() * texts_->cells() / std::max<std::size_t>(1, texts_->items());
  const auto scale = static_cast<float>(1 / length);
  if (by_row < by_term) {
    score_rows(*texts_, request, scratch.terms.data(), scale, scores);
  } else {
    score_terms(*texts_, request, scratch, scale, by_term, scores);
  }
  for (const data::Index term : scratch.used) scratch.terms[term] = 0;
  return true;
}

}  // namespace tamis::recommend
