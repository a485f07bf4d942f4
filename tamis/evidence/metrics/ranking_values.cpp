#include "tamis/evidence/metrics/ranking_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

constexpr std::int32_t kHighestPower = 1000;  // 2^grade is still a double

double discount(std::size_t rank) {
  static const auto kFirst = [] {
    std::array<double, 1024> table{};
    for (std::size_t i = 1; i < table.size(); ++i) table[i] = 1 / std::log2(1 + static_cast<double>(i));
    return table;
  }();
  return rank < kFirst.size() ? kFirst[rank] : 1 / std::log2(1 + static_cast<double>(rank));
}

// How many places of the group are within the cutoff.
std::size_t within(const Group& group, std::size_t k) {
  return k > group.before ? std::min(group.size, k - group.before) : 0;
}

// The first group with a relevant document, or nullptr.
const Group* first_relevant_group(const Ranking& ranking) {
  for (const Group& group : ranking.groups)
    if (group.relevant > 0) return &group;
  return nullptr;
}

std::optional<double> auc(const Ranking& ranking) {
  std::size_t retrieved = 0;
  for (const Group& group : ranking.groups) retrieved += group.relevant;
  const std::size_t others = ranking.candidates - retrieved;
  if (retrieved == 0 || others == 0) return std::nullopt;
  double right = 0;
  std::size_t relevant_above = 0;
  for (const Group& group : ranking.groups) {
    const std::size_t tied = group.size - group.relevant;
    const std::size_t below = others - (group.before - relevant_above) - tied;
    right += static_cast<double>(group.relevant) * (static_cast<double>(below) + 0.5 * static_cast<double>(tied));
    relevant_above += group.relevant;
  }
  return right / (static_cast<double>(retrieved) * static_cast<double>(others));
}

// Calls visit(place, chance that the first relevant document of the group stands there), places from 1 to `places`.
template <typename Visit>
void first_relevant(const Group& group, std::size_t places, const Visit& visit) {
  double none_yet = 1;
  for (std::size_t place = 1; place <= places && none_yet > 0; ++place) {
    const auto left = static_cast<double>(group.size - place + 1);
    const double here = static_cast<double>(group.relevant) / left;
    visit(place, none_yet * here);
    none_yet *= 1 - here;
  }
}

double mrr(const Ranking& ranking, std::size_t k) {
  const Group* group = first_relevant_group(ranking);
  if (group == nullptr) return 0;
  double value = 0;
  first_relevant(*group, within(*group, k), [&](std::size_t place, double chance) {
    value += chance / static_cast<double>(group->before + place);
  });
  return value;
}

double hit(const Ranking& ranking, std::size_t k) {
  const Group* group = first_relevant_group(ranking);
  if (group == nullptr) return 0;
  const std::size_t places = within(*group, k);
  if (places == group->size) return 1;
  double value = 0;
  first_relevant(*group, places, [&](std::size_t, double chance) { value += chance; });
  return value;
}

double average_precision(const Ranking& ranking, std::size_t k, std::size_t denominator) {
  double total = 0;
  std::size_t above = 0;
  for (const Group& group : ranking.groups) {
    const std::size_t places = within(group, k);
    if (places == 0) break;
    const double share = static_cast<double>(group.relevant) / static_cast<double>(group.size);
    // Given one relevant document at a place, each other place of the group holds one with this chance.
    const double other =
        group.relevant > 1 ? static_cast<double>(group.relevant - 1) / static_cast<double>(group.size - 1) : 0;
    for (std::size_t place = 1; share > 0 && place <= places; ++place) {
      const double found = static_cast<double>(above) + 1 + static_cast<double>(place - 1) * other;
      total += share * found / static_cast<double>(group.before + place);
    }
    above += group.relevant;
  }
  return total / static_cast<double>(denominator);
}

double ndcg(const Ranking& ranking, std::size_t k) {
  double value = 0;
  for (const Group& group : ranking.groups) {
    const double share = group.gain / static_cast<double>(group.size);
    const std::size_t places = within(group, k);
    for (std::size_t place = 1; share > 0 && place <= places; ++place) value += share * discount(group.before + place);
  }
  double ideal = 0;
  const std::size_t last = std::min(k, ranking.ideal_gains.size());
  for (std::size_t rank = 1; rank <= last; ++rank) ideal += ranking.ideal_gains[rank - 1] * discount(rank);
  return ideal > 0 ? value / ideal : 0;  // 0: nothing of value was retrieved, and the ideal is of the retrieved
}

double found(const Ranking& ranking, std::size_t k) {
  double value = 0;
  for (const Group& group : ranking.groups)
    value += static_cast<double>(group.relevant * within(group, k)) / static_cast<double>(group.size);
  return value;
}

double bpref(const Ranking& ranking) {
  const std::size_t R = ranking.relevant;
  const auto most = static_cast<double>(std::min(R, ranking.nonrelevant));
  double total = 0;
  std::size_t above = 0;
  for (const Group& group : ranking.groups) {
    if (group.relevant > 0) {
      // Of t tied others each number from 0 to t is above the relevant document with the same chance.
      double lost = 0;
      for (std::size_t tied = 0; tied <= group.nonrelevant; ++tied)
        lost += static_cast<double>(std::min(above + tied, R));
      if (lost > 0) lost /= most * static_cast<double>(group.nonrelevant + 1);
      total += static_cast<double>(group.relevant) * (1 - lost);
    }
    above += group.nonrelevant;
  }
  return total / static_cast<double>(R);
}

