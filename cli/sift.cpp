#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/progress.h"
#include "tamis/sift/funnel.h"
#include "tamis/sift/plan.h"
#include "tamis/sift/report.h"

namespace tamis::cli {

namespace {

struct SiftOptions {
  sift::FunnelOptions funnel;
  Common common;
  std::string plan;
  bool keys = false;
};

void run_sift(SiftOptions& options) {
  if (options.keys) {
    print(sift::describe_plan_keys(), "");
    return;
  }
  if (options.plan.empty()) fail_caller("sift", "names no plan: tamis sift PLAN.toml");
  apply_threads(options.common);
  options.funnel.plan = options.plan;
  options.funnel.out =
      options.common.out.empty() ? "out/" + std::filesystem::path(options.plan).stem().string() : options.common.out;
  if (!options.common.data.empty()) options.funnel.data = options.common.data;
  options.funnel.seed = options.common.seed;
  options.funnel.version = TAMIS_VERSION;
  Progress progress(std::cerr, progress_style(options.common));
  const std::string report = sift::run_funnel(options.funnel, progress);
  const std::string page = (options.funnel.out / "report.html").string();
  print(options.common.json ? report : sift::report_terminal(report) + "\nReport: " + page,
        "; the report is whole in " + page);
}

}  // namespace

void add_sift(CLI::App& app) {
  auto options = std::make_shared<SiftOptions>();
  CLI::App* sift = app.add_subcommand("sift", "Take many candidates through the funnel and ship one");
  sift->add_option("plan", options->plan, "The plan (docs/formats/plan.md)");
  add_out(*sift, options->common, "Folder for journal and report; out/NAME-OF-THE-PLAN when absent");
  sift->add_option("--data", options->common.data, "Folder that replaces the one the plan reads its data from")
      ->check(refuse_empty);
  sift->add_flag("--resume", options->funnel.resume, "Go on where a run into the same folder was interrupted");
  add_common(*sift, options->common, "Print report.json instead of the table");
  sift->add_option("--max-bad", options->funnel.max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
      ->capture_default_str();
  sift->add_flag("--keys", options->keys, "Print every key a plan may hold, with its default, and stop");
  sift->footer(
      "Examples:\n"
      "  tamis sift examples/demo.toml --out out/demo\n"
      "  tamis sift examples/demo.toml --out out/demo --resume\n"
      "  tamis sift examples/movielens.toml --data ml-100k --json > report.json\n"
      "  tamis sift --keys");
  sift->callback([options] { run_sift(*options); });
}

}  // namespace tamis::cli
