#include "cli/metrics.h"

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace tamis::cli {

void add_metrics(CLI::App& app) {
  CLI::App& metrics = *app.add_subcommand("metrics", "How good predictions are");
  metrics.require_subcommand(1);
  metrics.footer(
      "Examples:\n  tamis metrics ranking --qrels qrels.txt --run run.txt --metrics ndcg@10,map\n"
      "  tamis metrics binary --input scores.csv --label clicked --score p --metrics auc,log_loss");
  add_metrics_ranking(metrics);
  add_metrics_binary(metrics);
  add_metrics_multiclass(metrics);
  add_metrics_regression(metrics);
  add_metrics_curve(metrics);
}

}  // namespace tamis::cli
