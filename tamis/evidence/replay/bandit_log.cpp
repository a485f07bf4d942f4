#include "tamis/evidence/replay/bandit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tamis/base/error.h"

namespace tamis::replay {

namespace {

constexpr double kNear = 0.001;  // probabilities are often written with few digits

enum Place : std::size_t { kArm, kReward, kPropensity, kPosition, kContext, kUser, kTime, kProbabilities };

std::uint64_t key_of(const Situation& where) {
  return (std::uint64_t{where.context} << 16) | where.position;
}

// A column named otherwise than by default was named by the caller, and must be there.
ColumnRequest wish(const std::string& name, const char* usual, ColumnType type, bool required) {
  return {name, type, !name.empty() && (required || name != usual)};
}

std::vector<ColumnRequest> requests(const BanditColumns& columns, const std::vector<std::string>& probabilities) {
  if (columns.arm.empty() || columns.reward.empty())
    fail_caller("bandit log", "the columns of arm and reward are required; each must be named");
  const BanditColumns usual;
  std::vector<ColumnRequest> wanted = {wish(columns.arm, "", ColumnType::text, true),
                                       wish(columns.reward, "", ColumnType::real, true),
                                       wish(columns.propensity, "propensity", ColumnType::real, false),
                                       wish(columns.position, "position", ColumnType::integer, false),
                                       wish(columns.context, "context", ColumnType::text, false),
                                       wish(columns.user, "user", ColumnType::text, false),
                                       wish(columns.time, "event_time", ColumnType::text, false)};
  for (const std::string& name : probabilities) wanted.push_back({name, ColumnType::real, true});
  return wanted;
}

/// The names of the table's columns that begin so, one an arm.
std::vector<std::string> probability_columns(const std::filesystem::path& path, const BanditColumns& columns) {
  std::vector<std::string> found;
  if (columns.probabilities.empty()) return found;
  if (path == "-")
    fail_caller("bandit log",
                "the columns of action probabilities are looked up first, which standard input does "
                "not allow; name a file");
  Quarantine unused;
  TableReader table(path, {{columns.arm, ColumnType::text, true}}, {}, unused);
  for (const std::string& name : table.names()) {
    if (name.size() > columns.probabilities.size() && name.starts_with(columns.probabilities)) found.push_back(name);
  }
  if (found.empty())
    fail_caller(path.string(), fmt::format("has no column that begins with '{}', for the probabilities of its arms",
                                           columns.probabilities));
  return found;
}

class Reader {
 public:
  Reader(const std::filesystem::path& path, const BanditColumns& columns, std::vector<std::string> probabilities,
         BanditLog& out, Quarantine& quarantine)
      : table_(path, requests(columns, probabilities), {}, quarantine), out_(out), arms_(probabilities.size()) {
    const auto& names = table_.names();
    const auto has = [&](const std::string& name) {
      return !name.empty() && std::find(names.begin(), names.end(), name) != names.end();
    };
    has_propensity_ = has(columns.propensity);
    has_user_ = has(columns.user);
    has_time_ = has(columns.time);
    has_context_ = has(columns.context);
    if (!has_context_) out_.contexts.add("");
  }

  void read() {
    while (const auto* batch = table_.next()) {
      for (std::size_t i = 0; i < batch->front().valid.size(); ++i) {
        reason_.clear();
        take(*batch, i);
        if (!reason_.empty()) table_.reject(i, reason_);
      }
    }
    out_.inputs.push_back(table_.input());
    if (has_time_) order();
  }

 private:
  void take(const std::vector<Column>& cells, std::size_t i) {
    if (cells[kArm].valid[i] == 0) return refuse("the arm is empty");
    const std::string_view name = cells[kArm].text[i];
    data::Index arm = out_.arms.find(name);
    if (arm == data::kNone && out_.closed_arms)
      return refuse(fmt::format("arm '{}' is not one of the {} that there are", name.substr(0, 40), out_.arms.size()));
    if (cells[kReward].valid[i] == 0) return refuse("the reward is empty or NaN; a finite number is needed");
    Situation where;
    data::Time time = 0;
    double propensity = 0;
    if (!take_place(cells, i, where, time) || !take_propensity(cells, i, arm, propensity)) return;
    if (has_context_) where.context = out_.contexts.add(cells[kContext].text[i]);
    out_.arm.push_back(arm == data::kNone ? out_.arms.add(name) : arm);
    const data::Index situation = out_.add_situation(where);
    out_.situation.push_back(situation);
    out_.reward.push_back(cells[kReward].real[i]);
    if (has_propensity_ || arms_ > 0) out_.propensity.push_back(propensity);
    if (has_user_) out_.user.push_back(out_.users.add(cells[kUser].text[i]));
    if (has_time_) times_.push_back(time);
    if (arms_ == 0) return;
    out_.unsupported.resize(out_.situations.size() * arms_);
    for (std::size_t a = 0; a < arms_; ++a)
      out_.unsupported[situation * arms_ + a] += cells[kProbabilities + a].real[i] == 0 ? 1 : 0;
  }

  bool take_place(const std::vector<Column>& cells, std::size_t i, Situation& where, data::Time& time) {
    if (cells[kPosition].valid[i] != 0) {
      const std::int64_t position = cells[kPosition].integer[i];
      if (position < 1 || position > 65535)
        refuse(fmt::format("position {} is not from 1 to 65535", position));
      else
        where.position = static_cast<std::uint16_t>(position);
    }
    if (has_user_ && cells[kUser].valid[i] == 0) refuse("the user is empty");
    if (has_time_ && !data::parse_time(cells[kTime].text[i], time))
      refuse(fmt::format("time '{}' is none of the years 1970 to 2200 (2024-01-31 13:05:00, or seconds since 1970)",
                         cells[kTime].text[i].substr(0, 40)));
    return reason_.empty();
  }

