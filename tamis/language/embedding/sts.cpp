#include "tamis/language/embedding/sts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::embedding {

namespace {

constexpr std::size_t kTextsAtATime = 4096;
constexpr Similarity kSimilarities[] = {Similarity::cosine, Similarity::dot, Similarity::euclidean,
                                        Similarity::manhattan};

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

void require_finite(std::span<const float> vector, const std::string& set, std::size_t text) {
  for (const float x : vector) {
    if (!std::isfinite(x))
      fail_world(set, fmt::format("the vector of text {} holds {}; the weights may be damaged", text + 1, x));
  }
}

}  // namespace

Similarity parse_similarity(std::string_view text) {
  for (const Similarity kind : kSimilarities)
    if (text == embedding::text(kind)) return kind;
  fail_caller("similarity", fmt::format("\"{}\" is no similarity; accepted: cosine, dot, euclidean, manhattan", text));
}

std::string_view text(Similarity similarity) {
  switch (similarity) {
    case Similarity::cosine:
      return "cosine";
    case Similarity::dot:
      return "dot";
    case Similarity::euclidean:
      return "euclidean";
    case Similarity::manhattan:
      break;
  }
  return "manhattan";
}

double similarity(Similarity kind, std::span<const float> a, std::span<const float> b) {
  if (kind == Similarity::dot) return dot(a, b);
  if (kind == Similarity::cosine) {
    const double lengths = std::sqrt(dot(a, a)) * std::sqrt(dot(b, b));
    return lengths > 0 ? dot(a, b) / lengths : 0;
  }
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += kind == Similarity::euclidean ? apart * apart : std::abs(apart);
  }
  return kind == Similarity::euclidean ? -std::sqrt(sum) : -sum;
}

StsScores score_pairs(const StsSet& set, const TextEncoder& encoder, Similarity kind, Progress& progress) {
  const DifferentTexts different = different_texts(set);
  const auto width = static_cast<std::size_t>(encoder.dimensions);
  StsScores scores;
  scores.texts = different.texts.size();
  std::vector<float> vectors(different.texts.size() * width);
  std::vector<encoder::TextReport> reports(std::min(kTextsAtATime, different.texts.size()));
  for (std::size_t begin = 0; begin < different.texts.size(); begin += kTextsAtATime) {
    const std::size_t count = std::min(kTextsAtATime, different.texts.size() - begin);
    const auto started = std::chrono::steady_clock::now();
    encoder.encode(std::span(different.texts).subspan(begin, count),
                   std::span(vectors).subspan(begin * width, count * width), std::span(reports).first(count));
    scores.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    for (std::size_t i = 0; i < count; ++i) {
      scores.tokens += reports[i].tokens;
      scores.truncated += reports[i].dropped > 0 ? 1 : 0;
      scores.empty += reports[i].empty ? 1 : 0;
      scores.replaced += reports[i].replaced;
    }
    progress.advance(count);
  }
  const auto vector = [&](std::size_t text) { return std::span<const float>(vectors).subspan(text * width, width); };
  for (std::size_t i = 0; i < different.texts.size(); ++i) {
    require_finite(vector(i), set.name, i);
    const auto values = vector(i);
    if (std::all_of(values.begin(), values.end(), [](float x) { return x == 0; })) ++scores.zero_vectors;
  }
  scores.score.reserve(set.gold.size());
  for (std::size_t i = 0; i < set.gold.size(); ++i)
    scores.score.push_back(similarity(kind, vector(different.first[i]), vector(different.second[i])));
  return scores;
}

void correlate(std::span<StsRow> rows, const StsChoices& choices) {
  std::vector<const StsSet*> sets;
  for (const StsRow& row : rows)
    if (std::find(sets.begin(), sets.end(), row.set) == sets.end()) sets.push_back(row.set);
  for (const StsSet* set : sets) {
    std::vector<StsRow*> members;
    std::vector<std::span<const double>> scores;
    for (StsRow& row : rows) {
      if (row.set != set) continue;
      members.push_back(&row);
      scores.emplace_back(row.scores.score);
    }
    const stats::GoldSet gold{set->gold, set->part};
    for (const auto kind : {stats::Correlation::spearman, stats::Correlation::pearson}) {
      const auto into = kind == stats::Correlation::spearman ? &StsRow::spearman : &StsRow::pearson;
      if (choices.resamples == 0) {
        for (StsRow* row : members)
          row->*into = {stats::correlation(kind, choices.aggregate, gold, row->scores.score), {}};
        continue;
      }
      auto found = stats::bootstrap_correlation(kind, choices.aggregate, gold, scores, choices.resamples, choices.seed);
      for (std::size_t i = 0; i < members.size(); ++i) members[i]->*into = std::move(found[i]);
    }
  }
  for (StsRow& row : rows) {
    const auto whole = std::find_if(rows.begin(), rows.end(), [&](const StsRow& other) {
      return other.precision == "f32" && other.set == row.set && other.model == row.model &&
             other.pooling == row.pooling;
    });
    if (whole != rows.end() && row.precision != "f32")
      row.against_f32 = stats::difference(row.spearman, whole->spearman);
  }
}

std::vector<Disagreement> worst_disagreements(const StsSet& set, std::span<const double> score, std::size_t most) {
  const auto by_gold = stats::ranks(set.gold);
  const auto by_score = stats::ranks(score);
  std::vector<Disagreement> all(score.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = {i, (by_score[i] - by_gold[i]) / static_cast<double>(all.size())};
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return std::abs(a.apart) > std::abs(b.apart); });
  all.resize(std::min(most, all.size()));
  return all;
}

}  // namespace tamis::embedding
