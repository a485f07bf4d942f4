#include "tamis/base/row_reader.h"

#include <algorithm>

namespace tamis {

namespace {

constexpr std::size_t kLongestQuotedRow = std::size_t{1} << 20;

void cut_at(std::string_view row, char separator, std::vector<RowReader::Cell>& cells) {
  std::size_t start = 0;
  while (true) {
    const std::size_t end = std::min(row.find(separator, start), row.size());
    cells.push_back({start, end - start, false});
    if (end == row.size()) return;
    start = end + 1;
  }
}

}  // namespace

bool RowReader::next_line(std::string_view& line, std::uint64_t& number) {
  if (ahead_.empty()) {
    if (!lines_.next(line)) return false;
    number = lines_.number();
    return true;
  }
  number = ahead_.front().first;
  held_ = std::move(ahead_.front().second);
  ahead_.pop_front();
  line = held_;
  return true;
}

bool RowReader::next() {
  if (!next_line(text_, line_)) return false;
  cells_.clear();
  good_ = true;
  if (!quotes_) {
    cut_at(text_, '\t', cells_);
  } else if (text_.find('"') == std::string_view::npos) {
    cut_at(text_, ',', cells_);
  } else {
    cut_commas();
  }
  return true;
}

void RowReader::cut_commas() {
  at_ = 0;
  in_quotes_ = false;
  State state = cut_quotes(text_);
  if (state == State::open) {
    held_ = std::string(text_);
    const std::size_t first_line = held_.size();
    // Lines already read ahead are looked at in their place, and taken only when the quote closes.
    std::size_t used = 0;
    while (state == State::open && held_.size() <= kLongestQuotedRow) {
      if (used == ahead_.size()) {
        std::string_view line;
        if (!lines_.next(line)) break;
        ahead_.emplace_back(lines_.number(), line);
      }
      held_ += '\n';
      held_ += ahead_[used++].second;
      state = cut_quotes(held_);
    }
    if (state == State::done) {
      ahead_.erase(ahead_.begin(), ahead_.begin() + static_cast<std::ptrdiff_t>(used));
    } else {
      held_.resize(first_line);
    }
    text_ = held_;
  }
  good_ = state == State::done;
  if (!good_) cells_.clear();
}

RowReader::State RowReader::cut_quotes(std::string_view row) {
  while (true) {
    if (!in_quotes_) {
      if (at_ < row.size() && row[at_] == '"') {
        in_quotes_ = true;
        cells_.push_back({++at_, 0, false});
      } else {
        const std::size_t end = std::min(row.find(',', at_), row.size());
        cells_.push_back({at_, end - at_, false});
        at_ = end;
      }
    }
    if (in_quotes_) {
      const State state = cut_quoted_cell(row);
      if (state != State::done) return state;
    }
    if (at_ == row.size()) return State::done;
    ++at_;  // the comma
  }
}

// Goes on from at_ to just past the closing quote.
RowReader::State RowReader::cut_quoted_cell(std::string_view row) {
  Cell& cell = cells_.back();
  while (true) {
    const std::size_t quote = row.find('"', at_);
    if (quote == std::string_view::npos) {
      at_ = row.size();
      return State::open;
    }
    at_ = quote + 1;
    if (at_ < row.size() && row[at_] == '"') {
      cell.doubled = true;
      ++at_;
      continue;
    }
    cell.length = quote - cell.offset;
    in_quotes_ = false;
    return at_ == row.size() || row[at_] == ',' ? State::done : State::malformed;
  }
}

}  // namespace tamis
