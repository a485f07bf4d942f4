#include "tamis/evidence/replay/bandit_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/base/number.h"

namespace tamis::replay {

namespace {

constexpr double kNear = 0.001;
constexpr std::string_view kEpsilonGreedy = "epsilon-greedy:";

// A row of a policy's table in one of the situations it speaks of; the arms are not all known yet.
struct Entry {
  data::Index situation;
  data::Index arm;
  double probability;
};

/// The situations of the log that a row speaks of: all that agree with what the row tells.
std::vector<data::Index> situations_of(const BanditLog& log, std::int64_t position, const std::string* context) {
  std::vector<data::Index> found;
  for (data::Index s = 0; s < log.situations.size(); ++s) {
    const Situation& where = log.situations[s];
    if (position != 0 && where.position != position) continue;
    if (context != nullptr && log.contexts.at(where.context) != *context) continue;
    found.push_back(s);
  }
  return found;
}

data::Index arm_of(const std::string& where, std::string_view name, BanditLog& log) {
  const data::Index arm = log.arms.find(name);
  if (arm != data::kNone) return arm;
  if (log.closed_arms) fail_caller(where, fmt::format("arm '{}' is not one that the log knows of", name));
  return log.arms.add(name);
}

std::vector<Entry> read_entries(const std::filesystem::path& path, BanditLog& log) {
  Quarantine bad;
  TableReader table(path,
                    {{"arm", ColumnType::text, true},
                     {"probability", ColumnType::real, true},
                     {"position", ColumnType::integer, false},
                     {"context", ColumnType::text, false}},
                    {}, bad);
  const auto& names = table.names();
  const bool has_context = std::find(names.begin(), names.end(), "context") != names.end();
  std::vector<Entry> entries;
  while (const auto* batch = table.next()) {
    const std::vector<Column>& cells = *batch;
    for (std::size_t i = 0; i < cells[0].valid.size(); ++i) {
      const std::string where = fmt::format("{} line {}", path.string(), table.line(i));
      if (cells[0].valid[i] == 0) fail_caller(where, "the arm is empty");
      const double probability = cells[1].real[i];
      if (cells[1].valid[i] == 0 || !(probability >= 0 && probability <= 1))
        fail_caller(where, "the probability is not a number from 0 to 1");
      const data::Index arm = arm_of(where, cells[0].text[i], log);
      const std::string context(has_context ? cells[3].text[i] : std::string_view());
      for (const data::Index s : situations_of(log, cells[2].integer[i], has_context ? &context : nullptr))
        entries.push_back({s, arm, probability});
    }
  }
  if (bad.count() > 0) fail_caller(path.string(), "has a row that cannot be read: " + bad.first());
  log.inputs.push_back(table.input());
  return entries;
}

double mean_of(const ArmRecord& record) {
  return record.count > 0 ? record.sum / record.count : 0;
}

/// Gamma(shape, 1) for shape >= 1. Marsaglia & Tsang, "A Simple Method for Generating Gamma Variables" (2000).
double draw_gamma(double shape, Stream& stream) {
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = stream.normal();
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = 1 - stream.uniform();  // in (0, 1]
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

}  // namespace

ActionProbabilities uniform_policy(const BanditLog& log) {
  const std::size_t arms = log.arms.size();
  return {arms, std::vector<double>(log.situations.size() * arms, 1.0 / static_cast<double>(arms))};
}

ActionProbabilities read_policy(const std::filesystem::path& path, BanditLog& log) {
  const std::vector<Entry> entries = read_entries(path, log);
  const std::size_t arms = log.arms.size();
  ActionProbabilities policy{arms, std::vector<double>(log.situations.size() * arms, -1)};
  for (const Entry& entry : entries) {
    double& slot = policy.values[std::size_t{entry.situation} * arms + entry.arm];
    if (slot >= 0)
      fail_caller(path.string(), fmt::format("gives arm '{}' two probabilities for {}", log.arms.at(entry.arm),
                                             log.name_of(entry.situation)));
    slot = entry.probability;
  }
  for (data::Index s = 0; s < log.situations.size(); ++s) {
    const auto row = std::span(policy.values).subspan(std::size_t{s} * arms, arms);
    double sum = 0;
    for (double& p : row) sum += p = std::max(p, 0.0);
    if (sum == 0)
      fail_caller(path.string(), fmt::format("gives no arm a probability for {}, which the log has", log.name_of(s)));
    if (std::abs(sum - 1) > kNear)
      fail_caller(path.string(), fmt::format("the probabilities for {} sum to {:g}, not 1", log.name_of(s), sum));
    for (double& p : row) p /= sum;
  }
  return policy;
}

ActionProbabilities average_policy(const BanditLog& of, BanditLog& log) {
  const auto has_contexts = [](const BanditLog& l) { return l.contexts.size() > 1 || !l.contexts.at(0).empty(); };
  const bool by_context = has_contexts(of) && has_contexts(log);
  std::vector<data::Index> arm_in_log;
  for (data::Index a = 0; a < of.arms.size(); ++a) arm_in_log.push_back(arm_of("policy log", of.arms.at(a), log));
  const std::size_t arms = log.arms.size();
  std::vector<double> shown(of.situations.size() * arms);
  for (std::size_t e = 0; e < of.size(); ++e) ++shown[of.situation[e] * arms + arm_in_log[of.arm[e]]];
  ActionProbabilities policy{arms, std::vector<double>(log.situations.size() * arms)};
  for (data::Index s = 0; s < log.situations.size(); ++s) {
    const std::string& context = log.contexts.at(log.situations[s].context);
    double* row = policy.values.data() + std::size_t{s} * arms;
    double sum = 0;
    for (const data::Index other : situations_of(of, 0, by_context ? &context : nullptr)) {
      if (of.situations[other].position != log.situations[s].position) continue;
      for (std::size_t a = 0; a < arms; ++a) {
        row[a] += shown[other * arms + a];
        sum += shown[other * arms + a];
      }
    }
    if (sum == 0) fail_caller("policy log", fmt::format("shows nothing for {}, which the log has", log.name_of(s)));
    for (std::size_t a = 0; a < arms; ++a) row[a] /= sum;
  }
  return policy;
}

data::Index FixedPolicy::choose(data::Index situation, Stream& stream) {
  const auto row = probabilities_.at(situation);
  double left = stream.uniform();
  data::Index last = 0;
  for (data::Index a = 0; a < row.size(); ++a) {
    if (row[a] <= 0) continue;
    last = a;
    left -= row[a];
    if (left < 0) break;
  }
  return last;  // rounding may leave a crumb behind the last arm
}

EpsilonGreedy::EpsilonGreedy(std::size_t arms, double epsilon) : epsilon_(epsilon), records_(arms) {
  if (!(epsilon >= 0 && epsilon <= 1)) fail_caller("epsilon-greedy", fmt::format("{} is not from 0 to 1", epsilon));
}

data::Index EpsilonGreedy::choose(data::Index, Stream& stream) {
  if (stream.uniform() < epsilon_) return static_cast<data::Index>(stream.below(records_.size()));
  double best = -std::numeric_limits<double>::infinity();
  std::vector<data::Index> equal;
  for (data::Index a = 0; a < records_.size(); ++a) {
    const double mean = mean_of(records_[a]);
    if (mean > best) equal.clear();
    if (mean >= best) equal.push_back(a);
    best = std::max(best, mean);
  }
  return equal[stream.below(equal.size())];
}

void EpsilonGreedy::update(data::Index, data::Index arm, double reward) {
  records_[arm].count += 1;
  records_[arm].sum += reward;
}

data::Index Ucb1::choose(data::Index, Stream&) {
  data::Index best = 0;
  double highest = -1;
  for (data::Index a = 0; a < records_.size(); ++a) {
    if (records_[a].count == 0) return a;
    const double bound = mean_of(records_[a]) + std::sqrt(2 * std::log(updates_) / records_[a].count);
    if (bound > highest) best = a;
    highest = std::max(highest, bound);
  }
  return best;
}

void Ucb1::update(data::Index, data::Index arm, double reward) {
  updates_ += 1;
  records_[arm].count += 1;
  records_[arm].sum += reward;
}

data::Index Thompson::choose(data::Index, Stream& stream) {
  data::Index best = 0;
  double highest = -1;
  for (data::Index a = 0; a < records_.size(); ++a) {
    const double x = draw_gamma(1 + records_[a].sum, stream);
    const double y = draw_gamma(1 + records_[a].count - records_[a].sum, stream);
    if (x / (x + y) > highest) best = a;
    highest = std::max(highest, x / (x + y));
  }
  return best;
}

void Thompson::update(data::Index, data::Index arm, double reward) {
  records_[arm].count += 1;
  records_[arm].sum += reward;
}

bool is_learner(std::string_view name) {
  return name == "ucb1" || name == "thompson" || name.starts_with(kEpsilonGreedy);
}

std::unique_ptr<BanditPolicy> make_learner(std::string_view name, const BanditLog& log) {
  const std::size_t arms = log.arms.size();
  for (const double reward : log.reward) {
    if (name == "thompson" && reward != 0 && reward != 1)
      fail_caller("thompson", fmt::format("is for rewards of 0 and 1, and the log has {:g}", reward));
    if (name == "ucb1" && !(reward >= 0 && reward <= 1))
      fail_caller("ucb1", fmt::format("is for rewards from 0 to 1, and the log has {:g}", reward));
  }
  if (name == "ucb1") return std::make_unique<Ucb1>(arms);
  if (name == "thompson") return std::make_unique<Thompson>(arms);
  double epsilon = 0;
  if (!name.starts_with(kEpsilonGreedy) || !parse_real(name.substr(kEpsilonGreedy.size()), epsilon))
    fail_caller("policy", fmt::format("'{}' is not epsilon-greedy:E with E from 0 to 1, ucb1 or thompson", name));
  return std::make_unique<EpsilonGreedy>(arms, epsilon);
}

}  // namespace tamis::replay
