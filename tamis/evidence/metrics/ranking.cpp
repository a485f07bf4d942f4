#include "tamis/evidence/metrics/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "tamis/base/error.h"

namespace tamis::metrics {

namespace {

constexpr std::string_view kNames = "auc, mrr, map, map@k, ndcg@k, recall@k, precision@k, hit@k";

struct Name {
  std::string_view name;
  Metric::Kind kind;
  bool plain;   // exists without a cutoff
  bool cutoff;  // exists with one
};
constexpr std::array<Name, 7> kKinds = {{{"auc", Metric::Kind::auc, true, false},
                                         {"mrr", Metric::Kind::mrr, true, false},
                                         {"map", Metric::Kind::map, true, true},
                                         {"ndcg", Metric::Kind::ndcg, false, true},
                                         {"recall", Metric::Kind::recall, false, true},
                                         {"precision", Metric::Kind::precision, false, true},
                                         {"hit", Metric::Kind::hit, false, true}}};

// Candidates that share a place in the order, at least one of them relevant. Every metric is a sum over these: the
// candidates between them matter only by how many they are, so nothing is sorted but the relevant ones.
struct Group {
  float score = 0;
  std::size_t index = 0;     // of the candidate, where ties keep the input order
  std::size_t before = 0;    // candidates ranked above the group
  std::size_t size = 0;      // candidates in it
  std::size_t relevant = 0;  // relevant ones in it
};

struct Ranking {
  std::vector<Group> groups;  // best first
  std::size_t candidates = 0;
  std::size_t relevant = 0;
};

std::size_t check(std::span<const float> scores, std::span<const std::uint8_t> relevant) {
  if (scores.size() != relevant.size())
    fail_caller("metrics", fmt::format("{} scores but {} relevance values", scores.size(), relevant.size()));
  std::size_t count = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) fail_caller("metrics", fmt::format("score {} is NaN; scores must be numbers", i + 1));
    count += relevant[i] != 0;
  }
  return count;
}

Ranking rank(std::span<const float> scores, std::span<const std::uint8_t> relevant, std::size_t count, Ties ties) {
  const bool apart = ties == Ties::input;
  const auto better = [apart](const Group& a, const Group& b) {
    return a.score != b.score ? a.score > b.score : apart && a.index < b.index;
  };
  Ranking ranking{{}, scores.size(), count};
  auto& groups = ranking.groups;
  groups.reserve(count);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (relevant[i] != 0) groups.push_back({scores[i], i});
  }
  std::sort(groups.begin(), groups.end(), better);
  const auto same = [&](const Group& a, const Group& b) { return !better(a, b) && !better(b, a); };
  groups.erase(std::unique(groups.begin(), groups.end(), same), groups.end());
  const float lowest = groups.back().score;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] < lowest) continue;
    const Group candidate{scores[i], i};
    const auto group = std::lower_bound(groups.begin(), groups.end(), candidate, better);
    if (group == groups.end()) continue;
    if (better(candidate, *group)) {
      ++group->before;
    } else {
      ++group->size;
      group->relevant += relevant[i] != 0;
    }
  }
  std::size_t above = 0;
  for (Group& group : groups) {
    group.before += above;
    above = group.before + group.size;
  }
  return ranking;
}

// How many places of the group are within the cutoff.
std::size_t within(const Group& group, std::size_t k) {
  return k > group.before ? std::min(group.size, k - group.before) : 0;
}

double auc(const Ranking& ranking) {
  const std::size_t others = ranking.candidates - ranking.relevant;
  double right = 0;
  std::size_t relevant_above = 0;
  for (const Group& group : ranking.groups) {
    const std::size_t tied = group.size - group.relevant;
    const std::size_t below = others - (group.before - relevant_above) - tied;
    right += static_cast<double>(group.relevant) * (static_cast<double>(below) + 0.5 * static_cast<double>(tied));
    relevant_above += group.relevant;
  }
  return right / (static_cast<double>(ranking.relevant) * static_cast<double>(others));
}

// Calls visit(place, chance that the first relevant candidate of the group stands there), places from 1 to `places`.
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

double mrr(const Ranking& ranking) {
  const Group& group = ranking.groups.front();
  double value = 0;
  first_relevant(group, group.size, [&](std::size_t place, double chance) {
    value += chance / static_cast<double>(group.before + place);
  });
  return value;
}

double hit(const Ranking& ranking, std::size_t k) {
  const Group& group = ranking.groups.front();
  const std::size_t places = within(group, k);
  if (places == group.size) return 1;
  double value = 0;
  first_relevant(group, places, [&](std::size_t, double chance) { value += chance; });
  return value;
}

