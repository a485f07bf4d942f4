#include "tamis/vectors/index/index.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/rows.h"
#include "tamis/base/error.h"
#include "tamis/base/table.h"
#include "tamis/language/embedding/token_texts.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct IndexFlags {
  Common common;
  RowsFrom from;
  std::string index, kind = "hnsw", metric = "cosine";
  index::Options how;
  std::int64_t k = 10;
  int breadth = 0;
  double above = 0.95;
};

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

Json json_head(const std::string& command, const IndexFlags& flags, const std::vector<InputFile>& inputs) {
  Json json = json_result(command, flags.common);
  json["conventions"] = {{"rows", "numbered from 0"}, {"metric", flags.metric}};
  json["inputs"] = json_inputs(inputs);
  json["out"] = flags.common.out.empty() ? Json(nullptr) : Json(flags.common.out);
  return json;
}

void run_build(IndexFlags& flags) {
  check(flags.from, "index build");
  if (flags.common.out.empty()) fail_caller("index build", "names no file for the index: --out FILE.index");
  flags.how.kind = index::parse_kind(flags.kind);
  flags.how.metric = index::parse_metric(flags.metric);
  apply_threads(flags.common);
  Progress progress(std::cerr, progress_style(flags.common));
  const Rows rows = read_rows(flags.from, progress);
  const auto begun = Clock::now();
  index::Index made = index::Index::build(rows.values, rows.dimensions, flags.how);
  made.model = rows.model;
  make_folder_of(flags.common.out);
  made.write(flags.common.out);
  const double seconds = seconds_since(begun);
  Json json = json_head("index build", flags, {rows.input});
  json["kind"] = flags.kind;
  json["rows"] = made.rows();
  json["dimensions"] = made.dimensions();
  json["model"] = made.model.empty() ? Json(nullptr) : Json(made.model);
  if (made.model.empty()) json["why"] = "vectors from a file do not say which encoder made them";
  json["build_s"] = seconds;
  print(flags.common.json ? json.dump(2)
                          : columns({{"index", flags.common.out},
                                     {"kind", flags.kind},
                                     {"metric", flags.metric},
                                     {"rows", fmt::format("{}", made.rows())},
                                     {"dimensions", fmt::format("{}", made.dimensions())},
                                     {"seconds", fmt::format("{:.2f}", seconds)}},
                                    1),
        "; the index is whole in " + flags.common.out);
}

void require_same_space(const index::Index& index, const Rows& queries, const std::string& path) {
  if (index.dimensions() != queries.dimensions)
    fail_caller(path, fmt::format("holds vectors of {} dimensions, and these queries have {}", index.dimensions(),
                                  queries.dimensions));
  if (!index.model.empty() && !queries.model.empty() && index.model != queries.model)
    fail_caller(
        path, fmt::format("was built of the vectors of another encoder ({}; this is {})", index.model, queries.model));
}

void run_search(IndexFlags& flags) {
  if (flags.index.empty()) fail_caller("index search", "names no index: --index FILE.index");
  check(flags.from, "index search");
  apply_threads(flags.common);
  const index::Index index = index::Index::read(flags.index);
  flags.metric = index::text(index.options().metric);
  Progress progress(std::cerr, progress_style(flags.common));
  const Rows queries = read_rows(flags.from, progress);
  require_same_space(index, queries, flags.index);
  const auto begun = Clock::now();
  const index::Neighbours found = index.search(queries.values, flags.k, flags.breadth);
  const double seconds = seconds_since(begun);
  std::vector<OutputColumn> table(4);
  const char* names[] = {"query", "rank", "row", "score"};
  for (std::size_t c = 0; c < 4; ++c) table[c].name = names[c];
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    if (found.rows[i] < 0) continue;
    table[0].integer.push_back(static_cast<std::int64_t>(i) / flags.k);
    table[1].integer.push_back(static_cast<std::int64_t>(i) % flags.k + 1);
    table[2].integer.push_back(found.rows[i]);
    table[3].real.push_back(found.scores[i]);
  }
  if (!flags.common.out.empty()) {
    make_folder_of(flags.common.out);
    write_table(flags.common.out, table);
  }
  Json json = json_head("index search", flags, {queries.input});
  json["kind"] = index::text(index.options().kind);
  json["queries"] = queries.rows;
  json["k"] = flags.k;
  json["search_s"] = seconds;
  json["queries_per_s"] = seconds > 0 ? Json(static_cast<double>(queries.rows) / seconds) : Json(nullptr);
  Json first = Json::array();
  for (std::size_t i = 0; i < table[0].integer.size() && table[0].integer[i] < 10; ++i) {
    first.push_back({{"query", table[0].integer[i]},
                     {"rank", table[1].integer[i]},
                     {"row", table[2].integer[i]},
                     {"score", table[3].real[i]}});
  }
  json["first"] = first;
  if (flags.common.json) return print(json.dump(2));
  std::vector<std::vector<std::string>> lines{{"query", "rank", "row", "score"}};
  for (const Json& one : first) {
    lines.push_back({one["query"].dump(), one["rank"].dump(), one["row"].dump(),
                     fmt::format("{:.4f}", one["score"].get<double>())});
  }
  print(columns(lines, 0));
}

