#include "tamis/sift/report.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "tamis/sift/report_text.h"

namespace tamis::sift {
namespace {

using nlohmann::json;

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(TAMIS_SOURCE_DIR) + "/tests/sift/fixtures/report_" + name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

// The page without the programs inlined into it.
std::string body_of(const std::string& html) {
  const std::size_t begin = html.find("<main>"), end = html.find("</main>");
  return html.substr(begin, end - begin);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Columns of a line: characters, and one more for each of the wide range the tests use.
std::size_t columns(const std::string& line) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if ((byte & 0xc0) == 0x80) continue;
    count += byte >= 0xe4 && byte <= 0xe9 ? 2 : 1;
  }
  return count;
}

json small_report() {
  return json::parse(R"({
    "tamis": "0.1.0", "command": "sift", "seed": 7, "title": "T", "incumbent": "inc", "sanity": "rnd", "ship": "good",
    "decision": "Ship good.", "data": {"simulated": false},
    "stages": [{"kind": "ab", "simulated": true, "metric": "clicks", "entered": 4, "kept": 3, "dropped": 1,
                "riding": 2, "users": 1234567, "cost": {"users": 9000, "days": 14}}],
    "cost": {"funnel": {"users": 9000, "days": 14}, "ab_for_all": {"users": 1200000, "days": 400}},
    "candidates": [
      {"name": "inc", "stages": [{"kind": "ab", "estimate": 0, "low": 0, "high": 0, "decision": "rides"}]},
      {"name": "bad", "stages": [{"kind": "ab", "estimate": -0.5, "low": -0.75, "high": -0.25, "p": 0.00004,
                                  "decision": "dropped", "why": "dropped by the cap of 2 although it overlaps"}]},
      {"name": "good", "stages": [{"kind": "ab", "estimate": 0.0312, "low": 0.02, "high": 0.0424, "p": 0.042,
                                   "decision": "shipped", "why": "best"}]},
      {"name": "rnd", "stages": [{"kind": "ab", "estimate": null, "why": "no users", "decision": "rides"}]}]})");
}

TEST(ReportNumbers, AreWrittenForPeople) {
  EXPECT_EQ(pages::count(1300000.0), "1,300,000");
  EXPECT_EQ(pages::count(999.0), "999");
  EXPECT_EQ(pages::count(1000.0), "1,000");
  EXPECT_EQ(pages::count(-1234.5), "-1,234.5");
  EXPECT_EQ(pages::count(std::nullopt), "–");
  EXPECT_EQ(pages::plain(0.031234), "0.0312");
  EXPECT_EQ(pages::plain(12.345), "12.3");
  EXPECT_EQ(pages::plain(123456.7), "123,457");
  EXPECT_EQ(pages::plain(0.0), "0");
  EXPECT_EQ(pages::plain(1.5e-9), "1.50e-09");
  EXPECT_EQ(pages::probability(0.0009), "< 0.001");
  EXPECT_EQ(pages::probability(0.0421), "0.042");
}

TEST(ReportNumbers, DifferencesShareTheirDecimalsAndCarrySigns) {
  const auto wide = pages::difference(0.031, -0.002, 0.4);
  EXPECT_EQ(wide.estimate, "+0.031");
  EXPECT_EQ(wide.interval, "[-0.002, +0.400]");
  const auto share = pages::difference(0.12, 0.08, 0.16, true);
  EXPECT_EQ(share.estimate, "+12.0 %");
  EXPECT_EQ(share.interval, "[+8.0, +16.0] %");
  EXPECT_EQ(pages::difference(0.0, 0.0, 0.0).estimate, "0");
  EXPECT_EQ(pages::difference(-0.00001, -1.0, 1.0).estimate, "0.00");
  EXPECT_EQ(pages::difference(std::nullopt, 0.1, std::nullopt).interval, "–");
}

