#include "tamis/sift/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/config.h"
#include "tamis/base/error.h"
#include "tamis/sift/plan_candidates.h"
#include "tamis/sift/plan_data.h"
#include "tamis/sift/plan_keys.h"

namespace tamis::sift {

namespace {

std::span<const Key> choose_stage(const ConfigFile::Entry& entry) {
  const auto keys = stage_keys(entry.kind);
  if (keys.empty()) {
    fail_caller(entry.where,
                fmt::format("stage kind \"{}\" does not exist: offline, replay, interleave or ab", entry.kind));
  }
  return keys;
}

stats::Correction read_correction(const Section& section) {
  const std::string name = section.text("correction");
  if (name == "holm") return stats::Correction::holm;
  if (name == "bh") return stats::Correction::benjamini_hochberg;
  if (name == "none") return stats::Correction::none;
  section.fail("correction", fmt::format("correction \"{}\" is not one of holm, bh, none", name));
}

double read_alpha(const Section& section) {
  const double alpha = section.real("alpha");
  if (!(alpha > 0 && alpha < 1)) section.fail("alpha", "alpha must be above 0 and below 1");
  return alpha;
}

void read_ranking_keys(const Section& section, StagePlan& stage) {
  for (const std::string& name : section.texts("metrics")) {
    try {
      stage.metrics.push_back(metrics::Metric::parse(name));
    } catch (const std::invalid_argument& error) {
      section.fail("metrics", error.what());
    }
  }
  if (stage.metrics.empty()) section.fail("metrics", "needs at least one metric");
  const std::string ties = section.text("ties");
  if (ties != "average" && ties != "input") section.fail("ties", "ties must be average or input");
  stage.ties = ties == "average" ? metrics::Ties::average : metrics::Ties::input;
  stage.test = section.duration("test");
  if (stage.test <= 0) section.fail("test", "the scored part must be longer than 0");
  stage.resamples = static_cast<int>(section.integer_in("resamples", 100, 1'000'000));
  if (stage.kind == StageKind::offline) {
    stage.gap = section.duration("gap");
  } else {
    stage.step = section.duration("step");
    if (stage.step <= 0) section.fail("step", "the step must be longer than 0");
    if (stage.test / stage.step > 1000) section.fail("step", "cuts the scored part into more than 1000 steps");
  }
}

void read_online_keys(const Section& section, StagePlan& stage) {
  stage.users = static_cast<int>(section.integer_in("users", stage.kind == StageKind::ab ? 20 : 10, 10'000'000));
  stage.days = static_cast<int>(section.integer_in("days", 1, 365));
  const std::string credit = section.text("credit");
  if (credit != "clicks" && credit != "time") section.fail("credit", "credit must be clicks or time");
  stage.credit = credit == "clicks" ? interleave::CreditBy::clicks : interleave::CreditBy::time;
}

StagePlan read_stage(const Section& section, const Section& root) {
  StagePlan stage;
  stage.where = section.where("kind");
  const std::string kind = section.text("kind");
  stage.kind = kind == "offline"      ? StageKind::offline
               : kind == "replay"     ? StageKind::replay
               : kind == "interleave" ? StageKind::interleave
                                      : StageKind::ab;
  stage.keep = static_cast<int>(section.integer_in("keep", 1, 1'000'000));
  stage.keep_max =
      section.has("keep_max") ? static_cast<int>(section.integer_in("keep_max", 1, 1'000'000)) : stage.keep;
  if (stage.keep_max < stage.keep) {
    section.fail("keep_max", fmt::format("keep_max {} is below keep {}", stage.keep_max, stage.keep));
  }
  stage.alpha = section.has("alpha") ? read_alpha(section) : read_alpha(root);
  stage.correction = section.has("correction") ? read_correction(section) : read_correction(root);
  stage.choosing = section.real_in("choosing", 0.1, 0.9);
  if (stage.kind == StageKind::offline || stage.kind == StageKind::replay) {
    read_ranking_keys(section, stage);
  } else {
    read_online_keys(section, stage);
  }
  return stage;
}

void read_stages(ConfigFile& file, const Section& root, Plan& plan) {
  const auto sections = file.sections("stage", "kind", choose_stage);
  if (sections.empty()) fail_caller(plan.path.string(), "the plan has no [[stage]]: offline, replay, interleave or ab");
  auto enters = static_cast<int>(plan.candidates.size()) - 1 - (plan.sanity ? 1 : 0);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    StagePlan stage = read_stage(sections[i], root);
    if (stage.keep > enters) {
      sections[i].fail("keep",
                       fmt::format("keep {} is above the {} that enter (the incumbent and the sanity arm do not count)",
                                   stage.keep, enters));
    }
    if (i + 1 == sections.size() && (stage.keep != 1 || stage.keep_max != 1)) {
      sections[i].fail("keep", "the last stage ships one: keep must be 1");
    }
    for (const StagePlan& earlier : plan.stages) {
      if (earlier.kind == stage.kind)
        sections[i].fail("kind", fmt::format("two stages of kind {}: a kind may stand once", word(stage.kind)));
    }
    enters = stage.keep;
    plan.stages.push_back(std::move(stage));
  }
}

std::size_t find_candidate(const Plan& plan, const Section& root, std::string_view key) {
  const std::string name = root.text(key);
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) {
    if (plan.candidates[i].name == name) return i;
  }
  std::string known;
  for (const Candidate& candidate : plan.candidates) known += (known.empty() ? "" : ", ") + candidate.name;
  root.fail(key, fmt::format("\"{}\" is not the name of a candidate; there are: {}", name, known));
}

}  // namespace

std::string_view word(StageKind kind) {
  switch (kind) {
    case StageKind::offline:
      return "offline";
    case StageKind::replay:
      return "replay";
    case StageKind::interleave:
      return "interleave";
    case StageKind::ab:
      return "ab";
  }
  return "";
}

bool is_online(StageKind kind) {
  return kind == StageKind::interleave || kind == StageKind::ab;
}

Plan read_plan(const std::filesystem::path& path, const std::optional<std::filesystem::path>& data_folder,
               std::uint64_t seed) {
  Plan plan;
  plan.path = path;
  ConfigFile file(path);
  plan.text = file.bytes();
  const Section root = file.root(plan_root_keys());
  read_alpha(root);  // wrong ones are refused also where every stage has its own
  read_correction(root);
  plan.title = root.has("title") ? root.text("title") : path.filename().string();
  if (root.has("candidates")) {
    ConfigFile list(path.parent_path() / root.text("candidates"));
    plan.text += list.bytes();
    plan.candidates = read_candidates(list, seed);
    list.finish();
  } else {
    plan.candidates = read_candidates(file, seed);
  }
  plan.incumbent = find_candidate(plan, root, "incumbent");
  if (root.has("sanity")) {
    plan.sanity = find_candidate(plan, root, "sanity");
    if (*plan.sanity == plan.incumbent) root.fail("sanity", "the sanity arm and the incumbent are the same candidate");
  }
  read_plan_data(file, data_folder, seed, plan);
  if (plan.source == Plan::Source::world) {
    const Section truth = file.section("truth", truth_keys());
    plan.truth_users = static_cast<int>(truth.integer_in("users", 0, 10'000'000));
  }
  read_stages(file, root, plan);
  file.finish();
  return plan;
}

}  // namespace tamis::sift
