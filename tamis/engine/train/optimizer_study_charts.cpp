#include "tamis/engine/train/optimizer_study_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tamis::train {

namespace {

using Json = nlohmann::json;
using Point = std::array<double, 2>;

// Distinct for colour-blind readers too. Source: Okabe and Ito, "Color Universal Design" (2008).
constexpr std::array<const char*, 8> kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                              "#e69f00", "#56b4e9", "#8a929c", "#7a5ea8"};

Json axis(const std::string& name, const char* type = "value") {
  return {{"type", type},
          {"name", name},
          {"nameLocation", "middle"},
          {"nameGap", 30},
          {"scale", true},
          {"nameTextStyle", {{"color", "var(--muted)"}}},
          {"axisLabel", {{"color", "var(--muted)"}, {"fontSize", 11}, {"formatter", "plain"}, {"hideOverlap", true}}},
          {"splitLine", {{"lineStyle", {{"color", "var(--grid)"}}}}}};
}

Json between(Json axis, double low, double high) {
  axis["min"] = low;
  axis["max"] = high;
  return axis;
}

std::string option(Json x, Json y, Json series) {
  y["nameGap"] = 44;
  const Json grid{{"left", 62}, {"right", 18}, {"top", 14}, {"bottom", 48}};
  return Json{{"grid", grid}, {"xAxis", std::move(x)}, {"yAxis", std::move(y)}, {"series", std::move(series)}}.dump();
}

Json line(Json data, const std::string& colour, double width) {
  return {{"type", "line"},
          {"data", std::move(data)},
          {"symbol", "circle"},
          {"symbolSize", 0},
          {"itemStyle", {{"color", colour}}},
          {"lineStyle", {{"color", colour}, {"width", width}}},
          {"emphasis", {{"disabled", true}}}};
}

Json mark(double x, double y, const std::string& name, const std::string& more) {
  return {{"value", {x, y}}, {"symbolSize", 9}, {"tip", {name, more}}};
}

// Where the straight line between two corners of a cell has the loss `level`.
Point crossing(const Point& a, double loss_a, const Point& b, double loss_b, double level) {
  const double share = (level - loss_a) / (loss_b - loss_a);
  return {a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])};
}

// The segments of one line of equal loss: each cell is cut into two triangles, which a level crosses once or not.
Json contour(const StudySurface& surface, double level) {
  Json data = Json::array();
  const auto x = [&](int i) { return surface.low[0] + (surface.high[0] - surface.low[0]) * i / (surface.columns - 1); };
  const auto y = [&](int i) { return surface.low[1] + (surface.high[1] - surface.low[1]) * i / (surface.rows - 1); };
  const auto loss = [&](int column, int row) {
    return surface.losses[static_cast<std::size_t>(row * surface.columns + column)];
  };
  const auto rounded = [](const Point& p) { return Json{std::round(p[0] * 100) / 100, std::round(p[1] * 100) / 100}; };
  const auto triangle = [&](const std::array<std::array<int, 2>, 3>& corners) {
    std::vector<Point> cuts;
    for (std::size_t c = 0; c < 3; ++c) {
      const auto &a = corners[c], &b = corners[(c + 1) % 3];
      const double loss_a = loss(a[0], a[1]), loss_b = loss(b[0], b[1]);
      if ((loss_a < level) == (loss_b < level)) continue;
      cuts.push_back(crossing({x(a[0]), y(a[1])}, loss_a, {x(b[0]), y(b[1])}, loss_b, level));
    }
    if (cuts.size() != 2) return;
    data.push_back(rounded(cuts[0]));
    data.push_back(rounded(cuts[1]));
    data.push_back({"-", "-"});
  };
  for (int row = 0; row + 1 < surface.rows; ++row) {
    for (int column = 0; column + 1 < surface.columns; ++column) {
      triangle({{{column, row}, {column + 1, row}, {column, row + 1}}});
      triangle({{{column + 1, row + 1}, {column + 1, row}, {column, row + 1}}});
    }
  }
  return data;
}

double round4(double value) {
  return std::round(value * 1e4) / 1e4;
}

}  // namespace

std::string study_colour(std::size_t i) {
  return kColours[i % kColours.size()];
}