TEST(ReportNumbers, MinusIsSetOnlyBeforeNumbers) {
  EXPECT_EQ(pages::typographic("-0.5 on 2024-01-02, item-knn [-1, 2] %"),
            "−0.5 on 2024-01-02, item-knn [−1, 2]\u00a0%");
}

TEST(ReportRows, AreSortedByEstimateWithTheUnmeasuredLast) {
  const auto report = pages::read_report(small_report().dump());
  const auto rows = pages::rows_at(report, 0);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].candidate->name, "good");
  EXPECT_EQ(rows[1].candidate->name, "inc");
  EXPECT_EQ(rows[2].candidate->name, "bad");
  EXPECT_EQ(rows[3].candidate->name, "rnd");
  EXPECT_EQ(rows[2].measure->fate, pages::Fate::kCapped);
}

TEST(ReportRows, TheCapIsTakenFromItsKeyBeforeTheWords) {
  json report = small_report();
  report["candidates"][1]["stages"][0]["by_cap"] = false;
  EXPECT_EQ(pages::read_report(report.dump()).candidates[1].stages[0].fate, pages::Fate::kDropped);
  report["candidates"][1]["stages"][0] = {
      {"kind", "ab"}, {"decision", "dropped"}, {"by_cap", true}, {"why", "place 9"}};
  EXPECT_EQ(pages::read_report(report.dump()).candidates[1].stages[0].fate, pages::Fate::kCapped);
}

TEST(ReportRows, ASecondStageOfAKindTakesTheSecondMeasure) {
  json twice = small_report();
  twice["stages"].push_back(twice["stages"][0]);
  json second = twice["candidates"][2]["stages"][0];
  second["estimate"] = 0.5;
  twice["candidates"][2]["stages"].push_back(second);
  const auto report = pages::read_report(twice.dump());
  ASSERT_EQ(pages::rows_at(report, 0).size(), 4u);
  ASSERT_EQ(pages::rows_at(report, 1).size(), 1u);
  EXPECT_EQ(pages::rows_at(report, 1)[0].measure->estimate, 0.5);
}

TEST(ReportHtml, TellsTheWholeStoryInOrder) {
  const std::string text = fixture("normal");
  const json report = json::parse(text);
  const std::string body = body_of(report_html(text));
  std::size_t at = 0;
  for (const char* part : {"<h1>Thirty recommenders", "class=\"decision\">Ship ", "<h2>The funnel", "<h2>What it costs",
                           "<h2>Offline", "<h2>Replay", "<h2>Interleaving", "<h2>A/B test", "<h2>Sanity check",
                           "<h2>Lift over", "<h2>The truth", "<h2>Every candidate", "<h2>Notes", "<h2>Data, conv"}) {
    const std::size_t found = body.find(part, at);
    ASSERT_NE(found, std::string::npos) << part;
    at = found;
  }
  for (const json& candidate : report["candidates"]) {
    EXPECT_TRUE(holds(body, candidate["name"].get<std::string>())) << candidate["name"];
    for (const json& stage : candidate["stages"]) EXPECT_TRUE(holds(body, stage["why"].get<std::string>()));
  }
  // Two of cost, four stages, the lift and the truth.
  EXPECT_EQ(times(body, "<figure class=\"chart\">"), 8u);
  // Simulated stages say so, each of them.
  EXPECT_EQ(times(body, "class=\"banner\">These users were simulated: "), 4u);
  // One mark a candidate in each row of the funnel.
  const std::string funnel = body.substr(body.find("<ol class=\"funnel\">"), body.find("</ol>") - body.find("<ol "));
  std::size_t entered = 0;
  for (const json& stage : report["stages"]) entered += stage["entered"].get<std::size_t>();
  EXPECT_EQ(times(funnel, "role=\"img\""), entered);
  EXPECT_TRUE(holds(body, "A/B for all 30"));
  EXPECT_TRUE(holds(body, "630,000"));
}

