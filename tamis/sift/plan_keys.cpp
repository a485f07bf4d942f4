#include "tamis/sift/plan_keys.h"

#include <string>

#include "tamis/sift/plan.h"

namespace tamis::sift {

namespace {

using enum Key::Type;

constexpr Key kRoot[] = {
    {"title", text, "-", "what the report is headed with; the plan's file name when absent"},
    {"candidates", text, "-", "a TOML file with the [[candidate]] tables, beside the plan; they may stand in the plan"},
    {"incumbent", text, "", "the candidate that is live today: it rides along to the end, and every lift is over it"},
    {"sanity", text, "-",
     "a candidate that must lose: it rides along too, is never shipped, and a win of it is an alarm"},
    {"alpha", real, "0.05", "error rate of each stage's corrected comparisons, in (0, 1)"},
    {"correction", text, "\"holm\"", "holm (family-wise), bh (false discovery rate) or none; a stage may have its own"},
};

constexpr Key kData[] = {
    {"kind", text, "\"world\"",
     "world (generated, see [world]), movielens (a folder), table (Parquet, CSV, TSV) or snapshot (days of the Time "
     "Machine)"},
    {"folder", text, "\".\"",
     "movielens: the folder; table: where log and items are; snapshot: the root, also s3://…; relative to the plan"},
    {"log", text, "\"log.parquet\"", "table: the log, columns as in docs/formats/event_log.md"},
    {"from", text, "-", "snapshot: the first day, as 2024-01-31; all that are there when absent"},
    {"to", text, "-", "snapshot: the last day"},
    {"items", text, "-", "table: the catalogue (item, text, category); without it no item has text"},
    {"user", text, "\"user\"", "table: name of the log's column"},
    {"item", text, "\"item\"", "table: name of the log's column"},
    {"event", text, "\"event\"", "table: name of the log's column; without the column every row is a click"},
    {"value", text, "\"value\"", "table: name of the log's column"},
    {"position", text, "\"position\"", "table: name of the log's column"},
    {"request", text, "\"request\"", "table: name of the log's column"},
    {"event_time", text, "\"event_time\"", "table: name of the log's column"},
    {"known_time", text, "\"known_time\"", "table: name of the log's column"},
    {"judge_share", real, "0.5",
     "real logs with online stages: share of users that no candidate is trained or scored on, to whom the online "
     "stages' users are fitted, in [0.1, 0.9]"},
    {"click_prior", real, "0.1",
     "real logs without impressions: click rate on an item looked at, averaged over the catalogue, in (0, 0.5]"},
};

constexpr Key kWorld[] = {
    {"items", integer, "5000", "items in the catalogue, 50 to 1000000"},
    {"users", integer, "22000", "users, 50 to 5000000"},
    {"days", integer, "30", "days of logs before the launch, 2 to 1000"},
    {"requests", integer, "2", "lists per visit, 1 to 10"},
    {"length", integer, "10", "items per list, 2 to 50"},
    {"topic_pull", real, "1.3", "log-odds a click moves by per standard deviation of taste for the subject"},
    {"style_pull", real, "1.2", "the same for what the text does not say"},
    {"merit_pull", real, "0.55", "the same for quality and freshness, alike for everyone"},
    {"base", real, "-2.9", "log-odds of a click on an item looked at that pulls neither way, -10 to 10"},
    {"equal", boolean, "false", "every item is equally good for everyone: nothing can be better than the incumbent"},
};

constexpr Key kTruth[] = {
    {"users", integer, "3000", "users every candidate is rolled out on when all is decided; 0: no rollout"},
};

constexpr Key kKind{"kind", text, "", "offline, replay, interleave or ab"};
constexpr Key kKeep{"keep", integer, "", "how many go on, at least 1; the incumbent and the sanity arm come on top"};
constexpr Key kKeepMax{"keep_max", integer, "-",
                       "hard cap when intervals overlap that of the last kept; the same as keep when absent"};
constexpr Key kAlpha{"alpha", real, "-", "error rate of this stage's corrected comparisons; the plan's when absent"};
constexpr Key kCorrection{"correction", text, "-", "holm, bh or none; the plan's when absent"};
constexpr Key kChoosing{"choosing", real, "0.67",
                        "the last stage: share of users it chooses on, in [0.1, 0.9]; the rest measure the lift again"};
constexpr Key kMetrics{"metrics", texts, "[\"ndcg@10\", \"auc\", \"mrr\"]",
                       "auc, mrr, map, map@k, ndcg@k, recall@k, precision@k, hit@k; the first decides"};
constexpr Key kTies{"ties", text, "\"average\"",
                    "average (expected value over tie orders) or input (order of the candidates)"};
constexpr Key kResamples{"resamples", integer, "10000", "bootstrap resamples, 100 to 1000000"};

constexpr Key kOffline[] = {
    kKind,
    kKeep,
    kKeepMax,
    kAlpha,
    kCorrection,
    kChoosing,
    kMetrics,
    kTies,
    kResamples,
    {"test", duration, "\"5d\"", "the last part of the log, which is scored"},
    {"gap", duration, "\"0d\"", "left out between what is trained on and what is scored"},
};

constexpr Key kReplay[] = {
    kKind,
    kKeep,
    kKeepMax,
    kAlpha,
    kCorrection,
    kChoosing,
    kMetrics,
    kTies,
    kResamples,
    {"test", duration, "\"7d\"", "the last part of the log, which is scored"},
    {"step", duration, "\"1d\"", "how often a candidate is fitted anew on what was known by then"},
};

constexpr Key kInterleave[] = {
    kKind,
    kKeep,
    kKeepMax,
    kAlpha,
    kCorrection,
    kChoosing,
    {"users", integer, "500", "users per candidate, 10 or more"},
    {"days", integer, "7", "how long, 1 to 365"},
    {"credit", text, "\"clicks\"", "what a team is credited with: clicks or time (seconds stayed)"},
};

constexpr Key kAb[] = {
    kKind,
    kKeep,
    kKeepMax,
    kAlpha,
    kCorrection,
    kChoosing,
    {"users", integer, "2000", "users per arm, 20 or more"},
    {"days", integer, "14", "how long, 1 to 365"},
    {"credit", text, "\"clicks\"", "what is counted per user: clicks or time (seconds stayed)"},
};

constexpr Key kName{"name", text, "", "unique; how the candidate is called everywhere"};
constexpr Key kFamily{"family", text, "", "random, popularity, item_knn, content or blend"};
constexpr Key kRandom[] = {kName, kFamily};
constexpr Key kPopularity[] = {
    kName,
    kFamily,
    {"half_life", duration, "\"0s\"", "age at which a click counts half; 0s: all clicks count alike"},
};
constexpr Key kItemKnn[] = {
    kName,
    kFamily,
    {"neighbours", integer, "50", "most similar items kept per item, 1 to 10000"},
    {"shrinkage", real, "10", "added to the similarity's denominator, 0 to 1e6: distrusts rare items"},
    {"profile", integer, "50", "latest clicks of a user that count, 1 to 10000"},
    {"half_life", duration, "\"0s\"", "age at which a click of the profile counts half; 0s: all count alike"},
};
constexpr Key kContent[] = {
    kName,
    kFamily,
    {"profile", integer, "50", "latest clicks of a user that count, 1 to 10000"},
    {"half_life", duration, "\"0s\"", "age at which a click of the profile counts half; 0s: all count alike"},
};
constexpr Key kBlend[] = {
    kName,
    kFamily,
    {"parts", texts, "", "weight and name of each part, such as \"0.5 item_knn_50\"; parts may not be blends"},
};

}  // namespace

std::span<const Key> plan_root_keys() {
  return kRoot;
}
std::span<const Key> data_keys() {
  return kData;
}
std::span<const Key> world_keys() {
  return kWorld;
}
std::span<const Key> truth_keys() {
  return kTruth;
}

std::span<const Key> stage_keys(std::string_view kind) {
  if (kind == "offline") return kOffline;
  if (kind == "replay") return kReplay;
  if (kind == "interleave") return kInterleave;
  if (kind == "ab") return kAb;
  return {};
}

std::span<const Key> candidate_keys(std::string_view family) {
  if (family == "random") return kRandom;
  if (family == "popularity") return kPopularity;
  if (family == "item_knn") return kItemKnn;
  if (family == "content") return kContent;
  if (family == "blend") return kBlend;
  return {};
}

std::string describe_plan_keys() {
  std::string page = "## Top of the plan\n\n" + describe(kRoot) + "\n## `[data]`\n\n" + describe(kData) +
                     "\n## `[world]`\n\n" + describe(kWorld) + "\n## `[truth]`\n\n" + describe(kTruth);
  for (const std::string_view kind : {"offline", "replay", "interleave", "ab"}) {
    page += "\n## `[[stage]]` with `kind = \"" + std::string(kind) + "\"`\n\n" + describe(stage_keys(kind));
  }
  for (const std::string_view family : {"random", "popularity", "item_knn", "content", "blend"}) {
    page +=
        "\n## `[[candidate]]` with `family = \"" + std::string(family) + "\"`\n\n" + describe(candidate_keys(family));
  }
  return page;
}

}  // namespace tamis::sift
