#include <fmt/format.h>

#include <array>
#include <cmath>

#include "tamis/evidence/simulate/fitted.h"

namespace tamis::simulate {

namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

struct Example {
  std::array<double, 3> x;  // 1, appeal, taste
  double y;
};

/// Newton's method on the ridge-penalised log-likelihood; three weights, so the system is solved by elimination.
std::array<double, 3> logistic_regression(const std::vector<Example>& examples) {
  std::array<double, 3> w{};
  for (int iteration = 0; iteration < 25; ++iteration) {
    double h[3][4] = {};
    for (const Example& e : examples) {
      const double p = logistic(w[0] * e.x[0] + w[1] * e.x[1] + w[2] * e.x[2]);
      for (int a = 0; a < 3; ++a) {
        h[a][3] += (e.y - p) * e.x[a];
        for (int b = 0; b < 3; ++b) h[a][b] += p * (1 - p) * e.x[a] * e.x[b];
      }
    }
    for (int a = 0; a < 3; ++a) {
      h[a][a] += 1;
      h[a][3] -= w[a];
    }
    for (int a = 0; a < 3; ++a) {
      for (int b = a + 1; b < 3; ++b) {
        const double f = h[b][a] / h[a][a];
        for (int c = a; c < 4; ++c) h[b][c] -= f * h[a][c];
      }
    }
    double step = 0;
    for (int a = 2; a >= 0; --a) {
      double d = h[a][3];
      for (int b = a + 1; b < 3; ++b) d -= h[a][b] * h[b][3];
      h[a][3] = d / h[a][a];
      w[a] += h[a][3];
      step += std::abs(h[a][3]);
    }
    if (step < 1e-10) break;
  }
  return w;
}

}  // namespace

void FittedAudience::fit_taste() {
  std::vector<Example> examples;
  for (std::size_t p = 0; p < people_.size(); ++p) {
    const Person& person = people_[p];
    Stream draw(spec_.seed, "items to fit taste against", p);
    const auto own = static_cast<double>(person.chosen.size());
    for (const data::Index item : person.chosen) {
      // Leave the click itself out of the share, or the feature would contain the answer.
      const double share = category_share_[category_[item]];
      const double whole = std::exp(double{person.taste[category_[item]]}) * share * (own + 5);
      const double without = std::log(std::max(whole - 1, 1e-3) / (own + 4) / share);
      examples.push_back({{1, appeal(person, item, true), without}, 1});
      for (int n = 0; n < 5; ++n) {
        const auto other = static_cast<data::Index>(draw.below(category_.size()));
        if (has_chosen(person, other)) continue;
        examples.push_back({{1, appeal(person, other, true), double{person.taste[category_[other]]}}, 0});
      }
    }
  }
  const auto weights = logistic_regression(examples);
  appeal_weight_ = weights[1];
  taste_weight_ = weights[2];
  notes_.push_back(
      fmt::format("Fitted taste: log-odds of a click rise by {:.2f} per unit of log item clicks and by {:.2f} "
                  "per unit of log category taste ({} examples).",
                  appeal_weight_, taste_weight_, examples.size()));
}

void FittedAudience::fit_base(const data::EventLog& log) {
  double rate = spec_.click_prior;
  const bool counted = log.has_impressions() && log.clicks() < log.size() - log.clicks();
  if (counted) rate = static_cast<double>(log.clicks()) / static_cast<double>(log.size() - log.clicks());
  // Bisection: the mean over a sample of (person, item) pairs rises with the base.
  Stream draw(spec_.seed, "pairs to fit the click rate on");
  std::vector<double> pulls(20'000);
  for (double& x : pulls)
    x = pull(people_[draw.below(people_.size())], static_cast<data::Index>(draw.below(category_.size())));
  double low = -30;
  double high = 30;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    double sum = 0;
    for (const double x : pulls) sum += logistic(middle + x);
    (sum / static_cast<double>(pulls.size()) < rate ? low : high) = middle;
  }
  base_ = low;
  // An item the person chose in truth is clicked at even odds, before appeal and taste pull at it.
  chosen_weight_ = std::max(0.0, -base_);
  notes_.push_back(fmt::format("Click rate on an item looked at, averaged over the catalogue: {:.3f}, {}.", rate,
                               counted ? "as in the log" : "a prior, since the log shows no impressions"));
}

}  // namespace tamis::simulate