TEST(ReportHtml, NothingShippedAndNoTruth) {
  const std::string body = body_of(report_html(fixture("logs")));
  EXPECT_TRUE(holds(body, "Nothing is shipped: the incumbent stays"));
  EXPECT_TRUE(holds(body, "No lift to report: nothing is shipped"));
  EXPECT_FALSE(holds(body, "<h2>The truth"));
  EXPECT_EQ(times(body, "class=\"banner\">These users were simulated: they were fitted"), 2u);
  EXPECT_EQ(times(body, "<figure class=\"chart\">"), 6u);
}

TEST(ReportHtml, WhatComesFromOutsideIsEscaped) {
  const std::string body = body_of(report_html(fixture("hostile")));
  for (const char* raw : {"<img", "<b>", "<script>window", "</script><script>", "<!--", "<at all>", "<zero>", "<both>",
                          "<ties>", "<i>", "<per>", "<shipped>"}) {
    EXPECT_FALSE(holds(body, raw)) << raw;
  }
  EXPECT_TRUE(
      holds(body, "&lt;img src=x onerror=window.hacked=2&gt; &amp; &quot;quoted&quot; &#39;title&#39; 推荐系统"));
  EXPECT_TRUE(holds(body, "\\u003c/script\\u003e\\u003cscript\\u003ewindow.hacked=1"));
  EXPECT_TRUE(holds(body, "中文&quot;名字&quot; &amp; &lt;b&gt;bold&lt;/b&gt;"));
  EXPECT_TRUE(holds(body, "This report holds no stages."));
  EXPECT_TRUE(holds(body, "no user has &lt;both&gt; a click &amp; a non-click"));
  EXPECT_TRUE(holds(body, "No lift to report: nothing was &lt;shipped&gt;."));
}

TEST(ReportHtml, HostileNamesInChartsStayJson) {
  json report = small_report();
  const std::string name = "</script>\"'&<b>\\ {b} 中文\n\u2028";
  report["candidates"][2]["name"] = name;
  report["ship"] = name;
  const std::string body = body_of(report_html(report.dump()));
  const std::string open = "<script type=\"application/json\">";
  std::size_t charts = 0, named = 0;
  for (std::size_t at = body.find(open); at != std::string::npos; at = body.find(open, at + 1)) {
    const std::size_t begin = at + open.size();
    const std::string text = body.substr(begin, body.find("</script>", begin) - begin);
    const json option = json::parse(text);
    ++charts;
    for (const json& row : option["yAxis"]["data"]) named += row["value"] == name;
  }
  EXPECT_EQ(charts, 3u);
  EXPECT_EQ(named, 1u);
}

TEST(ReportHtml, TheSanityArmFarOffDoesNotSqueezeTheOthers) {
  json report = small_report();
  report["candidates"][3]["stages"][0] = {
      {"kind", "ab"}, {"estimate", -40.0}, {"low", -41.0}, {"high", -39.0}, {"decision", "rides"}};
  const auto parsed = pages::read_report(report.dump());
  const json option = json::parse(pages::stage_chart(parsed, 0).option);
  EXPECT_GT(option["xAxis"]["min"].get<double>(), -3.0);
  EXPECT_LE(option["xAxis"]["min"].get<double>(), -0.75);
  EXPECT_TRUE(holds(option.dump(), "off the picture, at −40.0"));
}

TEST(ReportHtml, AStageWithoutOneEstimateHasATableAndNoChart) {
  json report = small_report();
  for (json& candidate : report["candidates"]) {
    for (const char* key : {"estimate", "low", "high"}) candidate["stages"][0][key] = nullptr;
  }
  const std::string body = body_of(report_html(report.dump()));
  EXPECT_EQ(times(body, "<figure class=\"chart\">"), 2u);
  EXPECT_TRUE(holds(body, "for want of an estimate: 4 of 4"));
  EXPECT_TRUE(holds(body, "no users"));
}

