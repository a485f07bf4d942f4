#include "tamis/vectors/geometry/geometry.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/rows.h"
#include "cli/transformed.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/language/embedding/geometry_page.h"
#include "tamis/language/embedding/sts_set.h"
#include "tamis/language/embedding/token_texts.h"
#include "tamis/language/encoder/bert.h"
#include "tamis/language/encoder/weights.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kNeighbours[] = {3, 5, 7};

struct GeometryFlags {
  Common common;
  RowsFrom from;
  std::string transform, pairs, text;
  double above = 4;
};

struct Found {
  embedding::GeometryReport report;
  std::vector<InputFile> inputs;
};

void measure_space(std::vector<float>& vectors, std::int64_t dimensions, std::uint64_t seed, Found& found) {
  found.report.rows = vectors.size() / static_cast<std::size_t>(dimensions);
  found.report.dimensions = dimensions;
  found.report.singular = geometry::spectrum(vectors, dimensions).singular;
  const auto C = static_cast<std::size_t>(dimensions);
  for (std::size_t i = 0; i < vectors.size(); i += C) encoder::normalize(std::span(vectors).subspan(i, C));
  found.report.normalized = geometry::spectrum(vectors, dimensions);
  found.report.pairs = geometry::compare_pairs(vectors, dimensions, seed);
}

/// All different sentences of the pairs, and the alignment of those that people find alike.
void measure_pairs(const GeometryFlags& flags, const Transformed& encoder, Found& found) {
  Quarantine quarantine;
  const embedding::StsSet set = embedding::read_sts("pairs", {flags.pairs}, {}, quarantine);
  found.inputs = set.inputs;
  const embedding::DifferentTexts different = embedding::different_texts(set);
  const auto C = static_cast<std::size_t>(encoder.dimensions());
  std::vector<float> vectors(different.texts.size() * C), a, b;
  encoder.encode(different.texts, vectors, {});
  measure_space(vectors, encoder.dimensions(), flags.common.seed, found);
  for (std::size_t i = 0; i < set.gold.size(); ++i) {
    if (!(set.gold[i] > flags.above)) continue;
    const std::size_t x = different.first[i], y = different.second[i];
    ++found.report.close;
    for (std::size_t c = 0; c < C; ++c) {
      a.push_back(vectors[x * C + c]);
      b.push_back(vectors[y * C + c]);
    }
  }
  found.report.above = flags.above;
  if (!a.empty()) found.report.alignment = geometry::alignment(a, b, encoder.dimensions());
}

/// Word vectors by how often a text has their tokens.
void measure_words(const GeometryFlags& flags, const encoder::SentenceEncoder& encoder, Found& found) {
  const embedding::TextLines lines = embedding::read_texts(flags.text);
  found.inputs.push_back(lines.file);
  const embedding::TokenTexts texts(encoder.tokenizer(), lines.lines, encoder.folder().bert.positions);
  const encoder::BertConfig& config = encoder.folder().bert;
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(config.vocabulary));
  for (std::int64_t t = 0; t < texts.size(); ++t) {
    const auto tokens = texts[t];
    for (const std::int32_t id : tokens.subspan(1, tokens.size() - 2)) ++counts[static_cast<std::size_t>(id)];
  }
  const encoder::WeightFile weights = encoder::WeightFile::open(encoder.folder().folder);
  const encoder::Floats words = encoder::bert_weights(weights, config).word;
  const std::int64_t edges[] = {0, 100, 500, 5000, 10'000, config.vocabulary};
  found.report.ks.assign(std::begin(kNeighbours), std::end(kNeighbours));
  const std::size_t used = config.vocabulary > 10'000 ? 6 : 5;
  found.report.bands =
      geometry::frequency_bands(words.values, config.width, counts, std::span(edges).first(used), found.report.ks);
}

Json json_of(const geometry::Estimate& estimate) {
  return {{"value", estimate.value}, {"standard_error", estimate.standard_error}};
}

Json json_of(const GeometryFlags& flags, const Found& found) {
  const embedding::GeometryReport& report = found.report;
  Json json = json_result("geometry", flags.common);
  json["conventions"] = {{"alignment", "mean squared distance of vectors of length 1, pairs scored above " +
                                           fmt::format("{:g}", flags.above)},
                         {"uniformity", "log mean exp(-2 d^2), vectors of length 1, all different sentences"},
                         {"singular", "of the vectors as they are"},
                         {"standard_error", "0 where all pairs were looked at"}};
  json["inputs"] = json_inputs(found.inputs);
  json["out"] = flags.common.out.empty() ? Json(nullptr) : Json(flags.common.out);
  json["rows"] = report.rows;
  json["dimensions"] = report.dimensions;
  json["alignment"] = report.alignment ? Json(*report.alignment) : Json(nullptr);
  if (!report.alignment) json["why"] = "no pairs scored above the bound were given";
  json["close_pairs"] = report.close;
  json["pairs"] = report.pairs.looked_at;
  json["uniformity"] = json_of(report.pairs.uniformity);
  json["mean_cosine"] = json_of(report.pairs.cosine);
  json["negative_share"] = json_of(report.pairs.negative);
  json["largest_eigenvalue"] = report.normalized.largest;
  json["sum"] = report.normalized.sum;
  json["bound_holds"] = report.pairs.negative.value == 0;
  json["singular"] = report.singular;
  Json bands = Json::array();
  for (const geometry::Band& band : report.bands) {
    bands.push_back({{"begin", band.begin},
                     {"end", band.end},
                     {"words", band.words},
                     {"norm", band.norm},
                     {"neighbours", report.ks},
                     {"distance", band.distance},
                     {"product", band.product}});
  }
  json["bands"] = bands;
  return json;
}

