#include "tamis/stats/paired.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/stats/clusters.h"
#include "tamis/stats/covariance.h"
#include "tamis/stats/effect_size.h"
#include "tamis/stats/paired_bootstrap.h"
#include "tamis/stats/ratio.h"
#include "tamis/stats/sign_flip.h"

namespace tamis::stats {

namespace {

constexpr PairedTest kTests[] = {PairedTest::t, PairedTest::wilcoxon, PairedTest::randomization, PairedTest::bootstrap};

std::vector<double> differences_of(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size())
    fail_caller("compare",
                fmt::format("{} values beside {}; one of each system per unit is needed", a.size(), b.size()));
  if (a.size() < 2) fail_caller("compare", fmt::format("{} units in common; at least 2 are needed", a.size()));
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    differences[i] = a[i] - b[i];
    if (!std::isfinite(differences[i]))
      fail_caller("compare", fmt::format("unit {}: {} and {}; finite values are needed", i + 1, a[i], b[i]));
  }
  return differences;
}

/// Equal differences of unequal numbers come out some last bits apart.
bool vary_by_rounding_only(std::span<const double> a, std::span<const double> b, std::span<const double> differences) {
  double largest = 0;
  for (const auto side : {a, b}) {
    for (const double x : side) largest = std::max(largest, std::abs(x));
  }
  const auto [least, most] = std::minmax_element(differences.begin(), differences.end());
  return *most - *least <= 4 * std::numeric_limits<double>::epsilon() * largest;
}

void say(Paired& result, std::string_view why) {
  result.why += fmt::format("{}{}", result.why.empty() ? "" : "; ", why);
}

void set_interval(Paired& result, const std::optional<Interval>& interval, double alpha) {
  if (!interval) {
    say(result, fmt::format("too few units or replicates for an interval at alpha {}", alpha));
    return;
  }
  result.low = interval->low;
  result.high = interval->high;
}

TestResult t_test(std::span<const double> differences, const Clusters& clusters, bool clustered) {
  if (!clustered) return one_sample(summarize(differences));
  Covariance sums;
  for (std::size_t c = 0; c < clusters.total.size(); ++c) sums.update(clusters.total[c], clusters.size[c]);
  return ratio_test(ratio_of_means(sums));
}

void by_t(Paired& result, const TestResult& test, bool constant, const PairedOptions& options) {
  result.method = fmt::format("Student's t with {} degrees of freedom", test.degrees);
  if (constant || test.standard_error == 0) {
    say(result, constant ? "the differences do not vary, so t is undefined"
                         : "the clusters' means do not vary, so t is undefined");
    return;
  }
  result.p = test.p;
  if (options.interval == PairedInterval::inverted) set_interval(result, interval(test, options.alpha), options.alpha);
}

void by_ranks(Paired& result, std::span<const double> differences, const PairedOptions& options) {
  const SignedRank test = signed_rank(differences, options.ranks);
  const bool continuity = options.ranks.continuity;
  result.method = fmt::format("signed-rank test, {}, zeros {}",
                              test.exact   ? "exact"
                              : continuity ? "normal approximation with continuity correction"
                                           : "normal approximation",
                              text(options.ranks.zeros));
  result.p = test.p;
  result.pseudo_median = pseudo_median(differences);
  if (!test.p) say(result, "every difference is 0, so there is nothing to rank");
  if (options.interval == PairedInterval::inverted && test.p)
    set_interval(result, pseudo_median_interval(differences, options.alpha, test.exact, continuity), options.alpha);
}

void by_signs(Paired& result, const Clusters& clusters, const PairedOptions& options) {
  const SignFlip test = sign_flip_test(clusters, options.replicates, options.seed);
  result.method = test.exact ? fmt::format("randomisation test, all {} signs", test.flips)
                             : fmt::format("randomisation test, {} signs drawn", test.flips);
  result.p = test.p;
  if (options.interval == PairedInterval::inverted) set_interval(result, test.interval(options.alpha), options.alpha);
}

void by_bootstrap(Paired& result, const Clusters& clusters, const PairedOptions& options) {
  const PairedBootstrap bootstrap = paired_bootstrap(clusters, options.replicates, options.seed);
  const bool bca = options.interval == PairedInterval::bca;
  set_interval(result, bca ? bootstrap.bca(options.alpha) : bootstrap.percentile(options.alpha), options.alpha);
  if (options.test != PairedTest::bootstrap) return;
  result.method = fmt::format("bootstrap, {} replicates, multinomial weights", options.replicates);
  result.p = bca ? bootstrap.bca_p() : bootstrap.percentile_p();
}

void describe(Paired& result, std::span<const double> a, std::span<const double> b, const PairedOptions& options,
              std::span<const double> differences) {
  result.units = a.size();
  for (const double d : differences) {
    result.wins += d > 0 ? 1 : 0;
    result.losses += d < 0 ? 1 : 0;
    result.ties += d == 0 ? 1 : 0;
  }
  result.mean_a = summarize(a).mean;
  result.mean_b = summarize(b).mean;
  result.rank_biserial = signed_rank(differences, {options.ranks.zeros, RankMethod::approximate, false}).rank_biserial;
  result.cliffs_delta = cliffs_delta(a, b);
}

}  // namespace

PairedTest parse_paired_test(std::string_view word) {
  for (const PairedTest test : kTests) {
    if (word == text(test)) return test;
  }
  fail_caller("test", fmt::format("\"{}\" is no test; accepted: paired-t, wilcoxon, randomization, bootstrap", word));
}

std::string_view text(PairedTest test) {
  switch (test) {
    case PairedTest::t:
      return "paired-t";
    case PairedTest::wilcoxon:
      return "wilcoxon";
    case PairedTest::randomization:
      return "randomization";
    case PairedTest::bootstrap:
      return "bootstrap";
  }
  return "";
}

Paired compare_paired(std::span<const double> a, std::span<const double> b, std::span<const std::uint32_t> cluster,
                      const PairedOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1))
    fail_caller("compare", fmt::format("alpha {} is not in (0, 1)", options.alpha));
  const bool clustered = !cluster.empty();
  if (clustered && options.test == PairedTest::wilcoxon)
    fail_caller("compare",
                "the signed-rank test has no clustered form here; accepted with clusters: paired-t, "
                "randomization, bootstrap");
  const std::vector<double> differences = differences_of(a, b);
  const Clusters clusters = clustered ? by_cluster(differences, cluster) : separate(differences);
  if (clusters.total.size() < 2) fail_caller("compare", "all units are in one cluster; at least 2 are needed");
  Paired result;
  describe(result, a, b, options, differences);
  result.clusters = clusters.total.size();
  const bool constant = vary_by_rounding_only(a, b, differences);
  const TestResult t = t_test(differences, clusters, clustered);
  result.difference = constant ? differences.front() : t.estimate;
  result.standard_error = constant ? 0 : t.standard_error;
  if (!constant) {
    result.cohens_dz = cohens_dz(summarize(differences));
    if (result.cohens_dz && result.units > 2)
      result.hedges_g = *result.cohens_dz * hedges_correction(static_cast<double>(result.units - 1));
  }
  if (options.test == PairedTest::t) by_t(result, t, constant, options);
  if (options.test == PairedTest::wilcoxon) by_ranks(result, differences, options);
  if (options.test == PairedTest::randomization) by_signs(result, clusters, options);
  if (options.test == PairedTest::bootstrap || options.interval != PairedInterval::inverted)
    by_bootstrap(result, clusters, options);
  return result;
}

}  // namespace tamis::stats
