#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tamis/stats/signed_rank.h"
#include "tamis/stats/tests.h"

namespace tamis::stats {

/// t: Student's on the mean difference; with clusters the ratio of cluster totals to sizes with its delta-method
/// standard error and clusters - 1 degrees. wilcoxon: signed_rank(). randomization: sign_flip_test(). bootstrap:
/// paired_bootstrap().
enum class PairedTest : std::uint8_t { t, wilcoxon, randomization, bootstrap };
/// "paired-t", "wilcoxon", "randomization", "bootstrap". Throws invalid_argument listing them.
PairedTest parse_paired_test(std::string_view text);
std::string_view text(PairedTest test);

/// inverted: the shifts that the test itself does not reject (wilcoxon: of the pseudo-median; bootstrap: it is the
/// percentile one). percentile, bca: of the bootstrap of the mean difference, whatever the test.
enum class PairedInterval : std::uint8_t { inverted, percentile, bca };

struct PairedOptions {
  PairedTest test = PairedTest::t;
  PairedInterval interval = PairedInterval::inverted;
  double alpha = 0.05;
  int replicates = 10000;  ///< of the bootstrap, and signs drawn by the randomisation test
  std::uint64_t seed = 0;
  SignedRankOptions ranks;
};

/// a less b over the same units.
struct Paired {
  std::uint64_t units = 0, clusters = 0;         ///< clusters: as many as units where none are given
  std::uint64_t wins = 0, losses = 0, ties = 0;  ///< units where a is greater, smaller, equal
  double mean_a = 0, mean_b = 0;
  double difference = 0;  ///< mean of a - b, whatever the test
  double standard_error = 0;
  std::optional<double> p, low, high;
  std::string why;     ///< why p or the interval is not there
  std::string method;  ///< what was done, with the choice that was made: "signed-rank test, exact"
  std::optional<double> cohens_dz,
      hedges_g;                         ///< nullopt where differences do not vary; g = dz * hedges_correction(n - 1)
  std::optional<double> rank_biserial;  ///< by options.ranks.zeros
  std::optional<double> cliffs_delta;   ///< of all pairs of values
  std::optional<double> pseudo_median;  ///< wilcoxon: what its interval is of
};

/// Tests that a and b do not differ. a, b: one finite value per unit, equal lengths, at least two; `cluster`: empty, or
/// a number from 0 for each unit, at least two different ones. Effect sizes are over units, not clusters. The t-test of
/// differences that do not vary has no p. Throws invalid_argument for bad input, or for wilcoxon with clusters: its
/// ranks have no clustered form here.
Paired compare_paired(std::span<const double> a, std::span<const double> b, std::span<const std::uint32_t> cluster,
                      const PairedOptions& options);

}  // namespace tamis::stats
