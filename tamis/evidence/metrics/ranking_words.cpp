#include <fmt/format.h>

#include "tamis/evidence/metrics/ranking_values.h"

namespace tamis::metrics {

namespace {

constexpr std::string_view kAuc =
    "share of (relevant, irrelevant) pairs in the right order, a tied pair counts 1/2; undefined without both";

std::string_view words_of(Ties ties) {
  switch (ties) {
    case Ties::average:
      return "; ties: expected value over all orders of the tied items";
    case Ties::input:
      return "; ties: in the order given";
    case Ties::trec:
      break;
  }
  return "; ties: scores as 32-bit floats, then by id, the last in byte order first";
}

std::string up_to(const Metric& metric) {
  return metric.k == 0 ? std::string() : fmt::format("ranks up to {}; ", metric.k);
}

std::string words_of_map(const Metric& metric, Denominator denominator) {
  if (metric.k == 0) return "denominator: all relevant items";
  if (denominator == Denominator::relevant)
    return fmt::format("ranks up to {}; denominator: all relevant items", metric.k);
  return fmt::format("ranks up to {}; denominator: min({}, relevant items)", metric.k, metric.k);
}

// What a metric is, where neither gains nor the ideal order nor grades come into it.
std::string words_of_binary(const Metric& metric) {
  using Kind = Metric::Kind;
  switch (metric.kind) {
    case Kind::mrr:
      return metric.k == 0 ? "1 / rank of the first relevant item"
                           : fmt::format("1 / rank of the first relevant item, 0 beyond rank {}", metric.k);
    case Kind::recall:
      return "denominator: all relevant items";
    case Kind::precision:
      return fmt::format("denominator: {}, also where there are fewer candidates", metric.k);
    case Kind::hit:
      return fmt::format("1 if a relevant item is among the first {}", metric.k);
    case Kind::r_precision:
      return "precision at rank R, the number of relevant items";
    case Kind::bpref:
      return "judged items alone: 1 - min(irrelevant above, R) / min(irrelevant, R), over all R relevant items";
    case Kind::rbp:
      return fmt::format("(1 - p) sum of p^(rank - 1) over relevant items, p = {}", metric.p);
    case Kind::percentile_rank:
      return "(rank - 1) / (retrieved - 1) over relevant items, 1 for one not retrieved; the less the better";
    default:
      return "";
  }
}

}  // namespace

std::string conventions(const Metric& metric, Ties ties) {
  using Kind = Metric::Kind;
  if (metric.kind == Kind::auc) return std::string(kAuc);
  std::string text;
  if (metric.kind == Kind::map) {
    text = words_of_map(metric, Denominator::cutoff);
  } else if (metric.kind == Kind::ndcg) {
    text = "gain 1, discount log2(1 + rank), over the ideal order of the candidates";
  } else if (metric.kind == Kind::err) {
    text = up_to(metric) + "an item satisfies with (2^grade - 1) / 2^max_grade";
  } else {
    text = words_of_binary(metric);
  }
  return text + std::string(words_of(ties)) + "; undefined without a relevant item";
}

std::string conventions(const Metric& metric, const RankingChoices& choices) {
  using Kind = Metric::Kind;
  if (metric.kind == Kind::auc) return std::string(kAuc) + "; of the retrieved items";
  std::string text;
  if (metric.kind == Kind::map) {
    text = words_of_map(metric, choices.denominator);
  } else if (metric.kind == Kind::ndcg) {
    text = fmt::format("{}gain {}, discount log2(1 + rank), over the ideal order of {} items", up_to(metric),
                       choices.gain == Gain::linear ? "grade" : "2^grade - 1",
                       choices.ideal == Ideal::judged ? "all judged" : "the retrieved");
  } else if (metric.kind == Kind::err) {
    text = fmt::format("{}an item satisfies with (2^grade - 1) / 2^{}", up_to(metric), choices.max_grade);
  } else {
    text = words_of_binary(metric);
  }
  return text + std::string(words_of(choices.ties));
}

}  // namespace tamis::metrics
