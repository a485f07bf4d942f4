#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/page.h"
#include "tamis/sift/report.h"
#include "tamis/sift/report_text.h"

namespace tamis::sift {

namespace {

using namespace pages;

std::string number_html(const std::string& text) {
  return escape_html(typographic(text));
}

std::string paragraph(const std::string& text, const char* style = nullptr) {
  if (text.empty()) return "";
  return (style ? fmt::format("<p class=\"{}\">", style) : "<p>") + number_html(text) + "</p>";
}

const char* fate_class(Fate fate) {
  switch (fate) {
    case Fate::kKept:
      return "kept";
    case Fate::kDropped:
      return "dropped";
    case Fate::kCapped:
      return "capped";
    case Fate::kRides:
      return "rides";
    case Fate::kShipped:
      return "shipped";
    case Fate::kUnknown:
      break;
  }
  return "plain";
}

std::string mark_svg(const char* style, Fate shape, const std::string& title = "") {
  const std::string name = title.empty() ? "" : "<title>" + escape_html(title) + "</title>";
  return fmt::format("<svg class=\"mark {}\" viewBox=\"0 0 24 24\"{}>{}<path d=\"{}\"/></svg>", style,
                     title.empty() ? " aria-hidden=\"true\"" : " role=\"img\"", name, mark_path(shape));
}

std::string mark_svg(Fate fate, const std::string& title = "") {
  return mark_svg(fate_class(fate), fate, title);
}

std::string cell_html(const Line& line, const Table& table, std::size_t c) {
  const Column& column = table.columns[c];
  const bool number = column.kind == Kind::kNumber;
  const char* style = number                       ? "number"
                      : column.kind == Kind::kName ? "name"
                      : column.kind == Kind::kLong ? "text long"
                                                   : "text";
  const std::string mark = column.kind == Kind::kName && line.fate != Fate::kUnknown ? mark_svg(line.fate) : "";
  return fmt::format("<td class=\"{}{}\">{}{}</td>", style, mark.empty() ? "" : " marked", mark,
                     number ? number_html(line.cells[c]) : escape_html(line.cells[c]));
}

std::string table_html(const Table& table) {
  if (table.lines.empty()) return "";
  std::string html = "<div class=\"table\" tabindex=\"0\"><table><thead><tr>";
  for (const Column& column : table.columns) {
    html += column.kind == Kind::kNumber ? "<th class=\"number\">" : "<th>";
    html += escape_html(column.title) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const Line& line : table.lines) {
    html += fmt::format("<tr class=\"{}{}\">", fate_class(line.fate), line.total ? " total" : "");
    for (std::size_t c = 0; c < line.cells.size(); ++c) html += cell_html(line, table, c);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string details_html(const std::string& summary, const std::string& inside) {
  return inside.empty() ? "" : "<details><summary>" + escape_html(summary) + "</summary>\n" + inside + "</details>";
}

std::string list_html(const std::vector<std::string>& items) {
  if (items.empty()) return "";
  std::string html = "<ul>\n";
  for (const std::string& item : items) html += "<li>" + escape_html(item) + "</li>\n";
  return html + "</ul>";
}

std::string figure_html(const std::string& name, const std::string& value, const std::string& small) {
  return fmt::format("<div><dt>{}</dt><dd>{}{}</dd></div>\n", escape_html(name), value,
                     small.empty() ? "" : "<small>" + small + "</small>");
}

// A cost beside what the A/B test for all would have cost.
std::string cost_figure(const Report& report, const char* name, Number funnel, Number all) {
  if (!funnel) return "";
  std::string beside;
  if (all) {
    beside = fmt::format("A/B for {}: {}", how_many(report), count(all));
    if (*funnel > 0 && *all > *funnel) beside += fmt::format(", {:.3g} times as many", *all / *funnel);
  }
  return figure_html(name, number_html(count(funnel)), escape_html(beside));
}

void add_head(Page& page, const Report& report) {
  page.html("<h1>" + escape_html(report.title.empty() ? "Tamis sift" : report.title) + "</h1>");
  std::string lead = fmt::format("{} candidates, {} stages", report.candidates.size(), report.stages.size());
  if (!report.incumbent.empty()) lead += ", over the incumbent " + report.incumbent;
  page.html(paragraph(lead + ".", "lead"));
  page.html("<p class=\"decision\">" +
            number_html(report.decision.empty() ? "This report holds no decision." : report.decision) + "</p>");
  std::string figures = "<dl class=\"figures\">\n";
  figures += report.ship.empty() ? figure_html("Ship", "nothing", "the incumbent stays")
                                 : figure_html("Ship", escape_html(report.ship), "");
  if (report.lift.given && report.lift.estimate) {
    const Difference lift =
        difference(report.lift.estimate, report.lift.low, report.lift.high, is_relative(report.lift.unit));
    figures += figure_html("Lift on fresh users", number_html(lift.estimate), number_html(lift.interval));
  }
  figures += cost_figure(report, "Users the funnel takes", report.funnel_cost.users, report.ab_for_all_cost.users);
  figures += cost_figure(report, "Days the funnel takes", report.funnel_cost.days, report.ab_for_all_cost.days);
  page.html(figures + "</dl>");
}

// The marks of one stage: those that pass in the middle, half of the dropped on either side.
std::string marks_html(const Report& report, std::size_t index) {
  std::string passed;
  std::vector<std::string> dropped;
  for (const Row& row : rows_at(report, index)) {
    const Fate fate = row.measure->fate;
    const std::string mark = mark_svg(fate, row.candidate->name + ": " + fate_name(*row.measure));
    if (fate == Fate::kDropped || fate == Fate::kCapped || fate == Fate::kUnknown) {
      dropped.push_back(mark);
    } else {
      passed += mark;
    }
  }
  std::string left, right;
  for (std::size_t i = 0; i < dropped.size(); ++i) {
    // The best of the dropped stand nearest to the kept.
    if (i % 2 == 0) {
      right += dropped[i];
    } else {
      left = dropped[i] + left;
    }
  }
  return left + passed + right;
}

// What the marks mean, as far as they occur.
std::string key_html(const std::vector<Row>& rows) {
  std::string key = "<ul class=\"key\">";
  for (const auto& [fate, words] :
       {std::pair{Fate::kShipped, "shipped"}, std::pair{Fate::kKept, "kept"}, std::pair{Fate::kDropped, "dropped"},
        std::pair{Fate::kCapped, "dropped by the cap, though its interval overlaps"},
        std::pair{Fate::kRides, "rides along (incumbent, sanity arm)"}}) {
    const auto is_it = [wanted = fate](const Row& row) { return row.measure->fate == wanted; };
    if (std::any_of(rows.begin(), rows.end(), is_it)) key += "<li>" + mark_svg(fate) + words + "</li>";
  }
  return key + "</ul>";
}

void add_funnel(Page& page, const Report& report) {
  page.html("<h2>The funnel</h2>");
  if (report.stages.empty()) {
    page.html(paragraph("This report holds no stages."));
    return;
  }
  std::string html = "<ol class=\"funnel\">\n";
  for (std::size_t i = 0; i < report.stages.size(); ++i) {
    const Stage& stage = report.stages[i];
    const std::string more =
        stage.metric + (stage.simulated ? (stage.metric.empty() ? "simulated" : ", simulated") : "");
    html += fmt::format(
        "<li><div class=\"name\">{}<span>{}</span></div><div class=\"marks\">{}</div>"
        "<div class=\"count\">{} → {}<span>{} dropped</span></div>"
        "<div class=\"neck\" style=\"--entered:{};--kept:{}\"></div></li>\n",
        escape_html(stage_name(stage.kind)), escape_html(more), marks_html(report, i), count(stage.entered),
        count(stage.kept), count(stage.dropped), std::clamp(stage.entered.value_or(0), 0.0, 1e3),
        std::clamp(stage.kept.value_or(0), 0.0, 1e3));
  }
  html += report.ship.empty() ? "<li class=\"end\">Nothing is shipped: the incumbent stays</li>\n"
                              : "<li class=\"end\">" + mark_svg(Fate::kShipped) + escape_html(report.ship) + "</li>\n";
  page.html(html + "</ol>");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < report.stages.size(); ++i) {
    for (const Row& row : rows_at(report, i)) rows.push_back(row);
  }
  page.html(key_html(rows));
  page.html(details_html("The funnel as a table", table_html(funnel_table(report))));
}

void add_cost(Page& page, const Report& report) {
  const Chart users = cost_chart(report, false), days = cost_chart(report, true);
  if (users.option.empty() && days.option.empty()) return;
  page.html("<h2>What it costs</h2>");
  page.html(paragraph("Traffic spent, stage by stage, against an A/B test with an arm for " + how_many(report) +
                      ", as large as the last stage's and at its traffic a day."));
  page.html("<div class=\"pair\">");
  for (const auto& [chart, name] : {std::pair{&users, "Users"}, std::pair{&days, "Days"}}) {
    if (chart->option.empty()) continue;
    page.html(fmt::format("<div><h3>{}</h3>", name));
    page.chart(chart->option, chart->height, fmt::format("{} each stage costs; the table below has the numbers", name));
    page.html("</div>");
  }
  page.html("</div>");
  page.html(details_html("The costs as a table", table_html(cost_table(report))));
}

void add_stage(Page& page, const Report& report, std::size_t index) {
  const Stage& stage = report.stages[index];
  const std::string metric = stage.metric.empty() ? "" : ": " + stage.metric;
  page.html("<h2>" + escape_html(stage_name(stage.kind) + metric) + "</h2>");
  page.html(paragraph(stage_words(stage.kind)));
  page.html(paragraph(simulated_words(report, stage), "banner"));
  const std::vector<Row> rows = rows_at(report, index);
  const Chart chart = stage_chart(report, index);
  if (!chart.option.empty()) {
    page.html(paragraph(stage.unit.empty() ? "Difference from the incumbent" : capital(stage.unit), "quiet"));
    page.html(key_html(rows));
    page.chart(chart.option, chart.height,
               fmt::format("{}: {} candidates with intervals, best first; the table below has the numbers",
                           stage_name(stage.kind), rows.size()));
  }
  const auto unmeasured =
      std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !row.measure->estimate.has_value(); });
  if (unmeasured > 0) {
    page.html(paragraph(fmt::format("Not in the picture, for want of an estimate: {} of {}; the table says why.",
                                    unmeasured, rows.size()),
                        "quiet"));
  }
  page.html(details_html(fmt::format("Who was kept, who was dropped, and why ({} of {} dropped)", count(stage.dropped),
                                     count(stage.entered)),
                         table_html(stage_table(report, index))));
  page.html(details_html("Day by day", table_html(steps_table(stage))));
  page.html(details_html("How it was measured", paragraph(capital(method_words(stage))) + list_html(stage.notes)));
}

void add_checks(Page& page, const Report& report) {
  if (!report.sanity_check.empty()) {
    page.html("<h2>Sanity check</h2>");
    page.html(paragraph("A family whose interval is not apart from that of " +
                        (report.sanity.empty() ? "the sanity arm" : report.sanity) + " has shown nothing."));
    page.html(table_html(sanity_table(report)));
  }
  if (report.lift.given) {
    page.html("<h2>Lift over the incumbent</h2>");
    page.html(paragraph(lift_words(report)));
    const Chart chart = lift_chart(report);
    if (!chart.option.empty()) {
      page.html(
          paragraph("The best of several flatters itself on the users it was chosen by; only the estimate on "
                    "users not used for choosing is to be believed.",
                    "quiet"));
      page.html(paragraph(capital(report.lift.unit), "quiet"));
      page.chart(chart.option, chart.height, "The naive lift beside the one on fresh users");
      page.html(table_html(lift_table(report)));
    }
  }
  if (report.sample_ratio.given) {
    page.html("<h3>Sample ratio</h3>");
    page.html(paragraph(sample_ratio_words(report)));
    page.html(details_html("Users in each arm", table_html(sample_ratio_table(report))));
  }
}

void add_truth(Page& page, const Report& report) {
  if (!report.truth.given) return;
  page.html("<h2>The truth</h2>");
  page.html(paragraph("In a simulated world the answer is known: every candidate was rolled out to " +
                      (report.truth.users ? count(report.truth.users) + " common users" : "the same users") +
                      (report.truth.days ? " over " + count(report.truth.days) + " days" : "") +
                      ", which the funnel never saw."));
  page.html(paragraph(truth_words(report)));
  const Chart chart = truth_chart(report);
  if (!chart.option.empty()) {
    page.html(paragraph(capital(report.truth.unit), "quiet"));
    page.chart(chart.option, chart.height, "The true value of every candidate; the table below has the numbers");
  }
  page.html(details_html("The true values as a table", table_html(truth_table(report))));
}

void add_end(Page& page, const Report& report) {
  page.html("<h2>Every candidate</h2>");
  page.html(details_html("What each one is, how far it got, and why no further", table_html(outcome_table(report))));
  const std::vector<std::string> notes = all_notes(report);
  if (!notes.empty()) page.html("<h2>Notes</h2>\n" + list_html(notes));
  page.html("<h2>Data, conventions, inputs</h2>");
  page.html(table_html(data_table(report)));
  page.html(table_html(conventions_table(report)));
  page.html(table_html(inputs_table(report)));
  page.html("<footer>" + escape_html(made_with(report)) + "</footer>");
}

}  // namespace

std::string report_html(std::string_view report_json) {
  const Report report = read_report(report_json);
  Page page(report.title.empty() ? "Tamis sift" : report.title);
  add_head(page, report);
  add_funnel(page, report);
  add_cost(page, report);
  for (std::size_t i = 0; i < report.stages.size(); ++i) add_stage(page, report, i);
  add_checks(page, report);
  add_truth(page, report);
  add_end(page, report);
  return page.finish();
}

}  // namespace tamis::sift
