#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Text with the characters of HTML escaped (& < > " ').
std::string escape_html(std::string_view text);

/// One HTML file that opens offline: ECharts, the style sheet and the script of web/ are inlined from the binary.
/// Good in light and dark and from 400 to 1400 pixels. Charts are given as ECharts options in JSON; the script fills in
/// the theme's colours and redraws on resize and on a change of theme.
class Page {
 public:
  explicit Page(std::string title);

  /// Raw HTML, as it is; escape what came from outside.
  void html(std::string_view markup);
  /// A chart: `option_json` is an ECharts option, `height` in CSS pixels, `label` what a screen reader says.
  /// web/report.js adds what JSON cannot say: a colour "var(--kept)" is that of the style sheet; an axis's label
  /// formatter may be "plain", "compact", "signed" or "percent"; a data item's `tip` is a list of tooltip lines.
  void chart(std::string_view option_json, int height, std::string_view label);
  /// The finished file.
  std::string finish() const;

 private:
  std::string title_;
  std::string body_;
  int charts_ = 0;
};

}  // namespace tamis
