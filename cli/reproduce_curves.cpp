#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/reproduce.h"
#include "tamis/base/file.h"
#include "tamis/evidence/metrics/curves_page.h"

namespace tamis::cli {

namespace {

std::string table_of(const metrics::CurvesStudy& study) {
  std::vector<std::vector<std::string>> rows{
      {"apart", "", "AUC", "AUC copied", "average precision", "average precision copied"}};
  for (std::size_t i = 0; i < study.stops.size(); i += 5) {
    const metrics::CurvesStop& stop = study.stops[i];
    rows.push_back({fmt::format("{:.1f}", stop.distance), stop.word, fmt::format("{:.4f}", stop.auc),
                    fmt::format("{:.4f}", stop.auc_copied), fmt::format("{:.4f}", stop.average_precision),
                    fmt::format("{:.4f}", stop.average_precision_copied)});
  }
  return columns(rows, 2);
}

}  // namespace

void reproduce_curves(const Common& common) {
  make_output_folder(common.out);
  const metrics::CurvesStudy study = metrics::study_curves();
  nlohmann::ordered_json result = json_result("reproduce curves", common);
  result["conventions"] = {
      {"scores", "quantiles of two normal distributions of standard deviation 1; nothing is drawn"},
      {"auc", "trapezoid; tied rows are one diagonal"},
      {"average_precision", "sum of (R_i - R_i-1) P_i over thresholds; tied rows are one point"},
      {"word", "excellent: AUC from 0.9; average: from 0.7; else poor"}};
  result.update(metrics::study_json(study));
  const std::filesystem::path folder = common.out;
  write_file(folder / "curves.html", metrics::study_page(study));
  write_file(folder / "curves.json", result.dump(1) + "\n");
  std::string text = table_of(study) + "\n";
  for (const std::string& finding : metrics::study_findings(study)) text += finding + "\n\n";
  print(common.json ? result.dump(1) : text + "Page: " + (folder / "curves.html").string(),
        "; the result is whole in " + common.out);
}

}  // namespace tamis::cli
