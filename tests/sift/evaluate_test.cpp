#include "tamis/sift/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "tamis/base/parallel.h"
#include "tamis/evidence/replay/daily.h"
#include "tests/sift/evaluate_scene.h"

namespace tamis::sift {
namespace {

EvaluatePlan plan_of(const FoldPlan& split) {
  EvaluatePlan plan;
  plan.split = split;
  plan.split.where = "plan.toml line 3";
  for (const char* name : {"ndcg@10", "recall@5"}) plan.metrics.push_back(metrics::Metric::parse(name));
  Candidate lot{"random", "random", "", {}}, popular{"popularity", "popularity", "", {}},
      knn{"knn", "item_knn", "", {}};
  lot.spec.family = recommend::Spec::Family::random;
  popular.spec.family = recommend::Spec::Family::popularity;
  knn.spec.family = recommend::Spec::Family::item_knn;
  plan.source.candidates = {lot, popular, knn};
  return plan;
}

Evaluation run(const FoldPlan& split, const Scene& scene, std::uint64_t seed = 0) {
  Progress silent;
  return evaluate(plan_of(split), scene, seed, silent);
}

TEST(OverlappingFolds, WidenTheStandardError) {
  const std::vector<double> values{0.1, 0.2, 0.4, 0.5};
  // mean 0.3, deviations -.2 -.1 .1 .2: variance 0.1 / 3.
  const auto plain = overlapping_folds(values, 0);
  EXPECT_NEAR(plain.mean, 0.3, 1e-15);
  EXPECT_NEAR(plain.standard_error(), std::sqrt(0.1 / 3 / 4), 1e-15);
  const auto corrected = overlapping_folds(values, 1.0 / 3);
  EXPECT_NEAR(corrected.standard_error(), std::sqrt((0.25 + 1.0 / 3) * 0.1 / 3), 1e-15);
  const auto test = stats::one_sample(corrected);
  EXPECT_EQ(test.degrees, 3);
  EXPECT_NEAR(test.estimate / test.standard_error, 0.3 / std::sqrt((0.25 + 1.0 / 3) * 0.1 / 3), 1e-12);
  EXPECT_THROW(overlapping_folds(values, -1), std::invalid_argument);
  EXPECT_THROW(overlapping_folds(values, std::nan("")), std::invalid_argument);
}

/// Two rules that are equally good on new data (predict the training mean; predict 0, the truth being 1 / sqrt(90)),
/// over 15 random holdouts of 100 normal numbers: how often each test at 5 % tells them apart.
TEST(OverlappingFolds, HoldTheLevelThatPlainFoldsDoNot) {
  constexpr int kSimulations = 1000;
  int plain = 0, corrected = 0;
  for (std::uint64_t s = 0; s < kSimulations; ++s) {
    Stream random(s, "two rules");
    std::vector<double> y(100);
    for (double& value : y) value = 1 / std::sqrt(90.0) + random.normal();
    std::vector<double> folds;
    for (std::uint64_t j = 0; j < 15; ++j) {
      const data::Fold fold = data::holdout(y.size(), 0.1, s * 15 + j);
      double mean = 0, difference = 0;
      for (const Index row : fold.train) mean += y[row] / 90;
      for (const Index row : fold.test) difference += ((y[row] - mean) * (y[row] - mean) - y[row] * y[row]) / 10;
      folds.push_back(difference);
    }
    plain += stats::one_sample(stats::summarize(folds)).p < 0.05 ? 1 : 0;
    corrected += stats::one_sample(overlapping_folds(folds, 10.0 / 90)).p < 0.05 ? 1 : 0;
  }
  // About 25 % and 4.5 %; one standard error of the latter is 0.7 points.
  EXPECT_GT(plain, kSimulations * 20 / 100);
  EXPECT_LT(corrected, kSimulations * 7 / 100);
  EXPECT_GT(corrected, kSimulations * 2 / 100);
}

TEST(BootstrapValue, IsThePlus632Rule) {
  // err = .1, err1 = .4, gamma = .6: R = .3 / .5 = .6, w = .632 / (1 - .368 * .6).
  const auto value = bootstrap_value(0.9, 0.6, 0.4);
  EXPECT_NEAR(value.overfitting, 0.6, 1e-12);
  EXPECT_NEAR(value.value_632, 0.368 * 0.9 + 0.632 * 0.6, 1e-15);
  const double w = 0.632 / (1 - 0.368 * 0.6);
  EXPECT_NEAR(value.value_632_plus, 1 - ((1 - w) * 0.1 + w * 0.4), 1e-12);
  // No overfitting: the plain rule. An out-of-bag value better than the apparent one likewise.
  EXPECT_NEAR(bootstrap_value(0.5, 0.5, 0.1).value_632_plus, 0.5, 1e-15);
  EXPECT_NEAR(bootstrap_value(0.5, 0.7, 0.1).value_632_plus, bootstrap_value(0.5, 0.7, 0.1).value_632, 1e-15);
  EXPECT_EQ(bootstrap_value(0.5, 0.7, 0.1).overfitting, 0);
  // Apparent no better than knowing nothing.
  EXPECT_EQ(bootstrap_value(0.3, 0.2, 0.3).overfitting, 0);
  // Out of the bag worse than knowing nothing: R is 1, err1' is gamma; err.632+ = .632 err1 + .368 gamma.
  const auto worse = bootstrap_value(0.9, 0.2, 0.4);
  EXPECT_NEAR(worse.overfitting, 1, 1e-12);
  EXPECT_NEAR(worse.value_632_plus, 1 - (0.632 * 0.8 + 0.368 * 0.6), 1e-12);
}

/// Popularity in `fitted` on one question, row by row.
double popularity_value(const Scene& scene, const Clicks& fitted, const LogFold& fold, const data::Question& question,
                        const metrics::Metric& metric) {
  std::vector<float> popularity(scene.catalogue.size());
  for (const auto& [user, items] : fitted)
    for (const Index item : items) ++popularity[item];
  const auto history = items_of(fold.histories->before(question.user, question.time));
  std::vector<float> scores;
  std::vector<std::uint8_t> relevant;
  for (const Index item : scene.catalogue) {
    if (std::binary_search(history.begin(), history.end(), item)) continue;
    scores.push_back(popularity[item]);
    relevant.push_back(std::count(question.clicked.begin(), question.clicked.end(), item) > 0 ? 1 : 0);
  }
  return *metrics::measure(metric, scores, relevant, metrics::Ties::average);
}

/// The mean over a fold's questions, one a user.
double naive_popularity(const Scene& scene, const LogFold& fold, const metrics::Metric& metric) {
  const Clicks train = clicks_of(fold.train);
  double sum = 0;
  for (const data::Question& question : fold.questions.list)
    sum += popularity_value(scene, train, fold, question, metric);
  return sum / static_cast<double>(fold.questions.list.size());
}

TEST(Evaluate, GivesWhatARowByRowLookGives) {
  const Scene scene = scene_of(clicks(900, 40, 60, 5), 60);
  const FoldPlan split = split_of(FoldKind::kfold, FoldUnit::events);
  const Evaluation made = run(split, scene);
  const EvaluatePlan plan = plan_of(split);
  const LogFolds folds(scene, split, 0);
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    double mean = 0;
    for (std::size_t f = 0; f < 4; ++f) {
      const double value = naive_popularity(scene, folds.make(f), plan.metrics[m]);
      EXPECT_NEAR(*made.candidates[1].metrics[m].folds[f], value, 1e-12);
      mean += value / 4;
    }
    EXPECT_NEAR(made.candidates[1].metrics[m].mean, mean, 1e-12);
  }
  EXPECT_NEAR(made.test_over_train, 1.0 / 3, 1e-12);
  const auto& folds_of_pop = made.candidates[1].metrics[0];
  double variance = 0;
  for (const auto& value : folds_of_pop.folds) variance += std::pow(*value - folds_of_pop.mean, 2) / 3;
  EXPECT_NEAR(*folds_of_pop.se, std::sqrt((0.25 + 1.0 / 3) * variance), 1e-12);
  EXPECT_GT(made.candidates[1].metrics[0].mean, made.candidates[0].metrics[0].mean) << "popular items are clicked more";
}

TEST(Evaluate, ATimeSplitIsAReplayOfOneStep) {
  for (const bool of_lists : {false, true}) {
    const Scene scene = scene_of(of_lists ? lists(500, 30, 25, 6) : clicks(900, 40, 60, 6), 60);
    FoldPlan split = split_of(FoldKind::time);
    split.test = 12 * data::kDay;
    split.gap = data::kDay;
    const Evaluation made = run(split, scene);
    const EvaluatePlan plan = plan_of(split);
    const data::EventLog& log = scene.data.log;
    const data::TimeSplit times = data::split_by_time(log, split.test, split.gap);
    const auto steps = replay::steps(log, times.test_from, times.test_until, split.test);
    recommend::Fitter fitter(log, scene.data.items, times.train_until);
    Progress silent;
    for (std::size_t c = 0; c < 3; ++c) {
      const auto result = replay::daily(
          steps, [&](data::Time) { return fitter.fit(plan.source.candidates[c].spec); }, *scene.histories,
          log.users.size(), scene.catalogue, plan.metrics, plan.ties, silent);
      EXPECT_NEAR(*made.candidates[c].metrics[0].folds[0], *result.steps[0].value, 1e-12) << c;
    }
    EXPECT_FALSE(made.candidates[0].metrics[0].se) << "one fold has no spread";
    EXPECT_FALSE(made.pairs[0].folds);
    EXPECT_TRUE(made.pairs[0].users);
    EXPECT_EQ(made.warning, "");
  }
}

TEST(Evaluate, PairsAreDifferencesOfTheirCandidates) {
  const Scene scene = scene_of(clicks(900, 40, 60, 7), 60);
  const Evaluation made = run(split_of(FoldKind::kfold), scene);
  ASSERT_EQ(made.pairs.size(), 3U);
  for (const PairTold& pair : made.pairs) {
    const double a = made.candidates[pair.a].metrics[0].mean, b = made.candidates[pair.b].metrics[0].mean;
    ASSERT_TRUE(pair.folds && pair.users);
    EXPECT_NEAR(pair.folds->test.estimate, a - b, 1e-12);
    EXPECT_EQ(pair.folds->count, 4U);
    EXPECT_EQ(pair.users->count, made.candidates[pair.a].users.values.size());
    for (const auto& compared : {*pair.folds, *pair.users}) {
      EXPECT_GE(compared.p_holm, compared.test.p);
      const bool out = compared.interval.low > 0 || compared.interval.high < 0;
      EXPECT_EQ(out, compared.p_holm < 0.05);
      EXPECT_LE(compared.interval.low, compared.test.estimate);
      EXPECT_GE(compared.interval.high, compared.test.estimate);
    }
  }
  // By users each user is in one fold: the mean over users is the folds' mean, weighted.
  double sum = 0, users = 0;
  for (std::size_t f = 0; f < 4; ++f) {
    const auto count = static_cast<double>(made.candidates[2].metrics[0].users[f].users.size());
    sum += *made.candidates[2].metrics[0].folds[f] * count;
    users += count;
  }
  const auto& values = made.candidates[2].users.values;
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0) / users, sum / users, 1e-12);
}

