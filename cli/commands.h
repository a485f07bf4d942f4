#pragma once

namespace CLI {
class App;
}

namespace tamis::cli {

/// `tamis sift PLAN.toml`: the funnel.
void add_sift(CLI::App& app);
/// `tamis train CONFIG.toml`: a network.
void add_train(CLI::App& app);
/// `tamis reproduce STUDY --out DIR`: a published study, run here.
void add_reproduce(CLI::App& app);
/// `tamis doctor CONFIG.toml|RUN_DIR`: what is wrong with a training run.
void add_doctor(CLI::App& app);

}  // namespace tamis::cli