double average_precision(const Ranking& ranking, std::size_t k) {
  double total = 0;
  std::size_t above = 0;
  for (const Group& group : ranking.groups) {
    const std::size_t places = within(group, k);
    if (places == 0) break;
    const double share = static_cast<double>(group.relevant) / static_cast<double>(group.size);
    // Given one relevant candidate at a place, each other place of the group holds one with this chance.
    const double other =
        group.size > 1 ? static_cast<double>(group.relevant - 1) / static_cast<double>(group.size - 1) : 0;
    for (std::size_t place = 1; place <= places; ++place) {
      const double found = static_cast<double>(above) + 1 + static_cast<double>(place - 1) * other;
      total += share * found / static_cast<double>(group.before + place);
    }
    above += group.relevant;
  }
  return total / static_cast<double>(std::min(k, ranking.relevant));
}

double discount(std::size_t rank) {
  return 1 / std::log2(1 + static_cast<double>(rank));
}

double ndcg(const Ranking& ranking, std::size_t k) {
  double value = 0;
  for (const Group& group : ranking.groups) {
    const double share = static_cast<double>(group.relevant) / static_cast<double>(group.size);
    const std::size_t places = within(group, k);
    for (std::size_t place = 1; place <= places; ++place) value += share * discount(group.before + place);
  }
  double ideal = 0;
  for (std::size_t rank = 1; rank <= std::min(k, ranking.relevant); ++rank) ideal += discount(rank);
  return value / ideal;
}

double found(const Ranking& ranking, std::size_t k) {
  double value = 0;
  for (const Group& group : ranking.groups)
    value += static_cast<double>(group.relevant * within(group, k)) / static_cast<double>(group.size);
  return value;
}

double value(const Metric& metric, const Ranking& ranking) {
  switch (metric.kind) {
    case Metric::Kind::auc:
      return auc(ranking);
    case Metric::Kind::mrr:
      return mrr(ranking);
    case Metric::Kind::map:
      return average_precision(ranking, metric.k == 0 ? ranking.candidates : metric.k);
    case Metric::Kind::ndcg:
      return ndcg(ranking, metric.k);
    case Metric::Kind::recall:
      return found(ranking, metric.k) / static_cast<double>(ranking.relevant);
    case Metric::Kind::precision:
      return found(ranking, metric.k) / static_cast<double>(metric.k);
    case Metric::Kind::hit:
      break;
  }
  return hit(ranking, metric.k);
}

}  // namespace

Metric Metric::parse(std::string_view name) {
  const std::size_t at = name.find('@');
  const auto known =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Name& n) { return n.name == name.substr(0, at); });
  const bool has_cutoff = at != std::string_view::npos;
  if (known == kKinds.end() || (has_cutoff ? !known->cutoff : !known->plain))
    fail_caller("metrics", fmt::format("no metric \"{}\"; known are {}", name, kNames));
  Metric metric{known->kind, 0, std::string(name)};
  if (!has_cutoff) return metric;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + at + 1, end, metric.k);
  if (read.ec != std::errc() || read.ptr != end || metric.k == 0)
    fail_caller("metrics",
                fmt::format("\"{}\": the cutoff after @ must be a whole number from 1; known are {}", name, kNames));
  return metric;
}

std::string conventions(const Metric& metric, Ties ties) {
  std::string text;
  switch (metric.kind) {
    case Metric::Kind::auc:
      return "share of (relevant, irrelevant) pairs in the right order, a tied pair counts 1/2; undefined without both";
    case Metric::Kind::mrr:
      text = "1 / rank of the first relevant item";
      break;
    case Metric::Kind::map:
      text = metric.k == 0 ? "denominator: all relevant items"
                           : fmt::format("ranks up to {}; denominator: min({}, relevant items)", metric.k, metric.k);
      break;
    case Metric::Kind::ndcg:
      text = "gain 1, discount log2(1 + rank), over the ideal order of the candidates";
      break;
    case Metric::Kind::recall:
      text = "denominator: all relevant items";
      break;
    case Metric::Kind::precision:
      text = fmt::format("denominator: {}, also where there are fewer candidates", metric.k);
      break;
    case Metric::Kind::hit:
      text = fmt::format("1 if a relevant item is among the first {}", metric.k);
      break;
  }
  text +=
      ties == Ties::average ? "; ties: expected value over all orders of the tied items" : "; ties: in the order given";
  return text + "; undefined without a relevant item";
}

std::optional<double> measure(const Metric& metric, std::span<const float> scores,
                              std::span<const std::uint8_t> relevant, Ties ties) {
  const std::size_t count = check(scores, relevant);
  const bool pairs = metric.kind == Metric::Kind::auc;
  if (count == 0 || (pairs && count == scores.size())) return std::nullopt;
  const Ranking ranking = rank(scores, relevant, count, pairs ? Ties::average : ties);
  return std::clamp(value(metric, ranking), 0.0, 1.0);
}

}  // namespace tamis::metrics
