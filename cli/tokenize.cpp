#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/models.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/language/encoder/config.h"
#include "tamis/language/text/tokenizer.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWindowLines = 8192;
constexpr std::size_t kWindowBytes = std::size_t{2} << 20;
constexpr std::size_t kLinesAtATime = 128;

struct TokenizeOptions {
  Common common;
  std::string model, input;
  std::int64_t max_length = 0;
  bool pair = false, literal_special = false;
};

struct Outcome {
  std::uint64_t rows = 0, tokens = 0, truncated = 0, replaced = 0;
  std::vector<std::uint64_t> truncated_rows;
  double seconds = 0;
  InputFile input;
};

/// Some lines as JSON, and what became of them.
struct Piece {
  std::string json;
  std::uint64_t tokens = 0, replaced = 0;
  std::vector<std::uint64_t> truncated;  ///< places among the lines of the window
};

text::Tokenizer load_tokenizer(const std::string& model) {
  if (std::filesystem::is_regular_file(model)) return text::Tokenizer::load(model);
  const std::filesystem::path folder = encoder::find_model(model);
  const bool nested = std::filesystem::exists(folder / "modules.json");
  return text::Tokenizer::load(nested ? encoder::read_model_folder(folder).transformer : folder);
}

void append_json(std::string& out, const text::Encoding& encoding, bool pair) {
  const auto to = std::back_inserter(out);
  out += "{\"ids\":[";
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) fmt::format_to(to, "{}{}", i == 0 ? "" : ",", encoding.ids[i]);
  if (pair) {
    out += "],\"types\":[";
    for (std::size_t i = 0; i < encoding.types.size(); ++i)
      fmt::format_to(to, "{}{}", i == 0 ? "" : ",", static_cast<unsigned>(encoding.types[i]));
  }
  out += "],\"offsets\":[";
  for (std::size_t i = 0; i < encoding.offsets.size(); ++i)
    fmt::format_to(to, "{}[{},{}]", i == 0 ? "" : ",", encoding.offsets[i].begin, encoding.offsets[i].end);
  out += encoding.truncated() ? "],\"truncated\":true}\n" : "],\"truncated\":false}\n";
}

class Work {
 public:
  Work(const TokenizeOptions& options, const text::Tokenizer& tokenizer) : options_(options), tokenizer_(tokenizer) {
    how_.max_length = options.max_length;
    how_.literal_special = options.literal_special;
  }

  /// The lines of a window, on all threads. first: the number of the first, from 0.
  std::vector<Piece> operator()(std::span<const std::string_view> window, std::uint64_t first) const {
    std::vector<Piece> pieces((window.size() + kLinesAtATime - 1) / kLinesAtATime);
    parallel_for(pieces.size(), [&](std::size_t p) {
      text::Encoding encoding;
      const std::size_t end = std::min(window.size(), (p + 1) * kLinesAtATime);
      for (std::size_t i = p * kLinesAtATime; i < end; ++i) {
        encode(window[i], first + i, encoding);
        pieces[p].tokens += encoding.ids.size();
        pieces[p].replaced += encoding.replaced;
        if (encoding.truncated()) pieces[p].truncated.push_back(first + i);
        append_json(pieces[p].json, encoding, options_.pair);
      }
    });
    return pieces;
  }

 private:
  void encode(std::string_view line, std::uint64_t number, text::Encoding& encoding) const {
    if (!options_.pair) return tokenizer_.encode(line, how_, encoding);
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      fail_world(fmt::format("{} line {}", options_.input.empty() ? "standard input" : options_.input, number + 1),
                 "has no tab; --pair takes two texts with a tab between them");
    tokenizer_.encode_pair(line.substr(0, tab), line.substr(tab + 1), how_, encoding);
  }

  const TokenizeOptions& options_;
  const text::Tokenizer& tokenizer_;
  text::EncodeOptions how_;
};

Outcome tokenize(const TokenizeOptions& options, const text::Tokenizer& tokenizer) {
  const auto begun = std::chrono::steady_clock::now();
  Progress progress(std::cerr, progress_style(options.common));
  std::optional<AtomicFile> file;
  if (options.common.out != "-") {
    make_folder_of(options.common.out);
    file.emplace(options.common.out);
  }
  RawLines lines(options.input.empty() ? "-" : options.input);
  const Work work(options, tokenizer);
  Outcome outcome;
  while (true) {
    const auto window = lines.next(kWindowLines, kWindowBytes);
    if (outcome.rows == 0) progress.begin("tokenize", 0);
    if (window.empty()) break;
    for (const Piece& piece : work(window, outcome.rows)) {
      outcome.tokens += piece.tokens;
      outcome.replaced += piece.replaced;
      for (const std::uint64_t row : piece.truncated)
        if (outcome.truncated++ < kRowsTold) outcome.truncated_rows.push_back(row);
      if (file) {
        file->write(piece.json);
      } else if (!(std::cout << piece.json)) {
        fail_world("standard output", "cannot be written");
      }
    }
    outcome.rows += window.size();
    progress.advance(window.size());
  }
  if (file) file->commit();
  if (!std::cout.flush()) fail_world("standard output", "cannot be written");
  progress.end();
  outcome.input = input_of(lines);
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return outcome;
}

