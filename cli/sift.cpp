#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "tamis/base/parallel.h"
#include "tamis/base/progress.h"
#include "tamis/sift/funnel.h"
#include "tamis/sift/plan.h"
#include "tamis/sift/report.h"

namespace tamis::cli {

namespace {

struct SiftOptions {
  sift::FunnelOptions funnel;
  std::string plan, out, data;
  int threads = 0;
  bool json = false;
  bool quiet = false;
  bool keys = false;
};

void run_sift(SiftOptions& options) {
  if (options.keys) {
    std::cout << sift::describe_plan_keys();
    return;
  }
  if (options.plan.empty()) throw std::invalid_argument("[sift] names no plan: tamis sift PLAN.toml");
  if (options.threads != 0) set_threads(options.threads);
  options.funnel.plan = options.plan;
  options.funnel.out = options.out.empty() ? "out/" + std::filesystem::path(options.plan).stem().string() : options.out;
  if (!options.data.empty()) options.funnel.data = options.data;
  options.funnel.version = TAMIS_VERSION;
  const auto style = options.quiet                ? Progress::Style::silent
                     : isatty(STDERR_FILENO) == 1 ? Progress::Style::bar
                                                  : Progress::Style::lines;
  Progress progress(std::cerr, style);
  const std::string report = sift::run_funnel(options.funnel, progress);
  if (options.json) {
    std::cout << report << '\n';
  } else {
    std::cout << sift::report_terminal(report) << '\n'
              << "Report: " << (options.funnel.out / "report.html").string() << '\n';
  }
}

}  // namespace

void add_sift(CLI::App& app) {
  auto options = std::make_shared<SiftOptions>();
  CLI::App* sift = app.add_subcommand("sift", "Take many candidates through the funnel and ship one");
  sift->add_option("plan", options->plan, "The plan (docs/formats/plan.md)");
  sift->add_option("--out", options->out, "Folder for journal and report; out/NAME-OF-THE-PLAN when absent");
  sift->add_option("--data", options->data, "Folder that replaces the one the plan reads its data from");
  sift->add_flag("--resume", options->funnel.resume, "Go on where a run into the same folder was interrupted");
  sift->add_option("--seed", options->funnel.seed, "Names all random numbers")->capture_default_str();
  sift->add_option("--threads", options->threads, "Threads to use; the cores of this process when absent")
      ->check(CLI::Range(1, 4096));
  sift->add_option("--max-bad", options->funnel.max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  sift->add_flag("--json", options->json, "Print report.json instead of the table");
  sift->add_flag("--quiet", options->quiet, "Show no progress");
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
