#include "tamis/stats/corrections.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tamis/base/random.h"
#include "tamis/stats/summary.h"
#include "tamis/stats/tests.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

constexpr Correction kAll[] = {Correction::none, Correction::bonferroni, Correction::holm,
                               Correction::benjamini_hochberg};

TEST(CorrectionsGolden, AreStatsmodels) {
  int seen = 0;
  for (const auto& row : golden::rows("stats.tsv")) {
    if (row[0] != "holm" && row[0] != "bh") continue;
    SCOPED_TRACE(++seen);
    const auto expected = golden::numbers(row[2]);
    const auto adjusted =
        adjust(golden::numbers(row[1]), row[0] == "holm" ? Correction::holm : Correction::benjamini_hochberg);
    ASSERT_EQ(adjusted.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
  }
  EXPECT_EQ(seen, 20);
}

TEST(BonferroniGolden, IsStatsmodels) {
  int seen = 0;
  for (const auto& row : golden::rows("comparisons.tsv")) {
    if (row[0] != "bonferroni") continue;
    SCOPED_TRACE(++seen);
    const auto p = golden::numbers(row[1]), expected = golden::numbers(row[2]);
    const auto adjusted = adjust(p, Correction::bonferroni);
    const auto by_holm = adjust(p, Correction::holm);
    ASSERT_EQ(adjusted.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
      EXPECT_LE(by_holm[i], adjusted[i]);
    }
  }
  EXPECT_EQ(seen, 4);
}

TEST(Corrections, OfNothingAreNothing) {
  for (const Correction correction : kAll) {
    EXPECT_TRUE(adjust({}, correction).empty());
    EXPECT_TRUE(interval_levels({}, correction, 0.05).empty());
  }
}

TEST(Corrections, RefuseWhatIsNoProbability) {
  for (const double p : {-0.01, 1.01, std::nan("")}) {
    const std::vector<double> values = {0.5, p};
    for (const Correction correction : kAll) EXPECT_THROW(adjust(values, correction), std::invalid_argument);
  }
  const std::vector<double> fine = {0.5};
  EXPECT_THROW(interval_levels(fine, Correction::holm, 0), std::invalid_argument);
  EXPECT_THROW(interval_levels(fine, Correction::holm, 1), std::invalid_argument);
}

TEST(IntervalLevels, StepDownUntilTheFirstThatIsKept) {
  // 0.001 < 0.05/4 and 0.015 < 0.05/3 are rejected, 0.03 > 0.05/2 is not, nor then 0.04 though it is below 0.05/1.
  const std::vector<double> p = {0.04, 0.001, 0.03, 0.015};
  const std::vector<double> holm = {0.05 / 2, 0.05 / 4, 0.05 / 2, 0.05 / 3};
  const auto levels = interval_levels(p, Correction::holm, 0.05);
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_DOUBLE_EQ(levels[i], holm[i]) << i;
  // Benjamini-Hochberg rejects all four: 0.04 < 0.05.
  for (const double level : interval_levels(p, Correction::benjamini_hochberg, 0.05)) EXPECT_DOUBLE_EQ(level, 0.05);
  const std::vector<double> none = {0.9, 0.5};
  for (const double level : interval_levels(none, Correction::benjamini_hochberg, 0.05)) EXPECT_DOUBLE_EQ(level, 0.025);
}

TEST(IntervalLevels, AgreeWithTheAdjustedPValues) {
  Stream stream(3, "levels");
  for (int trial = 0; trial < 5000; ++trial) {
    std::vector<double> p(1 + stream.below(30));
    const double alpha = 0.001 + 0.2 * stream.uniform();
    for (double& x : p) {
      x = std::pow(stream.uniform(), 1 + 4 * stream.uniform());
      // Ties, zeros, ones and values on the very border of a step.
      const auto kind = stream.below(10);
      if (kind == 0) x = p[0];
      if (kind == 1) x = alpha / static_cast<double>(1 + stream.below(p.size()));
      if (kind == 2) x = static_cast<double>(stream.below(2));
    }
    for (const Correction correction : kAll) {
      const auto adjusted = adjust(p, correction);
      const auto levels = interval_levels(p, correction, alpha);
      for (std::size_t i = 0; i < p.size(); ++i) {
        EXPECT_EQ(p[i] < levels[i], adjusted[i] < alpha) << p[i] << " level " << levels[i];
        EXPECT_LE(levels[i], alpha * (1 + 1e-12));
      }
    }
  }
}

TEST(IntervalLevels, GiveIntervalsThatAgreeWithTheCorrectedTests) {
  Stream stream(4, "intervals");
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<TestResult> tests;
    std::vector<double> p;
    const auto count = 1 + stream.below(12);
    for (std::uint64_t t = 0; t < count; ++t) {
      Summary a;
      Summary b;
      const double shift = 1.2 * stream.normal();
      for (int i = 0; i < 12; ++i) a.update(shift + stream.normal());
      for (int i = 0; i < 9; ++i) b.update(2 * stream.normal());
      tests.push_back(welch(a, b));
      p.push_back(tests.back().p);
    }
    for (const Correction correction : kAll) {
      const auto adjusted = adjust(p, correction);
      const auto levels = interval_levels(p, correction, 0.05);
      for (std::size_t i = 0; i < tests.size(); ++i) {
        const Interval at = interval(tests[i], levels[i]);
        EXPECT_EQ(at.low > 0 || at.high < 0, adjusted[i] < 0.05) << adjusted[i];
      }
    }
  }
}