Json json_of(const TokenizeOptions& options, const Outcome& outcome) {
  Json json = json_result("tokenize", options.common);
  json["conventions"] = {{"max_length", options.max_length > 0 ? Json(options.max_length) : Json("no limit")},
                         {"truncation", "longest first"},
                         {"offsets", "bytes [begin, end) of the text as it was given"},
                         {"literal_special", options.literal_special},
                         {"ill_formed_utf8", "each maximal piece is read as U+FFFD"},
                         {"rows", "numbered from 0"}};
  json["inputs"] = json_inputs({outcome.input});
  json["model"] = options.model;
  json["out"] = options.common.out;
  json["rows"] = outcome.rows;
  json["tokens"] = outcome.tokens;
  json["truncated"] = outcome.truncated;
  json["truncated_rows"] = outcome.truncated_rows;
  json["replaced"] = outcome.replaced;
  json["seconds"] = outcome.seconds;
  json["rate"] = outcome.seconds > 0 ? static_cast<double>(outcome.rows) / outcome.seconds : 0.0;
  return json;
}

void run_tokenize(const TokenizeOptions& options) {
  if (options.model.empty())
    fail_caller("tokenize", "names no model: --model FOLDER, tokenizer.json, vocab.txt or minilm");
  if (options.common.out.empty())
    fail_caller("tokenize", "names no file for the tokens: --out FILE.jsonl, or --out - for standard output");
  const bool streams = options.common.out == "-";
  if (streams && options.common.json)
    fail_caller("--json", "and --out - both ask for standard output; name a file, or leave out --json");
  apply_threads(options.common);
  const text::Tokenizer tokenizer = load_tokenizer(options.model);
  const Outcome outcome = tokenize(options, tokenizer);
  if (outcome.truncated > 0)
    spdlog::warn("{} of {} texts were cut to {} tokens: {} (from 0)", outcome.truncated, outcome.rows,
                 options.max_length, rows_text(outcome.truncated_rows, outcome.truncated));
  if (streams) {
    if (!options.common.quiet)
      spdlog::info("{} rows, {} tokens, {} truncated, {} ill-formed pieces of UTF-8", outcome.rows, outcome.tokens,
                   outcome.truncated, outcome.replaced);
    return;
  }
  const std::string table = columns({{options.model, ""},
                                     {"tokens in", options.common.out},
                                     {"rows", fmt::format("{}", outcome.rows)},
                                     {"tokens", fmt::format("{}", outcome.tokens)},
                                     {"truncated", fmt::format("{}", outcome.truncated)},
                                     {"ill-formed UTF-8, pieces", fmt::format("{}", outcome.replaced)},
                                     {"seconds", fmt::format("{:.2f}", outcome.seconds)}},
                                    1);
  print(options.common.json ? json_of(options, outcome).dump(2) : table,
        "; the tokens are whole in " + options.common.out);
}

}  // namespace

void add_tokenize(CLI::App& app) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* tokenize = app.add_subcommand("tokenize", "Turn lines of text into tokens, in their order");
  tokenize
      ->add_option("--model", options->model,
                   "Folder with a BERT tokenizer, its tokenizer.json or vocab.txt, or minilm")
      ->check(refuse_empty);
  add_input(*tokenize, options->input);
  add_out(*tokenize, options->common, "File of JSON lines {ids, offsets, truncated}; - is standard output");
  tokenize
      ->add_option("--max-length", options->max_length, "Tokens at most, special ones among them; no limit when absent")
      ->check(refuse_count);
  tokenize->add_flag("--pair", options->pair, "Each line is two texts with a tab between them");
  tokenize->add_flag("--literal-special", options->literal_special,
                     "Read a [MASK] in a text as the token of that name");
  add_common(*tokenize, options->common, "Print the result as JSON instead of the table");
  tokenize->footer(
      "Examples:\n"
      "  tamis tokenize --model minilm --out tokens.jsonl < sentences.txt\n"
      "  echo 'one line' | tamis tokenize --model FOLDER --out - --quiet\n"
      "  tamis tokenize --model vocab.txt --max-length 128 --input sentences.txt.gz --out tokens.jsonl --json");
  tokenize->callback([options] { run_tokenize(*options); });
}

}  // namespace tamis::cli
