#include "tamis/evidence/metrics/judgments.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "tamis/base/parallel.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kQueriesAtATime = 512;

}  // namespace

void Judgments::number_queries() {
  for (RankingPiece& piece : pieces_.pieces) {
    for (RankingSegment& segment : piece.segments) {
      const std::uint32_t hash = hash_of(segment.query);
      const bool added = queries_.add(segment.query, hash);
      segment.number = added ? static_cast<std::uint32_t>(size() - 1) : queries_.find(segment.query, hash);
      if (added) starts_.push_back(0);
      starts_[segment.number] += segment.rows;
    }
  }
  std::uint64_t rows = 0;
  for (std::uint64_t& start : starts_) rows += std::exchange(start, rows);
  judgments_.resize(rows);
}

Judgments::Judgments(RankingPieces pieces, Quarantine& quarantine) : pieces_(std::move(pieces)) {
  number_queries();
  counts_.resize(size());
  std::vector<std::uint64_t> firsts;
  const std::vector<SegmentPlace> segments = sort_segments(pieces_, size(), firsts);
  const std::size_t blocks = (size() + kQueriesAtATime - 1) / kQueriesAtATime;
  std::vector<std::vector<DuplicateRow>> found(blocks);
  parallel_for(blocks, [&](std::size_t block) {
    TextNumbers documents;
    for (std::size_t q = block * kQueriesAtATime; q < std::min(size(), (block + 1) * kQueriesAtATime); ++q) {
      documents.clear();
      for (std::uint64_t i = firsts[q]; i < firsts[q + 1]; ++i) {
        const RankingPiece& piece = pieces_.pieces[segments[i].piece];
        const RankingSegment& segment = piece.segments[segments[i].segment];
        for (std::uint64_t r = segment.first; r < segment.first + segment.rows; ++r) {
          const RankingRow& row = piece.rows[r];
          if (documents.add(piece.document(row), row.hash)) {
            judgments_[starts_[q] + counts_[q]++] = {piece.document(row), row.hash, row.grade};
          } else {
            found[block].push_back({segments[i].piece, r, segment.query});
          }
        }
      }
    }
  });
  std::vector<DuplicateRow> duplicates;
  for (const auto& block : found) duplicates.insert(duplicates.end(), block.begin(), block.end());
  duplicates_ = duplicates.size();
  refuse_duplicates(pieces_, std::move(duplicates), quarantine);
  for (RankingPiece& piece : pieces_.pieces) piece.rows = {};
}

std::uint32_t Judgments::query(std::string_view name, std::uint32_t guess) const {
  if (guess < size() && queries_[guess] == name) return guess;
  const std::uint32_t number = queries_.find(name, hash_of(name));
  return number == TextNumbers::kNone ? kNoQuery : number;
}

void Judgments::tell(Judged& judged) const {
  judged.queries.resize(size());
  judged.grade_starts.assign(size() + 1, 0);
  judged.duplicate_judgments = duplicates_;
  for (std::size_t q = 0; q < size(); ++q) judged.grade_starts[q + 1] = judged.grade_starts[q] + counts_[q];
  judged.judgments = judged.grade_starts.back();
  judged.grades.resize(judged.judgments);
  parallel_for(
      size(),
      [&](std::size_t q) {
        judged.queries[q] = queries_[q];
        const auto begin = judged.grades.begin() + static_cast<std::ptrdiff_t>(judged.grade_starts[q]);
        auto to = begin;
        for (const Judgment& judgment : of(static_cast<std::uint32_t>(q))) *to++ = judgment.grade;
        std::sort(begin, to, std::greater<>());
      },
      kQueriesAtATime);
  for (const std::int32_t grade : judged.grades) {
    judged.highest_grade = std::max(judged.highest_grade, grade);
    judged.negative_grades += grade < 0;
  }
}

}  // namespace tamis::metrics
