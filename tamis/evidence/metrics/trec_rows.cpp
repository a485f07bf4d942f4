#include "tamis/evidence/metrics/trec_rows.h"

#include <cstring>

#include "tamis/evidence/metrics/judgments.h"
#include "tamis/evidence/metrics/trec_lines.h"

namespace tamis::metrics {

std::uint32_t hash_of(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = text.size() * kOdd;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t word = 0;
  for (; left >= sizeof(word); at += sizeof(word), left -= sizeof(word)) {
    std::memcpy(&word, at, sizeof(word));
    hash = (hash ^ word) * kOdd;
    hash ^= hash >> 29;
  }
  word = 0;
  std::memcpy(&word, at, left);
  hash = (hash ^ word) * kOdd;
  hash ^= hash >> 32;
  return static_cast<std::uint32_t>((hash * kOdd) >> 32);
}

void RankingPiece::add(std::string_view query, std::uint32_t number, const RankingRow& row) {
  if (segments.empty() || segments.back().query != query) segments.push_back({query, number, rows.size(), 0, 0});
  ++segments.back().rows;
  segments.back().judged += row.grade != kUnjudged;
  if (number == kNoQuery) {
    ++unmatched_rows;
  } else {
    rows.push_back(row);
  }
}

void RankingRows::take(std::string_view query, RankingRow row) {
  if (judgments_ == nullptr) return piece_.add(query, 0, row);  // numbered once all are there
  if (query_.data() == nullptr || query_ != query) number_ = judgments_->query(query);
  query_ = query;
  if (number_ != kNoQuery) row.grade = judgments_->grade(number_, piece_.document(row), row.hash);
  piece_.add(query, number_, row);
}

void RankingRows::parse_trec() {
  constexpr std::size_t kShortLine = 24;
  piece_.rows.reserve(piece_.text.size() / kShortLine);
  const auto refuse = [&](std::string reason, std::uint64_t line, std::string_view text) {
    ++piece_.rows_read;
    piece_.refused.push_back({line, std::move(reason), text});
  };
  const auto row = [&](std::string_view query, const RankingRow& read, std::uint64_t, std::string_view) {
    ++piece_.rows_read;
    take(query, read);
  };
  piece_.lines = for_each_trec_row(piece_.text, judgments_ != nullptr, row, refuse);
}

}  // namespace tamis::metrics
