#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/json_number.h"
#include "tamis/engine/train/optimizer_study.h"

namespace tamis::train {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const StudyRun& run) {
  Json json{{"name", run.name},
            {"rate", run.rate},
            {"batch", run.batch},
            {"steps", run.steps},
            {"loss", json_number(run.losses.back())},
            {"accuracy", run.accuracy},
            {"rate_at_edge_of_grid", run.at_edge},
            {"curve", {{"epochs", run.epochs}, {"losses", json_numbers(run.losses)}}}};
  if (!std::isfinite(run.losses.back())) json["why"] = "every rate of the grid diverged";
  return json;
}

template <typename Item, typename Make>
Json list_of(const std::vector<Item>& items, const Make& make) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(make(item));
  return list;
}

Json json_of(const StudyPath& path) {
  return {{"name", path.name}, {"rate", path.rate}, {"loss", json_number(path.loss)}, {"points", path.points}};
}

Json json_of(const StudyDecay& decay) {
  return {{"name", decay.name},
          {"rate", decay.rate},
          {"lambda", decay.lambda},
          {"largest_difference", decay.largest_difference},
          {"largest_weight", decay.largest_weight},
          {"norm_l2", decay.norm_l2},
          {"norm_decay", decay.norm_decay},
          {"accuracy_l2", decay.accuracy_l2},
          {"accuracy_decay", decay.accuracy_decay}};
}

Json json_of(const StudyValley& valley) {
  Json descents = list_of(valley.descents, [](const StudyValley::Descent& descent) -> Json {
    return {{"name", descent.name},
            {"low", descent.low},
            {"high", descent.high},
            {"escaped", descent.escaped},
            {"mean_loss", descent.mean_loss}};
  });
  return {{"local", valley.local},   {"local_loss", valley.local_loss},
          {"global", valley.global}, {"global_loss", valley.global_loss},
          {"starts", valley.starts}, {"period", valley.period},
          {"descents", descents}};
}

std::string batches_finding(const OptimizerStudy& study) {
  const StudyRun& full = study.batches.front();
  const StudyRun* best = &full;
  for (const StudyRun& run : study.batches) best = run.losses.back() < best->losses.back() ? &run : best;
  return fmt::format(
      "After {} passes over the same images, full-batch descent ({} steps) has a training loss of {:.3g} and {:.1f} % "
      "of the test digits right; {} ({} steps) {:.3g} and {:.1f} %.",
      study.size.epochs, full.steps, full.losses.back(), 100 * full.accuracy, best->name, best->steps,
      best->losses.back(), 100 * best->accuracy);
}

std::string momentum_finding(const OptimizerStudy& study) {
  const StudyRun &none = study.momentum[0], &momentum = study.momentum[1], &nesterov = study.momentum[2];
  return fmt::format(
      "In {} full-batch steps, each at its own best rate, descent without momentum reaches a loss of {:.3g}, with "
      "momentum {:.3g}, with Nesterov's {:.3g}.",
      none.steps, none.losses.back(), momentum.losses.back(), nesterov.losses.back());
}

std::string paths_finding(const StudySurface& surface) {
  if (surface.paths.empty()) return "The data holds no 3 and no 8: there is no surface to walk on.";
  const StudyPath *best = &surface.paths[0], *worst = best;
  for (const StudyPath& path : surface.paths) {
    if (path.loss < best->loss) best = &path;
    if (path.loss > worst->loss) worst = &path;
  }
  return fmt::format("The lowest loss of two weights is {:.4f}; after {} steps {} is {:.2g} above it, {} {:.2g}.",
                     surface.minimum_loss, best->points.size() - 1, best->name, best->loss - surface.minimum_loss,
                     worst->name, worst->loss - surface.minimum_loss);
}

std::string optimizers_finding(const OptimizerStudy& study) {
  const StudyRun *best = &study.optimizers[0], *worst = best;
  for (const StudyRun& run : study.optimizers) {
    if (run.losses.back() < best->losses.back()) best = &run;
    if (run.losses.back() > worst->losses.back()) worst = &run;
  }
  return fmt::format(
      "Each at its own best rate, after {} passes in batches of 64: {} has the lowest training loss, {:.3g} ({:.1f} % "
      "of the test digits), {} the highest, {:.3g} ({:.1f} %).",
      study.size.epochs, best->name, best->losses.back(), 100 * best->accuracy, worst->name, worst->losses.back(),
      100 * worst->accuracy);
}

std::string decay_finding(const std::vector<StudyDecay>& decay) {
  const StudyDecay &sgd = decay[0], &adam = decay[1];
  return fmt::format(
      "With the same λ = {} as L2 and as weight decay, no weight of {} differs by more than {:.1e} (the largest weight "
      "is {:.2f}); in {} they differ by up to {:.2f}, and the length of all weights is {:.2f} under L2 and {:.2f} "
      "under "
      "weight decay.",
      sgd.lambda, sgd.name, sgd.largest_difference, sgd.largest_weight, adam.name, adam.largest_difference,
      adam.norm_l2, adam.norm_decay);
}

std::string valley_finding(const StudyValley& valley) {
  const auto &low = valley.descents[0], &high = valley.descents[1], &cyclic = valley.descents[2];
  return fmt::format(
      "Of {} runs that start in the local minimum's valley, {} get out at the constant rate {}, {} with a rate that "
      "swings between {} and {}. A constant {} gets {} out but never settles: its mean loss at the end is {:.3f}, the "
      "cyclic rate's {:.3f}.",
      valley.starts, low.escaped, low.low, cyclic.escaped, cyclic.low, cyclic.high, high.high, high.escaped,
      high.mean_loss, cyclic.mean_loss);
}

}  // namespace

std::vector<std::string> study_findings(const OptimizerStudy& study) {
  return {batches_finding(study),    momentum_finding(study),    paths_finding(study.surface),
          optimizers_finding(study), decay_finding(study.decay), valley_finding(study.valley)};
}

Json study_json(const OptimizerStudy& study) {
  const auto run = [](const StudyRun& item) { return json_of(item); };
  return {{"rows", {{"train", study.train_rows}, {"test", study.test_rows}}},
          {"findings", study_findings(study)},
          {"batches", list_of(study.batches, run)},
          {"momentum", list_of(study.momentum, run)},
          {"surface",
           {{"minimum", study.surface.minimum},
            {"loss", study.surface.minimum_loss},
            {"paths", list_of(study.surface.paths, [](const StudyPath& path) { return json_of(path); })}}},
          {"optimizers", list_of(study.optimizers, run)},
          {"decay", list_of(study.decay, [](const StudyDecay& decay) { return json_of(decay); })},
          {"valley", json_of(study.valley)}};
}

}  // namespace tamis::train
