#include "tamis/evidence/metrics/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/evidence/metrics/ranking_values.h"

namespace tamis::metrics {

namespace {

constexpr std::string_view kPlanNames = "auc, mrr, map, map@k, ndcg@k, recall@k, precision@k, hit@k";
constexpr std::string_view kAllNames =
    "auc, mrr, mrr@k, map, map@k, ndcg, ndcg@k, recall@k, precision@k, hit@k, r_precision, bpref, rbp@p, err, err@k, "
    "percentile_rank";

enum class Form { plain, both, cutoff };  // ndcg, ndcg and ndcg@10, or ndcg@10 alone

struct Name {
  std::string_view name;
  Metric::Kind kind;
  Form form;
};
using Kind = Metric::Kind;
constexpr std::array kPlan = {
    Name{"auc", Kind::auc, Form::plain},        Name{"mrr", Kind::mrr, Form::plain},
    Name{"map", Kind::map, Form::both},         Name{"ndcg", Kind::ndcg, Form::cutoff},
    Name{"recall", Kind::recall, Form::cutoff}, Name{"precision", Kind::precision, Form::cutoff},
    Name{"hit", Kind::hit, Form::cutoff}};
constexpr std::array kAll = {
    Name{"auc", Kind::auc, Form::plain},        Name{"mrr", Kind::mrr, Form::both},
    Name{"map", Kind::map, Form::both},         Name{"ndcg", Kind::ndcg, Form::both},
    Name{"recall", Kind::recall, Form::cutoff}, Name{"precision", Kind::precision, Form::cutoff},
    Name{"hit", Kind::hit, Form::cutoff},       Name{"r_precision", Kind::r_precision, Form::plain},
    Name{"bpref", Kind::bpref, Form::plain},    Name{"rbp", Kind::rbp, Form::cutoff},
    Name{"err", Kind::err, Form::both},         Name{"percentile_rank", Kind::percentile_rank, Form::plain}};

Metric parse_name(std::string_view name, std::span<const Name> names, std::string_view listed) {
  const std::size_t at = name.find('@');
  const auto known =
      std::find_if(names.begin(), names.end(), [&](const Name& n) { return n.name == name.substr(0, at); });
  const bool has_cutoff = at != std::string_view::npos;
  if (known == names.end() || known->form == (has_cutoff ? Form::plain : Form::cutoff))
    fail_caller("metrics", fmt::format("no metric \"{}\"; known are {}", name, listed));
  Metric metric{known->kind, 0, std::string(name)};
  if (!has_cutoff) return metric;
  if (known->kind == Kind::rbp) {
    if (!parse_real(name.substr(at + 1), metric.p) || !(metric.p > 0 && metric.p < 1))
      fail_caller("metrics",
                  fmt::format("\"{}\": the persistence after @ must lie between 0 and 1, as in rbp@0.8", name));
    return metric;
  }
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data() + at + 1, end, metric.k);
  if (read.ec != std::errc() || read.ptr != end || metric.k == 0)
    fail_caller("metrics",
                fmt::format("\"{}\": the cutoff after @ must be a whole number from 1; known are {}", name, listed));
  return metric;
}

// The list as others are, and the memory to order it in; a thread's own, for a user's list is measured by many metrics.
struct Prepared {
  std::vector<double> scores;
  std::vector<JudgedDocument> judged;
  std::vector<std::int32_t> grades;
  Ranking ranking;
};

}  // namespace

Metric Metric::parse(std::string_view name) {
  return parse_name(name, kPlan, kPlanNames);
}

Metric Metric::parse_any(std::string_view name) {
  return parse_name(name, kAll, kAllNames);
}

std::optional<double> measure(const Metric& metric, std::span<const float> scores,
                              std::span<const std::uint8_t> relevant, Ties ties) {
  if (scores.size() != relevant.size())
    fail_caller("metrics", fmt::format("{} scores but {} relevance values", scores.size(), relevant.size()));
  if (ties == Ties::trec) fail_caller("metrics", "candidates have no ids to break ties by; accepted: average, input");
  thread_local Prepared list;
  list.scores.assign(scores.begin(), scores.end());
  list.judged.clear();
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) fail_caller("metrics", fmt::format("score {} is NaN; scores must be numbers", i + 1));
    if (relevant[i] != 0) list.judged.push_back({static_cast<std::uint32_t>(i), 1});
  }
  // Every candidate is judged: the others are irrelevant.
  const std::size_t count = list.judged.size();
  if (metric.kind == Kind::bpref)
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (relevant[i] == 0) list.judged.push_back({static_cast<std::uint32_t>(i), 0});
  list.grades.assign(count, 1);
  list.grades.resize(scores.size(), 0);
  RankingChoices choices;
  choices.ties = metric.kind == Kind::auc ? Ties::average : ties;
  check_choices({&metric, 1}, choices, count > 0 ? 1 : 0);
  list.ranking.order({{}, list.scores, list.judged, list.grades, {}}, choices, choices.ties,
                     metric.kind == Kind::bpref);
  return value_of(metric, list.ranking, choices);
}

}  // namespace tamis::metrics
