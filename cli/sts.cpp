#include "tamis/language/embedding/sts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/options.h"
#include "cli/transformed.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/json_number.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

struct StsOptions {
  Common common;
  EncoderFlags flags;
  std::vector<std::string> models, sets, poolings, precisions;
  std::string aggregate = "all", similarity = "cosine", transform;
  embedding::StsColumns columns;
  bool no_header = false;
  int resamples = 1000;
  double max_bad = 0.001;
};

struct NamedFiles {
  std::string name;
  std::vector<fs::path> files;
};

/// FILE, NAME=FILE (again for more files of the same set), or the name of a known set.
std::vector<NamedFiles> files_of(const StsOptions& options) {
  std::vector<NamedFiles> sets;
  const auto find = [&](const std::string& name) {
    return std::find_if(sets.begin(), sets.end(), [&](const NamedFiles& set) { return set.name == name; });
  };
  for (const std::string& word : options.sets) {
    const std::size_t equals = word.find('=');
    const bool whole = fs::exists(word);
    if (!whole && equals != std::string::npos && equals > 0) {
      const std::string name = word.substr(0, equals);
      if (find(name) == sets.end()) sets.push_back({name, {}});
      find(name)->files.emplace_back(word.substr(equals + 1));
      continue;
    }
    const auto known = embedding::known_sts(word, options.common.data);
    if (!whole && known.empty() && word.find_first_of("./") == std::string::npos)
      fail_caller("--set", fmt::format("\"{}\" is no file and no known set; known are {}; or give NAME=FILE", word,
                                       embedding::known_sts_names()));
    if (!whole && !known.empty() && options.common.data.empty())
      fail_caller("--set", fmt::format("{} is read from the folder of --data, which is not given", word));
    const std::string name = whole || known.empty() ? fs::path(word).stem().string() : word;
    if (find(name) != sets.end())
      fail_caller("--set", fmt::format("two sets are called {}; name them apart: NAME=FILE", name));
    sets.push_back({name, whole || known.empty() ? std::vector<fs::path>{word} : known});
  }
  return sets;
}

/// What is wrong shall be known before anything is encoded.
embedding::StsChoices check(StsOptions& options) {
  if (options.models.empty()) fail_caller("sts", "names no model: --model FOLDER, or --model minilm");
  if (options.sets.empty())
    fail_caller("sts", fmt::format("names no set: --set FILE, --set NAME=FILE, or --data FOLDER with --set of {}",
                                   embedding::known_sts_names()));
  options.columns.header = !options.no_header;
  if (options.precisions.empty()) options.precisions = {"f32"};
  if (options.poolings.empty()) options.poolings = {""};
  for (const std::string& precision : options.precisions) parse_precision(precision);
  for (const std::string& pooling : options.poolings)
    if (!pooling.empty()) encoder::parse_pooling(pooling);
  return {.aggregate = stats::parse_aggregate(options.aggregate),
          .similarity = embedding::parse_similarity(options.similarity),
          .resamples = options.resamples,
          .seed = options.common.seed};
}

struct Read {
  std::deque<embedding::StsSet> sets;  // rows point into it
  std::vector<InputFile> inputs;
};

Read read_sets(const StsOptions& options) {
  Read read;
  Quarantine quarantine;
  std::uint64_t rows = 0;
  for (const NamedFiles& set : files_of(options)) {
    read.sets.push_back(embedding::read_sts(set.name, set.files, options.columns, quarantine));
    const auto& inputs = read.sets.back().inputs;
    read.inputs.insert(read.inputs.end(), inputs.begin(), inputs.end());
    for (const InputFile& input : inputs) rows += input.rows_read;
  }
  if (!options.common.out.empty()) quarantine.write(fs::path(options.common.out) / "quarantine.tsv");
  quarantine.check(rows, options.max_bad);
  if (quarantine.count() > 0)
    spdlog::warn("{} of {} rows could not be read and are left out; the first: {}", quarantine.count(), rows,
                 quarantine.first());
  return read;
}

/// One row a model, pooling, precision and set, in this order of the options; with what each encoder was.
struct Table {
  std::vector<embedding::StsRow> rows;
  std::vector<Json> choices;
};

