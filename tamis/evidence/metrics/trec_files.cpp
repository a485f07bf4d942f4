#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/evidence/metrics/text_numbers.h"
#include "tamis/evidence/metrics/trec_rows.h"
#include "tamis/evidence/metrics/trec_windows.h"

namespace tamis::metrics {

void require_rows(const InputFile& input, const Quarantine& quarantine) {
  if (input.rows_read > input.rows_quarantined) return;
  const bool refused = input.rows_quarantined > 0;
  fail_world(input.path, refused ? "holds no row that can be read; the first one refused: " + quarantine.first()
                                 : std::string("holds no row"));
}

RankingPieces read_trec_pieces(const RankingFile& file, const Judgments* judgments, Quarantine& quarantine,
                               Progress& progress) {
  RankingPieces read;
  TrecWindows windows(file.path);
  progress.begin("reading " + windows.stream().name(), windows.stream().plain() ? windows.stream().stored_bytes() : 0);
  read.pieces = windows.make_all<RankingPiece>(progress, [&](const TrecWindows::Window& window) {
    RankingPiece piece;
    piece.text = window.text;
    piece.owner = window.bytes;
    RankingRows(piece, judgments).parse_trec();
    return piece;
  });
  progress.end();
  read.input.path = windows.stream().name();
  read.input.bytes = windows.stream().stored_bytes();
  std::uint64_t line = 1;
  for (const RankingPiece& piece : read.pieces) {
    read.first_lines.push_back(line);
    for (const RankingPiece::Refused& row : piece.refused)
      quarantine.add(read.input.path, line + row.line - 1, row.reason, row.text);
    read.input.rows_read += piece.rows_read;
    read.input.rows_quarantined += piece.refused.size();
    line += piece.lines;
  }
  windows.require_text(line - 1);
  require_rows(read.input, quarantine);
  return read;
}

namespace {

// A batch of a table as a piece; `kept` rows of it.
RankingPiece piece_of(const std::vector<Column>& columns, const std::vector<std::size_t>& kept,
                      const TableReader& table, const Judgments* judgments) {
  RankingPiece piece;
  std::size_t bytes = 0;
  for (const std::size_t i : kept) bytes += columns[0].text[i].size() + columns[1].text[i].size();
  const auto arena = std::make_shared_for_overwrite<char[]>(bytes);
  piece.text = {arena.get(), bytes};
  piece.owner = arena;
  RankingRows rows(piece, judgments);
  std::size_t filled = 0;
  const auto keep = [&](std::string_view text) {
    std::copy(text.begin(), text.end(), arena.get() + filled);
    filled += text.size();
    return std::string_view(arena.get() + filled - text.size(), text.size());
  };
  for (const std::size_t i : kept) {
    RankingRow row;
    if (judgments == nullptr) {
      row.grade = static_cast<std::int32_t>(columns[2].integer[i]);
    } else {
      row.score = columns[2].real[i];
    }
    row.offset = static_cast<std::uint32_t>(filled);
    row.length = static_cast<std::uint32_t>(columns[1].text[i].size());
    row.hash = hash_of(keep(columns[1].text[i]));
    const std::size_t before = piece.rows.size();
    rows.take(keep(columns[0].text[i]), row);
    if (piece.rows.size() > before) piece.table_lines.push_back(table.line(i));
  }
  return piece;
}

// "" or why a row that the table let pass is refused.
std::string_view wrong(const std::vector<Column>& columns, std::size_t i, bool run) {
  if (columns[0].valid[i] == 0) return "the query is empty";
  if (columns[1].valid[i] == 0) return "the document is empty";
  if (columns[2].valid[i] == 0) return run ? "the score is empty or not a number" : "the relevance is empty";
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (!run && (columns[2].integer[i] > kMost || columns[2].integer[i] < -kMost))
    return "the relevance is not a whole number within 32 bits";
  return "";
}

}  // namespace

RankingPieces read_table_pieces(const RankingFile& file, const Judgments* judgments, Quarantine& quarantine,
                                Progress& progress) {
  const bool run = judgments != nullptr;
  TableOptions options;
  options.format = file.format;
  options.header = file.header;
  TableReader table(file.path,
                    {{file.query, ColumnType::text},
                     {file.document, ColumnType::text},
                     {file.value, run ? ColumnType::real : ColumnType::integer}},
                    options, quarantine);
  RankingPieces read;
  progress.begin("reading " + table.input().path, 0);
  std::vector<std::size_t> kept;
  while (const std::vector<Column>* columns = table.next()) {
    kept.clear();
    for (std::size_t i = 0; i < (*columns)[0].valid.size(); ++i) {
      const std::string_view reason = wrong(*columns, i, run);
      if (reason.empty()) {
        kept.push_back(i);
      } else {
        table.reject(i, reason);
      }
    }
    read.pieces.push_back(piece_of(*columns, kept, table, judgments));
    read.first_lines.push_back(0);
    progress.advance(kept.size());
  }
  progress.end();
  read.input = table.input();
  require_rows(read.input, quarantine);
  return read;
}

}  // namespace tamis::metrics
