#include "cli/rows.h"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "tamis/base/error.h"
#include "tamis/base/vector_file.h"
#include "tamis/language/encoder/fingerprint.h"

namespace tamis::cli {

void add_rows_from(CLI::App& command, RowsFrom& from) {
  command.add_option("--model", from.model, "Encode lines of text with this folder, or minilm")->check(refuse_empty);
  add_input(command, from.input);
  command.add_option("--vectors", from.vectors, "Read a file of vectors instead: .npy, .parquet or .fvecs")
      ->check(refuse_empty);
  command.add_option("--pooling", from.pooling, "cls, mean, max, first-last, …; as the folder says when absent");
  add_encoder_flags(command, from.flags);
}

void check(const RowsFrom& from, const std::string& command) {
  if (from.model.empty() == from.vectors.empty())
    fail_caller(command, "needs either --model, to encode lines of text, or --vectors, a file of vectors");
}

Rows read_rows(const RowsFrom& from, Progress& progress) {
  Rows rows;
  if (!from.vectors.empty()) {
    Vectors vectors = read_vectors(from.vectors);
    if (vectors.rows == 0) fail_world(from.vectors, "holds no vector");
    rows = {std::move(vectors.values), vectors.dimensions, vectors.rows, "", {}};
    rows.input.path = from.vectors;
    rows.input.bytes = std::filesystem::file_size(from.vectors);
    rows.input.rows_read = rows.rows;
    return rows;
  }
  const auto encoder = load_encoder(from.model, from.pooling, "f32", from.flags);
  RawLines lines(from.input.empty() ? "-" : from.input);
  rows.dimensions = encoder.dimensions();
  rows.model = encoder::fingerprint(encoder);
  const auto width = static_cast<std::size_t>(rows.dimensions);
  while (true) {
    const auto window = lines.next(8192, std::size_t{8} << 20);
    if (window.empty()) break;
    if (rows.rows == 0) progress.begin("encode", 0);
    rows.values.resize(rows.values.size() + window.size() * width);
    encoder.encode(window, std::span(rows.values).last(window.size() * width));
    rows.rows += window.size();
    progress.advance(window.size());
  }
  if (rows.rows == 0) fail_world(lines.stream().name(), "holds no line of text");
  progress.end();
  rows.input = input_of(lines);
  return rows;
}

}  // namespace tamis::cli
