#pragma once

#include "tamis/evidence/replay/bandit.h"

namespace tamis::replay {

/// Throws unless every arm had the same chance at every event, or the log does not tell and is trusted.
void check_uniform(const BanditLog& log, const BanditOptions& options);
/// Throws where weights cannot be had: no propensities, or no support and the log says so.
void check_weighable(const BanditLog& log, const ActionProbabilities& policy, const BanditOptions& options);
/// Throws unless an exact interval can be drawn around these rewards.
void check_exact(const BanditLog& log, const BanditOptions& options, bool learns);
/// True if rewards are 0 and 1 and every event is a unit.
bool allows_exact(const BanditLog& log);

/// Says how much of the policy lies on arms that the log never shows where the policy would, if any.
void add_support_caution(const BanditLog& log, const ActionProbabilities& policy, BanditEstimate& found);
/// Says if all rewards are equal, or few of the events that count have one other than 0.
void add_reward_cautions(const BanditLog& log, const std::vector<double>& weight, BanditEstimate& found);

}  // namespace tamis::replay