TEST(ReportMarkdown, HoldsEveryTable) {
  const std::string text = fixture("normal");
  const std::string page = report_markdown(text);
  EXPECT_EQ(page.compare(0, 37, "# Thirty recommenders for a news feed"), 0);
  for (const char* part :
       {"| Offline \\* | ndcg@10 | 30 | 17 | 13 | 2 | 4,000 | 0 | 0 |", "**A/B for all 30**", "## Sanity check",
        "## The truth", "## Conventions", "## Inputs", "> These users were simulated: "}) {
    EXPECT_TRUE(holds(page, part)) << part;
  }
  const json report = json::parse(text);
  for (const json& candidate : report["candidates"]) {
    EXPECT_TRUE(holds(page, candidate["name"].get<std::string>())) << candidate["name"];
  }
}

TEST(ReportMarkdown, EveryRowOfATableHasItsColumns) {
  for (const char* name : {"normal", "logs", "hostile"}) {
    std::size_t width = 0;
    for (const std::string& line : lines_of(report_markdown(fixture(name)))) {
      if (line.empty() || line[0] != '|') {
        width = 0;
        continue;
      }
      const std::size_t bars = times(line, "|") - times(line, "\\|");
      if (width == 0) width = bars;
      EXPECT_EQ(bars, width) << name << ": " << line;
    }
  }
}

TEST(ReportMarkdown, EscapesHtmlAndMarkup) {
  const std::string page = report_markdown(fixture("hostile"));
  EXPECT_FALSE(holds(page, "<script>"));
  EXPECT_FALSE(holds(page, "<img"));
  EXPECT_FALSE(holds(page, "[link]("));
  EXPECT_TRUE(holds(page, "\\*stars\\* \\_under\\_ \\[link\\]"));
  EXPECT_TRUE(holds(page, "a\\|b &amp; \\`c\\`"));
  EXPECT_FALSE(holds(page, "\x1b"));
}

TEST(ReportTerminal, FitsAHundredColumnsAndEndsWithTheDecision) {
  for (const char* name : {"normal", "logs", "hostile"}) {
    for (const std::string& line : lines_of(report_terminal(fixture(name)))) EXPECT_LE(columns(line), 100u) << line;
  }
  const std::string text = report_terminal(small_report().dump());
  const auto lines = lines_of(text);
  ASSERT_GT(lines.size(), 8u);
  EXPECT_EQ(lines[0], "T");
  // Widths by the longest cell ("A/B for all 4" is 13, "clicks" 6, "1,234,567" 9), two columns between.
  EXPECT_EQ(lines[2], "stage          metric  entered  kept  dropped      users  cost, users  cost, days");
  EXPECT_EQ(lines[4], "A/B test *     clicks        4     3        1  1,234,567        9,000          14");
  EXPECT_EQ(lines[7], "A/B for all 4                                               1,200,000         400");
  EXPECT_TRUE(holds(text, "* The users of this stage were simulated.\n"));
  EXPECT_EQ(lines.back(), "Ship good.");
}

TEST(ReportTerminal, TellsTheTruthWhereItIsKnown) {
  EXPECT_FALSE(holds(report_terminal(fixture("logs")), "true best"));
  json report = small_report();
  report["truth"] = {{"true_best", "bad"},
                     {"rank_of_shipped", 2},
                     {"regret", 0.25},
                     {"gap", 2.5},
                     {"regret_share", 0.1},
                     {"unit", "clicks per user"},
                     {"values", {{{"name", "bad"}, {"value", 3}}, {{"name", "good"}, {"value", 2.75}}}}};
  // The line before it is filled to its hundredth column.
  EXPECT_EQ(lines_of(report_terminal(report.dump())).back(),
            "the 2.50 that lie between the incumbent and the true best.");
  EXPECT_TRUE(
      holds(report_terminal(report.dump()),
            "The true best is bad; good is number 2 of 2 in truth. The regret is 0.250 clicks per user, 10.0 % of\n"));
  report["truth"]["true_best"] = "good";
  EXPECT_TRUE(holds(report_terminal(report.dump()), "The true best is good, the one shipped."));
}

