#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/golden/rows.h"

namespace tamis::golden {

/// A case of classification.tsv, with what scikit-learn makes of it.
struct Case {
  std::string kind, name;
  std::vector<double> labels, scores, weights;
  struct Value {
    std::string metric, parameter;
    double value;
  };
  std::vector<Value> values;
  struct Points {
    std::string kind;
    std::vector<double> x, y, thresholds;
  };
  std::vector<Points> curves;

  double weight(std::size_t i) const { return weights.empty() ? 1 : weights[i]; }
};

inline std::vector<Case> classification(const std::string& kind) {
  std::vector<Case> cases;
  for (auto row : rows("classification.tsv")) {
    row.resize(6);
    const bool data = row[0] == "binary" || row[0] == "multi" || row[0] == "regression";
    if (data) {
      cases.push_back({row[0], row[1], numbers(row[2]), numbers(row[3]), numbers(row[4]), {}, {}});
    } else if (row[0] == "value") {
      cases.back().values.push_back({row[2], row[3], std::stod(row[4])});
    } else {
      cases.back().curves.push_back({row[0], numbers(row[2]), numbers(row[3]), numbers(row[4])});
    }
  }
  std::erase_if(cases, [&](const Case& c) { return c.kind != kind; });
  EXPECT_GT(cases.size(), 5u) << kind;
  return cases;
}

}  // namespace tamis::golden
