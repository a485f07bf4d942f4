#pragma once

#include <string>
#include <string_view>

namespace tamis::sift {

/// The three faces of a finished run, each made from the text of report.json alone (docs/formats/report.md), so that a
/// report can be made again without the run. Times, memory and the number of threads are left out of all three: the
/// same run gives the same pages.
/// Throws invalid_argument if the text is not a report.
std::string report_html(std::string_view report_json);
std::string report_markdown(std::string_view report_json);
/// The funnel as a table for a terminal, at most 100 columns wide, with the decision in two sentences below it.
std::string report_terminal(std::string_view report_json);

}  // namespace tamis::sift
