#pragma once

namespace CLI {
class App;
}

namespace tamis::cli {

/// The subcommands of `tamis metrics`.
void add_metrics_ranking(CLI::App& metrics);
void add_metrics_binary(CLI::App& metrics);
void add_metrics_multiclass(CLI::App& metrics);
void add_metrics_regression(CLI::App& metrics);
void add_metrics_curve(CLI::App& metrics);

}  // namespace tamis::cli
