#include <cctype>

#include "tamis/sift/report.h"
#include "tamis/sift/report_text.h"

namespace tamis::sift {

namespace {

using namespace pages;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80;
}

// Everything Markdown or HTML inside it could take for more than text; an underscore inside a word is text already.
std::string escaped(std::string_view text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool inside = i > 0 && i + 1 < text.size() && is_word(text[i - 1]) && is_word(text[i + 1]);
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      safe += ' ';
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '>') {
      safe += "&gt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else if (std::string_view("\\`*[]|#~").find(c) != std::string_view::npos || (c == '_' && !inside)) {
      safe.append("\\").append(1, c);
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string cell(const std::string& text, Kind kind) {
  // A plain name reads best as code; any other goes as escaped text, where a stray ` or | does no harm.
  const bool simple = !text.empty() && text.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789_-.+") == std::string::npos;
  return kind == Kind::kName && simple ? "`" + text + "`" : escaped(text);
}

void add_table(std::string& page, const Table& table) {
  if (table.lines.empty()) return;
  for (const Column& column : table.columns) page.append("| ").append(escaped(column.title)).append(" ");
  page.append("|\n");
  for (const Column& column : table.columns) page.append(column.kind == Kind::kNumber ? "|---:" : "|---");
  page.append("|\n");
  for (const Line& line : table.lines) {
    for (std::size_t c = 0; c < line.cells.size(); ++c) {
      const std::string text = cell(line.cells[c], table.columns[c].kind);
      page.append("| ").append(line.total && c == 0 ? "**" + text + "**" : text).append(" ");
    }
    page.append("|\n");
  }
  page.append("\n");
}

void add_text(std::string& page, const std::string& text) {
  if (!text.empty()) page.append(escaped(text)).append("\n\n");
}

void add_stage(std::string& page, const Report& report, std::size_t index) {
  const Stage& stage = report.stages[index];
  page.append("## ").append(escaped(stage_name(stage.kind)));
  if (!stage.metric.empty()) page.append(": ").append(escaped(stage.metric));
  page.append("\n\n");
  add_text(page, stage_words(stage.kind));
  const std::string simulated = simulated_words(report, stage);
  if (!simulated.empty()) page.append("> ").append(escaped(simulated)).append("\n\n");
  if (!stage.unit.empty()) add_text(page, "Unit: " + stage.unit + ".");
  add_text(page, capital(method_words(stage)));
  add_table(page, stage_table(report, index));
  add_table(page, steps_table(stage));
}

void add_list(std::string& page, const std::vector<std::string>& items) {
  for (const std::string& item : items) page.append("- ").append(escaped(item)).append("\n");
  if (!items.empty()) page.append("\n");
}

void add_checks(std::string& page, const Report& report) {
  if (!report.sanity_check.empty()) {
    page.append("## Sanity check\n\n");
    add_text(page, "A family whose interval is not apart from that of " + report.sanity + " has shown nothing.");
    add_table(page, sanity_table(report));
  }
  if (report.lift.given) {
    page.append("## Lift over the incumbent\n\n");
    add_text(page, lift_words(report));
    if (report.lift.estimate || report.lift.naive) {
      if (!report.lift.unit.empty()) add_text(page, "Unit: " + report.lift.unit + ".");
      add_table(page, lift_table(report));
    }
  }
  if (report.sample_ratio.given) {
    page.append("## Sample ratio\n\n");
    add_text(page, sample_ratio_words(report));
    add_table(page, sample_ratio_table(report));
  }
  if (report.truth.given) {
    page.append("## The truth\n\n");
    add_text(page, truth_words(report));
    add_table(page, truth_table(report));
  }
}

}  // namespace

std::string report_markdown(std::string_view report_json) {
  const Report report = read_report(report_json);
  std::string page = "# " + escaped(report.title.empty() ? "Tamis sift" : report.title) + "\n\n";
  if (!report.decision.empty()) page.append("**").append(escaped(report.decision)).append("**\n\n");
  page.append("## The funnel\n\n");
  add_table(page, funnel_table(report));
  bool simulated = false;
  for (const Stage& stage : report.stages) simulated = simulated || stage.simulated;
  if (report.stages.empty()) add_text(page, "This report holds no stages.");
  if (simulated) page.append("\\* The users of this stage were simulated.\n\n");
  for (std::size_t i = 0; i < report.stages.size(); ++i) add_stage(page, report, i);
  page.append("## What became of every candidate\n\n");
  add_table(page, outcome_table(report));
  add_checks(page, report);
  const std::vector<std::string> notes = all_notes(report);
  if (!notes.empty()) page.append("## Notes\n\n");
  add_list(page, notes);
  if (report.data.given) page.append("## Data\n\n");
  add_table(page, data_table(report));
  if (!report.conventions.empty()) page.append("## Conventions\n\n");
  add_table(page, conventions_table(report));
  if (!report.inputs.empty()) page.append("## Inputs\n\n");
  add_table(page, inputs_table(report));
  page.append(escaped(made_with(report))).append("\n");
  return page;
}

}  // namespace tamis::sift