std::string table_of(const embedding::GeometryReport& report) {
  const auto text = [](const geometry::Estimate& estimate) {
    return fmt::format("{:.4f}", estimate.value) +
           (estimate.standard_error > 0 ? fmt::format(" ± {:.4f}", estimate.standard_error) : "");
  };
  std::vector<std::vector<std::string>> rows{
      {"geometry", report.title},
      {"rows", fmt::format("{}", report.rows)},
      {"alignment", report.alignment ? fmt::format("{:.4f} ({} pairs)", *report.alignment, report.close) : "-"},
      {"uniformity", text(report.pairs.uniformity)},
      {"mean cosine", text(report.pairs.cosine)},
      {"negative products", text(report.pairs.negative)},
      {"largest eigenvalue of W W^T", fmt::format("{:.5g}", report.normalized.largest)},
      {"sum of W W^T", fmt::format("{:.5g}", report.normalized.sum)}};
  for (const geometry::Band& band : report.bands) {
    rows.push_back({fmt::format("words {} to {}", band.begin, band.end),
                    fmt::format("norm {:.3f}, {} nearest at {:.3f}", band.norm, report.ks[0], band.distance[0])});
  }
  return columns(rows, 1);
}

void run_geometry(GeometryFlags& flags) {
  check(flags.from, "geometry");
  if (flags.from.model.empty() && !(flags.pairs.empty() && flags.text.empty() && flags.transform.empty()))
    fail_caller("geometry", "--pairs, --text and --transform go with --model, not with --vectors");
  apply_threads(flags.common);
  Progress progress(std::cerr, progress_style(flags.common));
  Found found;
  found.report.title = flags.from.model.empty() ? flags.from.vectors : flags.from.model;
  if (flags.from.model.empty()) {
    Rows rows = read_rows(flags.from, progress);
    found.inputs.push_back(rows.input);
    measure_space(rows.values, rows.dimensions, flags.common.seed, found);
  } else {
    const auto encoder = load_encoder(flags.from.model, flags.from.pooling, "f32", flags.from.flags);
    const Transformed transformed(encoder, flags.transform);
    if (flags.pairs.empty()) {
      const embedding::TextLines lines = embedding::read_texts(flags.from.input.empty() ? "-" : flags.from.input);
      found.inputs.push_back(lines.file);
      std::vector<float> vectors(lines.lines.size() * static_cast<std::size_t>(transformed.dimensions()));
      transformed.encode(lines.lines, vectors, {});
      measure_space(vectors, transformed.dimensions(), flags.common.seed, found);
    } else {
      measure_pairs(flags, transformed, found);
    }
    if (!flags.text.empty()) measure_words(flags, encoder, found);
  }
  if (!flags.common.out.empty()) {
    make_folder_of(flags.common.out);
    write_file(flags.common.out, embedding::geometry_page(found.report));
  }
  print(flags.common.json ? json_of(flags, found).dump(2) : table_of(found.report));
}

}  // namespace

void add_geometry(CLI::App& app) {
  auto flags = std::make_shared<GeometryFlags>();
  CLI::App* geometry = app.add_subcommand("geometry", "How vectors lie: alignment, uniformity, spectrum, word vectors");
  add_rows_from(*geometry, flags->from);
  geometry->add_option("--pairs", flags->pairs, "Pairs with scores, as tamis sts reads them; instead of lines")
      ->check(refuse_empty);
  geometry->add_option("--above", flags->above, "Pairs scored above it belong together")->capture_default_str();
  geometry->add_option("--text", flags->text, "Text whose words are counted: word vectors by frequency")
      ->check(refuse_empty);
  add_transform(*geometry, flags->transform);
  add_out(*geometry, flags->common, "Write a page with tables and pictures: FILE.html");
  add_common(*geometry, flags->common, "Print the result as JSON instead of the table");
  geometry->footer(
      "Examples:\n"
      "  tamis geometry --model minilm --pairs sts-dev.csv --out geometry.html\n"
      "  tamis geometry --model minilm --input sentences.txt --text corpus.txt --json\n"
      "  tamis geometry --vectors vectors.npy");
  geometry->callback([flags] { run_geometry(*flags); });
}

}  // namespace tamis::cli
