#include "tamis/evidence/metrics/judgments.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>

#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/evidence/metrics/trec_stream.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kQueriesAtATime = 64;

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

void refuse_duplicate(RankingPieces& pieces, std::size_t index, const RankingRow& row, std::string_view query,
                      Quarantine& quarantine) {
  const RankingPiece& piece = pieces.pieces[index];
  const std::string_view document = piece.document(row);
  const std::string reason = met_before(document, query);
  ++pieces.input.rows_quarantined;
  if (piece.table_lines.empty()) {
    const auto found = line_of(pieces, index, row);
    quarantine.add(pieces.input.path, found.first, reason, found.second);
  } else {
    const auto number = static_cast<std::size_t>(&row - piece.rows.data());
    quarantine.add(pieces.input.path, piece.table_lines[number], reason, fmt::format("{}\t{}", query, document));
  }
}

Judgments::Judgments(RankingPieces pieces, Quarantine& quarantine) : pieces_(std::move(pieces)) {
  std::vector<std::uint64_t> rows;
  for (RankingPiece& piece : pieces_.pieces) {
    for (RankingSegment& segment : piece.segments) {
      const auto [entry, added] = numbers_.try_emplace(segment.query, static_cast<std::uint32_t>(names_.size()));
      if (added) {
        names_.push_back(segment.query);
        rows.push_back(0);
      }
      segment.number = entry->second;
      rows[segment.number] += segment.rows;
    }
  }
  starts_.assign(1, 0);
  for (const std::uint64_t count : rows) starts_.push_back(starts_.back() + std::bit_ceil(2 * count));
  slots_.resize(starts_.back());
  for (std::size_t p = 0; p < pieces_.pieces.size(); ++p) {
    const RankingPiece& piece = pieces_.pieces[p];
    for (const RankingSegment& segment : piece.segments) {
      for (std::uint64_t r = segment.first; r < segment.first + segment.rows; ++r) {
        const RankingRow& row = piece.rows[r];
        Slot& slot = *find(segment.number, piece.document(row), row.hash);
        if (slot.row == nullptr) {
          slot = {row.hash, static_cast<std::uint32_t>(p), &row};
          continue;
        }
        ++duplicates_;
        refuse_duplicate(pieces_, p, row, segment.query, quarantine);
      }
    }
  }
}

// The slot of a document, or the empty one where it would be.
Judgments::Slot* Judgments::find(std::uint32_t query, std::string_view document, std::uint32_t hash) {
  const std::uint64_t start = starts_[query];
  const std::uint64_t mask = starts_[query + 1] - start - 1;
  for (std::uint64_t place = hash & mask;; place = (place + 1) & mask) {
    Slot& slot = slots_[start + place];
    if (slot.row == nullptr) return &slot;
    if (slot.hash == hash && pieces_.pieces[slot.piece].document(*slot.row) == document) return &slot;
  }
}

std::uint32_t Judgments::query(std::string_view name) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? kNoQuery : found->second;
}

std::int32_t Judgments::grade(std::uint32_t query, std::string_view document, std::uint32_t hash) const {
  const Slot& slot = *const_cast<Judgments*>(this)->find(query, document, hash);
  return slot.row == nullptr ? kUnjudged : slot.row->grade;
}

void Judgments::tell(Judged& judged) const {
  judged.queries.assign(names_.begin(), names_.end());
  judged.grade_starts.assign(names_.size() + 1, 0);
  judged.duplicate_judgments = duplicates_;
  for (std::size_t q = 0; q < names_.size(); ++q) {
    judged.grade_starts[q + 1] = judged.grade_starts[q];
    for (std::uint64_t s = starts_[q]; s < starts_[q + 1]; ++s) judged.grade_starts[q + 1] += slots_[s].row != nullptr;
  }
  judged.judgments = judged.grade_starts.back();
  judged.grades.resize(judged.judgments);
  parallel_for(
      names_.size(),
      [&](std::size_t q) {
        const auto begin = judged.grades.begin() + static_cast<std::ptrdiff_t>(judged.grade_starts[q]);
        auto to = begin;
        for (std::uint64_t s = starts_[q]; s < starts_[q + 1]; ++s)
          if (slots_[s].row != nullptr) *to++ = slots_[s].row->grade;
        std::sort(begin, to, std::greater<>());
      },
      kQueriesAtATime);
  for (const std::int32_t grade : judged.grades) {
    judged.highest_grade = std::max(judged.highest_grade, grade);
    judged.negative_grades += grade < 0;
  }
}

}  // namespace tamis::metrics
