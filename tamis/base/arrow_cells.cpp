#include "tamis/base/arrow_cells.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <type_traits>

#include "tamis/base/number.h"

namespace tamis {

namespace {

enum class Kind { text, integer, real, time, none };

Kind kind_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::NA:
      return Kind::text;
    case arrow::Type::DICTIONARY: {
      const auto& values = *static_cast<const arrow::DictionaryType&>(type).value_type();
      return values.id() != arrow::Type::DICTIONARY && kind_of(values) == Kind::text ? Kind::text : Kind::none;
    }
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
      return Kind::integer;
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return Kind::real;
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return Kind::time;
    default:
      return Kind::none;
  }
}

ColumnType type_read(const ColumnRequest& request, const arrow::DataType* type) {
  if (request.type != ColumnType::time) return request.type;
  const Kind kind = type == nullptr ? Kind::text : kind_of(*type);
  if (kind == Kind::integer) return ColumnType::integer;
  if (kind == Kind::real) return ColumnType::real;
  return kind == Kind::time ? ColumnType::time : ColumnType::text;
}

// "2024-01-31 13:05:00.250000" of microseconds since 1970.
std::string written_time(std::int64_t micros) {
  using namespace std::chrono;
  const sys_time<microseconds> time{microseconds(micros)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const std::int64_t rest = (time - day).count();
  std::string text = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                 rest / 3'600'000'000, rest / 60'000'000 % 60, rest / 1'000'000 % 60);
  if (rest % 1'000'000 != 0) text += fmt::format(".{:06}", rest % 1'000'000);
  return text;
}

// Ticks times `multiply`, or floored over `divide`; false if it does not fit.
struct Clock {
  std::int64_t multiply = 1;
  std::int64_t divide = 1;

  bool micros(std::int64_t ticks, std::int64_t& out) const {
    const std::int64_t down = ticks / divide - (ticks % divide < 0 ? 1 : 0);
    return !__builtin_mul_overflow(down, multiply, &out);
  }
};

Clock clock_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE32) return {86'400'000'000, 1};
  if (type.id() == arrow::Type::DATE64) return {1000, 1};
  switch (static_cast<const arrow::TimestampType&>(type).unit()) {
    case arrow::TimeUnit::SECOND:
      return {1'000'000, 1};
    case arrow::TimeUnit::MILLI:
      return {1000, 1};
    case arrow::TimeUnit::NANO:
      return {1, 1000};
    default:
      return {};
  }
}

}  // namespace

// One column of one batch on its way.
class CellColumn::Filling {
 public:
  Filling(CellColumn& self, std::size_t rows, Column& to, RowFaults& faults)
      : self_(self), to_(to), faults_(faults), type_(self.type_) {
    to.type = type_;
    to.text.assign(type_ == ColumnType::text ? rows : 0, std::string_view());
    to.integer.assign(type_ == ColumnType::integer || type_ == ColumnType::time ? rows : 0, 0);
    to.real.assign(type_ == ColumnType::real ? rows : 0, 0);
    to.valid.assign(rows, 0);
  }

  bool cells(const arrow::Array& cells) {
    switch (cells.type_id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return texts(static_cast<const arrow::BinaryArray&>(cells));
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return texts(static_cast<const arrow::LargeBinaryArray&>(cells));
      case arrow::Type::NA:
        return true;
      case arrow::Type::DICTIONARY:
        return dictionary(static_cast<const arrow::DictionaryArray&>(cells));
      case arrow::Type::FLOAT:
        return reals(static_cast<const arrow::FloatArray&>(cells));
      case arrow::Type::DOUBLE:
        return reals(static_cast<const arrow::DoubleArray&>(cells));
      case arrow::Type::TIMESTAMP:
        return times(static_cast<const arrow::TimestampArray&>(cells));
      case arrow::Type::DATE32:
        return times(static_cast<const arrow::Date32Array&>(cells));
      case arrow::Type::DATE64:
        return times(static_cast<const arrow::Date64Array&>(cells));
      default:
        return whole_numbers(cells);
    }
  }

 private:
  bool whole_numbers(const arrow::Array& cells) {
    switch (cells.type_id()) {
      case arrow::Type::BOOL:
        return integers(static_cast<const arrow::BooleanArray&>(cells));
      case arrow::Type::INT8:
        return integers(static_cast<const arrow::Int8Array&>(cells));
      case arrow::Type::INT16:
        return integers(static_cast<const arrow::Int16Array&>(cells));
      case arrow::Type::INT32:
        return integers(static_cast<const arrow::Int32Array&>(cells));
      case arrow::Type::INT64:
        return integers(static_cast<const arrow::Int64Array&>(cells));
      case arrow::Type::UINT8:
        return integers(static_cast<const arrow::UInt8Array&>(cells));
      case arrow::Type::UINT16:
        return integers(static_cast<const arrow::UInt16Array&>(cells));
      case arrow::Type::UINT32:
        return integers(static_cast<const arrow::UInt32Array&>(cells));
      case arrow::Type::UINT64:
        return integers(static_cast<const arrow::UInt64Array&>(cells));
      default:
        return false;
    }
  }

  template <class Cells>
  bool texts(const Cells& cells) {
    for (std::int64_t i = 0; i < cells.length(); ++i)
      if (cells.IsValid(i)) text(static_cast<std::size_t>(i), cells.GetView(i));
    return true;
  }

