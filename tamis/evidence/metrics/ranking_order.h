#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tamis/evidence/metrics/ranking.h"

namespace tamis::metrics {

/// A document of a list that was judged.
struct JudgedDocument {
  std::uint32_t index = 0;  ///< its place in JudgedList::scores
  std::int32_t grade = 0;   ///< relevance
};

/// What a ranker retrieved for one query, and what is known of it. Views: the owner outlives it.
struct JudgedList {
  std::string_view query;
  std::span<const double> scores;             ///< of the documents retrieved, in the order given; no NaN
  std::span<const JudgedDocument> retrieved;  ///< the judged ones of them, each once
  std::span<const std::int32_t> grades;       ///< of all judged documents, retrieved or not; falling
  /// The place of each retrieved document by id, rising in byte order; may be empty where no judged document shares its
  /// score (as a float) with another. [scores.size()]
  std::span<const std::uint32_t> id_order;
};

/// What a grade is worth to ndcg: itself, or 2^grade - 1 (Burges et al. 2005). 0 where the grade is not above 0.
enum class Gain { linear, exponential };
/// Whose best order ndcg is held against: all judged documents (trec_eval), or the retrieved ones.
enum class Ideal { judged, retrieved };
/// What map@k divides by: min(k, relevant), or all relevant documents (trec_eval's map_cut).
enum class Denominator { cutoff, relevant };

/// The choices that change a metric's number.
struct RankingChoices {
  Ties ties = Ties::trec;
  Gain gain = Gain::linear;
  Ideal ideal = Ideal::judged;
  Denominator denominator = Denominator::cutoff;
  std::int32_t level = 1;      ///< a grade from here on is relevant; >= 1
  std::int32_t max_grade = 0;  ///< of the scale, for err; 0: not told
};

/// Documents that share a place in the order, at least one of them judged. Every metric is a sum over these: the
/// documents between them matter only by how many they are.
struct Group {
  std::size_t before = 0;       ///< documents ranked above the group
  std::size_t size = 0;         ///< documents in it; 1 but for tied ones under Ties::average
  std::size_t relevant = 0;     ///< relevant ones in it
  std::size_t nonrelevant = 0;  ///< judged ones that are not relevant, grade >= 0; only where asked for
  double gain = 0;              ///< sum of the gains
  std::int32_t grade = 0;       ///< the highest grade
};

/// A list in order. Made anew for each list in the same memory; a thread has its own.
struct Ranking {
  std::vector<Group> groups;        ///< best first
  std::size_t candidates = 0;       ///< documents retrieved
  std::size_t relevant = 0;         ///< relevant documents, retrieved or not
  std::size_t nonrelevant = 0;      ///< judged ones that are not, grade >= 0
  std::vector<double> ideal_gains;  ///< falling, all > 0: what ndcg could collect
  bool gainful = false;             ///< some judged document has gain > 0

  /// Orders the list. `ties` stands for choices.ties; `nonrelevant` asks for judged documents that are not relevant.
  /// A judged document that a negative grade names is as one not judged (trec_eval). Takes O(n) where few documents
  /// are judged, O(n log n) else. Throws invalid_argument for Ties::trec where a tie needs ids and there are none.
  void order(const JudgedList& list, const RankingChoices& choices, Ties ties, bool nonrelevant);

 private:
  struct Entry {
    std::uint32_t index = 0;
    std::int32_t grade = 0;
    std::uint32_t above = 0;
    std::uint32_t equal = 0;
  };
  template <typename Score>
  void count_each(std::span<const Score> scores, const JudgedList& list, Ties ties);
  template <typename Score>
  void sort_all(std::span<const Score> scores, const JudgedList& list, Ties ties);
  template <typename Score>
  void place(std::span<const Score> scores, const JudgedList& list, Ties ties);

  std::vector<Entry> entries_;
  std::vector<float> floats_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> places_;
};

/// The gain of a grade.
double gain_of(std::int32_t grade, Gain gain);

/// A score as trec_eval 9 keeps it: the nearest float, infinite beyond the largest.
float as_float(double score);

}  // namespace tamis::metrics