  bool take_propensity(const std::vector<Column>& cells, std::size_t i, data::Index arm, double& propensity) {
    if (has_propensity_) {
      propensity = cells[kPropensity].real[i];
      if (cells[kPropensity].valid[i] == 0)
        refuse("the propensity is empty; a probability above 0 and up to 1 is needed");
      else if (!(propensity > 0 && propensity <= 1))
        refuse(fmt::format("propensity {} is not above 0 and up to 1", propensity));
    }
    if (arms_ == 0 || !reason_.empty()) return reason_.empty();
    double sum = 0;
    for (std::size_t a = 0; a < arms_; ++a) {
      const Column& column = cells[kProbabilities + a];
      if (column.valid[i] == 0 || !(column.real[i] >= 0 && column.real[i] <= 1))
        refuse(
            fmt::format("the probability of arm '{}' is not from 0 to 1", out_.arms.at(static_cast<data::Index>(a))));
      sum += column.real[i];
    }
    const double shown = cells[kProbabilities + arm].real[i];
    if (reason_.empty() && std::abs(sum - 1) > kNear)
      refuse(fmt::format("the action probabilities sum to {:g}, not 1", sum));
    else if (reason_.empty() && shown == 0)
      refuse("the arm was shown, and its probability is 0");
    else if (reason_.empty() && has_propensity_ && std::abs(shown - propensity) > kNear)
      refuse(fmt::format("the propensity is {:g}, and the probability of the arm shown {:g}", propensity, shown));
    if (!has_propensity_) propensity = shown;
    return reason_.empty();
  }

  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  void order() {
    out_.by_time = true;
    std::vector<std::size_t> place(times_.size());
    std::iota(place.begin(), place.end(), std::size_t{0});
    std::stable_sort(place.begin(), place.end(), [&](std::size_t a, std::size_t b) { return times_[a] < times_[b]; });
    const auto sort = [&](auto& column) {
      if (column.empty()) return;
      auto sorted = column;
      for (std::size_t i = 0; i < place.size(); ++i) sorted[i] = column[place[i]];
      column = std::move(sorted);
    };
    sort(out_.arm);
    sort(out_.situation);
    sort(out_.user);
    sort(out_.reward);
    sort(out_.propensity);
  }

  TableReader table_;
  BanditLog& out_;
  std::size_t arms_;  // columns of action probabilities
  bool has_propensity_ = false, has_user_ = false, has_time_ = false, has_context_ = false;
  std::vector<data::Time> times_;
  std::string reason_;
};

void read_arms(const std::filesystem::path& path, const std::string& column, BanditLog& out, Quarantine& quarantine) {
  TableReader table(path, {{column, ColumnType::text, true}}, {}, quarantine);
  while (const auto* batch = table.next()) {
    for (std::size_t i = 0; i < batch->front().valid.size(); ++i) {
      if (batch->front().valid[i] != 0)
        out.arms.add(batch->front().text[i]);
      else
        table.reject(i, "the arm is empty");
    }
  }
  out.inputs.push_back(table.input());
  if (out.arms.size() == 0) fail_world(path.string(), "lists no arm");
  out.closed_arms = true;
}

}  // namespace

data::Index BanditLog::add_situation(const Situation& where) {
  const auto [found, is_new] = numbers_.try_emplace(key_of(where), static_cast<data::Index>(situations.size()));
  if (is_new) situations.push_back(where);
  return found->second;
}

data::Index BanditLog::find_situation(const Situation& where) const {
  const auto found = numbers_.find(key_of(where));
  return found == numbers_.end() ? data::kNone : found->second;
}

std::string BanditLog::name_of(data::Index where) const {
  const Situation& situation = situations[where];
  const std::string& context = contexts.at(situation.context);
  std::string name;
  if (contexts.size() > 1 || !context.empty()) name = "context " + (context.empty() ? "(empty)" : context);
  if (situation.position > 0) name += fmt::format("{}position {}", name.empty() ? "" : ", ", situation.position);
  return name.empty() ? "every event" : name;
}

BanditLog read_bandit_log(const std::filesystem::path& path, const BanditColumns& columns,
                          const std::filesystem::path& arms, Quarantine& quarantine) {
  BanditLog log;
  if (!arms.empty()) read_arms(arms, columns.arm, log, quarantine);
  const std::vector<std::string> probabilities = probability_columns(path, columns);
  if (!probabilities.empty()) {
    if (log.closed_arms)
      fail_caller("bandit log",
                  "a list of arms and columns of action probabilities both say which arms there are; "
                  "give one of them");
    for (const std::string& name : probabilities)
      log.arms.add(std::string_view(name).substr(columns.probabilities.size()));
    log.closed_arms = true;
    log.carries_all = true;
  }
  Reader(path, columns, probabilities, log, quarantine).read();
  if (log.size() == 0) {
    const std::string first = quarantine.first();
    fail_world(path.string(),
               first.empty() ? "holds no event" : "holds no event that can be read; the first one refused: " + first);
  }
  return log;
}

OpenBandit open_bandit(const std::filesystem::path& folder) {
  OpenBandit found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename() == "item_context.csv")
      found.arms = entry.path();
    else if (entry.path().extension() == ".csv" && (found.log.empty() || entry.path() < found.log))
      found.log = entry.path();
  }
  if (found.arms.empty() || found.log.empty())
    fail_world(folder.string(),
               "is a folder, and not one of the Open Bandit Dataset, which holds CAMPAIGN.csv and "
               "item_context.csv; name a table");
  found.columns.arm = "item_id";
  found.columns.reward = "click";
  found.columns.propensity = "propensity_score";
  found.columns.time = "timestamp";
  return found;
}

}  // namespace tamis::replay
