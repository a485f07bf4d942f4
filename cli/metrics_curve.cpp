#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/metrics.h"
#include "cli/predictions.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/evidence/metrics/curves_picture.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using metrics::CurveKind;
using metrics::CurvePoint;

constexpr std::size_t kDrawn = 2000;

struct CurveFlags : PredictionFlags {
  std::string kind, over = "thresholds";
  std::size_t points = 0;
  int bins = 10;
};

// A curve and its areas, or why there is none.
struct Drawn {
  std::vector<CurvePoint> points;
  std::string why;
  double positive_share = 0;
};

bool is_page(const std::string& out) {
  const auto extension = std::filesystem::path(out).extension();
  return extension == ".html" || extension == ".htm";
}

void check(const CurveFlags& flags) {
  if (flags.kind.empty()) fail_caller("metrics curve", "names no curve; roc, pr and calibration are known");
  if (flags.kind != "roc" && flags.kind != "pr" && flags.kind != "calibration")
    fail_caller("metrics curve", fmt::format("\"{}\" is no curve; roc, pr and calibration are known", flags.kind));
  check(flags, "curve", true);
  if (flags.common.out.empty()) fail_caller("metrics curve", "--out is missing: a file for the curve is needed");
  if (!is_page(flags.common.out) && !table_format(flags.common.out))
    fail_caller(flags.common.out, "has no extension that tells its format; .tsv, .csv, .parquet or .html is needed");
  if (flags.over == "ranks" && flags.kind != "pr")
    fail_caller("metrics curve", "--over ranks is of the curve pr alone");
  if (flags.over == "ranks" && !flags.weight.empty())
    fail_caller("metrics curve", "--over ranks counts rows; it does not go with --weight");
  if (flags.points == 1) fail_caller("metrics curve", "--points is 1; two or more are needed, or 0 for all");
}

double positive_share(std::span<const metrics::ScoreStep> steps) {
  metrics::CompensatedSum positive;
  metrics::CompensatedSum all;
  for (const metrics::ScoreStep& step : steps) {
    positive.add(step.positive);
    all.add(step.positive + step.negative);
  }
  return all.value() > 0 ? positive.value() / all.value() : 0;
}

/// Rows best score first, tied ones in the order of the file.
std::vector<CurvePoint> over_ranks(const metrics::ScoredRows& rows) {
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto scores = rows.scores();
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<std::uint8_t> relevant;
  std::uint64_t total = 0;
  for (const std::size_t row : order) {
    relevant.push_back(rows.labels()[row]);
    total += relevant.back();
  }
  return metrics::precision_recall_at(relevant, total);
}

Drawn draw(const CurveFlags& flags, const metrics::ScoredRows& rows) {
  const auto steps = rows.steps();
  Drawn drawn;
  drawn.positive_share = positive_share(steps);
  if (flags.kind == "roc") {
    drawn.points = metrics::roc(steps);
  } else {
    drawn.points = flags.over == "ranks" ? over_ranks(rows) : metrics::precision_recall(steps);
  }
  if (drawn.points.empty()) drawn.why = metrics::auc(rows).why;
  return drawn;
}

void write_points(const CurveFlags& flags, const std::vector<CurvePoint>& points) {
  const bool is_roc = flags.kind == "roc";
  std::vector<OutputColumn> table(3);
  table[0].name = flags.over == "ranks" ? "rank" : "threshold";
  table[1].name = is_roc ? "fpr" : "recall";
  table[2].name = is_roc ? "tpr" : "precision";
  for (const CurvePoint& point : points) {
    // Nothing is predicted positive at the first point: no score is its threshold.
    table[0].real.push_back(std::isinf(point.threshold) ? std::numeric_limits<double>::quiet_NaN() : point.threshold);
    table[1].real.push_back(point.x);
    table[2].real.push_back(point.y);
  }
  write_table(flags.common.out, table);
}

void write_bins(const std::string& out, std::span<const metrics::CalibrationBin> bins) {
  const char* names[] = {"low", "high", "weight", "probability", "positives"};
  std::vector<OutputColumn> table(5);
  for (std::size_t c = 0; c < 5; ++c) table[c].name = names[c];
  for (const metrics::CalibrationBin& bin : bins) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    table[0].real.push_back(bin.low);
    table[1].real.push_back(bin.high);
    table[2].real.push_back(bin.weight);
    table[3].real.push_back(bin.weight > 0 ? bin.probability : none);
    table[4].real.push_back(bin.weight > 0 ? bin.positives : none);
  }
  write_table(out, table);
}

metrics::CurveFacts facts_of(const CurveFlags& flags, std::uint64_t rows, double share) {
  return {fmt::format("{}: {} against {}", flags.input, flags.scores[0], flags.label), "", "", share, 0, rows};
}

Json begin_json(const CurveFlags& flags, const PredictionTable& table) {
  Json json = json_result("metrics curve", flags.common);
  if (!flags.weight.empty()) json["conventions"]["weight"] = flags.weight;
  json["inputs"] = json_inputs({table.input});
  json["curve"] = flags.kind;
  json["rows"] = table.rows;
  return json;
}

void finish(const CurveFlags& flags, const Json& json, const std::string& text) {
  print(flags.common.json ? json.dump(2) : text, "; the curve is whole in " + flags.common.out);
}

