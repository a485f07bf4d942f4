#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/rows.h"
#include "tamis/base/error.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/vector_file.h"
#include "tamis/language/encoder/fingerprint.h"
#include "tamis/vectors/transform/whitening.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct WhitenOptions {
  Common common;
  RowsFrom from;
  std::int64_t dimensions = 0;
  bool unbiased = false;
  double shrinkage = 0;
};

struct Fitted {
  transform::Whitening whitening;
  InputFile input;
  double seconds = 0;
};

void check(const WhitenOptions& options) {
  check(options.from, "whiten");
  if (options.common.out.empty()) fail_caller("whiten", "names no file for the transform: --out FILE.safetensors");
}

/// Texts are encoded and summed window by window: memory does not grow with their number.
transform::Moments moments_of_texts(const encoder::SentenceEncoder& encoder, RawLines& lines, Progress& progress) {
  transform::Moments moments(encoder.dimensions());
  std::vector<float> vectors;
  progress.begin("whiten", 0);
  while (true) {
    const auto window = lines.next(8192, std::size_t{8} << 20);
    if (window.empty()) break;
    vectors.resize(window.size() * static_cast<std::size_t>(encoder.dimensions()));
    encoder.encode(window, vectors);
    moments.update(vectors);
    progress.advance(window.size());
  }
  progress.end();
  return moments;
}

Fitted fit(const WhitenOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  const transform::WhiteningOptions how{options.dimensions, options.unbiased ? 1 : 0, options.shrinkage};
  Fitted fitted;
  if (!options.from.vectors.empty()) {
    const Vectors vectors = read_vectors(options.from.vectors);
    if (vectors.rows == 0) fail_world(options.from.vectors, "holds no vector");
    transform::Moments moments(vectors.dimensions);
    moments.update(vectors.values);
    fitted.whitening = fit_whitening(moments, how);
    fitted.input.path = options.from.vectors;
    fitted.input.bytes = std::filesystem::file_size(options.from.vectors);
    fitted.input.rows_read = vectors.rows;
  } else {
    const auto encoder = load_encoder(options.from.model, options.from.pooling, "f32", options.from.flags);
    Progress progress(std::cerr, progress_style(options.common));
    RawLines lines(options.from.input.empty() ? "-" : options.from.input);
    const transform::Moments moments = moments_of_texts(encoder, lines, progress);
    fitted.whitening = fit_whitening(moments, how);
    fitted.whitening.model = encoder::fingerprint(encoder);
    fitted.input = input_of(lines);
  }
  fitted.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return fitted;
}

/// The share of the variance that lies in the columns kept.
double share_kept(const transform::Whitening& whitening) {
  const auto& values = whitening.eigenvalues;
  const auto kept = values.begin() + whitening.outputs;
  return std::accumulate(values.begin(), kept, 0.0) / std::accumulate(values.begin(), values.end(), 0.0);
}

Json json_of(const WhitenOptions& options, const Fitted& fitted) {
  const transform::Whitening& whitening = fitted.whitening;
  Json json = json_result("whiten", options.common);
  json["conventions"] = {{"covariance", options.unbiased ? "divided by N - 1" : "divided by N"},
                         {"shrinkage", options.shrinkage},
                         {"products", "f64 when fitted, f32 when applied"}};
  json["inputs"] = json_inputs({fitted.input});
  json["out"] = options.common.out;
  json["model"] = whitening.model.empty() ? Json(nullptr) : Json(whitening.model);
  if (whitening.model.empty()) json["why"] = "vectors from a file do not say which encoder made them";
  json["rows"] = whitening.rows;
  json["dimensions"] = whitening.inputs;
  json["kept"] = whitening.outputs;
  json["variance_kept"] = share_kept(whitening);
  json["eigenvalues"] = whitening.eigenvalues;
  json["seconds"] = fitted.seconds;
  return json;
}

std::string table_of(const WhitenOptions& options, const Fitted& fitted) {
  const transform::Whitening& whitening = fitted.whitening;
  return columns({{"whitening", options.common.out},
                  {"rows", fmt::format("{}", whitening.rows)},
                  {"dimensions", fmt::format("{}", whitening.inputs)},
                  {"kept", fmt::format("{}", whitening.outputs)},
                  {"variance kept", fmt::format("{:.2f} %", 100 * share_kept(whitening))},
                  {"eigenvalues, largest", fmt::format("{:.4g}", whitening.eigenvalues.front())},
                  {"eigenvalues, smallest kept",
                   fmt::format("{:.4g}", whitening.eigenvalues[static_cast<std::size_t>(whitening.outputs) - 1])},
                  {"seconds", fmt::format("{:.2f}", fitted.seconds)}},
                 1);
}

void run_whiten(const WhitenOptions& options) {
  check(options);
  apply_threads(options.common);
  const Fitted fitted = fit(options);
  make_folder_of(options.common.out);
  transform::write_whitening(options.common.out, fitted.whitening);
  print(options.common.json ? json_of(options, fitted).dump(2) : table_of(options, fitted),
        "; the transform is whole in " + options.common.out);
}

}  // namespace

void add_whiten(CLI::App& app) {
  auto options = std::make_shared<WhitenOptions>();
  CLI::App* whiten = app.add_subcommand("whiten", "Fit a whitening: vectors of mean 0 and covariance I");
  add_rows_from(*whiten, options->from);
  add_out(*whiten, options->common, "File of the transform (docs/formats/transform.md)");
  whiten->add_option("--keep", options->dimensions, "Columns kept, those of the largest eigenvalues; all when absent")
      ->check(refuse_count);
  whiten->add_flag("--unbiased", options->unbiased, "Divide the covariance by N - 1 instead of N");
  whiten
      ->add_option("--shrink", options->shrinkage, "Share, 0 to 1, by which the covariance is drawn to a multiple of I")
      ->capture_default_str();
  add_common(*whiten, options->common, "Print the result as JSON instead of the table");
  whiten->footer(
      "Examples:\n"
      "  tamis whiten --model minilm --keep 256 --out white.safetensors < sentences.txt\n"
      "  tamis embed --model minilm --transform white.safetensors --out vectors.npy < sentences.txt\n"
      "  tamis whiten --vectors vectors.npy --out white.safetensors --json");
  whiten->callback([options] { run_whiten(*options); });
}

}  // namespace tamis::cli
