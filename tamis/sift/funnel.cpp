#include "tamis/sift/funnel.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/base/table.h"
#include "tamis/evidence/experiment/assignment.h"
#include "tamis/sift/outcome.h"
#include "tamis/sift/report.h"
#include "tamis/sift/stages.h"

namespace tamis::sift {

namespace {

/// What the journal must agree on to be gone on with.
std::string heading(const FunnelOptions& options, const Plan& plan, const Scene& scene) {
  return nlohmann::json{{"version", options.version},
                        {"plan", fmt::format("{:016x}", fnv1a(plan.text))},
                        {"data", fmt::format("{:016x}", scene.fingerprint)},
                        {"seed", options.seed}}
      .dump();
}

std::uint64_t distinct_users(const std::vector<Measured>& measured) {
  std::set<data::Index> users;
  for (const Measured& m : measured) users.insert(m.values.users.begin(), m.values.users.end());
  return users.size();
}

/// The user's part in the last stage: chosen on, or only measured on.
bool is_choosing(const Run& run, const StagePlan& stage, data::Index user) {
  const std::string name = is_online(stage.kind) ? run.scene.audience->name(user) : run.scene.data.log.users.at(user);
  return experiment::bucket(fmt::format("choosing/{}", run.seed), name) < stage.choosing;
}

void measure(const Run& run, StageOutcome& stage, Traffic* traffic) {
  const std::size_t n = stage.entered.size();
  switch (stage.plan.kind) {
    case StageKind::offline:
    case StageKind::replay:
      stage.measured = measure_ranking(run, stage.plan, stage.entered, stage.notes);
      break;
    case StageKind::interleave:
      stage.measured = measure_interleave(run, stage.plan, stage.entered, *traffic);
      stage.cost_users = static_cast<std::uint64_t>(stage.plan.users) * (n - 1);
      stage.cost_days = stage.plan.days;
      break;
    case StageKind::ab: {
      AbResult result = measure_ab(run, stage.plan, stage.entered, *traffic);
      stage.measured = std::move(result.arms);
      stage.sample_ratio_p = result.sample_ratio_p;
      stage.cost_users = static_cast<std::uint64_t>(stage.plan.users) * n;
      stage.cost_days = stage.plan.days;
      break;
    }
  }
  stage.users = distinct_users(stage.measured);
}

std::vector<Standing> standings_of(const Run& run, const std::vector<Arm>& arms) {
  std::vector<Standing> standings;
  for (const Arm& arm : arms) {
    standings.push_back({run.plan.candidates[arm.candidate].name, arm.estimate, arm.interval.low, arm.interval.high,
                         run.plan.rides(arm.candidate)});
  }
  return standings;
}

void decide_middle(const Run& run, StageOutcome& stage) {
  stage.arms = compare(stage.plan, stage.entered, stage.measured, run.plan, run.seed, [](data::Index) { return true; });
  stage.verdicts = decide(standings_of(run, stage.arms), stage.plan.keep, stage.plan.keep_max);
}

/// At the end nobody rides on: the incumbent stays or is replaced, and the sanity arm has done its work.
void settle_riders(const Run& run, StageOutcome& stage, int shipped) {
  for (std::size_t a = 0; a < stage.entered.size(); ++a) {
    if (stage.entered[a] == run.plan.sanity) {
      stage.verdicts[a] = {Decision::dropped, false, "the sanity arm: measured to the end, never shipped"};
    } else if (stage.entered[a] == run.plan.incumbent) {
      stage.verdicts[a] =
          shipped < 0
              ? Verdict{Decision::kept, false, "the incumbent stays"}
              : Verdict{Decision::dropped, false,
                        fmt::format("the incumbent, replaced by {}",
                                    run.plan.candidates[stage.entered[static_cast<std::size_t>(shipped)]].name)};
    }
  }
}

/// Chooses on one part of the users and measures the chosen one again on the rest, who have not flattered it.
void decide_last(const Run& run, StageOutcome& stage, Outcome& outcome) {
  const auto choosing = [&](data::Index user) { return is_choosing(run, stage.plan, user); };
  const auto fresh = [&](data::Index user) { return !choosing(user); };
  stage.arms = compare(stage.plan, stage.entered, stage.measured, run.plan, run.seed, choosing);
  Choice choice = choose(standings_of(run, stage.arms));
  if (stage.sample_ratio_p && *stage.sample_ratio_p < experiment::kSampleRatioAlpha) {
    outcome.why_not = fmt::format(
        "the users did not spread over the arms as planned (sample-ratio check, p = {:.2g}), so no "
        "verdict may be read off",
        *stage.sample_ratio_p);
    for (Verdict& verdict : choice.verdicts) {
      if (verdict.decision == Decision::shipped)
        verdict = {Decision::dropped, false, "verdict withheld: sample-ratio mismatch"};
    }
    choice.shipped = -1;
  } else if (choice.shipped < 0) {
    outcome.why_not = "no candidate's corrected interval lies above the incumbent";
  }
  stage.verdicts = std::move(choice.verdicts);
  settle_riders(run, stage, choice.shipped);
  stage.notes.push_back(
      fmt::format("Chosen on {:.0f} % of the users (by a hash of their names); the lift is measured again on the rest.",
                  100 * stage.plan.choosing));
  if (choice.shipped < 0) {
    outcome.why_no_lift = "nothing is shipped";
    return;
  }
  const auto winner = static_cast<std::size_t>(choice.shipped);
  outcome.shipped = stage.entered[winner];
  const auto at = std::find(stage.entered.begin(), stage.entered.end(), run.plan.incumbent) - stage.entered.begin();
  const Measured& incumbent = stage.measured[static_cast<std::size_t>(at)];
  const auto naive = lift_of(stage.plan, stage.measured[winner], incumbent, stage.plan.alpha, choosing);
  outcome.lift = lift_of(stage.plan, stage.measured[winner], incumbent, stage.plan.alpha, fresh);
  if (naive) outcome.naive = naive->estimate;
  if (!outcome.lift) outcome.why_no_lift = "the last stage gives no level that a lift could be relative to";
}

void write_exposures(const Run& run, const StageOutcome& stage, const std::filesystem::path& path) {
  std::vector<OutputColumn> columns(3);
  columns[0].name = "user";
  columns[1].name = "arm";
  columns[2].name = "time";
  for (std::size_t a = 0; a < stage.entered.size(); ++a) {
    const Measured& measured = stage.measured[a];
    for (std::size_t i = 0; i < measured.exposed.size(); ++i) {
      columns[0].text.push_back(run.scene.audience->name(measured.values.users[i]));
      columns[1].text.push_back(run.plan.candidates[stage.entered[a]].name);
      columns[2].text.push_back(data::format_time(measured.exposed[i]));
    }
  }
  write_table(path, columns);
}

void roll_out(const Run& run, Traffic& traffic, Outcome& outcome) {
  Outcome::Truth truth;
  truth.days = 14;
  auto credit = interleave::CreditBy::clicks;
  for (const StagePlan& stage : run.plan.stages) {
    if (stage.kind != StageKind::ab) continue;
    truth.days = stage.days;
    credit = stage.credit;
  }
  truth.unit = credit == interleave::CreditBy::clicks ? "clicks per user" : "seconds per user";
  for (const Measured& measured : roll_out_all(run, truth.days, credit, traffic)) {
    truth.values.push_back(measured.metrics.front().second);
    truth.users = measured.values.users.size();
  }
  outcome.truth = std::move(truth);
}

Outcome run_stages(const Run& run, const std::filesystem::path& out) {
  Outcome outcome;
  std::optional<Traffic> traffic;
  if (run.scene.audience) traffic.emplace(*run.scene.audience, run.seed);
  std::vector<std::size_t> entered;
  for (std::size_t c = 0; c < run.plan.candidates.size(); ++c) entered.push_back(c);
  for (std::size_t s = 0; s < run.plan.stages.size(); ++s) {
    StageOutcome stage;
    stage.plan = run.plan.stages[s];
    stage.entered = entered;
    measure(run, stage, traffic ? &*traffic : nullptr);
    if (s + 1 == run.plan.stages.size()) {
      decide_last(run, stage, outcome);
    } else {
      decide_middle(run, stage);
    }
    if (stage.plan.kind == StageKind::ab) write_exposures(run, stage, out / "exposures.csv");
    entered.clear();
    for (std::size_t a = 0; a < stage.entered.size(); ++a) {
      if (stage.verdicts[a].decision != Decision::dropped) entered.push_back(stage.entered[a]);
    }
    for (Measured& measured : stage.measured) measured.values = {};
    outcome.stages.push_back(std::move(stage));
  }
  if (run.scene.world && run.plan.truth_users > 0) roll_out(run, *traffic, outcome);
  return outcome;
}

}  // namespace

std::string run_funnel(const FunnelOptions& options, Progress& progress) {
  const auto begun = std::chrono::steady_clock::now();
  const Plan plan = read_plan(options.plan, options.data, options.seed);
  make_output_folder(options.out);
  Quarantine quarantine;
  std::optional<Scene> loaded;
  try {
    loaded = load_scene(plan, options.seed, quarantine, options.max_bad, progress);
  } catch (...) {
    quarantine.write(options.out / "quarantine.tsv");  // what was wrong with the rows is part of the answer
    throw;
  }
  const Scene& scene = *loaded;
  if (quarantine.count() > 0) {
    quarantine.write(options.out / "quarantine.tsv");
  } else {
    std::error_code absent;  // one of an earlier run would speak of rows that this report does not miss
    std::filesystem::remove(options.out / "quarantine.tsv", absent);
  }
  Journal journal(options.out / "journal.jsonl", heading(options, plan, scene), options.resume);
  const Run run{plan, scene, options.seed, journal, progress};
  const Outcome outcome = run_stages(run, options.out);

  auto report = nlohmann::ordered_json::parse(report_json(outcome, plan, scene, options.seed, options.version));
  report["threads"] = threads();
  report["elapsed_s"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  report["peak_rss_mb"] = static_cast<double>(peak_resident_bytes()) / 1e6;
  const std::string text = report.dump(1);
  write_file(options.out / "report.md", report_markdown(text));
  write_file(options.out / "report.html", report_html(text));
  write_file(options.out / "report.json", text + "\n");
  return report.dump();
}

}  // namespace tamis::sift