std::string runs_chart(const std::vector<StudyRun>& runs, const std::string& x_name) {
  Json series = Json::array();
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const StudyRun& run = runs[r];
    Json data = Json::array();
    for (std::size_t i = 0; i < run.losses.size(); ++i) {
      if (std::isfinite(run.losses[i])) data.push_back({run.epochs[i], run.losses[i]});
    }
    if (data.empty()) continue;
    const Json last = data.back();
    data.back() = mark(last[0], last[1], run.name, fmt::format("loss {:.4g} at rate {}", run.losses.back(), run.rate));
    series.push_back(line(std::move(data), study_colour(r), 2));
  }
  return option(axis(x_name), axis("training loss", "log"), std::move(series));
}

std::string path_chart(const StudySurface& surface, const StudyPath& path) {
  Json series = Json::array();
  // Levels closer together toward the minimum, each twice as far above it as the one before.
  for (double above = 0.001; above < 8; above *= 2) {
    series.push_back(line(contour(surface, surface.minimum_loss + above), "var(--dropped)", 0.7));
  }
  Json points = Json::array();
  for (std::size_t i = 0; i < path.points.size(); ++i) {
    const Point& p = path.points[i];
    Json item =
        mark(round4(p[0]), round4(p[1]), fmt::format("step {}", i), fmt::format("({:.3g}, {:.3g})", p[0], p[1]));
    item["symbolSize"] = i == 0 ? 9 : 4;
    points.push_back(item);
  }
  series.push_back(line(std::move(points), "var(--shipped)", 1.6));
  Json minimum = line(Json::array({mark(surface.minimum[0], surface.minimum[1], "minimum",
                                        fmt::format("loss {:.4f}", surface.minimum_loss))}),
                      "var(--kept)", 1);
  minimum["symbol"] = "diamond";
  minimum["data"][0]["symbolSize"] = 13;
  series.push_back(minimum);
  return option(between(axis("weight of ink on the left"), surface.low[0], surface.high[0]),
                between(axis("weight of ink on the right"), surface.low[1], surface.high[1]), std::move(series));
}

std::string decay_chart(const StudyDecay& decay) {
  double end = 0;
  Json data = Json::array();
  for (const Point& weights : decay.weights) {
    end = std::max({end, std::abs(weights[0]), std::abs(weights[1])});
    data.push_back(
        {{"value", {round4(weights[0]), round4(weights[1])}},
         {"tip", {fmt::format("under L2 {:.4f}", weights[0]), fmt::format("under decay {:.4f}", weights[1])}}});
  }
  end = std::ceil(end * 10 + 1e-9) / 10;
  Json series = Json::array();
  series.push_back(line({{-end, -end}, {end, end}}, "var(--dropped)", 1));
  series.push_back({{"type", "scatter"},
                    {"data", data},
                    {"symbolSize", 4},
                    {"itemStyle", {{"color", "var(--kept)"}, {"opacity", 0.7}}}});
  return option(between(axis("under L2"), -end, end), between(axis("under weight decay"), -end, end),
                std::move(series));
}

std::string valley_chart(const StudyValley& valley) {
  Json curve = Json::array();
  for (std::size_t i = 0; i < valley.theta.size(); ++i) curve.push_back({valley.theta[i], round4(valley.losses[i])});
  Json series = Json::array({line(std::move(curve), "var(--ink)", 1.6)});
  for (std::size_t d = 0; d < valley.descents.size(); ++d) {
    const auto& descent = valley.descents[d];
    const double end = std::clamp(descent.thetas.back(), valley.theta.front(), valley.theta.back());
    const auto at = std::lower_bound(valley.theta.begin(), valley.theta.end(), end) - valley.theta.begin();
    Json dot = line(Json::array({mark(end, valley.losses[static_cast<std::size_t>(at)], descent.name,
                                      fmt::format("ends at {:.2f}", descent.thetas.back()))}),
                    study_colour(d), 1);
    dot["data"][0]["symbolSize"] = 13;
    series.push_back(dot);
  }
  return option(between(axis("θ"), valley.theta.front(), valley.theta.back()), axis("f(θ)"), std::move(series));
}

std::string descents_chart(const StudyValley& valley) {
  Json series = Json::array();
  for (std::size_t d = 0; d < valley.descents.size(); ++d) {
    const auto& thetas = valley.descents[d].thetas;
    Json data = Json::array();
    for (std::size_t step = 0; step < thetas.size(); ++step) data.push_back({step, round4(thetas[step])});
    series.push_back(line(std::move(data), study_colour(d), d == 1 ? 0.7 : 1.8));
  }
  return option(between(axis("step"), 0, static_cast<double>(valley.descents[0].thetas.size() - 1)), axis("θ"),
                std::move(series));
}

}  // namespace tamis::train
