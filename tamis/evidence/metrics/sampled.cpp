#include "tamis/evidence/metrics/sampled.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kBlock = 512;  // queries a state; a fixed number, so that threads change no sum

// A metric of a list whose only document of value stands at `rank`, which need not be whole.
std::optional<double> at_rank(const Metric& metric, double rank, std::int32_t grade, std::size_t others,
                              const RankingChoices& choices) {
  using Kind = Metric::Kind;
  const bool within = metric.k == 0 || rank <= static_cast<double>(metric.k);
  switch (metric.kind) {
    case Kind::auc:
      return others > 0 ? std::optional(1 - (rank - 1) / static_cast<double>(others)) : std::nullopt;
    case Kind::percentile_rank:
      return others > 0 ? (rank - 1) / static_cast<double>(others) : 0;
    case Kind::mrr:
    case Kind::map:
      return within ? 1 / rank : 0;
    case Kind::ndcg:
      return within ? 1 / std::log2(1 + rank) : 0;
    case Kind::recall:
    case Kind::hit:
      return within ? 1 : 0;
    case Kind::precision:
      return within ? 1 / static_cast<double>(metric.k) : 0;
    case Kind::r_precision:
      return rank <= 1 ? 1 : 0;
    case Kind::rbp:
      return (1 - metric.p) * std::pow(metric.p, rank - 1);
    case Kind::err:
      return within ? gain_of(grade, Gain::exponential) / std::ldexp(1.0, choices.max_grade) / rank : 0;
    case Kind::bpref:
      break;
  }
  return std::nullopt;
}

// What can be corrected of a query, by the grades of its documents.
enum class Correction { none_needed, one, several };

Correction correction_of(const JudgedList& list, std::int32_t level) {
  if (list.grades.empty() || list.grades.front() <= 0) return Correction::none_needed;
  const bool alone = list.grades.size() == 1 || list.grades[1] <= 0;
  return alone && list.grades.front() >= level ? Correction::one : Correction::several;
}

// Measures a thread's queries.
class Sampler {
 public:
  Sampler(const RankingMeans& none, std::span<const Metric> metrics, const RankingChoices& choices)
      : means_{none, std::vector<stats::Summary>(metrics.size()), 0, 0}, metrics_(metrics), choices_(choices) {}

  void update(const JudgedList& list, std::size_t negatives, Stream stream) {
    sampled_.draw(list, choices_.level, negatives, stream);
    means_.fewer += !list.scores.empty() && sampled_.others() < negatives;
    const JudgedList drawn = sampled_.view();
    const std::span<const double> values = means_.sampled.update(drawn);
    Correction correction = correction_of(list, choices_.level);
    means_.several += correction == Correction::several;
    if (correction == Correction::several) return;
    if (correction == Correction::one) {
      ranking_.order(drawn, choices_, choices_.ties, false);
      // Not retrieved: there is no rank to correct.
      if (ranking_.groups.empty()) correction = Correction::none_needed;
    }
    for (std::size_t m = 0; m < metrics_.size(); ++m) {
      if (std::isnan(values[m])) continue;
      // The shares of pairs and places are as they are among all others, tied pairs by half.
      const bool as_is = correction == Correction::none_needed || metrics_[m].kind == Metric::Kind::auc;
      const std::optional<double> value = as_is ? std::optional(values[m])
                                                : corrected_value(metrics_[m], ranking_, list.grades.front(),
                                                                  sampled_.others(), sampled_.drawn(), choices_);
      if (value && metrics_[m].kind != Metric::Kind::bpref) means_.corrected[m].update(*value);
    }
  }
  const SampledMeans& means() const { return means_; }

 private:
  SampledMeans means_;
  std::span<const Metric> metrics_;
  RankingChoices choices_;
  SampledList sampled_;
  Ranking ranking_;
};

}  // namespace

