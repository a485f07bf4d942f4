#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/transformed.h"
#include "tamis/base/error.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/vector_file.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

// A window of lines is sorted by length, encoded and written before the next is read.
constexpr std::size_t kWindowLines = 8192;
constexpr std::size_t kWindowBytes = std::size_t{8} << 20;

struct EmbedOptions {
  Common common;
  EncoderFlags flags;
  std::string model, pooling, precision = "f32", quantize, input, transform;
};

/// What became of the lines.
struct Outcome {
  std::uint64_t rows = 0, tokens = 0, truncated = 0, empty = 0, replaced = 0;
  std::vector<std::uint64_t> truncated_rows, empty_rows;  ///< the first of them
  std::int64_t dimensions = 0;
  double seconds = 0;
  InputFile input;
};

VectorLayout layout_of(const EmbedOptions& options, std::int64_t dimensions) {
  VectorLayout layout{dimensions, VectorType::f32, {{"tokens"}, {"truncated", true}, {"empty", true}, {"replaced"}}};
  if (options.quantize == "int8") layout.type = VectorType::int8;
  if (options.quantize == "bits") layout.type = VectorType::bits;
  return layout;
}

/// Refuses what can be seen to be wrong before the weights are read.
void check(const EmbedOptions& options) {
  if (options.model.empty()) fail_caller("embed", "names no model: --model FOLDER, or --model minilm");
  if (options.common.out.empty())
    fail_caller("embed", "names no file for the vectors: --out FILE.npy, .parquet, .jsonl or .fvecs");
  if (!options.quantize.empty() && options.quantize != "int8" && options.quantize != "bits")
    fail_caller("--quantize", fmt::format("\"{}\" is no form of output; accepted: int8, bits", options.quantize));
  const auto format = vector_format(options.common.out);
  if (!format)
    fail_caller(options.common.out,
                "has no extension of a file of vectors; .npy, .parquet, .jsonl or .fvecs is needed");
  if (*format == VectorFormat::fvecs && !options.quantize.empty())
    fail_caller(options.common.out, ".fvecs holds f32 alone; for int8 and bits .npy, .parquet or .jsonl is needed");
}

void note(Outcome& outcome, const encoder::TextReport& report, std::vector<std::int64_t>& notes) {
  const bool truncated = report.dropped > 0;
  notes.insert(notes.end(), {report.tokens, truncated ? 1 : 0, report.empty ? 1 : 0, report.replaced});
  outcome.tokens += report.tokens;
  outcome.replaced += report.replaced;
  if (truncated && outcome.truncated++ < kRowsTold) outcome.truncated_rows.push_back(outcome.rows);
  if (report.empty && outcome.empty++ < kRowsTold) outcome.empty_rows.push_back(outcome.rows);
  ++outcome.rows;
}

Outcome embed(const EmbedOptions& options, const Transformed& encoder) {
  const auto begun = std::chrono::steady_clock::now();
  Progress progress(std::cerr, progress_style(options.common));
  make_folder_of(options.common.out);
  VectorWriter writer(options.common.out, layout_of(options, encoder.dimensions()));
  RawLines lines(options.input.empty() ? "-" : options.input);
  Outcome outcome;
  outcome.dimensions = encoder.dimensions();
  std::vector<float> vectors;
  std::vector<encoder::TextReport> reports;
  std::vector<std::int64_t> notes;
  while (true) {
    const auto window = lines.next(kWindowLines, kWindowBytes);
    if (outcome.rows == 0) progress.begin("embed", 0);
    if (window.empty()) break;
    vectors.resize(window.size() * static_cast<std::size_t>(encoder.dimensions()));
    reports.assign(window.size(), {});
    encoder.encode(window, vectors, reports);
    notes.clear();
    for (const auto& report : reports) note(outcome, report, notes);
    writer.write(vectors, notes);
    progress.advance(window.size());
  }
  writer.commit();
  progress.end();
  outcome.input = input_of(lines);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return outcome;
}

double rate_of(const Outcome& outcome) {
  return outcome.seconds > 0 ? static_cast<double>(outcome.rows) / outcome.seconds : 0;
}