void draw_curve(const CurveFlags& flags, const PredictionTable& table, const metrics::ScoredRows& rows) {
  const bool is_roc = flags.kind == "roc";
  const Drawn drawn = draw(flags, rows);
  if (!drawn.why.empty())
    fail_world(flags.input, fmt::format("{}: there is no {} curve; labels of {} are needed", drawn.why, flags.kind,
                                        is_roc ? "both kinds" : "positive rows"));
  const bool page = is_page(flags.common.out);
  const std::size_t most = flags.points > 0 ? flags.points : page ? kDrawn : drawn.points.size();
  const auto kept = metrics::thin(drawn.points, std::max<std::size_t>(2, most));
  const double trapezoid = metrics::trapezoid(drawn.points);
  const double precision = is_roc ? 0 : metrics::average_precision(drawn.points);
  const double area = is_roc ? trapezoid : precision;
  const char* area_is = is_roc ? "trapezoid" : "average_precision";
  if (page) {
    metrics::CurveFacts facts = facts_of(flags, table.rows, drawn.positive_share);
    facts.area_name = is_roc ? "area (trapezoid)" : "average precision";
    facts.area = fmt::format("{:.6f}", area);
    facts.points = drawn.points.size();
    write_file(flags.common.out,
               metrics::curve_page(is_roc ? CurveKind::roc : CurveKind::precision_recall, kept, facts));
  } else {
    write_points(flags, kept);
  }
  Json json = begin_json(flags, table);
  json["conventions"]["ties"] = flags.over == "ranks" ? "in the order of the file"
                                : is_roc              ? "one diagonal"
                                                      : "one point";
  if (!is_roc) json["conventions"]["over"] = flags.over;
  json["area"] = area;
  json["area_is"] = area_is;
  json["areas"] = {{"trapezoid", trapezoid}};
  if (!is_roc) json["areas"]["average_precision"] = precision;
  json["points"] = kept.size();
  json["all_points"] = drawn.points.size();
  json["out"] = flags.common.out;
  std::string text = fmt::format("area ({}): {:.6f}\n", area_is, area);
  if (!is_roc) text += fmt::format("area (trapezoid): {:.6f}\n", trapezoid);
  text += fmt::format("points: {} of {}, ties: {}\nwritten to {}", kept.size(), drawn.points.size(),
                      json["conventions"]["ties"].get<std::string>(), flags.common.out);
  finish(flags, json, text);
}

void draw_calibration(const CurveFlags& flags, const PredictionTable& table, const metrics::ScoredRows& rows) {
  metrics::CalibrationBins state(static_cast<std::size_t>(flags.bins));
  for (std::size_t i = 0; i < rows.size(); ++i)
    state.update(rows.scores()[i], rows.labels()[i] != 0, rows.weighted() ? rows.weights()[i] : 1);
  const auto bins = state.bins();
  const metrics::MetricValue error = metrics::expected_calibration_error(bins);
  const std::string printed = error.value ? fmt::format("{:.6f}", *error.value) : "-";
  if (is_page(flags.common.out)) {
    write_file(flags.common.out,
               metrics::calibration_page(bins, printed, facts_of(flags, table.rows, positive_share(rows.steps()))));
  } else {
    write_bins(flags.common.out, bins);
  }
  Json json = begin_json(flags, table);
  json["conventions"]["bins"] = fmt::format("{} of equal width, (low, high]", flags.bins);
  json["ece"] = error.value ? Json(*error.value) : Json(nullptr);
  if (!error.value) json["why"] = error.why;
  json["points"] = bins.size();
  json["out"] = flags.common.out;
  finish(flags, json,
         fmt::format("expected calibration error: {}\nbins: {} of equal width\nwritten to {}", printed, bins.size(),
                     flags.common.out));
}

void run_curve(CurveFlags& flags) {
  check(flags);
  apply_threads(flags.common);
  make_folder_of(flags.common.out);
  metrics::ScoredRows rows;
  const bool probabilities = flags.kind == "calibration";
  const auto take = [&](const Prediction& row) -> std::string {
    if (row.integer != 0 && row.integer != 1) return fmt::format("label {} is not 0 or 1", row.integer);
    const double score = row.scores[0];
    if (probabilities && !(score >= 0 && score <= 1))
      return fmt::format("score {} is no probability from 0 to 1", score);
    rows.update(score, row.integer == 1, row.weight);
    return {};
  };
  const auto parent = std::filesystem::path(flags.common.out).parent_path();
  const PredictionTable table = read_predictions(flags, ColumnType::integer, parent.empty() ? "." : parent.string(),
                                                 take, [&](std::size_t expected) { rows.reserve(expected); });
  if (probabilities) return draw_calibration(flags, table, rows);
  draw_curve(flags, table, rows);
}

}  // namespace

void add_metrics_curve(CLI::App& metrics) {
  auto flags = std::make_shared<CurveFlags>();
  CLI::App* curve = metrics.add_subcommand("curve", "ROC, precision-recall or calibration, as a table or a picture");
  curve->add_option("curve", flags->kind, "roc, pr or calibration");
  add_prediction_flags(*curve, *flags, "Column of labels, 0 or 1", "Column of scores, higher is more positive");
  add_out(*curve, flags->common, "The curve as a table (.tsv, .csv, .parquet) or as a picture (.html)");
  curve
      ->add_option("--points", flags->points,
                   "At most so many points, by length along the curve; 0: all in a table, "
                   "2000 in a picture")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1} << 40))
      ->capture_default_str();
  curve->add_option("--over", flags->over, "pr: a point a threshold, or a point a rank N = 1, 2, … (ranks)")
      ->check(CLI::IsMember({"thresholds", "ranks"}))
      ->capture_default_str();
  curve->add_option("--bins", flags->bins, "calibration: how many bins of equal width")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  curve->footer(
      "Examples:\n"
      "  tamis metrics curve roc --input scores.csv --label clicked --score p --out roc.html\n"
      "  tamis metrics curve pr --input scores.parquet --label clicked --score p --out pr.tsv --points 500\n"
      "  tamis metrics curve calibration --input scores.csv --label clicked --score p --out calibration.html");
  curve->callback([flags] { run_curve(*flags); });
}

}  // namespace tamis::cli
