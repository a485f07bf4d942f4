#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tamis/sift/outcome.h"

namespace tamis::sift {

/// What decides in a stage: "ndcg@10", "preference (clicks)", "clicks per user".
std::string metric_name(const StagePlan& stage);
/// The unit of a stage's estimates, in words.
std::string unit_words(const StagePlan& stage);
/// How a stage's intervals are made, in words.
std::string interval_words(const StagePlan& stage);
/// Every choice that changes a number, by name.
std::vector<std::pair<std::string, std::string>> convention_words(const Plan& plan);
/// The decision in two sentences.
std::string decision_words(const Outcome& outcome, const Plan& plan);

}  // namespace tamis::sift