Json json_of(const EmbedOptions& options, const encoder::SentenceEncoder& encoder, const Outcome& outcome) {
  Json json = json_result("embed", options.common);
  json["conventions"] = json_choices(encoder);
  json["conventions"]["quantize"] = options.quantize.empty() ? "none" : options.quantize;
  json["conventions"]["rows"] = "numbered from 0";
  json["inputs"] = json_inputs({outcome.input});
  json["model"] = encoder.folder().folder.string();
  json["out"] = options.common.out;
  json["dimensions"] = outcome.dimensions;
  json["transform"] = options.transform.empty() ? Json(nullptr) : Json(options.transform);
  json["rows"] = outcome.rows;
  json["tokens"] = outcome.tokens;
  json["truncated"] = outcome.truncated;
  json["truncated_rows"] = outcome.truncated_rows;
  json["empty"] = outcome.empty;
  json["empty_rows"] = outcome.empty_rows;
  json["replaced"] = outcome.replaced;
  json["seconds"] = outcome.seconds;
  json["rate"] = rate_of(outcome);
  return json;
}

std::string table_of(const EmbedOptions& options, const encoder::SentenceEncoder& encoder, const Outcome& outcome) {
  const encoder::EncoderOptions& chosen = encoder.options();
  return columns({{encoder.folder().folder.string(), ""},
                  {"vectors", options.common.out},
                  {"rows", fmt::format("{}", outcome.rows)},
                  {"dimensions", fmt::format("{}", outcome.dimensions)},
                  {"pooling", encoder::text(chosen.pooling.value_or(encoder::PoolingChoice{}))},
                  {"tokens", fmt::format("{}", outcome.tokens)},
                  {fmt::format("truncated to {} tokens", chosen.max_length), fmt::format("{}", outcome.truncated)},
                  {"empty", fmt::format("{}", outcome.empty)},
                  {"ill-formed UTF-8, pieces", fmt::format("{}", outcome.replaced)},
                  {"seconds", fmt::format("{:.2f}", outcome.seconds)},
                  {"texts a second", fmt::format("{:.0f}", rate_of(outcome))},
                  {"peak memory", bytes_text(static_cast<double>(peak_resident_bytes()))}},
                 1);
}

void run_embed(const EmbedOptions& options) {
  check(options);
  apply_threads(options.common);
  const auto encoder = load_encoder(options.model, options.pooling, options.precision, options.flags);
  const Transformed transformed(encoder, options.transform);
  const Outcome outcome = embed(options, transformed);
  if (outcome.truncated > 0)
    spdlog::warn("{} of {} texts were cut to {} tokens: {} (from 0)", outcome.truncated, outcome.rows,
                 encoder.options().max_length, rows_text(outcome.truncated_rows, outcome.truncated));
  print(options.common.json ? json_of(options, encoder, outcome).dump(2) : table_of(options, encoder, outcome),
        "; the vectors are whole in " + options.common.out);
}

}  // namespace

void add_embed(CLI::App& app) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* embed = app.add_subcommand("embed", "Turn lines of text into vectors, in their order");
  embed->add_option("--model", options->model, "Folder of a BERT-family encoder, or minilm (make models)")
      ->check(refuse_empty);
  add_input(*embed, options->input);
  add_out(*embed, options->common, "File of vectors: .npy, .parquet, .jsonl or .fvecs (docs/formats/vectors.md)");
  embed->add_option("--pooling", options->pooling, "cls, cls-pooler, mean, max, first-last, …, mean@4 for a layer");
  embed->add_option("--precision", options->precision, "Of the products with the weights: f32, bf16 or int8")
      ->capture_default_str();
  embed->add_option("--quantize", options->quantize, "Store int8 or bits in the place of f32");
  add_transform(*embed, options->transform);
  add_encoder_flags(*embed, options->flags);
  add_common(*embed, options->common, "Print the result as JSON instead of the table");
  embed->footer(
      "Examples:\n"
      "  tamis embed --model minilm --out vectors.npy < sentences.txt\n"
      "  tamis embed --model FOLDER --pooling cls --input sentences.txt.gz --out vectors.parquet\n"
      "  tamis embed --model minilm --dim 128 --quantize int8 --out vectors.jsonl --json < sentences.txt");
  embed->callback([options] { run_embed(*options); });
}

}  // namespace tamis::cli
