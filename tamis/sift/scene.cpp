#include "tamis/sift/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/data/splits.h"
#include "tamis/evidence/experiment/assignment.h"
#include "tamis/evidence/simulate/fitted.h"
#include "tamis/evidence/timemachine/snapshot_log.h"

namespace tamis::sift {

namespace {

bool has_online(const Plan& plan) {
  return std::any_of(plan.stages.begin(), plan.stages.end(),
                     [](const StagePlan& stage) { return is_online(stage.kind); });
}

std::string count(std::size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::uint64_t fingerprint_of(const data::Dataset& data) {
  std::uint64_t sum = fnv1a("data");
  const auto mix = [&](std::uint64_t x) { sum = (sum ^ x) * 0x100000001b3ULL; };
  const data::EventLog& log = data.log;
  for (std::size_t i = 0; i < log.size(); ++i) {
    mix((std::uint64_t{log.user(i)} << 32) | log.item(i));
    mix(static_cast<std::uint64_t>(log.event_time(i)) ^ (static_cast<std::uint64_t>(log.event(i)) << 62));
    mix(static_cast<std::uint64_t>(log.known_time(i)));
    mix((std::uint64_t{log.request(i)} << 16) | log.position(i));
    mix(std::bit_cast<std::uint32_t>(log.value(i)));
  }
  for (data::Index u = 0; u < log.users.size(); ++u) mix(fnv1a(log.users.at(u)));
  for (data::Index i = 0; i < data.items.size(); ++i) mix(fnv1a(data.items.ids.at(i)));
  for (const std::string& text : data.items.text) mix(fnv1a(text));
  return sum;
}

void load_world(const Plan& plan, Scene& scene, Progress& progress) {
  const std::size_t needed = users_needed(plan);
  if (needed > static_cast<std::size_t>(plan.world.users)) {
    fail_caller(
        plan.path.string(),
        fmt::format("the online stages and the truth may need {} users, the world has {}: raise [world] users or "
                    "lower the stages'",
                    needed, plan.world.users));
  }
  auto world = std::make_unique<simulate::World>(plan.world);
  scene.data = world->make_log(progress);
  scene.fingerprint = fingerprint_of(scene.data);
  scene.until = world->launch();
  scene.audience = std::move(world);
  scene.world = true;
  scene.source = "a generated world whose truth is known";
}

data::Dataset read_dataset(const Plan& plan, Quarantine& quarantine) {
  if (plan.source == Plan::Source::movielens) return data::read_movielens(plan.folder, quarantine);
  if (plan.source == Plan::Source::snapshot)
    return timemachine::read_snapshot_log(*open_store(plan.root, false), plan.root_days);
  return data::read_table_log(plan.log, plan.items, plan.columns, quarantine);
}

/// The rows of the users for whom `wanted` holds, with the same numbering of users, items and requests.
data::EventLog rows_of(const data::EventLog& log, const std::vector<bool>& wanted) {
  data::EventLog part;
  part.users = log.users;
  part.requests = log.requests;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (wanted[log.user(i)]) part.append(log.row(i));
  }
  return part;
}

void load_log(const Plan& plan, std::uint64_t seed, Quarantine& quarantine, double max_bad, Scene& scene) {
  scene.data = read_dataset(plan, quarantine);
  std::uint64_t rows = 0;
  for (const InputFile& input : scene.data.inputs) rows += input.rows_read;
  quarantine.check(rows, max_bad);
  scene.fingerprint = fingerprint_of(scene.data);
  const data::EventLog& log = scene.data.log;
  const std::string& source = scene.data.inputs.back().path;  // the log, which is read after its items
  if (log.clicks() == 0) fail_world(source, "the log holds no click: there is nothing to learn or to score");
  if (log.has_impressions() && log.clicks() * 2 == log.size()) {
    fail_world(source, "every item shown was clicked: no order can be judged");
  }
  scene.until = log.event_time(log.size() - 1) + 1;
  scene.source = plan.source == Plan::Source::movielens  ? "a MovieLens log (a rating of 4 or more counts as a click)"
                 : plan.source == Plan::Source::snapshot ? "days of the Time Machine"
                                                         : "a log kept as tables";
  if (!has_online(plan)) return;
  std::vector<bool> judges(log.users.size());
  std::vector<bool> others(log.users.size());
  std::size_t judge_count = 0;
  for (data::Index u = 0; u < log.users.size(); ++u) {
    judges[u] = experiment::bucket(fmt::format("judges/{}", seed), log.users.at(u)) < plan.judge_share;
    others[u] = !judges[u];
    judge_count += judges[u] ? 1 : 0;
  }
  const data::EventLog judging = rows_of(log, judges);
  data::EventLog building = rows_of(log, others);
  if (judging.clicks() < 2 || building.clicks() < 2) {
    fail_caller(plan.path.string(), "judge_share leaves no clicks on one side: too few users for online stages");
  }
  simulate::FitSpec fit;
  fit.seed = seed;
  fit.users = users_needed(plan);
  fit.launch = scene.until;
  fit.click_prior = plan.click_prior;
  auto audience = std::make_unique<simulate::FittedAudience>(judging, scene.data.items, fit);
  scene.notes.push_back(
      fmt::format("The users of the online stages are simulated: fitted to {} of the log's {} that no "
                  "candidate is trained or scored on.",
                  judge_count, count(log.users.size(), "user")));
  for (const std::string& note : audience->notes()) scene.notes.push_back(note);
  scene.audience = std::move(audience);
  scene.data.log = std::move(building);
}

/// Before any work is done: a later stage's split shall not end a run that has come far.
void check_splits(const Plan& plan, const data::EventLog& log) {
  for (const StagePlan& stage : plan.stages) {
    if (is_online(stage.kind)) continue;
    try {
      static_cast<void>(data::split_by_time(log, stage.test, stage.gap));
    } catch (const std::invalid_argument& error) {
      fail_caller(stage.where, fmt::format("{}; another \"test\"{} is needed", error.what(),
                                           stage.kind == StageKind::offline ? " or \"gap\"" : ""));
    }
  }
}

}  // namespace

std::size_t users_needed(const Plan& plan) {
  const std::size_t riders = plan.sanity ? 2 : 1;
  std::size_t enters = plan.candidates.size() - riders;
  std::size_t needed = 0;
  for (const StagePlan& stage : plan.stages) {
    if (stage.kind == StageKind::interleave) needed += static_cast<std::size_t>(stage.users) * (enters + riders - 1);
    if (stage.kind == StageKind::ab) needed += static_cast<std::size_t>(stage.users) * (enters + riders);
    enters = std::min(enters, static_cast<std::size_t>(stage.keep_max));
  }
  return needed + static_cast<std::size_t>(plan.truth_users);
}

Scene load_scene(const Plan& plan, std::uint64_t seed, Quarantine& quarantine, double max_bad, Progress& progress) {
  Scene scene;
  if (plan.source == Plan::Source::world) {
    load_world(plan, scene, progress);
  } else {
    load_log(plan, seed, quarantine, max_bad, scene);
  }
  check_splits(plan, scene.data.log);
  const data::Items& items = scene.data.items;
  scene.histories = std::make_unique<data::Histories>(scene.data.log, scene.data.log.users.size());
  for (data::Index i = 0; i < items.size(); ++i) scene.catalogue.push_back(i);
  if (scene.data.uncatalogued_rows > 0) {
    scene.notes.push_back(
        fmt::format("{} of the log name an item that the catalogue lacks ({}): they are kept, without text.",
                    count(scene.data.uncatalogued_rows, "row"), count(items.size() - items.catalogued, "item")));
  }
  return scene;
}

}  // namespace tamis::sift
