// How often each test rejects at 5 % although its null is true, by simulation under fixed seeds.

#include <cmath>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/stats/covariance.h"
#include "tamis/stats/intervals.h"
#include "tamis/stats/paired_bootstrap.h"
#include "tamis/stats/ratio.h"
#include "tamis/stats/sign_flip.h"
#include "tamis/stats/signed_rank.h"
#include "tests/golden/rows.h"

namespace tamis::stats {
namespace {

using Values = std::vector<double>;
using Draw = std::function<double(Stream&)>;
/// Whether a simulation rejects, by each of several tests of the same sample.
using Verdicts = std::vector<bool>;
using Simulation = std::function<Verdicts(Stream&, std::uint64_t trial)>;

constexpr double kAlpha = 0.05;
constexpr int kReplicates = 999;

// Values less their true means.
const Draw kNormal = [](Stream& stream) { return stream.normal(); };
Draw log_normal(double sigma) {
  return [sigma](Stream& stream) { return std::exp(sigma * stream.normal()) - std::exp(sigma * sigma / 2); };
}
Draw binary(double p) {
  return [p](Stream& stream) { return (stream.uniform() < p ? 1.0 : 0.0) - p; };
}
/// Differences of two values from the same distribution: symmetric.
Draw pairs_of(const Draw& draw) {
  return [draw](Stream& stream) {
    const double first = draw(stream);
    return first - draw(stream);
  };
}

Values sample(const Draw& draw, std::size_t n, Stream& stream) {
  Values values(n);
  for (double& x : values) x = draw(stream);
  return values;
}

/// Share of trials that reject, test by test; one stream a trial, so that threads do not matter.
std::vector<double> rejection_rates(int trials, std::uint64_t seed, const Simulation& simulation) {
  std::vector<Verdicts> verdicts(static_cast<std::size_t>(trials));
  parallel_for(verdicts.size(), [&](std::size_t trial) {
    Stream stream(seed, "null", trial);
    verdicts[trial] = simulation(stream, trial);
  });
  std::vector<double> rates(verdicts[0].size());
  for (const Verdicts& verdict : verdicts) {
    for (std::size_t test = 0; test < rates.size(); ++test) rates[test] += verdict[test] ? 1.0 / trials : 0;
  }
  return rates;
}

bool t_rejects(const Values& values) {
  const TestResult test = one_sample(summarize(values));
  return test.standard_error > 0 && test.p < kAlpha;
}

double chance_error(int trials) {
  return 3.3 * std::sqrt(kAlpha * (1 - kAlpha) / trials);
}

/// Approximate tests: half a point beside the error of the simulation. Exact and discrete ones: never above.
void expect_approximate(double rate, int trials, const std::string& what, double points = 0.005) {
  std::cout << what << ": " << 100 * rate << " %\n";
  EXPECT_NEAR(rate, kAlpha, chance_error(trials) + points) << what;
}
void expect_at_most(double rate, int trials, const std::string& what) {
  std::cout << what << ": " << 100 * rate << " %\n";
  EXPECT_LE(rate, kAlpha + chance_error(trials)) << what;
}

/// Student's t, percentile, BCa and the users' Bootstrap of intervals.h on the same samples.
std::vector<double> mean_tests(int trials, std::size_t n, const Draw& draw, std::uint64_t seed, int replicates) {
  return rejection_rates(trials, seed, [&](Stream& stream, std::uint64_t trial) -> Verdicts {
    const Values values = sample(draw, n, stream);
    const auto bootstrap = paired_bootstrap(separate(values), replicates, seed + trial);
    return {t_rejects(values), bootstrap.percentile_p() < kAlpha, bootstrap.bca_p() < kAlpha};
  });
}

void expect_mean_tests(int trials, std::size_t n, const Draw& draw, const std::string& what, std::uint64_t seed) {
  const auto rates = mean_tests(trials, n, draw, seed, kReplicates);
  const std::string of = ", " + what + ", n = " + std::to_string(n);
  expect_approximate(rates[0], trials, "t" + of);
  expect_approximate(rates[1], trials, "bootstrap, percentile" + of);
  expect_approximate(rates[2], trials, "bootstrap, BCa" + of);
}

std::vector<double> rank_tests(int trials, std::size_t n, const Draw& draw, std::uint64_t seed) {
  return rejection_rates(trials, seed, [&](Stream& stream, std::uint64_t) -> Verdicts {
    const Values values = sample(draw, n, stream);
    const auto p = [&](ZeroMethod zeros, RankMethod method) { return signed_rank(values, {zeros, method, false}).p; };
    return {p(ZeroMethod::wilcox, RankMethod::exact).value_or(1) < kAlpha,
            p(ZeroMethod::wilcox, RankMethod::approximate).value_or(1) < kAlpha,
            p(ZeroMethod::pratt, RankMethod::approximate).value_or(1) < kAlpha,
            p(ZeroMethod::zsplit, RankMethod::approximate).value_or(1) < kAlpha};
  });
}

double sign_flip_rate(int trials, std::size_t n, const Draw& draw, int draws, std::uint64_t seed) {
  return rejection_rates(trials, seed, [&](Stream& stream, std::uint64_t trial) -> Verdicts {
    return {sign_flip_test(separate(sample(draw, n, stream)), draws, seed + trial).p < kAlpha};
  })[0];
}

/// Values of unequal clusters that share half of their variance: t by clusters, signs by clusters, t by values.
std::vector<double> cluster_tests(int trials, std::uint32_t clusters, std::uint64_t seed) {
  return rejection_rates(trials, seed, [&](Stream& stream, std::uint64_t trial) -> Verdicts {
    Values values;
    std::vector<std::uint32_t> cluster;
    for (std::uint32_t c = 0; c < clusters; ++c) {
      const double shared = stream.normal();
      const auto size = 1 + stream.below(5);
      for (std::uint64_t i = 0; i < size; ++i) {
        values.push_back(shared + stream.normal());
        cluster.push_back(c);
      }
    }
    const Clusters sums = by_cluster(values, cluster);
    Covariance state;
    for (std::size_t c = 0; c < sums.total.size(); ++c) state.update(sums.total[c], sums.size[c]);
    return {ratio_test(ratio_of_means(state)).p < kAlpha, sign_flip_test(sums, kReplicates, seed + trial).p < kAlpha,
            t_rejects(values)};
  });
}

double welch_rate(int trials, std::size_t n, std::size_t m, const Draw& a, const Draw& b, std::uint64_t seed) {
  return rejection_rates(trials, seed, [&](Stream& stream, std::uint64_t) -> Verdicts {
    Summary first, second;
    for (std::size_t i = 0; i < n; ++i) first.update(a(stream));
    for (std::size_t i = 0; i < m; ++i) second.update(b(stream));
    return {welch(first, second).p < kAlpha};
  })[0];
}

TEST(Rejection, IsAboutFivePerCent) {
  const int trials = 400;
  const auto rates = mean_tests(trials, 100, kNormal, 1, 199);
  expect_approximate(rates[0], trials, "t, normal, n = 100");
  expect_approximate(rates[1], trials, "bootstrap, percentile, normal, n = 100", 0.01);
  expect_approximate(rates[2], trials, "bootstrap, BCa, normal, n = 100", 0.01);
  expect_at_most(rank_tests(trials, 20, kNormal, 2)[0], trials, "signed-rank, exact, n = 20");
  expect_at_most(sign_flip_rate(trials, 60, pairs_of(log_normal(1)), 199, 3), trials, "randomisation, n = 60");
}

TEST(SlowRejection, OfTAndBootstrapOnNormalValues) {
  const int trials = 10000;
  expect_mean_tests(trials, 100, kNormal, "normal", 11);
  const double users = rejection_rates(trials, 12, [](Stream& stream, std::uint64_t trial) -> Verdicts {
    return {Bootstrap(sample(kNormal, 100, stream), kReplicates, 12 + trial).p() < kAlpha};
  })[0];
  expect_approximate(users, trials, "bootstrap over users, normal, n = 100");
}

TEST(SlowRejection, OfTAndBootstrapOnLogNormalValues) {
  expect_mean_tests(10000, 2000, log_normal(1), "log-normal, sigma = 1", 13);
}

TEST(SlowRejection, OfTAndBootstrapOnBinaryValues) {
  expect_mean_tests(10000, 2000, binary(0.1), "binary, p = 0.1", 14);
}

TEST(SlowRejection, OfTheSignedRankTestOnSymmetricDifferences) {
  const int trials = 10000;
  const Draw laplace = pairs_of([](Stream& stream) { return -std::log(1 - stream.uniform()); });
  const auto few = rank_tests(trials, 20, laplace, 15);
  expect_at_most(few[0], trials, "signed-rank, exact, Laplace, n = 20");
  // 2 P(T <= 52) is the largest level below 5 % for 20 ranks.
  EXPECT_NEAR(few[0], 0.0484, chance_error(trials));
  const auto many = rank_tests(trials, 100, laplace, 16);
  expect_at_most(many[0], trials, "signed-rank, exact, Laplace, n = 100");
  expect_approximate(many[1], trials, "signed-rank, approximate, Laplace, n = 100");
  const Draw rounded = [](Stream& stream) { return std::round(2 * stream.normal()); };
  const auto tied = rank_tests(trials, 100, rounded, 17);
  expect_at_most(tied[0], trials, "signed-rank, exact, ties and zeros left out, n = 100");
  expect_approximate(tied[1], trials, "signed-rank, approximate, ties, zeros wilcox, n = 100");
  expect_approximate(tied[2], trials, "signed-rank, approximate, ties, zeros pratt, n = 100");
  expect_approximate(tied[3], trials, "signed-rank, approximate, ties, zeros zsplit, n = 100");
}

TEST(SlowRejection, OfTheRandomisationTestOnExchangeablePairs) {
  const int trials = 10000;
  const Draw skewed = pairs_of(log_normal(1.5));
  const double all = sign_flip_rate(trials, 10, skewed, 1024, 18);
  expect_at_most(all, trials, "randomisation, all 1024 signs, log-normal pairs, sigma = 1.5, n = 10");
  // p is 2 j / 1024 with equal chances for j = 1 .. 512: 25 of them are below 5 %.
  EXPECT_NEAR(all, 25.0 / 512, chance_error(trials));
  expect_at_most(sign_flip_rate(trials, 100, skewed, kReplicates, 19), trials,
                 "randomisation, 999 signs, log-normal pairs, sigma = 1.5, n = 100");
  expect_at_most(sign_flip_rate(trials, 500, pairs_of(binary(0.1)), kReplicates, 20), trials,
                 "randomisation, 999 signs, binary pairs, p = 0.1, n = 500");
}

TEST(SlowRejection, OfClusteredAndUnpairedTests) {
  const int trials = 10000;
  const auto clustered = cluster_tests(trials, 60, 21);
  expect_approximate(clustered[0], trials, "t by cluster, normal, 60 clusters of 1 to 5");
  expect_at_most(clustered[1], trials, "randomisation by cluster, 60 clusters of 1 to 5");
  EXPECT_GT(clustered[2], 0.1) << "values of a cluster taken as independent must show";
  const Draw wide = [](Stream& stream) { return 5 * stream.normal(); };
  expect_approximate(welch_rate(trials, 100, 40, kNormal, wide, 22), trials,
                     "Welch, normal, sigma 1 and 5, n 100 and 40");
  expect_approximate(welch_rate(trials, 2000, 2000, log_normal(1), log_normal(1), 23), trials,
                     "Welch, log-normal, sigma = 1, n = 2000 each");
}

// The table of docs/design/tests.md: rates in per cent by setting, in its order of columns.
std::map<std::string, std::vector<double>> shipped_table() {
  std::ifstream in(TAMIS_SOURCE_DIR "/docs/design/tests.md");
  EXPECT_TRUE(in.good());
  std::map<std::string, std::vector<double>> table;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| ") || line.find(" n = ") == std::string::npos) continue;
    std::istringstream cells(line.substr(2));
    std::string name;
    std::getline(cells, name, '|');
    name.resize(name.find_last_not_of(' ') + 1);
    for (std::string cell; std::getline(cells, cell, '|');) table[name].push_back(std::stod(cell));
  }
  return table;
}

struct Setting {
  const char* name;  ///< as in the table
  std::size_t n;
  Draw draw;
};

/// t, percentile, BCa, signed-rank, randomisation: in the order of the table's columns.
std::vector<double> five_tests(int trials, const Setting& setting, std::uint64_t seed) {
  return rejection_rates(trials, seed, [&](Stream& stream, std::uint64_t trial) -> Verdicts {
    const Values values = sample(setting.draw, setting.n, stream);
    const auto bootstrap = paired_bootstrap(separate(values), kReplicates, seed + trial);
    return {t_rejects(values), bootstrap.percentile_p() < kAlpha, bootstrap.bca_p() < kAlpha,
            signed_rank(values).p.value_or(1) < kAlpha,
            sign_flip_test(separate(values), kReplicates, seed + trial).p < kAlpha};
  });
}

void expect_shipped(const std::string& name, const std::vector<double>& rates, int trials) {
  const auto table = shipped_table();
  std::cout << "| " << name;
  for (const double rate : rates) std::cout << " | " << std::round(1000 * rate) / 10;
  std::cout << " |\n";
  ASSERT_TRUE(table.contains(name)) << name;
  const auto& shipped = table.at(name);
  ASSERT_EQ(shipped.size(), rates.size()) << name;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const double error = 330 * std::sqrt(std::max(rates[i] * (1 - rates[i]), 0.001) / trials);
    EXPECT_NEAR(100 * rates[i], shipped[i], error + 0.05) << name << ", column " << i;
  }
}