Table score(const StsOptions& options, const Read& read, embedding::Similarity similarity) {
  Table table;
  Progress progress(std::cerr, progress_style(options.common));
  for (const std::string& model : options.models) {
    for (const std::string& pooling : options.poolings) {
      for (const std::string& precision : options.precisions) {
        const auto encoder = load_encoder(model, pooling, precision, options.flags);
        const Transformed transformed(encoder, options.transform);
        const embedding::TextEncoder calls{
            transformed.dimensions(),
            [&](std::span<const std::string_view> texts, std::span<float> out, std::span<encoder::TextReport> reports) {
              transformed.encode(texts, out, reports);
            }};
        Json choices = json_choices(encoder);
        choices["transform"] = options.transform.empty() ? Json(nullptr) : Json(options.transform);
        for (const embedding::StsSet& set : read.sets) {
          progress.begin(set.name + " by " + model, 0);
          embedding::StsRow row;
          row.model = model;
          row.pooling = choices["pooling"];
          row.precision = precision;
          row.set = &set;
          row.scores = embedding::score_pairs(set, calls, similarity, progress);
          table.rows.push_back(std::move(row));
          table.choices.push_back(choices);
        }
      }
    }
  }
  return table;
}

Json json_of(const stats::ResampledCorrelation& correlation) {
  Json json{{"value", correlation.estimate ? json_number(*correlation.estimate) : Json(nullptr)},
            {"low", nullptr},
            {"high", nullptr}};
  if (!correlation.resampled.empty()) {
    if (const auto interval = correlation.interval(0.05)) {
      json["low"] = interval->low;
      json["high"] = interval->high;
    }
  } else {
    json["why"] = "no resamples were asked for";
  }
  if (!correlation.estimate) json["why"] = "all gold scores or all similarities of the set, or of a part, are the same";
  return json;
}

Json json_of(const embedding::StsRow& row, const Json& choices, const embedding::StsChoices& how) {
  const auto& scores = row.scores;
  Json json{{"model", row.model},
            {"pooling", row.pooling},
            {"precision", row.precision},
            {"set", row.set->name},
            {"pairs", row.set->gold.size()},
            {"parts", row.set->parts.size()},
            {"aggregation", stats::text(how.aggregate)},
            {"similarity", embedding::text(how.similarity)},
            {"spearman", json_of(row.spearman)},
            {"pearson", json_of(row.pearson)},
            {"spearman_against_f32", row.against_f32 ? json_of(*row.against_f32) : Json(nullptr)},
            {"texts", scores.texts},
            {"tokens", scores.tokens},
            {"truncated", scores.truncated},
            {"empty", scores.empty},
            {"replaced", scores.replaced},
            {"zero_vectors", scores.zero_vectors},
            {"seconds", scores.seconds},
            {"rate", scores.seconds > 0 ? static_cast<double>(scores.texts) / scores.seconds : 0.0},
            {"encoder", choices}};
  if (!row.against_f32)
    json["why"] = row.precision == "f32" ? "this is f32" : "no f32 of this model, pooling and set was asked for";
  return json;
}

Json json_of(const StsOptions& options, const Read& read, const Table& table, const embedding::StsChoices& how) {
  Json json = json_result("sts", options.common);
  json["conventions"] = {{"aggregation", stats::text(how.aggregate)},
                         {"similarity", embedding::text(how.similarity)},
                         {"cosine_of_zero_vector", 0},
                         {"ties", "mean of their ranks"},
                         {"pooling", "of each row, in `encoder`"},
                         {"interval", "95 %, percentile bootstrap over pairs, each resample ranked anew"},
                         {"resamples", how.resamples},
                         {"spearman_against_f32", "this row's less f32's, on the same resamples"},
                         {"rate", "different texts a second, tokenisation included"}};
  json["inputs"] = json_inputs(read.inputs);
  json["results"] = Json::array();
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    json["results"].push_back(json_of(table.rows[i], table.choices[i], how));
  return json;
}

std::string interval_text(const stats::ResampledCorrelation& correlation) {
  const auto interval = correlation.resampled.empty() ? std::nullopt : correlation.interval(0.05);
  return interval ? fmt::format("[{:.2f}, {:.2f}]", 100 * interval->low, 100 * interval->high) : "";
}

std::string times_100(const std::optional<double>& value, bool sign) {
  if (!value) return "undefined";
  return sign ? fmt::format("{:+.2f}", 100 * *value) : fmt::format("{:.2f}", 100 * *value);
}

