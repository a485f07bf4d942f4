#include "tamis/sift/evaluate_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "tamis/base/config.h"
#include "tamis/base/error.h"
#include "tamis/sift/plan_candidates.h"
#include "tamis/sift/plan_data.h"

namespace tamis::sift {

namespace {

using enum Key::Type;

constexpr Key kRoot[] = {
    {"title", text, "-", "what the result is headed with; the plan's file name when absent"},
    {"candidates", text, "-", "a TOML file with the [[candidate]] tables, beside the plan; they may stand in the plan"},
    {"metrics", texts, "[\"ndcg@10\", \"recall@20\", \"mrr\"]",
     "auc, mrr, map, map@k, ndcg@k, recall@k, precision@k, hit@k; the first decides"},
    {"ties", text, "\"average\"", "average (expected value over tie orders) or input (order of the candidates)"},
    {"alpha", real, "0.05", "error rate of the comparisons, corrected over all pairs by Holm, in (0, 1)"},
};

constexpr Key kSplit[] = {
    {"kind", text, "", "holdout, kfold, bootstrap, time, rolling or leave-last"},
    {"by", text, "\"users\"", "holdout, kfold, bootstrap: users (whole) or events (lists where the log has them)"},
    {"folds", integer, "10", "kfold: how many, 2 to 1000"},
    {"resamples", integer, "20", "bootstrap: how many, 1 to 1000"},
    {"share", real, "0.2", "holdout: share of the test side; time: the latest share of the events; in (0, 1)"},
    {"asked", real, "0.2",
     "by users: the latest share of a test user's events, at least one, that is asked for; the rest is the user's "
     "history; in (0, 1)"},
    {"last", integer, "1", "leave-last: how many events of each user are asked for, 1 to 1000"},
    {"test", duration, "-", "time: the last part of the log, in place of share; rolling: the test window, required"},
    {"train", duration, "-", "rolling: the training window, required"},
    {"step", duration, "-", "rolling: from one window to the next; the test window when absent"},
    {"gap", duration, "\"0d\"", "time, rolling: left out between what is trained on and what is asked for"},
    {"expanding", boolean, "false", "rolling: every window trains on all from the beginning of the log"},
    {"cold", text, "\"keep\"", "questions of users without history: keep, drop or only"},
};

struct Kind {
  std::string_view name;
  FoldKind kind;
  std::vector<std::string_view> keys;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list{
      {"holdout", FoldKind::holdout, {"kind", "by", "share", "asked", "cold"}},
      {"kfold", FoldKind::kfold, {"kind", "by", "folds", "asked", "cold"}},
      {"bootstrap", FoldKind::bootstrap, {"kind", "by", "resamples", "asked", "cold"}},
      {"time", FoldKind::time, {"kind", "share", "test", "gap", "cold"}},
      {"rolling", FoldKind::rolling, {"kind", "train", "test", "step", "gap", "expanding", "cold"}},
      {"leave-last", FoldKind::leave_last, {"kind", "last", "cold"}},
  };
  return list;
}

const Kind& find_kind(const Section& section) {
  const std::string name = section.text("kind");
  for (const Kind& kind : kinds()) {
    if (kind.name == name) return kind;
  }
  section.fail("kind", fmt::format("split kind \"{}\" does not exist: holdout, kfold, bootstrap, time, rolling or "
                                   "leave-last",
                                   name));
}

/// A key of another kind would change nothing, and the plan would not mean what it says.
void refuse_other_keys(const Section& section, const Kind& kind) {
  for (const Key& key : kSplit) {
    const bool known = std::find(kind.keys.begin(), kind.keys.end(), key.name) != kind.keys.end();
    if (!known && section.has(key.name))
      section.fail(key.name, fmt::format("a {} split has no \"{}\"; its keys are {}", kind.name, key.name,
                                         fmt::join(kind.keys, ", ")));
  }
}

double read_share(const Section& section, std::string_view key) {
  const double share = section.real(key);
  if (!(share > 0 && share < 1)) section.fail(key, fmt::format("{} must be above 0 and below 1", key));
  return share;
}

data::Time read_length(const Section& section, std::string_view key, bool required) {
  if (!section.has(key)) {
    if (required) section.fail("kind", fmt::format("a rolling split needs \"{}\", such as {} = \"28d\"", key, key));
    return 0;
  }
  const data::Time length = section.duration(key);
  if (length <= 0) section.fail(key, fmt::format("{} must be longer than 0", key));
  return length;
}

FoldPlan read_split(const Section& section) {
  const Kind& kind = find_kind(section);
  refuse_other_keys(section, kind);
  FoldPlan split;
  split.kind = kind.kind;
  split.where = section.where("kind");
  const std::string by = section.text("by");
  if (by != "users" && by != "events") section.fail("by", fmt::format("by \"{}\" is not users or events", by));
  split.by = by == "users" ? FoldUnit::users : FoldUnit::events;
  if (split.by == FoldUnit::events && section.has("asked"))
    section.fail("asked", "belongs to a split by users; by events the events on the test side are asked for");
  split.folds = static_cast<std::size_t>(section.integer_in("folds", 2, 1000));
  split.resamples = static_cast<std::size_t>(section.integer_in("resamples", 1, 1000));
  split.last = static_cast<std::size_t>(section.integer_in("last", 1, 1000));
  split.share = read_share(section, "share");
  split.asked = read_share(section, "asked");
  const bool rolling = split.kind == FoldKind::rolling;
  split.test = read_length(section, "test", rolling);
  split.train = read_length(section, "train", rolling);
  split.step = read_length(section, "step", false);
  if (split.kind == FoldKind::time && section.has("test") && section.has("share"))
    section.fail("share", "stands beside \"test\": give one of the two");
  split.gap = section.duration("gap");
  split.expanding = section.boolean("expanding");
  const std::string cold = section.text("cold");
  if (cold != "keep" && cold != "drop" && cold != "only")
    section.fail("cold", fmt::format("cold \"{}\" is not one of keep, drop, only", cold));
  split.cold = data::parse_cold(cold);
  return split;
}

void read_metrics(const Section& root, EvaluatePlan& plan) {
  for (const std::string& name : root.texts("metrics")) {
    try {
      plan.metrics.push_back(metrics::Metric::parse(name));
    } catch (const std::invalid_argument& error) {
      root.fail("metrics", error.what());
    }
    for (std::size_t m = 0; m + 1 < plan.metrics.size(); ++m) {
      if (plan.metrics[m].name == name) root.fail("metrics", fmt::format("\"{}\" stands twice", name));
    }
  }
  if (plan.metrics.empty()) root.fail("metrics", "needs at least one metric");
  const std::string ties = root.text("ties");
  if (ties != "average" && ties != "input") root.fail("ties", "ties must be average or input");
  plan.ties = ties == "average" ? metrics::Ties::average : metrics::Ties::input;
  plan.alpha = root.real("alpha");
  if (!(plan.alpha > 0 && plan.alpha < 1)) root.fail("alpha", "alpha must be above 0 and below 1");
}

}  // namespace

std::string_view word(FoldKind kind) {
  for (const Kind& known : kinds()) {
    if (known.kind == kind) return known.name;
  }
  return "";
}

EvaluatePlan read_evaluate_plan(const std::filesystem::path& path,
                                const std::optional<std::filesystem::path>& data_folder, std::uint64_t seed) {
  EvaluatePlan plan;
  plan.source.path = path;
  ConfigFile file(path);
  plan.source.text = file.bytes();
  const Section root = file.root(kRoot);
  plan.source.title = root.has("title") ? root.text("title") : path.filename().string();
  read_metrics(root, plan);
  if (root.has("candidates")) {
    ConfigFile list(path.parent_path() / root.text("candidates"));
    plan.source.text += list.bytes();
    plan.source.candidates = read_candidates(list, seed);
    list.finish();
  } else {
    plan.source.candidates = read_candidates(file, seed);
  }
  read_plan_data(file, data_folder, seed, plan.source);
  plan.split = read_split(file.section("split", kSplit));
  file.finish();
  return plan;
}

std::string describe_evaluate_keys() {
  return "## Top of the plan\n\n" + describe(kRoot) + "\n## `[split]`\n\n" + describe(kSplit);
}

}  // namespace tamis::sift