double rbp(const Ranking& ranking, double p) {
  double value = 0;
  for (const Group& group : ranking.groups) {
    if (group.relevant == 0) continue;
    const double share = static_cast<double>(group.relevant) / static_cast<double>(group.size);
    // (1 - p) times the sum of p^(rank - 1) over the places of the group
    const double places = group.size == 1 ? 1 - p : -std::expm1(static_cast<double>(group.size) * std::log(p));
    value += share * std::pow(p, static_cast<double>(group.before)) * places;
  }
  return value;
}

double err(const Ranking& ranking, std::size_t k, std::int32_t max_grade) {
  double value = 0;
  double goes_on = 1;
  for (const Group& group : ranking.groups) {
    if (group.before >= k) break;
    if (group.grade > max_grade)
      fail_caller("metrics",
                  fmt::format("err: a grade of {} is beyond the highest of the scale, {}", group.grade, max_grade));
    const double satisfies = std::ldexp(gain_of(group.grade, Gain::exponential), -max_grade);
    value += goes_on * satisfies / static_cast<double>(group.before + 1);
    goes_on *= 1 - satisfies;
  }
  return value;
}

double percentile_rank(const Ranking& ranking) {
  double total = 0;
  std::size_t retrieved = 0;
  for (const Group& group : ranking.groups) {
    retrieved += group.relevant;
    if (ranking.candidates < 2) continue;
    const double above = static_cast<double>(group.before) + static_cast<double>(group.size - 1) / 2;
    total += static_cast<double>(group.relevant) * above / static_cast<double>(ranking.candidates - 1);
  }
  total += static_cast<double>(ranking.relevant - retrieved);
  return total / static_cast<double>(ranking.relevant);
}

std::optional<double> unclamped(const Metric& metric, const Ranking& ranking, const RankingChoices& choices) {
  using Kind = Metric::Kind;
  const std::size_t k = metric.k == 0 ? ranking.candidates : metric.k;
  const bool defined = metric.kind == Kind::ndcg || metric.kind == Kind::err ? ranking.gainful : ranking.relevant > 0;
  if (!defined) return std::nullopt;
  const auto all = static_cast<double>(ranking.relevant);
  switch (metric.kind) {
    case Kind::auc:
      return auc(ranking);
    case Kind::mrr:
      return mrr(ranking, k);
    case Kind::map: {
      const bool cut = metric.k > 0 && choices.denominator == Denominator::cutoff;
      return average_precision(ranking, k, cut ? std::min(k, ranking.relevant) : ranking.relevant);
    }
    case Kind::ndcg:
      // Without a cutoff the ideal holds every judged document, however short the list.
      return ndcg(ranking, metric.k == 0 ? std::max(k, ranking.ideal_gains.size()) : k);
    case Kind::recall:
      return found(ranking, k) / all;
    case Kind::precision:
      return found(ranking, k) / static_cast<double>(k);
    case Kind::hit:
      return hit(ranking, k);
    case Kind::r_precision:
      return found(ranking, ranking.relevant) / all;
    case Kind::bpref:
      return bpref(ranking);
    case Kind::rbp:
      return rbp(ranking, metric.p);
    case Kind::err:
      return err(ranking, k, choices.max_grade);
    case Kind::percentile_rank:
      break;
  }
  return percentile_rank(ranking);
}

bool has(std::span<const Metric> metrics, Metric::Kind kind) {
  return std::any_of(metrics.begin(), metrics.end(), [kind](const Metric& metric) { return metric.kind == kind; });
}

}  // namespace

std::optional<double> value_of(const Metric& metric, const Ranking& ranking, const RankingChoices& choices) {
  const std::optional<double> value = unclamped(metric, ranking, choices);
  return value ? std::optional(std::clamp(*value, 0.0, 1.0)) : std::nullopt;
}

void check_choices(std::span<const Metric> metrics, const RankingChoices& choices, std::int32_t highest) {
  if (choices.level < 1)
    fail_caller("metrics", fmt::format("relevant from grade {}; 1 or more is needed", choices.level));
  if (choices.gain == Gain::exponential && highest > kHighestPower)
    fail_caller("metrics", fmt::format("a grade of {} has no gain 2^grade - 1; up to {} has", highest, kHighestPower));
  if (!has(metrics, Metric::Kind::err)) return;
  if (choices.ties == Ties::average)
    fail_caller("metrics", "err has no closed form for ties by average; accepted with it: trec, input");
  if (choices.max_grade < highest || choices.max_grade > kHighestPower)
    fail_caller("metrics",
                fmt::format("err needs the highest grade of the scale: from {}, the highest there is, to {}; "
                            "not {}",
                            highest, kHighestPower, choices.max_grade));
}

}  // namespace tamis::metrics
