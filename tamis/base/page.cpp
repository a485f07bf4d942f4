#include "tamis/base/page.h"

#include <cstddef>

extern "C" {
extern const char tamis_asset_echarts[];
extern const char tamis_asset_echarts_end[];
extern const char tamis_asset_style[];
extern const char tamis_asset_style_end[];
extern const char tamis_asset_script[];
extern const char tamis_asset_script_end[];
}

namespace tamis {

namespace {

std::string_view asset(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

// Outside its strings JSON has none of these three, and inside them \uXXXX means the same: no string can end the
// <script> it lies in, or open a comment there.
std::string json_for_script(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

// The policy keeps the page what it says it is: one file that asks the network for nothing.
constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
)";

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

Page::Page(std::string title) : title_(std::move(title)) {}

void Page::html(std::string_view markup) {
  body_.append(markup).append("\n");
}

void Page::chart(std::string_view option_json, int height, std::string_view label) {
  ++charts_;
  body_.append("<figure class=\"chart\"><div class=\"canvas\" role=\"img\" style=\"height:")
      .append(std::to_string(height))
      .append("px\" aria-label=\"")
      .append(escape_html(label))
      .append("\"></div>\n<script type=\"application/json\">")
      .append(json_for_script(option_json))
      .append("</script></figure>\n");
}

std::string Page::finish() const {
  std::string file(kHead);
  file.append("<title>").append(escape_html(title_)).append("</title>\n<style>\n");
  file.append(asset(tamis_asset_style, tamis_asset_style_end)).append("</style>\n</head>\n<body>\n<main>\n");
  file.append(body_).append("</main>\n");
  if (charts_ > 0) {
    file.append("<script>").append(asset(tamis_asset_echarts, tamis_asset_echarts_end)).append("</script>\n");
  }
  file.append("<script>\n").append(asset(tamis_asset_script, tamis_asset_script_end)).append("</script>\n");
  file.append("</body>\n</html>\n");
  return file;
}

}  // namespace tamis
