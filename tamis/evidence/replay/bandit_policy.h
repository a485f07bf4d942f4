#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tamis/base/random.h"
#include "tamis/evidence/replay/bandit_log.h"

namespace tamis::replay {

/// A policy that does not learn: how probable each arm is in each situation of a log.
struct ActionProbabilities {
  std::size_t arms = 0;
  std::vector<double> values;  ///< [situations, arms], each row in [0, 1] with sum 1

  std::span<const double> at(data::Index situation) const {
    return std::span(values).subspan(std::size_t{situation} * arms, arms);
  }
};

/// Every arm of the log alike.
ActionProbabilities uniform_policy(const BanditLog& log);

/// A table with the columns arm, probability and, if it tells situations apart, position and context
/// (docs/formats/bandit_log.md). An arm that a situation does not list has probability 0 there; arms that the log lacks
/// are added to it. Throws invalid_argument, with the row, for a probability outside [0, 1], an arm listed twice or not
/// of the log's list; and where a situation of the log is missing or its probabilities do not sum to 1 (within 0.001;
/// they are divided by their sum). Adds the file to `log.inputs`.
ActionProbabilities read_policy(const std::filesystem::path& path, BanditLog& log);

/// What the policy behind another log did on average: the share of its events in each situation in which it showed the
/// arm. A policy that learnt meanwhile becomes one that does not. Situations are matched by context and position, by
/// position alone where one of the logs has no contexts, arms by name (those that `log` lacks are added to it). Throws
/// invalid_argument where a situation of `log` does not occur in `of`.
ActionProbabilities average_policy(const BanditLog& of, BanditLog& log);

/// A policy as a replay runs it: it is asked for an arm, and told what came of it when that arm was shown.
class BanditPolicy {
 public:
  virtual ~BanditPolicy() = default;
  /// The arm to show; draws lots from `stream`, the event's own.
  virtual data::Index choose(data::Index situation, Stream& stream) = 0;
  virtual void update(data::Index situation, data::Index arm, double reward) = 0;
  /// False if update() changes nothing.
  virtual bool learns() const { return true; }
};

/// Draws from action probabilities, which must outlive it.
class FixedPolicy : public BanditPolicy {
 public:
  explicit FixedPolicy(const ActionProbabilities& probabilities) : probabilities_(probabilities) {}
  data::Index choose(data::Index situation, Stream& stream) override;
  void update(data::Index, data::Index, double) override {}
  bool learns() const override { return false; }

 private:
  const ActionProbabilities& probabilities_;
};

/// What an arm has earned so far. The policies below keep it per arm, over all situations.
struct ArmRecord {
  double count = 0;
  double sum = 0;
};

/// With probability epsilon any arm, else one of the highest mean reward, equal ones by lot; an arm not shown yet has
/// mean 0.
class EpsilonGreedy : public BanditPolicy {
 public:
  /// Throws invalid_argument unless epsilon is in [0, 1].
  EpsilonGreedy(std::size_t arms, double epsilon);
  data::Index choose(data::Index situation, Stream& stream) override;
  void update(data::Index situation, data::Index arm, double reward) override;

 private:
  double epsilon_;
  std::vector<ArmRecord> records_;
};

/// The arm of the highest mean + sqrt(2 ln t / count), t the updates so far; arms without a count first, in order. For
/// rewards in [0, 1]. Auer, Cesa-Bianchi & Fischer, "Finite-time Analysis of the Multiarmed Bandit Problem" (2002),
/// policy UCB1.
class Ucb1 : public BanditPolicy {
 public:
  explicit Ucb1(std::size_t arms) : records_(arms) {}
  data::Index choose(data::Index situation, Stream& stream) override;
  void update(data::Index situation, data::Index arm, double reward) override;

 private:
  double updates_ = 0;
  std::vector<ArmRecord> records_;
};

/// The arm of the highest draw from Beta(1 + successes, 1 + failures). For rewards of 0 and 1. Chapelle & Li, "An
/// Empirical Evaluation of Thompson Sampling" (NIPS 2011), for the Bernoulli bandit.
class Thompson : public BanditPolicy {
 public:
  explicit Thompson(std::size_t arms) : records_(arms) {}
  data::Index choose(data::Index situation, Stream& stream) override;
  void update(data::Index situation, data::Index arm, double reward) override;

 private:
  std::vector<ArmRecord> records_;
};

/// True if `name` is that of a learning policy: epsilon-greedy:E, ucb1, thompson.
bool is_learner(std::string_view name);
/// Throws invalid_argument for an epsilon that is none, or rewards in the log that the policy is not for.
std::unique_ptr<BanditPolicy> make_learner(std::string_view name, const BanditLog& log);

}  // namespace tamis::replay
