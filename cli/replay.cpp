#include "cli/replay.h"

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace tamis::cli {

void add_replay(CLI::App& app) {
  CLI::App& replay = *app.add_subcommand("replay", "Candidates on a log of the past");
  replay.require_subcommand(1);
  replay.footer(
      "Examples:\n"
      "  tamis replay daily examples/replay.toml --cadence frozen,daily,hourly --out out/replay\n"
      "  tamis replay bandit --log decisions.csv --policy policy.csv --estimator snips");
  add_replay_daily(replay);
  add_replay_bandit(replay);
}

}  // namespace tamis::cli
