#include "tamis/evidence/metrics/trec_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tamis/evidence/metrics/judgments.h"
#include "tamis/evidence/metrics/trec_lines.h"

namespace tamis::metrics {

namespace {

// The whole line around a document of a TREC file, and its number.
std::pair<std::uint64_t, std::string_view> line_of(const RankingPieces& pieces, std::size_t index,
                                                   const RankingRow& row) {
  const std::string_view text = pieces.pieces[index].text;
  const std::size_t before = text.rfind('\n', row.offset);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::size_t end = std::min(text.find('\n', row.offset), text.size());
  std::string_view line = text.substr(begin, end - begin);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const auto lines_before = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(begin), '\n');
  return {pieces.first_lines[index] + static_cast<std::uint64_t>(lines_before), line};
}

}  // namespace

void RankingPiece::add(std::string_view query, std::uint32_t number, const RankingRow& row) {
  if (segments.empty() || segments.back().query != query) segments.push_back({query, number, rows.size(), 0});
  ++segments.back().rows;
  if (number == kNoQuery) {
    ++unmatched_rows;
  } else {
    rows.push_back(row);
  }
}

void RankingRows::take(std::string_view query, const RankingRow& row) {
  if (judgments_ == nullptr) return piece_.add(query, 0, row);  // numbered once all are there
  if (query_.data() == nullptr || query_ != query) number_ = judgments_->query(query, number_ + 1);
  query_ = query;
  piece_.add(query, number_, row);
}

void RankingRows::parse_trec() {
  constexpr std::size_t kShortLine = 20;
  piece_.rows.reserve(piece_.text.size() / kShortLine);
  const auto refuse = [&](std::string reason, std::uint64_t line, std::string_view text) {
    ++piece_.rows_read;
    piece_.refused.push_back({line, std::move(reason), text});
  };
  const auto row = [&](std::string_view query, const RankingRow& read, std::uint64_t, std::string_view) {
    ++piece_.rows_read;
    take(query, read);
  };
  piece_.lines = judgments_ == nullptr ? for_each_trec_row<kJudgmentCells>(piece_.text, row, refuse)
                                       : for_each_trec_row<kRunCells>(piece_.text, row, refuse);
}

std::vector<SegmentPlace> sort_segments(const RankingPieces& pieces, std::size_t queries,
                                        std::vector<std::uint64_t>& starts) {
  starts.assign(queries + 1, 0);
  for (const RankingPiece& piece : pieces.pieces)
    for (const RankingSegment& segment : piece.segments)
      if (segment.number != kNoQuery) ++starts[segment.number + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<SegmentPlace> sorted(starts.back());
  std::vector<std::uint64_t> next(starts.begin(), starts.end() - 1);
  for (std::uint32_t p = 0; p < pieces.pieces.size(); ++p) {
    const auto& segments = pieces.pieces[p].segments;
    for (std::uint32_t s = 0; s < segments.size(); ++s)
      if (segments[s].number != kNoQuery) sorted[next[segments[s].number]++] = {p, s};
  }
  return sorted;
}

void refuse_duplicates(RankingPieces& pieces, std::vector<DuplicateRow> rows, Quarantine& quarantine) {
  std::sort(rows.begin(), rows.end(), [](const DuplicateRow& a, const DuplicateRow& b) {
    return a.piece != b.piece ? a.piece < b.piece : a.row < b.row;
  });
  for (const DuplicateRow& duplicate : rows) {
    const RankingPiece& piece = pieces.pieces[duplicate.piece];
    const RankingRow& row = piece.rows[duplicate.row];
    const std::string_view document = piece.document(row);
    const std::string reason = met_before(document, duplicate.query);
    ++pieces.input.rows_quarantined;
    if (piece.table_lines.empty()) {
      const auto found = line_of(pieces, duplicate.piece, row);
      quarantine.add(pieces.input.path, found.first, reason, found.second);
    } else {
      quarantine.add(pieces.input.path, piece.table_lines[duplicate.row], reason,
                     fmt::format("{}\t{}", duplicate.query, document));
    }
  }
}

std::string met_before(std::string_view document, std::string_view query) {
  return fmt::format("document '{}' was met before for query '{}'; the first row is kept", document, query);
}

}  // namespace tamis::metrics
