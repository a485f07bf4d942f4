#include <fmt/format.h>

#include "tamis/base/page.h"
#include "tamis/engine/train/optimizer_study.h"
#include "tamis/engine/train/optimizer_study_charts.h"

namespace tamis::train {

namespace {

std::string paragraph(const std::string& text, const char* style = "") {
  return fmt::format("<p class=\"{}\">{}</p>", style, escape_html(text));
}

std::string key(const std::vector<std::string>& names) {
  std::string html = "<ul class=\"key\">";
  for (std::size_t i = 0; i < names.size(); ++i) {
    html += fmt::format(
        "<li><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"M0 12H24\" stroke=\"{}\" "
        "stroke-width=\"8\"/></svg>{}</li>",
        study_colour(i), escape_html(names[i]));
  }
  return html + "</ul>";
}

/// The first column is a name, the others are numbers.
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::string html = "<div class=\"table\" tabindex=\"0\"><table><thead><tr>";
  for (std::size_t c = 0; c < head.size(); ++c) {
    html += fmt::format("<th{}>{}</th>", c == 0 ? "" : " class=\"number\"", escape_html(head[c]));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) {
      html += fmt::format("<td class=\"{}\">{}</td>", c == 0 ? "name" : "number", escape_html(row[c]));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string runs_table(const std::vector<StudyRun>& runs) {
  std::vector<std::vector<std::string>> rows;
  for (const StudyRun& run : runs) {
    rows.push_back({run.name, fmt::format("{}{}", run.rate, run.at_edge ? " (end of the grid)" : ""),
                    std::to_string(run.steps), fmt::format("{:.4g}", run.losses.back()),
                    fmt::format("{:.1f} %", 100 * run.accuracy)});
  }
  return table({"", "rate", "steps", "training loss", "test digits right"}, rows);
}

void add_runs(Page& page, const std::vector<StudyRun>& runs, const std::string& x_name, const std::string& label) {
  std::vector<std::string> names;
  for (const StudyRun& run : runs) names.push_back(run.name);
  page.html(key(names));
  page.chart(runs_chart(runs, x_name), 340, label + "; the table below has the numbers");
  page.html(runs_table(runs));
}

void add_surface(Page& page, const StudySurface& surface) {
  if (surface.paths.empty()) return;
  page.html(
      paragraph("The loss of telling an 8 from a 3 by a logistic regression with two weights, one for the mean "
                "ink of the left half of the image and one for the right. Both are seldom apart, so the valley "
                "is long and narrow. Each picture shows one optimizer's path over the lines of equal loss, from "
                "the large dot towards the diamond; each line lies twice as far above the minimum as the next "
                "one inside."));
  page.html("<div class=\"pair\">");
  std::vector<std::vector<std::string>> rows;
  for (const StudyPath& path : surface.paths) {
    page.html(fmt::format("<div><h3>{}</h3>", escape_html(path.name)));
    page.chart(path_chart(surface, path), 320, fmt::format("The path of {}; the table below has its end", path.name));
    page.html("</div>");
    rows.push_back({path.name, fmt::format("{}", path.rate), fmt::format("{:.2f}", path.points.back()[0]),
                    fmt::format("{:.2f}", path.points.back()[1]), fmt::format("{:.5f}", path.loss)});
  }
  page.html("</div>");
  rows.push_back({"minimum", "", fmt::format("{:.2f}", surface.minimum[0]), fmt::format("{:.2f}", surface.minimum[1]),
                  fmt::format("{:.5f}", surface.minimum_loss)});
  page.html(table({"", "rate", "left", "right", "loss at the end"}, rows));
}

void add_decay(Page& page, const OptimizerStudy& study) {
  page.html(paragraph(fmt::format(
      "The same network from the same start over the same {} batches, in f64: once with λ θ added to the gradient "
      "(L2), "
      "once with the weights shrunk by γ λ beside the optimizer's rule (weight decay). In SGD the two are one formula. "
      "Adam divides the gradient, L2's part with it, by its running size: weights with large gradients are then hardly "
      "decayed at all.",
      study.size.decay_steps)));
  page.html("<div class=\"pair\">");
  std::vector<std::vector<std::string>> rows;
  for (const StudyDecay& decay : study.decay) {
    page.html(fmt::format("<div><h3>{}</h3>", escape_html(decay.name)));
    page.chart(decay_chart(decay), 340, "Weights under L2 and under weight decay; the table below has the numbers");
    page.html("</div>");
    rows.push_back({decay.name, fmt::format("{:.1e}", decay.largest_difference),
                    fmt::format("{:.3f}", decay.largest_weight), fmt::format("{:.3f}", decay.norm_l2),
                    fmt::format("{:.3f}", decay.norm_decay), fmt::format("{:.1f} %", 100 * decay.accuracy_l2),
                    fmt::format("{:.1f} %", 100 * decay.accuracy_decay)});
  }
  page.html("</div>");
  page.html(table({"", "largest difference of a weight", "largest weight", "length under L2", "length under decay",
                   "test digits right, L2", "decay"},
                  rows));
}

void add_valley(Page& page, const StudyValley& valley) {
  page.html(paragraph(fmt::format(
      "How dark is the pixel in the middle? Its place θ by a Cauchy likelihood, f(θ) = mean log(1 + ((x − θ) / "
      "0.75)²), "
      "has a local minimum at {:.2f} for the digits that leave the middle white and the global one at {:.2f}. Descent "
      "in batches of 64 starts at 0, in the valley of the local one. The cyclic rate rises and falls every {} steps.",
      valley.local, valley.global, 2 * valley.period)));
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  for (const auto& descent : valley.descents) {
    names.push_back(descent.name);
    rows.push_back({descent.name, fmt::format("{}", descent.low), fmt::format("{}", descent.high),
                    fmt::format("{} of {}", descent.escaped, valley.starts), fmt::format("{:.4f}", descent.mean_loss)});
  }
  page.html(key(names));
  page.html("<div class=\"pair\"><div><h3>The two valleys, and where the first run of each ended</h3>");
  page.chart(valley_chart(valley), 300, "The loss by θ with its two minima; the table below has the numbers");
  page.html("</div><div><h3>θ by step, the first run of each</h3>");
  page.chart(descents_chart(valley), 300, "θ by step for each kind of rate; the table below has the numbers");
  page.html("</div></div>");
  page.html(table({"", "lowest rate", "highest rate", "got out", "mean loss at the end"}, rows));
}

}  // namespace

std::string study_page(const OptimizerStudy& study) {
  const std::vector<std::string> findings = study_findings(study);
  const auto part = [&](Page& page, const char* title, std::size_t finding) {
    page.html(fmt::format("<h2>{}</h2>", title));
    page.html(paragraph(findings[finding]));
  };
  Page page("What the optimizers do");
  page.html("<h1>What the optimizers do</h1>");
  page.html(
      paragraph(fmt::format("{} images of handwritten digits to train on, {} to test on; a network 64 – 32 tanh – "
                            "10. Every run has the learning rate, of nine from 0.0003 to 3, that leaves the lowest "
                            "training loss.",
                            study.train_rows, study.test_rows),
                "lead"));
  part(page, "Full batch against mini-batches", 0);
  add_runs(page, study.batches, "passes over the images", "Training loss by passes, for each size of batch");
  part(page, "Momentum against none", 1);
  add_runs(page, study.momentum, "full-batch steps", "Training loss by steps, with and without momentum");
  part(page, "Every optimizer's path", 2);
  add_surface(page, study.surface);
  part(page, "Every optimizer on the digits", 3);
  add_runs(page, study.optimizers, "passes over the images", "Training loss by passes, for each optimizer");
  part(page, "Weight decay is L2 in SGD, and not in Adam", 4);
  add_decay(page, study);
  part(page, "A cyclic rate leaves a local minimum", 5);
  add_valley(page, study.valley);
  return page.finish();
}

}  // namespace tamis::train