TEST(ReportTerminal, AlignsWideCharactersAndBreaksLongLines) {
  json report = small_report();
  report["stages"][0]["metric"] = "点击次数";
  std::string wide;
  for (int i = 0; i < 120; ++i) wide += "推";
  report["title"] = wide;
  report["decision"] = "Ship " + wide;
  const auto lines = lines_of(report_terminal(report.dump()));
  std::vector<std::size_t> rows;
  for (const std::string& line : lines) {
    EXPECT_LE(columns(line), 100u) << line;
    if (holds(line, "entered") || holds(line, "1,234,567")) rows.push_back(columns(line));
  }
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], rows[1]);
  EXPECT_EQ(times(report_terminal(report.dump()), "推"), 240u);
}

TEST(ReportTerminal, ALongMetricGivesWay) {
  json report = small_report();
  report["stages"][0]["metric"] = std::string(300, 'm');
  const std::string text = report_terminal(report.dump());
  for (const std::string& line : lines_of(text)) EXPECT_LE(columns(line), 100u) << line;
  EXPECT_TRUE(holds(text, "mmm…"));
}

TEST(ReportTerminal, ControlCharactersNeverReachTheTerminal) {
  json report = small_report();
  report["title"] = "a\x1b[2Jb\x07 \u009bc\u202ed";
  report["decision"] = "one\r\ntwo";
  const std::string text = report_terminal(report.dump());
  EXPECT_EQ(lines_of(text)[0], "a?[2Jb? ?c?d");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Report, TimesMemoryAndThreadsAreInNoFace) {
  json report = json::parse(fixture("normal"));
  const std::string before = report.dump();
  report["threads"] = 77;
  report["elapsed_s"] = 98765.4;
  report["peak_rss_mb"] = 87654.3;
  const std::string after = report.dump();
  EXPECT_EQ(report_html(before), report_html(after));
  EXPECT_EQ(report_markdown(before), report_markdown(after));
  EXPECT_EQ(report_terminal(before), report_terminal(after));
}

TEST(Report, WhatIsNotAReportIsTheCallersFault) {
  for (const char* text :
       {"", "{", "[]", "null", "17", "{}", R"({"command": "metrics"})", R"({"command": 7})", R"({"command": "sift"})",
        R"({"command": "sift", "stages": []})", R"({"command": "sift", "stages": {}, "candidates": []})",
        R"({"command": "sift", "stages": [7], "candidates": []})",
        R"({"command": "sift", "stages": [], "candidates": [{"family": "x"}]})",
        R"({"command": "sift", "stages": [{"kind": "ab", "users": 1e999}], "candidates": []})",
        "{\"command\": \"sift\", \"title\": \"\xff\", \"stages\": [], \"candidates\": []}"}) {
    EXPECT_THROW(report_html(text), std::invalid_argument) << text;
    EXPECT_THROW(report_markdown(text), std::invalid_argument) << text;
    EXPECT_THROW(report_terminal(text), std::invalid_argument) << text;
  }
}

TEST(Report, AWrongTypeIsNamedByItsKey) {
  json report = small_report();
  report["stages"][0]["cost"]["users"] = "many";
  try {
    report_terminal(report.dump());
    FAIL() << "accepted";
  } catch (const std::invalid_argument& problem) {
    EXPECT_STREQ(problem.what(), "[report] key \"stages[0].cost.users\" holds string; accepted: a number or null");
  }
}

TEST(Report, TheLeastReportHasThreeFaces) {
  const std::string least = R"({"command": "sift", "stages": [], "candidates": []})";
  EXPECT_TRUE(holds(report_html(least), "This report holds no stages."));
  EXPECT_TRUE(holds(report_markdown(least), "This report holds no stages."));
  EXPECT_TRUE(holds(report_terminal(least), "This report holds no stages."));
}

}  // namespace
}  // namespace tamis::sift
