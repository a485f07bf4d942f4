#include "tamis/evidence/interleave/credit.h"

namespace tamis::interleave {

void Credit::update(Team team, double seconds) {
  if (team == Team::none) return;
  (team == Team::a ? clicks_a : clicks_b) += 1;
  (team == Team::a ? seconds_a : seconds_b) += seconds;
}

void Credit::merge(const Credit& other) {
  clicks_a += other.clicks_a;
  clicks_b += other.clicks_b;
  seconds_a += other.seconds_a;
  seconds_b += other.seconds_b;
}

double preference(const Credit& credit, CreditBy by) {
  const double a = by == CreditBy::clicks ? credit.clicks_a : credit.seconds_a;
  const double b = by == CreditBy::clicks ? credit.clicks_b : credit.seconds_b;
  return a + b > 0 ? (b - a) / (a + b) : 0;
}

}  // namespace tamis::interleave