void SampledList::draw(const JudgedList& list, std::int32_t level, std::size_t negatives, Stream& stream) {
  query_ = list.query;
  const std::size_t n = list.scores.size();
  relevant_.assign(n, 0);
  for (const JudgedDocument& document : list.retrieved) relevant_[document.index] = document.grade >= level;
  kept_.clear();
  pool_.clear();
  for (std::uint32_t i = 0; i < n; ++i) (relevant_[i] != 0 ? kept_ : pool_).push_back(i);
  others_ = pool_.size();
  drawn_ = std::min(negatives, others_);
  for (std::size_t i = 0; i < drawn_; ++i) {
    if (drawn_ < others_) std::swap(pool_[i], pool_[i + stream.below(others_ - i)]);
    kept_.push_back(pool_[i]);
  }
  std::sort(kept_.begin(), kept_.end());

  scores_.clear();
  id_order_.clear();
  for (const std::uint32_t place : kept_) {
    scores_.push_back(list.scores[place]);
    if (!list.id_order.empty()) id_order_.push_back(list.id_order[place]);
  }
  keep_grades(list);
}

// The judged documents that were kept, and the grades of these and of those never retrieved.
void SampledList::keep_grades(const JudgedList& list) {
  retrieved_.clear();
  dropped_.clear();
  for (const JudgedDocument& document : list.retrieved) {
    const auto at = std::lower_bound(kept_.begin(), kept_.end(), document.index);
    if (at != kept_.end() && *at == document.index) {
      retrieved_.push_back({static_cast<std::uint32_t>(at - kept_.begin()), document.grade});
    } else {
      dropped_.push_back(document.grade);
    }
  }
  std::sort(dropped_.begin(), dropped_.end(), std::greater<>());
  grades_.clear();
  std::set_difference(list.grades.begin(), list.grades.end(), dropped_.begin(), dropped_.end(),
                      std::back_inserter(grades_), std::greater<>());
}

JudgedList SampledList::view() const {
  return {query_, scores_, retrieved_, grades_, id_order_};
}

double corrected_rank(std::size_t rank, std::size_t others, std::size_t drawn) {
  if (drawn == 0) return 1;
  return 1 + static_cast<double>(others) * static_cast<double>(rank - 1) / static_cast<double>(drawn);
}

std::optional<double> corrected_value(const Metric& metric, const Ranking& ranking, std::int32_t grade,
                                      std::size_t others, std::size_t drawn, const RankingChoices& choices) {
  const auto group =
      std::find_if(ranking.groups.begin(), ranking.groups.end(), [](const Group& g) { return g.relevant > 0; });
  if (group == ranking.groups.end()) return std::nullopt;
  double total = 0;
  for (std::size_t place = 1; place <= group->size; ++place) {
    const std::optional<double> value =
        at_rank(metric, corrected_rank(group->before + place, others, drawn), grade, others, choices);
    if (!value) return std::nullopt;
    total += *value;
  }
  return total / static_cast<double>(group->size);
}

bool unbiased_by_sampling(const Metric& metric) {
  return metric.kind == Metric::Kind::auc;
}

SampledMeans measure_sampled(const Judged& judged, std::span<const Metric> metrics, const RankingChoices& choices,
                             const RankingMeansChoices& means, std::size_t negatives, std::uint64_t seed) {
  if (negatives == 0) fail_caller("metrics", "0 documents drawn leave nothing to rank against; 1 or more are needed");
  const RankingMeans none({metrics.begin(), metrics.end()}, choices, means, judged.highest_grade);
  const std::size_t blocks = (judged.size() + kBlock - 1) / kBlock;
  SampledMeans whole{none, std::vector<stats::Summary>(metrics.size()), 0, 0};
  std::vector<SampledMeans> parts(blocks, whole);
  parallel_for(blocks, [&](std::size_t block) {
    Sampler sampler(none, metrics, choices);
    const std::size_t last = std::min(judged.size(), (block + 1) * kBlock);
    for (std::size_t query = block * kBlock; query < last; ++query)
      sampler.update(judged.list(query), negatives, Stream(seed, "negatives", query));
    parts[block] = sampler.means();
  });
  for (const SampledMeans& part : parts) {
    whole.sampled.merge(part.sampled);
    for (std::size_t m = 0; m < metrics.size(); ++m) whole.corrected[m].merge(part.corrected[m]);
    whole.fewer += part.fewer;
    whole.several += part.several;
  }
  return whole;
}

}  // namespace tamis::metrics