std::string table_of(const Table& table, const embedding::StsChoices& how) {
  const bool compared =
      std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) { return row.against_f32.has_value(); });
  std::vector<std::vector<std::string>> cells{
      {"model", "pooling", "precision", "set", "pairs", "Spearman x100", "95 %"}};
  if (compared) cells[0].insert(cells[0].end(), {"against f32", "95 %"});
  cells[0].insert(cells[0].end(), {"Pearson x100", "95 %", "truncated", "s", "texts/s"});
  for (const embedding::StsRow& row : table.rows) {
    std::vector<std::string> line{row.model,
                                  row.pooling,
                                  row.precision,
                                  row.set->name,
                                  fmt::format("{}", row.set->gold.size()),
                                  times_100(row.spearman.estimate, false),
                                  interval_text(row.spearman)};
    if (compared) {
      line.push_back(row.against_f32 ? times_100(row.against_f32->estimate, true) : "");
      line.push_back(row.against_f32 ? interval_text(*row.against_f32) : "");
    }
    const double seconds = row.scores.seconds;
    line.insert(line.end(),
                {times_100(row.pearson.estimate, false), interval_text(row.pearson),
                 fmt::format("{}", row.scores.truncated), fmt::format("{:.1f}", seconds),
                 seconds > 0 ? fmt::format("{:.0f}", static_cast<double>(row.scores.texts) / seconds) : ""});
    cells.push_back(line);
  }
  std::string text = columns(cells, 4);
  text += fmt::format("\nAggregation over the parts of a set: {}. Similarity: {}. Ties: mean of their ranks.\n",
                      stats::text(how.aggregate), embedding::text(how.similarity));
  std::uint64_t zeros = 0;
  for (const embedding::StsRow& row : table.rows) zeros += row.scores.zero_vectors;
  if (zeros > 0) text += fmt::format("{} texts have the vector 0; a cosine with it counts as 0.\n", zeros);
  return text;
}

void run_sts(StsOptions& options) {
  const embedding::StsChoices how = check(options);
  apply_threads(options.common);
  if (!options.common.out.empty()) make_output_folder(options.common.out);
  const Read read = read_sets(options);
  Table table = score(options, read, how.similarity);
  embedding::correlate(table.rows, how);
  const Json json = json_of(options, read, table, how);
  std::string text = table_of(table, how);
  if (!options.common.out.empty()) {
    const fs::path out = options.common.out;
    write_file(out / "sts.html", embedding::sts_page(table.rows, how));
    write_file(out / "sts.json", json.dump(2) + "\n");
    text += "Page: " + (out / "sts.html").string() + "\n";
  }
  print(options.common.json ? json.dump(2) : text);
}

std::string refuse_resamples(const std::string& text) {
  return text == "0" ? "" : refuse_count(text);
}

void add_choices(CLI::App& sts, StsOptions& options) {
  sts.add_option("--aggregate", options.aggregate, "Over the parts of a set: all, mean or wmean, as in SentEval")
      ->capture_default_str();
  sts.add_option("--similarity", options.similarity, "cosine, dot, euclidean or manhattan")->capture_default_str();
  sts.add_option("--text1", options.columns.first, "Column of the first text, by name or number")->check(refuse_empty);
  sts.add_option("--text2", options.columns.second, "Column of the second text")->check(refuse_empty);
  sts.add_option("--score", options.columns.score, "Column of the gold score")->check(refuse_empty);
  sts.add_option("--part", options.columns.part, "Column that cuts the set into parts")->check(refuse_empty);
  sts.add_flag("--no-header", options.no_header, "The table's first row is data; columns are numbers from 1");
  sts.add_option("--resamples", options.resamples, "For the intervals; 0: none")
      ->check(refuse_resamples)
      ->capture_default_str();
  sts.add_option("--max-bad", options.max_bad, "Share of rows that may be unreadable")
      ->check(refuse_share)
      ->capture_default_str();
}

}  // namespace

void add_sts(CLI::App& app) {
  auto options = std::make_shared<StsOptions>();
  CLI::App* sts = app.add_subcommand("sts", "Tell how good vectors are, on pairs of texts with gold scores");
  sts->add_option("--model", options->models, "Folder of a BERT-family encoder, or minilm; again for more")
      ->check(refuse_empty);
  sts->add_option("--set", options->sets,
                  "FILE, NAME=FILE (again with the same name: its parts), or " + embedding::known_sts_names() +
                      " of --data; again for more")
      ->check(refuse_empty);
  sts->add_option("--pooling", options->poolings, "Again for more; as the folder says when absent");
  sts->add_option("--precision", options->precisions, "f32, bf16 or int8; again for more");
  sts->add_option("--data", options->common.data, "Folder of the known sets")->check(refuse_empty);
  add_choices(*sts, *options);
  add_out(*sts, options->common, "Folder for sts.html, sts.json and what could not be read");
  add_transform(*sts, options->transform);
  add_encoder_flags(*sts, options->flags);
  add_common(*sts, options->common, "Print the result as JSON instead of the table");
  sts->footer(
      "Examples:\n"
      "  tamis sts --model minilm --data FOLDER --set stsb --set sick --out out/sts\n"
      "  tamis sts --model minilm --set sts-test.csv --pooling mean --pooling cls --precision f32 --precision int8\n"
      "  tamis sts --model FOLDER --set mine=pairs.csv --text1 left --text2 right --score likeness");
  sts->callback([options] { run_sts(*options); });
}

}  // namespace tamis::cli