TEST(Evaluate, ABootstrapPutsTheSameQuestionsThrice) {
  const Scene scene = scene_of(clicks(1200, 40, 60, 8), 60);
  for (const FoldUnit by : {FoldUnit::users, FoldUnit::events}) {
    const FoldPlan split = split_of(FoldKind::bootstrap, by);
    const Evaluation made = run(split, scene);
    for (const CandidateTold& candidate : made.candidates) {
      ASSERT_TRUE(candidate.bootstrap);
      const BootstrapValue& value = candidate.bootstrap->front();
      const auto& users = candidate.users.values;
      EXPECT_NEAR(value.out_of_bag,
                  std::accumulate(users.begin(), users.end(), 0.0) / static_cast<double>(users.size()), 1e-12);
      EXPECT_EQ(value.no_information, made.candidates[0].bootstrap->front().no_information);
      const BootstrapValue again = bootstrap_value(value.apparent, value.out_of_bag, value.no_information);
      EXPECT_EQ(again.value_632_plus, value.value_632_plus);
    }
    // The random candidate learns nothing: fitted on more it draws the same lots for the same questions.
    const BootstrapValue& lot = made.candidates[0].bootstrap->front();
    EXPECT_NEAR(lot.apparent, lot.out_of_bag, 1e-12);
    EXPECT_NEAR(lot.apparent, lot.no_information, 0.05);
    // What saw the answers does better.
    const BootstrapValue& knn = made.candidates[2].bootstrap->front();
    EXPECT_GT(knn.apparent, knn.out_of_bag);
    EXPECT_GT(knn.overfitting, 0);
    EXPECT_LT(knn.value_632_plus, knn.value_632);
    EXPECT_GT(knn.value_632_plus, knn.out_of_bag);
    // Worked again by hand for popularity: fitted on all, each fold's questions.
    const LogFolds folds(scene, split, 0);
    const Clicks all = clicks_of(folds.whole());
    data::UserMeans means(40);
    for (std::size_t f = 0; f < folds.size(); ++f) {
      const LogFold fold = folds.make(f);
      for (const data::Question& question : fold.questions.list)
        means.update(question.user, popularity_value(scene, all, fold, question, plan_of(split).metrics[0]));
    }
    const auto values = means.value().values;
    EXPECT_NEAR(made.candidates[1].bootstrap->front().apparent,
                std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()), 1e-12);
  }
}

