#pragma once

namespace CLI {
class App;
}

namespace tamis::cli {

/// The subcommands of `tamis replay`: two protocols that share no name.
void add_replay_daily(CLI::App& replay);
void add_replay_bandit(CLI::App& replay);

}  // namespace tamis::cli
