#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/metrics_ranking.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kBias =
    "a sampled metric is biased: it measures something else than the exact one and can put systems in another order "
    "(Krichene & Rendle 2020); auc alone has the exact one for its expected value";
constexpr const char* kCorrection =
    "the metric at the rank 1 + others (rank - 1) / drawn, which is unbiased; a metric that is not linear in the rank "
    "keeps a bias, as a rule a smaller one";

std::string drawing(const SampledFlags& flags) {
  return fmt::format(
      "the relevant documents of a query and {} of its other retrieved documents, drawn without replacement; all of "
      "them where there are fewer",
      flags.negatives);
}

bool correctable(const metrics::Metric& metric) {
  return metric.kind != metrics::Metric::Kind::bpref;
}

std::string shown(const stats::Summary& summary) {
  return summary.count > 0 ? fmt::format("{:.4f}", summary.mean) : "undefined";
}

}  // namespace

void add_sampled(CLI::App& ranking, SampledFlags& flags) {
  ranking
      .add_option("--negatives", flags.negatives,
                  "Also rank relevant documents among only so many others, drawn by --seed: biased, shown beside the "
                  "exact metrics")
      ->check(CLI::Range(1, 1'000'000'000));
}

void add_sampled_json(Json& json, const metrics::SampledMeans& means, const SampledFlags& flags,
                      const metrics::RankingMeans& exact, double alpha) {
  json["conventions"]["sampled"] = drawing(flags);
  json["conventions"]["bias"] = kBias;
  json["conventions"]["corrected"] =
      fmt::format("over the queries with one relevant document and no other of grade > 0: {}", kCorrection);
  json["negatives"] = {
      {"asked", flags.negatives}, {"queries_with_fewer", means.fewer}, {"queries_without_correction", means.several}};
  Json& all = json["sampled_metrics"] = Json::object();
  for (std::size_t m = 0; m < exact.metrics().size(); ++m) {
    const metrics::Metric& metric = exact.metrics()[m];
    Json entry = json_of_mean(means.sampled.value()[m], alpha);
    entry["sampled"] = true;
    entry["biased"] = !metrics::unbiased_by_sampling(metric);
    entry["exact"] = json_of_mean(exact.value()[m], alpha);
    entry["corrected"] = json_of_mean(means.corrected[m], alpha);
    if (!correctable(metric)) {
      entry["corrected"]["why"] = "no correction is known";
    } else if (means.corrected[m].count == 0) {
      entry["corrected"]["why"] = "no query that defines it has one relevant document";
    }
    all[metric.name] = entry;
  }
}

std::string sampled_text(const metrics::SampledMeans& means, const SampledFlags& flags,
                         const metrics::RankingMeans& exact, double alpha) {
  std::vector<std::vector<std::string>> rows{
      {"metric", "exact", "sampled", percent(alpha), "queries", "biased", "corrected", "queries"}};
  for (std::size_t m = 0; m < exact.metrics().size(); ++m) {
    const metrics::Metric& metric = exact.metrics()[m];
    const stats::Summary& sampled = means.sampled.value()[m];
    const stats::Summary& corrected = means.corrected[m];
    const auto interval = metrics::interval_over_queries(sampled, alpha);
    rows.push_back({metric.name, shown(exact.value()[m]), shown(sampled),
                    interval ? fmt::format("[{:.4f}, {:.4f}]", interval->low, interval->high) : "",
                    fmt::format("{}", sampled.count), metrics::unbiased_by_sampling(metric) ? "no" : "yes",
                    correctable(metric) ? shown(corrected) : "unknown", fmt::format("{}", corrected.count)});
  }
  std::string text = columns(rows, 1) + "\n";
  text += fmt::format("sampled: {}.\n", drawing(flags));
  text += fmt::format("Biased: {}.\ncorrected: {}.\n", kBias, kCorrection);
  if (means.fewer > 0)
    text += fmt::format("Queries with fewer than {} others: {}, all of these taken.\n", flags.negatives, means.fewer);
  if (means.several > 0)
    text += fmt::format("Queries with several relevant documents: {}, without a correction.\n", means.several);
  return text;
}

}  // namespace tamis::cli
