#include <algorithm>
#include <cstdint>

#include "tamis/sift/report.h"
#include "tamis/sift/report_text.h"

namespace tamis::sift {

namespace {

using namespace pages;

constexpr std::size_t kWidth = 100;
constexpr std::size_t kGap = 2;

// A character as shown: its bytes, its columns, and how many bytes of the text it stands for.
struct Glyph {
  std::string_view bytes;
  std::size_t width, length;
};

// A character's columns, roughly: two for East Asian wide ranges and pictures, none for combining marks, else one.
std::size_t columns_of(std::uint32_t c) {
  if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
                    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

// The next character. JSON text is well-formed UTF-8. Control characters could steer the terminal, so they are shown
// as a question mark, and so are the marks that turn the direction of writing.
Glyph next_glyph(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = std::min<std::size_t>(text.size(), lead < 0x80   ? 1
                                                                : lead < 0xe0 ? 2
                                                                : lead < 0xf0 ? 3
                                                                              : 4);
  std::uint32_t code = length == 1 ? lead : lead & (0xff >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  const std::string_view bytes = text.substr(0, length);
  if (code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069)) {
    return {code == '\n' || code == '\t' ? " " : "?", 1, length};
  }
  return {bytes, columns_of(code), length};
}

struct Shown {
  std::string text;
  std::size_t width = 0;
};

Shown shown(std::string_view text, std::size_t most = SIZE_MAX) {
  Shown out;
  // Only what a cut at `most` would keep, with a column spared for the ellipsis.
  Shown cut;
  while (!text.empty()) {
    const Glyph glyph = next_glyph(text);
    text.remove_prefix(glyph.length);
    if (out.width + glyph.width > most) return {cut.text + "…", cut.width + 1};
    out.text += glyph.bytes;
    out.width += glyph.width;
    if (out.width + 1 <= most) cut = out;
  }
  return out;
}

// Lines of at most kWidth columns, broken at spaces, or anywhere in a word that is too long for a line.
std::string wrapped(std::string_view text) {
  std::string page, word;
  std::size_t used = 0, word_width = 0;
  const auto place = [&] {
    if (word_width == 0) return;
    const bool fits = used == 0 || used + 1 + word_width <= kWidth;
    page += used == 0 ? "" : fits ? " " : "\n";
    used = (used > 0 && fits ? used + 1 : 0) + word_width;
    page += word;
    word.clear();
    word_width = 0;
  };
  while (!text.empty()) {
    const Glyph glyph = next_glyph(text);
    text.remove_prefix(glyph.length);
    if (glyph.bytes == " " || word_width + glyph.width > kWidth) place();
    if (glyph.bytes == " ") continue;
    word += glyph.bytes;
    word_width += glyph.width;
  }
  place();
  return page + "\n";
}

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = shown(table.columns[c].title).width;
    for (const Line& line : table.lines) width = std::max(width, shown(line.cells[c]).width);
    widths.push_back(width);
  }
  // The widest column gives way until the table fits.
  std::size_t total = kGap * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  for (; total > kWidth; --total) --*std::max_element(widths.begin(), widths.end());
  return widths;
}

void add_cells(std::string& page, const std::vector<std::string>& cells, const Table& table,
               const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const Shown cell = shown(cells[c], widths[c]);
    const std::string padding(widths[c] - cell.width, ' ');
    if (c > 0) line.append(kGap, ' ');
    line += table.columns[c].kind == Kind::kNumber ? padding + cell.text : cell.text + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  page += line + "\n";
}

void add_table(std::string& page, const Table& table) {
  const std::vector<std::size_t> widths = widths_of(table);
  std::vector<std::string> titles;
  std::size_t total = kGap * (widths.size() - 1);
  for (const Column& column : table.columns) titles.push_back(column.title);
  for (const std::size_t width : widths) total += width;
  add_cells(page, titles, table, widths);
  const auto rule = [&] {
    for (std::size_t i = 0; i < total; ++i) page += "─";
    page += "\n";
  };
  rule();
  bool totals = false;
  for (const Line& line : table.lines) {
    if (line.total && !totals) rule();
    totals = line.total;
    add_cells(page, line.cells, table, widths);
  }
}

// What a terminal has no room for: how many ride along.
Table narrow_funnel(const Report& report) {
  Table table = funnel_table(report);
  const auto riding = std::find_if(table.columns.begin(), table.columns.end(),
                                   [](const Column& column) { return column.title == "riding"; });
  const auto at = riding - table.columns.begin();
  table.columns.erase(riding);
  for (Line& line : table.lines) line.cells.erase(line.cells.begin() + at);
  return table;
}

}  // namespace

std::string report_terminal(std::string_view report_json) {
  const Report report = read_report(report_json);
  std::string page;
  if (!report.title.empty()) page += wrapped(report.title) + "\n";
  if (report.stages.empty()) {
    page += "This report holds no stages.\n";
  } else {
    add_table(page, narrow_funnel(report));
  }
  bool simulated = false;
  for (const Stage& stage : report.stages) simulated = simulated || stage.simulated;
  if (simulated) page += "* The users of this stage were simulated.\n";
  for (const std::string& text : {report.decision, truth_words(report)}) {
    if (!text.empty()) page += "\n" + wrapped(text);
  }
  return page;
}

}  // namespace tamis::sift
