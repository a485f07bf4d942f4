#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tamis/base/page.h"
#include "tamis/vectors/cluster/choose.h"

namespace tamis::cluster {

namespace {

using Json = nlohmann::json;

Json axis(const char* name) {
  return {{"type", "value"},
          {"scale", true},
          {"name", name},
          {"nameLocation", "middle"},
          {"nameGap", 34},
          {"nameTextStyle", {{"color", "var(--muted)"}, {"fontSize", 11}}},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"hideOverlap", true}, {"formatter", "compact"}}},
          {"axisLine", {{"onZero", false}, {"lineStyle", {{"color", "var(--line)"}}}}},
          {"splitLine", {{"show", true}, {"lineStyle", {{"color", "var(--grid)"}}}}}};
}

std::string curve(const char* name, const Json& points, const char* colour) {
  return Json({{"grid", {{"left", 40}, {"right", 20}, {"top", 20}, {"bottom", 36}, {"containLabel", true}}},
               {"xAxis", axis("clusters")},
               {"yAxis", axis(name)},
               {"series",
                {{{"type", "line"},
                  {"data", points},
                  {"symbolSize", 6},
                  {"lineStyle", {{"color", colour}, {"width", 2}}},
                  {"itemStyle", {{"color", colour}}}}}}})
      .dump();
}

}  // namespace

std::string choice_page(std::span<const Tried> tried, const std::string& title) {
  Page page("How many clusters");
  page.html("<h1>How many clusters</h1><p class=\"lead\">k-means of " + escape_html(title) +
            ". The elbow is where more clusters stop paying; the silhouette says how much nearer rows lie to their own "
            "cluster than to the next one, from -1 to 1.</p>");
  Json inertia = Json::array(), silhouettes = Json::array();
  std::size_t best = 0;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    inertia.push_back({tried[i].clusters, tried[i].inertia});
    silhouettes.push_back({tried[i].clusters, tried[i].silhouette.mean});
    if (tried[i].silhouette.mean > tried[best].silhouette.mean) best = i;
  }
  page.html("<div class=\"pair\"><div><h3>Inertia</h3>");
  page.chart(curve("inertia", inertia, "var(--kept)"), 300, "Inertia by the number of clusters");
  page.html("</div><div><h3>Silhouette</h3>");
  page.chart(curve("mean silhouette", silhouettes, "var(--shipped)"), 300, "Mean silhouette by the number of clusters");
  page.html(
      "</div></div><div class=\"table\" tabindex=\"0\"><table><thead><tr><th class=\"number\">clusters</th>"
      "<th class=\"number\">inertia</th><th class=\"number\">silhouette</th><th class=\"number\">iterations</th>"
      "<th></th></tr></thead><tbody>\n");
  const std::size_t bend = elbow(tried);
  for (std::size_t i = 0; i < tried.size(); ++i) {
    const Tried& one = tried[i];
    std::string words = tried.size() > 2 && i == bend ? "elbow" : "";
    if (i == best) words += words.empty() ? "best silhouette" : ", best silhouette";
    const std::string error =
        one.silhouette.standard_error > 0 ? fmt::format(" ± {:.4f}", one.silhouette.standard_error) : "";
    page.html(
        fmt::format("<tr><td class=\"number\">{}</td><td class=\"number\">{:.6g}</td>"
                    "<td class=\"number\">{:.4f}{}</td><td class=\"number\">{}{}</td><td>{}</td></tr>\n",
                    one.clusters, one.inertia, one.silhouette.mean, error, one.iterations,
                    one.converged ? "" : ", not converged", words));
  }
  page.html("</tbody></table></div>");
  return page.finish();
}

}  // namespace tamis::cluster
