#include "tamis/base/page.h"

namespace tamis {
namespace {

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

TEST(EscapeHtml, EscapesTheFiveCharactersAndNothingElse) {
  EXPECT_EQ(escape_html("<a href=\"x\">Tom & 'Jerry'</a>"),
            "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("推荐 plain"), "推荐 plain");
  EXPECT_EQ(escape_html(""), "");
}

TEST(Page, IsOneFileThatAsksTheNetworkForNothing) {
  Page page("A & B");
  page.html("<p>hello</p>");
  page.chart("{}", 120, "a chart");
  const std::string file = page.finish();
  EXPECT_EQ(file.compare(0, 15, "<!doctype html>"), 0);
  EXPECT_NE(file.find("<title>A &amp; B</title>"), std::string::npos);
  EXPECT_NE(file.find("default-src 'none'"), std::string::npos);
  // All but the two programs, which come last.
  const std::string markup = file.substr(0, file.find("<script>"));
  ASSERT_LT(markup.size(), 100'000u);
  for (const char* part : {"<script src", "rel=\"stylesheet\"", "<img", "<iframe", "@import"}) {
    EXPECT_EQ(markup.find(part), std::string::npos) << part;
  }
  EXPECT_NE(file.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_NE(file.find("<p>hello</p>"), std::string::npos);
  // The two programs and the chart's data; each opened and each closed.
  EXPECT_EQ(times(file, "</script>"), 3u);
}

TEST(Page, AChartsTextCannotEndItsScript) {
  Page page("t");
  page.chart("{\"name\":\"</script><script>alert(1)</script><!-- & \"}", 200, "say \"hi\" <now>");
  const std::string file = page.finish();
  EXPECT_EQ(file.find("alert(1)</script>"), std::string::npos);
  EXPECT_NE(file.find("{\"name\":\"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e\\u003c!-- "
                      "\\u0026 \"}"),
            std::string::npos);
  EXPECT_NE(file.find("aria-label=\"say &quot;hi&quot; &lt;now&gt;\""), std::string::npos);
  EXPECT_NE(file.find("height:200px"), std::string::npos);
}

TEST(Page, WithoutChartsLeavesTheChartLibraryOut) {
  Page page("t");
  page.html("<p>no chart</p>");
  EXPECT_LT(page.finish().size(), 100'000u);
  page.chart("{}", 10, "one");
  EXPECT_GT(page.finish().size(), 500'000u);
}

TEST(Page, SameCallsGiveTheSameBytes) {
  const auto make = [] {
    Page page("t");
    page.chart("{\"a\":1}", 10, "one");
    return page.finish();
  };
  EXPECT_EQ(make(), make());
}

}  // namespace
}  // namespace tamis
