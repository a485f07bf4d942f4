#include "tamis/base/stored_column.h"

#include <algorithm>

namespace tamis {

namespace {

template <class T>
void append_kept(std::vector<T>& to, const std::vector<T>& from, std::span<const std::uint8_t> keep,
                 std::size_t reserved) {
  if (to.empty()) to.reserve(reserved);
  if (keep.empty()) {
    to.insert(to.end(), from.begin(), from.end());
    return;
  }
  for (std::size_t i = 0; i < from.size(); ++i)
    if (keep[i] != 0) to.push_back(from[i]);
}

}  // namespace

void StoredColumn::append(const Column& cells, std::span<const std::uint8_t> keep) {
  type_ = cells.type;
  append_valid(cells, keep);
  if (type_ == ColumnType::real) {
    append_kept(real_, cells.real, keep, reserved_);
    size_ = real_.size();
  } else if (type_ == ColumnType::text) {
    if (ends_.empty()) ends_.reserve(reserved_);
    for (std::size_t i = 0; i < cells.text.size(); ++i) {
      if (!keep.empty() && keep[i] == 0) continue;
      bytes_ += cells.text[i];
      ends_.push_back(bytes_.size());
    }
    size_ = ends_.size();
  } else {
    append_kept(integer_, cells.integer, keep, reserved_);
    size_ = integer_.size();
  }
}

void StoredColumn::append_valid(const Column& cells, std::span<const std::uint8_t> keep) {
  if (valid_.empty()) {
    if (std::find(cells.valid.begin(), cells.valid.end(), 0) == cells.valid.end()) return;
    valid_.reserve(reserved_);
    valid_.resize(size_, 1);
  }
  append_kept(valid_, cells.valid, keep, reserved_);
}

}  // namespace tamis
