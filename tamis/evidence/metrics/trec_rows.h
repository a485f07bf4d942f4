#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/evidence/metrics/trec.h"

namespace tamis::metrics {

inline constexpr std::int32_t kUnjudged = std::numeric_limits<std::int32_t>::min();
inline constexpr std::uint32_t kNoQuery = static_cast<std::uint32_t>(-1);

/// A row of a run or of judgments, its query told by the segment that it is in.
struct RankingRow {
  double score = 0;          ///< of a run
  std::uint32_t offset = 0;  ///< of the document's id in the piece
  std::uint32_t length = 0;
  std::uint32_t hash = 0;          ///< of that id
  std::int32_t grade = kUnjudged;  ///< of judgments
};

/// Rows of one query that follow each other.
struct RankingSegment {
  std::string_view query;
  std::uint32_t number = kNoQuery;  ///< of the query
  std::uint64_t first = 0;          ///< row of the piece
  std::uint64_t rows = 0;
};

/// A part of a file that is read by one thread.
struct RankingPiece {
  /// A row that was refused.
  struct Refused {
    std::uint64_t line = 0;  ///< from 1 within the piece
    std::string reason;
    std::string_view text;
  };
  std::string_view text;                ///< whole lines; of a table the ids of its documents
  std::shared_ptr<const char[]> owner;  ///< of the text and what else points into it
  std::vector<RankingRow> rows;
  std::vector<RankingSegment> segments;
  std::vector<Refused> refused;
  std::uint64_t lines = 0;  ///< of the text, blank ones among them
  std::uint64_t rows_read = 0;
  std::uint64_t unmatched_rows = 0;        ///< of queries that no one asked for
  std::vector<std::uint64_t> table_lines;  ///< of a table: the line of each row

  std::string_view document(const RankingRow& row) const { return text.substr(row.offset, row.length); }
  /// Appends a row, in the segment of its query; or counts it, where that is a query no one asked for.
  void add(std::string_view query, std::uint32_t number, const RankingRow& row);
};

class Judgments;

/// Reads rows into pieces. Of a run the number of each row's query is asked for as it comes; without `judgments` it is
/// judgments that are read.
class RankingRows {
 public:
  RankingRows(RankingPiece& piece, const Judgments* judgments) : piece_(piece), judgments_(judgments) {}
  /// Reads the lines of piece.text.
  void parse_trec();
  /// Takes a row whose document lies in piece.text.
  void take(std::string_view query, const RankingRow& row);

 private:
  RankingPiece& piece_;
  const Judgments* judgments_;
  std::string_view query_;  ///< of the row before
  std::uint32_t number_ = kNoQuery;
};

/// All pieces of a file in order.
struct RankingPieces {
  std::vector<RankingPiece> pieces;
  std::vector<std::uint64_t> first_lines;  ///< of each piece, from 1
  InputFile input;
};
/// Bad rows are quarantined. Judgments where `judgments` is nullptr, else a run.
RankingPieces read_trec_pieces(const RankingFile& file, const Judgments* judgments, Quarantine& quarantine,
                               Progress& progress);
RankingPieces read_table_pieces(const RankingFile& file, const Judgments* judgments, Quarantine& quarantine,
                                Progress& progress);

/// Throws runtime_error if every row was refused, or there is none.
void require_rows(const InputFile& input, const Quarantine& quarantine);

/// Where a segment is.
struct SegmentPlace {
  std::uint32_t piece = 0;
  std::uint32_t segment = 0;
};
/// The segments of each of `queries`, in the order of the file: those of query q from starts[q] on, up to starts[q +
/// 1].
std::vector<SegmentPlace> sort_segments(const RankingPieces& pieces, std::size_t queries,
                                        std::vector<std::uint64_t>& starts);

/// A row whose document came before for its query.
struct DuplicateRow {
  std::uint32_t piece = 0;
  std::uint64_t row = 0;  ///< of the piece
  std::string_view query;
};
/// Quarantines them, in the order of the file.
void refuse_duplicates(RankingPieces& pieces, std::vector<DuplicateRow> rows, Quarantine& quarantine);
/// "document 'D' was met before for query 'Q'; the first row is kept"
std::string met_before(std::string_view document, std::string_view query);

}  // namespace tamis::metrics
