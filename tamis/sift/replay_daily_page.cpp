#include "tamis/sift/replay_daily_page.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/page.h"

namespace tamis::sift {

namespace {

using Json = nlohmann::json;

const char* colour_of(Cadence cadence) {
  switch (cadence) {
    case Cadence::frozen:
      return "var(--dropped)";
    case Cadence::daily:
      return "var(--kept)";
    case Cadence::hourly:
      return "var(--shipped)";
  }
  return "var(--ink)";
}

std::string text_of(const Score& score) {
  if (!score.value) return "none (" + score.why + ")";
  if (!score.low) return fmt::format("{:.4f} ({})", *score.value, score.why);
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", *score.value, *score.low, *score.high);
}

std::string day_name(const ReplayedDay& day) {
  const std::string text = data::format_time(day.from);
  return text.ends_with(" 00:00:00") ? text.substr(0, 10) : text.substr(0, 16);
}

Json line_of(const DailyReplay& replay, std::size_t cadence, std::size_t candidate) {
  const std::string name(word(replay.cadences[cadence]));
  const char* colour = colour_of(replay.cadences[cadence]);
  Json data = Json::array();
  for (const ReplayedDay& day : replay.days) {
    const Score& score = day.scores[replay.at(cadence, candidate)];
    data.push_back({{"value", score.value ? Json(*score.value) : Json()},
                    {"tip", {name + ", " + day_name(day), text_of(score), fmt::format("{} users", day.users)}}});
  }
  return {{"type", "line"},
          {"name", name},
          {"data", data},
          {"symbol", "circle"},
          {"symbolSize", 7},
          {"color", colour},
          {"lineStyle", {{"color", colour}, {"width", 1.8}}},
          {"itemStyle", {{"color", colour}}}};
}

Json axis(const char* type, bool grid) {
  return {{"type", type},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}}},
          {"axisLine", {{"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", grid}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

std::string chart_of(const DailyReplay& replay, std::size_t candidate) {
  Json series = Json::array(), names = Json::array(), days = Json::array();
  for (std::size_t k = 0; k < replay.cadences.size(); ++k) {
    series.push_back(line_of(replay, k, candidate));
    names.push_back(word(replay.cadences[k]));
  }
  for (const ReplayedDay& day : replay.days) days.push_back(day_name(day));
  Json horizontal = axis("category", false), vertical = axis("value", true);
  horizontal["data"] = days;
  vertical["scale"] = true;
  vertical["axisLabel"]["formatter"] = "plain";
  return Json{{"grid", {{"left", 8}, {"right", 24}, {"top", 34}, {"bottom", 8}, {"containLabel", true}}},
              {"legend",
               {{"data", names},
                {"top", 0},
                {"left", 0},
                {"itemWidth", 18},
                {"textStyle", {{"color", "var(--ink)"}, {"fontSize", 12}}}}},
              {"xAxis", horizontal},
              {"yAxis", vertical},
              {"series", series}}
      .dump();
}

std::string head_of(const std::vector<std::string>& names, std::size_t left) {
  std::string html = "<div class=\"table\" tabindex=\"0\"><table><thead><tr>";
  for (std::size_t i = 0; i < names.size(); ++i)
    html += fmt::format("<th{}>{}</th>", i < left ? "" : " class=\"number\"", escape_html(names[i]));
  return html + "</tr></thead><tbody>\n";
}

std::string staleness_table(const DailyReplay& replay) {
  const std::string fresh(word(replay.cadences[replay.freshest()]));
  std::string html = head_of({"candidate", "cadence", replay.metric, "lost against " + fresh}, 2);
  for (std::size_t c = 0; c < replay.candidates.size(); ++c) {
    for (std::size_t k = 0; k < replay.cadences.size(); ++k) {
      const std::string lost = k == replay.freshest() ? "" : text_of(replay.staleness[replay.at(k, c)]);
      html += fmt::format(
          "<tr><td class=\"name\">{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
          escape_html(replay.candidates[c]), word(replay.cadences[k]),
          escape_html(text_of(replay.scores[replay.at(k, c)])), escape_html(lost));
    }
  }
  return html + "</tbody></table></div>";
}

std::string days_table(const DailyReplay& replay, std::size_t candidate) {
  std::vector<std::string> names = {"day", "lists", "users"};
  for (const Cadence cadence : replay.cadences) names.emplace_back(word(cadence));
  std::string html = head_of(names, 1);
  for (const ReplayedDay& day : replay.days) {
    html += fmt::format("<tr><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>",
                        day_name(day), day.questions, day.users);
    for (std::size_t k = 0; k < replay.cadences.size(); ++k) {
      html += fmt::format("<td class=\"number\">{}</td>", escape_html(text_of(day.scores[replay.at(k, candidate)])));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

}  // namespace

std::string replay_daily_page(const DailyReplay& replay) {
  Page page("Daily replay: " + replay.title);
  page.html("<h1>Daily replay: " + escape_html(replay.title) + "</h1>");
  page.html(fmt::format(
      "<p class=\"lead\">{} candidate{} on {}, {} day{} from {} to {}. Each is fitted on what was known, scored on the "
      "lists of the day, and the day is stepped over. {}, the mean over users with its {:g} % interval (bootstrap over "
      "users).</p>",
      replay.candidates.size(), replay.candidates.size() == 1 ? "" : "s", escape_html(replay.source),
      replay.days.size(), replay.days.size() == 1 ? "" : "s", data::format_time(replay.days.front().from),
      data::format_time(replay.days.back().until), escape_html(replay.metric), 100 * (1 - replay.alpha)));
  page.html("<h2>Over all days</h2>");
  page.html(replay.cadences.size() > 1
                ? "<p class=\"quiet\">Frozen: fitted once, before the first day; daily: at the beginning of each day; "
                  "hourly: "
                  "of each hour. What is lost is the difference to the freshest, user by user.</p>"
                : "<p class=\"quiet\">One cadence was replayed; ask for several to see what staleness costs.</p>");
  page.html(staleness_table(replay));
  for (std::size_t c = 0; c < replay.candidates.size(); ++c) {
    page.html("<h2>" + escape_html(replay.candidates[c]) + "</h2>");
    page.chart(chart_of(replay, c), 260,
               fmt::format("{} of {} by day, a line a cadence; the table below has the numbers", replay.metric,
                           replay.candidates[c]));
    page.html(days_table(replay, c));
  }
  for (const std::string& note : replay.notes) page.html("<p class=\"quiet\">" + escape_html(note) + "</p>");
  return page.finish();
}

std::vector<OutputColumn> replay_daily_table(const DailyReplay& replay) {
  std::vector<OutputColumn> columns(8);
  const char* names[] = {"day", "cadence", "candidate", "questions", "users", "value", "low", "high"};
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i].name = names[i];
  for (const ReplayedDay& day : replay.days) {
    for (std::size_t i = 0; i < day.scores.size(); ++i) {
      columns[0].text.push_back(data::format_time(day.from));
      columns[1].text.emplace_back(word(replay.cadences[i / replay.candidates.size()]));
      columns[2].text.push_back(replay.candidates[i % replay.candidates.size()]);
      columns[3].integer.push_back(static_cast<std::int64_t>(day.questions));
      columns[4].integer.push_back(static_cast<std::int64_t>(day.users));
      columns[5].real.push_back(day.scores[i].value.value_or(NAN));
      columns[6].real.push_back(day.scores[i].low.value_or(NAN));
      columns[7].real.push_back(day.scores[i].high.value_or(NAN));
    }
  }
  return columns;
}

}  // namespace tamis::sift