TEST(Corrections, AreMonotoneAndNeverBelowThePValue) {
  Stream stream(5, "monotone");
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> p(1 + stream.below(20));
    for (double& x : p) x = stream.uniform();
    const auto holm = adjust(p, Correction::holm);
    const auto bh = adjust(p, Correction::benjamini_hochberg);
    for (std::size_t i = 0; i < p.size(); ++i) {
      EXPECT_GE(bh[i], p[i]);
      EXPECT_GE(holm[i], bh[i] - 1e-15);
      EXPECT_LE(holm[i], 1);
      for (std::size_t j = 0; j < p.size(); ++j) {
        if (p[i] > p[j]) continue;
        EXPECT_LE(holm[i], holm[j]);
        EXPECT_LE(bh[i], bh[j]);
      }
    }
  }
}

// Share of families of m true null hypotheses in which Holm rejects any, at 0.05.
double holm_family_error(int trials, int m, std::uint64_t seed) {
  int wrong = 0;
  for (int trial = 0; trial < trials; ++trial) {
    Stream stream(seed, "holm", static_cast<std::uint64_t>(trial));
    std::vector<double> p(static_cast<std::size_t>(m));
    for (double& x : p) x = stream.uniform();
    const auto adjusted = adjust(p, Correction::holm);
    wrong += std::any_of(adjusted.begin(), adjusted.end(), [](double q) { return q < 0.05; });
  }
  return static_cast<double>(wrong) / trials;
}

TEST(Holm, KeepsTheFamilyWiseError) {
  // Independent nulls: some p is below 0.05 / m with chance 1 - (1 - 0.05 / m)^m.
  const int trials = 4000;
  const double expected = 1 - std::pow(1 - 0.05 / 10, 10);
  EXPECT_NEAR(holm_family_error(trials, 10, 1), expected, 3 * std::sqrt(expected * (1 - expected) / trials));
}

TEST(SlowHolm, KeepsTheFamilyWiseError) {
  const int trials = 200000;
  for (const int m : {2, 10, 29}) {
    const double expected = 1 - std::pow(1 - 0.05 / m, m);
    EXPECT_NEAR(holm_family_error(trials, m, 2), expected, 3 * std::sqrt(expected * (1 - expected) / trials)) << m;
  }
}

// The share of false discoveries among discoveries, a value a family: 15 true nulls and 5 shifted by `shift`
// deviations.
Summary false_discoveries(int trials, double shift, std::uint64_t seed) {
  Summary shares;
  for (int trial = 0; trial < trials; ++trial) {
    Stream stream(seed, "bh", static_cast<std::uint64_t>(trial));
    std::vector<double> p(20);
    for (std::size_t i = 0; i < p.size(); ++i)
      p[i] = std::erfc(std::abs(stream.normal() + (i < 15 ? 0 : shift)) / std::sqrt(2.0));
    const auto adjusted = adjust(p, Correction::benjamini_hochberg);
    double found = 0;
    double wrong = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      found += adjusted[i] < 0.1;
      wrong += adjusted[i] < 0.1 && i < 15;
    }
    shares.update(found > 0 ? wrong / found : 0);
  }
  return shares;
}

TEST(BenjaminiHochberg, KeepsTheFalseDiscoveryRate) {
  // For independent tests the rate is exactly alpha times the share of true nulls: 0.1 * 15 / 20.
  const Summary shares = false_discoveries(4000, 2.5, 1);
  EXPECT_NEAR(shares.mean, 0.075, 3 * shares.standard_error());
}

TEST(SlowBenjaminiHochberg, KeepsTheFalseDiscoveryRate) {
  for (const double shift : {0.5, 2.0, 4.0}) {
    const Summary shares = false_discoveries(100000, shift, 2);
    EXPECT_NEAR(shares.mean, 0.075, 3 * shares.standard_error()) << shift;
  }
}

}  // namespace
}  // namespace tamis::stats
