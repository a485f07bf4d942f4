#include "tamis/vectors/transform/flow.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/rows.h"
#include "tamis/base/error.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct FlowFlags {
  Common common;
  RowsFrom from;
  std::string coupling = "additive";
  transform::FlowFitting how;
};

Json json_of(const FlowFlags& flags, const Rows& rows, const transform::FittedFlow& fitted, double seconds) {
  Json json = json_result("flow", flags.common);
  json["conventions"] = {{"bits", "-(log N(z; 0, I) + log |det dz/dx|) / (C ln 2), mean over rows"},
                         {"coupling", flags.coupling},
                         {"levels", flags.how.flow.levels},
                         {"steps", flags.how.flow.steps},
                         {"rate", "of Adam, falling to 0 in a straight line"}};
  json["inputs"] = json_inputs({rows.input});
  json["out"] = flags.common.out;
  json["model"] = rows.model.empty() ? Json(nullptr) : Json(rows.model);
  if (rows.model.empty()) json["why"] = "vectors from a file do not say which encoder made them";
  json["rows"] = fitted.rows;
  json["dimensions"] = rows.dimensions;
  json["flat_columns"] = fitted.flat;
  json["bits_per_dimension"] = fitted.bits;
  json["held_out_bits_per_dimension"] = fitted.held_out_bits;
  json["seconds"] = seconds;
  return json;
}

std::string table_of(const FlowFlags& flags, const Rows& rows, const transform::FittedFlow& fitted, double seconds) {
  std::vector<std::vector<std::string>> lines{{"flow", flags.common.out},
                                              {"rows", fmt::format("{}", fitted.rows)},
                                              {"dimensions", fmt::format("{}", rows.dimensions)}};
  if (fitted.flat > 0) lines.push_back({"columns that do not vary", fmt::format("{}", fitted.flat)});
  for (std::size_t e = 0; e < fitted.bits.size(); ++e) {
    std::string bits = fmt::format("{:.4f}", fitted.bits[e]);
    if (!fitted.held_out_bits.empty()) bits += fmt::format(", held out {:.4f}", fitted.held_out_bits[e]);
    lines.push_back({fmt::format("bits per dimension, epoch {}", e + 1), bits});
  }
  lines.push_back({"seconds", fmt::format("{:.1f}", seconds)});
  return columns(lines, 1);
}

void run_flow(FlowFlags& flags) {
  check(flags.from, "flow");
  if (flags.common.out.empty()) fail_caller("flow", "names no file for the transform: --out FILE.safetensors");
  if (flags.coupling != "additive" && flags.coupling != "affine")
    fail_caller("--coupling", fmt::format("\"{}\" is no coupling; accepted: additive, affine", flags.coupling));
  flags.how.flow.coupling = flags.coupling == "affine" ? transform::Coupling::affine : transform::Coupling::additive;
  flags.how.seed = flags.common.seed;
  apply_threads(flags.common);
  const auto begun = std::chrono::steady_clock::now();
  Progress progress(std::cerr, progress_style(flags.common));
  const Rows rows = read_rows(flags.from, progress);
  transform::FittedFlow fitted = transform::fit_flow(rows.values, rows.dimensions, flags.how, progress);
  fitted.model = rows.model;
  make_folder_of(flags.common.out);
  transform::write_flow(flags.common.out, fitted);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  print(flags.common.json ? json_of(flags, rows, fitted, seconds).dump(2) : table_of(flags, rows, fitted, seconds),
        "; the transform is whole in " + flags.common.out);
}

}  // namespace

void add_flow(CLI::App& app) {
  auto flags = std::make_shared<FlowFlags>();
  CLI::App* flow = app.add_subcommand("flow", "Fit an invertible map of vectors to a Gaussian (BERT-flow)");
  add_rows_from(*flow, flags->from);
  add_out(*flow, flags->common, "File of the transform (docs/formats/transform.md)");
  flow->add_option("--levels", flags->how.flow.levels, "After each but the last, half of the columns are done")
      ->capture_default_str();
  flow->add_option("--steps", flags->how.flow.steps, "Of one level: actnorm, permutation, coupling")
      ->capture_default_str();
  flow->add_option("--hidden", flags->how.flow.hidden, "Width of a coupling's network; 0: that of the vectors")
      ->capture_default_str();
  flow->add_option("--coupling", flags->coupling, "additive or affine")->capture_default_str();
  flow->add_option("--epochs", flags->how.epochs, "Times through the rows")->capture_default_str();
  flow->add_option("--batch", flags->how.batch, "Rows of one step")->capture_default_str();
  flow->add_option("--rate", flags->how.rate, "Learning rate at the beginning")->capture_default_str();
  flow->add_option("--held-out", flags->how.held_out, "Share of rows not learnt from, to measure on")
      ->capture_default_str();
  add_common(*flow, flags->common, "Print the result as JSON instead of the table");
  flow->footer(
      "Examples:\n"
      "  tamis flow --model minilm --out flow.safetensors < sentences.txt\n"
      "  tamis embed --model minilm --transform flow.safetensors --out vectors.npy < sentences.txt\n"
      "  tamis flow --vectors vectors.npy --coupling affine --epochs 10 --out flow.safetensors --json");
  flow->callback([flags] { run_flow(*flags); });
}

}  // namespace tamis::cli