TEST(SlowRejection, FailsWhereTheTableSaysSmall) {
  const int trials = 10000;
  const Setting settings[] = {{"normal, n = 10", 10, kNormal},
                              {"log-normal, sigma = 1.5, n = 200", 200, log_normal(1.5)},
                              {"binary, p = 0.01, n = 200", 200, binary(0.01)},
                              {"pairs of log-normal, sigma = 1.5, n = 200", 200, pairs_of(log_normal(1.5))}};
  for (const Setting& setting : settings) expect_shipped(setting.name, five_tests(trials, setting, 31), trials);
}

TEST(SlowRejection, FailsWhereTheTableSaysLogNormal) {
  const Setting setting{"log-normal, sigma = 1.5, n = 2000", 2000, log_normal(1.5)};
  expect_shipped(setting.name, five_tests(10000, setting, 32), 10000);
}

TEST(SlowRejection, FailsWhereTheTableSaysBinary) {
  const Setting setting{"binary, p = 0.01, n = 2000", 2000, binary(0.01)};
  expect_shipped(setting.name, five_tests(10000, setting, 33), 10000);
}

TEST(SlowRejection, FailsWhereTheTableSaysArmsAndClusters) {
  const int trials = 10000;
  const Draw wide = log_normal(1.5);
  expect_shipped("arms, log-normal, sigma = 1.5, n = 2000 and 2000", {welch_rate(trials, 2000, 2000, wide, wide, 34)},
                 trials);
  expect_shipped("arms, log-normal, sigma = 1.5, n = 3600 and 400", {welch_rate(trials, 3600, 400, wide, wide, 35)},
                 trials);
  expect_shipped("arms, log-normal, sigma = 1.5, n = 3960 and 40", {welch_rate(trials, 3960, 40, wide, wide, 36)},
                 trials);
  const auto few = cluster_tests(trials, 6, 37);
  expect_shipped("clusters, normal, n = 6 of 1 to 5", few, trials);
}

}  // namespace
}  // namespace tamis::stats