TEST(Evaluate, IsTheSameAtAnyNumberOfThreadsAndSeedDecides) {
  const Scene scene = scene_of(clicks(600, 40, 30, 9), 30);
  const int before = threads();
  set_threads(1);
  const Evaluation one = run(split_of(FoldKind::bootstrap), scene, 3);
  set_threads(3);
  const Evaluation three = run(split_of(FoldKind::bootstrap), scene, 3);
  set_threads(before);
  const Evaluation other = run(split_of(FoldKind::bootstrap), scene, 4);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(one.candidates[c].metrics[0].folds, three.candidates[c].metrics[0].folds);
    EXPECT_EQ(one.candidates[c].bootstrap->front().value_632_plus,
              three.candidates[c].bootstrap->front().value_632_plus);
  }
  EXPECT_NE(one.candidates[1].metrics[0].folds, other.candidates[1].metrics[0].folds);
}

TEST(Evaluate, ColdQuestionsAreKeptApart) {
  const Scene scene = scene_of(clicks(120, 40, 30, 10), 30);
  FoldPlan split = split_of(FoldKind::holdout, FoldUnit::events);
  const auto questions = [&](data::Cold cold) {
    split.cold = cold;
    return run(split, scene).folds[0];
  };
  const FoldTold keep = questions(data::Cold::keep), drop = questions(data::Cold::drop),
                 only = questions(data::Cold::only);
  EXPECT_EQ(keep.cold, only.questions);
  EXPECT_GT(only.questions, 0U);
  EXPECT_EQ(drop.cold, 0U);
  EXPECT_EQ(only.cold, only.questions);
  EXPECT_EQ(keep.questions, drop.questions + only.questions);
}

TEST(Evaluate, LeaveLastWarns) {
  const Scene scene = scene_of(clicks(300, 20, 30, 11), 30);
  EXPECT_NE(run(split_of(FoldKind::leave_last), scene).warning.find("leaks the future across users"),
            std::string::npos);
}

}  // namespace
}  // namespace tamis::sift
