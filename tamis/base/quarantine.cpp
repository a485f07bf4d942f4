#include "tamis/base/quarantine.h"

#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/words.h"

namespace tamis {

namespace {

constexpr std::size_t kKeptRows = 10'000;
constexpr std::size_t kKeptBytes = 1'000;

// The bytes at the start of `text` that make one well-formed character; 0 if there is none.
std::size_t character(std::string_view text) {
  for (std::size_t n = 1; n <= 4 && n <= text.size(); ++n)
    if (is_utf8(text.substr(0, n))) return n;
  return 0;
}

void escape(std::string& out, std::string_view text) {
  const auto plain = [](char c) { return c >= ' ' && c < 0x7F && c != '\\'; };
  while (!text.empty()) {
    const auto run = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), plain) - text.begin());
    out += text.substr(0, run);
    text.remove_prefix(run);
    if (text.empty()) return;
    const std::size_t bytes = character(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (first == '\t') {
      out += "\\t";
    } else if (first == '\n') {
      out += "\\n";
    } else if (first == '\r') {
      out += "\\r";
    } else if (first == '\\') {
      out += "\\\\";
    } else if (bytes == 0 || first < 0x20 || first == 0x7F) {
      out += fmt::format("\\x{:02X}", first);
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
}

std::string_view shortened(std::string_view text) {
  if (text.size() <= kKeptBytes) return text;
  std::size_t end = kKeptBytes;
  while (end > kKeptBytes - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void Quarantine::add(std::string_view file, std::uint64_t line, std::string_view reason, std::string_view text) {
  ++count_;
  if (rows_.size() >= kKeptRows) return;
  const std::string_view kept = shortened(text);
  rows_.push_back({std::string(file), line, std::string(reason), std::string(kept)});
  if (kept.size() < text.size()) rows_.back().text += "…";
}

void Quarantine::write(const std::filesystem::path& path) const {
  if (count_ == 0) return;
  std::string out = "file\tline\treason\ttext\n";
  for (const Row& row : rows_) {
    escape(out, row.file);
    out += fmt::format("\t{}\t", row.line);
    escape(out, row.reason);
    out += '\t';
    escape(out, row.text);
    out += '\n';
  }
  if (count_ > rows_.size())
    out += fmt::format("\t0\t{} more rows were counted and not kept\t\n", count_ - rows_.size());
  write_file(path, out);
}

void Quarantine::check(std::uint64_t rows_read, double max_bad) const {
  if (count_ == 0 || static_cast<double>(count_) <= max_bad * static_cast<double>(rows_read)) return;
  fail_world(fmt::format("{} line {}", rows_.front().file, rows_.front().line),
             fmt::format("{}; {} of {} rows could not be read, more than the share of {} that is let pass",
                         rows_.front().reason, count_, rows_read, max_bad));
}

std::string Quarantine::first() const {
  if (count_ == 0) return "";
  return fmt::format("{} line {}: {}", rows_.front().file, rows_.front().line, rows_.front().reason);
}

}  // namespace tamis