  bool dictionary(const arrow::DictionaryArray& cells) {
    const arrow::Array& values = *cells.dictionary();
    const bool large = values.type_id() == arrow::Type::LARGE_STRING || values.type_id() == arrow::Type::LARGE_BINARY;
    if (!large && values.type_id() != arrow::Type::STRING && values.type_id() != arrow::Type::BINARY)
      return values.type_id() == arrow::Type::NA;
    for (std::int64_t i = 0; i < cells.length(); ++i) {
      if (!cells.IsValid(i)) continue;
      const std::int64_t at = cells.GetValueIndex(i);
      if (at < 0 || at >= values.length()) return false;
      if (!values.IsValid(at)) continue;
      text(static_cast<std::size_t>(i), large ? static_cast<const arrow::LargeBinaryArray&>(values).GetView(at)
                                              : static_cast<const arrow::BinaryArray&>(values).GetView(at));
    }
    return true;
  }

  void text(std::size_t row, std::string_view cell) {
    if (cell.empty()) return;
    to_.valid[row] = 1;
    if (type_ == ColumnType::text) {
      to_.text[row] = cell;
      if (!is_text(cell)) faults_.add(row, fmt::format("column '{}' holds bytes that are not UTF-8", name()));
    } else if (type_ == ColumnType::integer) {
      if (!parse_integer(cell, to_.integer[row])) faults_.add(row, bad_cell(name(), cell, kWantInteger));
    } else if (double value = 0; parse_real(cell, value)) {
      real(row, value);
    } else {
      faults_.add(row, bad_cell(name(), cell, kWantReal));
    }
  }

  template <class Cells>
  bool integers(const Cells& cells) {
    for (std::int64_t i = 0; i < cells.length(); ++i) {
      if (!cells.IsValid(i)) continue;
      const auto row = static_cast<std::size_t>(i);
      const auto value = cells.Value(i);
      to_.valid[row] = 1;
      if (type_ == ColumnType::text) {
        write(row, fmt::format("{}", value));
      } else if (type_ == ColumnType::real) {
        to_.real[row] = static_cast<double>(value);
      } else if (std::uint64_t{std::numeric_limits<std::int64_t>::max()} < static_cast<std::uint64_t>(value) &&
                 std::is_same_v<std::decay_t<decltype(value)>, std::uint64_t>) {
        faults_.add(row, bad_cell(name(), fmt::format("{}", value), "a whole number below 2^63"));
      } else {
        to_.integer[row] = static_cast<std::int64_t>(value);
      }
    }
    return true;
  }

  template <class Cells>
  bool reals(const Cells& cells) {
    for (std::int64_t i = 0; i < cells.length(); ++i)
      if (cells.IsValid(i)) real(static_cast<std::size_t>(i), static_cast<double>(cells.Value(i)));
    return true;
  }

  void real(std::size_t row, double value) {
    to_.valid[row] = !std::isnan(value);
    if (std::isnan(value)) return;
    std::int64_t integer = 0;
    if (type_ == ColumnType::text) {
      write(row, whole(value, integer) ? fmt::format("{}", integer) : fmt::format("{}", value));
    } else if (std::isinf(value)) {
      faults_.add(row, bad_cell(name(), fmt::format("{}", value), kWantReal));
    } else if (type_ == ColumnType::real) {
      to_.real[row] = value;
    } else if (!whole(value, to_.integer[row])) {
      faults_.add(row, bad_cell(name(), fmt::format("{}", value), kWantInteger));
    }
  }

  template <class Cells>
  bool times(const Cells& cells) {
    const Clock clock = clock_of(*cells.type());
    for (std::int64_t i = 0; i < cells.length(); ++i) {
      if (!cells.IsValid(i)) continue;
      const auto row = static_cast<std::size_t>(i);
      std::int64_t micros = 0;
      to_.valid[row] = 1;
      if (!clock.micros(cells.Value(i), micros)) {
        faults_.add(row, bad_cell(name(), fmt::format("{}", cells.Value(i)), "a time within 290,000 years of 1970"));
      } else if (type_ == ColumnType::text) {
        write(row, written_time(micros));
      } else if (type_ == ColumnType::real) {
        to_.real[row] = static_cast<double>(micros);
      } else {
        to_.integer[row] = micros;
      }
    }
    return true;
  }

  void write(std::size_t row, std::string_view text) {
    if (self_.spans_.size() <= row) self_.spans_.resize(to_.valid.size());
    self_.spans_[row] = {self_.written_.size(), text.size()};
    self_.written_ += text;
  }

  const std::string& name() const { return self_.request_.name; }

  CellColumn& self_;
  Column& to_;
  RowFaults& faults_;
  ColumnType type_;
};

CellColumn::CellColumn(const ColumnRequest& request, const arrow::DataType* type)
    : request_(request), type_(type_read(request, type)) {}

bool CellColumn::reads(const arrow::DataType& type) {
  return kind_of(type) != Kind::none;
}

bool CellColumn::fill(const arrow::Array* cells, std::size_t rows, Column& to, RowFaults& faults) {
  written_.clear();
  spans_.clear();
  Filling filling(*this, rows, to, faults);
  if (cells == nullptr) return true;
  if (!filling.cells(*cells)) return false;
  const std::string_view written = written_;
  for (std::size_t row = 0; row < spans_.size(); ++row)
    to.text[row] = written.substr(spans_[row].offset, spans_[row].length);
  return true;
}

}  // namespace tamis
