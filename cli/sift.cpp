#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"
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

/// CLI11 would wrap -1 around and cut what is too large.
std::string refuse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  return error == std::errc() && stop == end ? "" : text + " is not a whole number from 0 to 2^64 - 1";
}

/// Its range check would let nan pass.
std::string refuse_share(const std::string& text) {
  double share = 0;
  return parse_real(text, share) && share >= 0 && share <= 1 ? "" : text + " is not a share from 0 to 1";
}

std::string refuse_threads(const std::string& text) {
  std::int64_t threads = 0;
  return parse_integer(text, threads) && threads >= 1 && threads <= 4096
             ? ""
             : text + " is not a whole number from 1 to 4096";
}

std::string refuse_empty(const std::string& text) {
  return text.empty() ? "the path is empty; a folder is needed" : "";
}

void print(std::string_view text, std::string_view instead) {
  std::cout << text << '\n' << std::flush;
  if (!std::cout) fail_world("standard output", fmt::format("cannot be written{}", instead));
}

void run_sift(SiftOptions& options) {
  if (options.keys) {
    print(sift::describe_plan_keys(), "");
    return;
  }
  if (options.plan.empty()) fail_caller("sift", "names no plan: tamis sift PLAN.toml");
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
  const std::string page = (options.funnel.out / "report.html").string();
  print(options.json ? report : sift::report_terminal(report) + "\nReport: " + page,
        "; the report is whole in " + page);
}

}  // namespace

void add_sift(CLI::App& app) {
  auto options = std::make_shared<SiftOptions>();
  CLI::App* sift = app.add_subcommand("sift", "Take many candidates through the funnel and ship one");
  sift->add_option("plan", options->plan, "The plan (docs/formats/plan.md)");
  sift->add_option("--out", options->out, "Folder for journal and report; out/NAME-OF-THE-PLAN when absent")
      ->check(refuse_empty);
  sift->add_option("--data", options->data, "Folder that replaces the one the plan reads its data from")
      ->check(refuse_empty);
  sift->add_flag("--resume", options->funnel.resume, "Go on where a run into the same folder was interrupted");
  sift->add_option("--seed", options->funnel.seed, "Names all random numbers")
      ->check(refuse_seed)
      ->capture_default_str();
  sift->add_option("--threads", options->threads, "Threads to use; the cores of this process when absent")
      ->check(refuse_threads);
  sift->add_option("--max-bad", options->funnel.max_bad, "Share of rows that may be unreadable before the run stops")
      ->check(refuse_share)
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