void run_duplicates(IndexFlags& flags) {
  if (flags.from.model.empty() || flags.from.input.empty())
    fail_caller("index duplicates", "needs --model, and --input FILE with a text a line");
  apply_threads(flags.common);
  Progress progress(std::cerr, progress_style(flags.common));
  const embedding::TextLines lines = embedding::read_texts(flags.from.input);
  const auto encoder = load_encoder(flags.from.model, flags.from.pooling, "f32", flags.from.flags);
  std::vector<float> vectors(lines.lines.size() * static_cast<std::size_t>(encoder.dimensions()));
  encoder.encode(lines.lines, vectors);
  const auto begun = Clock::now();
  const std::vector<index::Pair> found = index::near_duplicates(vectors, encoder.dimensions(), flags.above);
  const double seconds = seconds_since(begun);
  std::vector<OutputColumn> table(5);
  const char* names[] = {"first", "second", "cosine", "first_text", "second_text"};
  for (std::size_t c = 0; c < 5; ++c) table[c].name = names[c];
  for (const index::Pair& pair : found) {
    table[0].integer.push_back(pair.first);
    table[1].integer.push_back(pair.second);
    table[2].real.push_back(pair.cosine);
    table[3].text.emplace_back(lines.lines[static_cast<std::size_t>(pair.first)]);
    table[4].text.emplace_back(lines.lines[static_cast<std::size_t>(pair.second)]);
  }
  if (!flags.common.out.empty()) {
    make_folder_of(flags.common.out);
    write_table(flags.common.out, table);
  }
  Json json = json_head("index duplicates", flags, {lines.file});
  json["conventions"]["rows"] = "lines that are not empty, numbered from 0";
  json["above"] = flags.above;
  json["rows"] = lines.lines.size();
  json["pairs"] = found.size();
  json["search_s"] = seconds;
  if (flags.common.json) return print(json.dump(2));
  std::vector<std::vector<std::string>> shown{{"cosine", "first", "second"}};
  for (std::size_t i = 0; i < std::min<std::size_t>(20, found.size()); ++i)
    shown.push_back({fmt::format("{:.4f}", found[i].cosine), table[3].text[i], table[4].text[i]});
  print(fmt::format("{} pairs of {} lines have a cosine of {} or more\n\n", found.size(), lines.lines.size(),
                    flags.above) +
        columns(shown, 1));
}

}  // namespace

void add_index(CLI::App& app) {
  auto flags = std::make_shared<IndexFlags>();
  CLI::App* index = app.add_subcommand("index", "Search among vectors");
  index->require_subcommand(1);
  CLI::App* build = index->add_subcommand("build", "Build an index of vectors, or of lines of text");
  add_rows_from(*build, flags->from);
  build->add_option("--kind", flags->kind, "flat (exact), hnsw or ivf-pq")->capture_default_str();
  build->add_option("--metric", flags->metric, "cosine, dot or euclidean")->capture_default_str();
  build->add_option("--links", flags->how.links, "hnsw: of a vector")->capture_default_str();
  build->add_option("--build-breadth", flags->how.build_breadth, "hnsw: candidates kept while building")
      ->capture_default_str();
  build->add_option("--lists", flags->how.lists, "ivf-pq: centres; 0: 4 sqrt(rows)")->capture_default_str();
  build->add_option("--code-bytes", flags->how.code_bytes, "ivf-pq: of a vector; 0: up to a quarter of its dimensions")
      ->capture_default_str();
  add_out(*build, flags->common, "File of the index (docs/formats/index.md)");
  add_common(*build, flags->common, "Print the result as JSON instead of the table");
  build->footer(
      "Examples:\n"
      "  tamis index build --vectors vectors.npy --kind hnsw --out vectors.index\n"
      "  tamis index build --model minilm --input sentences.txt --kind flat --out sentences.index");
  build->callback([flags] { run_build(*flags); });

  CLI::App* search = index->add_subcommand("search", "The nearest vectors of each query");
  search->add_option("--index", flags->index, "File of tamis index build")->check(refuse_empty);
  add_rows_from(*search, flags->from);
  search->add_option("--k", flags->k, "Neighbours of each query")->capture_default_str()->check(refuse_count);
  search->add_option("--breadth", flags->breadth, "hnsw: candidates; ivf-pq: lists; 0: 64 and 16")
      ->capture_default_str();
  add_out(*search, flags->common, "Write query, rank, row, score: .tsv, .csv or .parquet");
  add_common(*search, flags->common, "Print the result as JSON instead of the table");
  search->footer(
      "Examples:\n"
      "  tamis index search --index vectors.index --vectors queries.npy --k 10 --out found.tsv\n"
      "  echo 'a man plays a guitar' | tamis index search --index sentences.index --model minilm --k 5");
  search->callback([flags] { run_search(*flags); });

  CLI::App* duplicates = index->add_subcommand("duplicates", "Lines of a text that say nearly the same");
  add_rows_from(*duplicates, flags->from);
  duplicates->add_option("--above", flags->above, "Least cosine of a pair")->capture_default_str();
  add_out(*duplicates, flags->common, "Write the pairs: .tsv, .csv or .parquet");
  add_common(*duplicates, flags->common, "Print the result as JSON instead of the table");
  duplicates->footer(
      "Examples:\n"
      "  tamis index duplicates --model minilm --input sentences.txt --above 0.95 --out pairs.tsv");
  duplicates->callback([flags] { run_duplicates(*flags); });
}

}  // namespace tamis::cli
