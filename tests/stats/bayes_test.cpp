#include "tamis/stats/bayes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace tamis::stats {
namespace {

using Values = std::vector<double>;

TEST(Bayes, ATestForARareDiseaseIsHalfWrong) {
  EXPECT_NEAR(positive_predictive_value(0.01, 0.99, 0.01), 0.5, 1e-15);
  EXPECT_NEAR(positive_predictive_value_by_specificity(0.01, 0.99, 0.99), 0.5, 1e-15);
  EXPECT_NEAR(total_probability(Values{0.01, 0.99}, Values{0.99, 0.01}), 0.0198, 1e-15);
}

TEST(Bayes, OfSeveralCauses) {
  // Three machines make 50, 30 and 20 % of the goods and spoil 1, 2 and 5 % of theirs.
  const Values shares{0.5, 0.3, 0.2}, spoiled{0.01, 0.02, 0.05};
  EXPECT_NEAR(total_probability(shares, spoiled), 0.021, 1e-15);
  const Values posterior = bayes(shares, spoiled);
  EXPECT_NEAR(posterior[0], 5.0 / 21, 1e-15);
  EXPECT_NEAR(posterior[1], 6.0 / 21, 1e-15);
  EXPECT_NEAR(posterior[2], 10.0 / 21, 1e-15);
}

TEST(Bayes, RefusesWhatIsNoProbability) {
  EXPECT_THROW(total_probability(Values{0.5, 0.4}, Values{1, 1}), std::invalid_argument);
  EXPECT_THROW(total_probability(Values{1}, Values{1, 1}), std::invalid_argument);
  EXPECT_THROW(total_probability({}, {}), std::invalid_argument);
  EXPECT_THROW(total_probability(Values{0.5, 0.5}, Values{1, 1.1}), std::invalid_argument);
  EXPECT_THROW(bayes(Values{0.5, 0.5}, Values{0, 0}), std::invalid_argument);
  EXPECT_THROW(positive_predictive_value(std::nan(""), 0.9, 0.1), std::invalid_argument);
}

}  // namespace
}  // namespace tamis::stats
