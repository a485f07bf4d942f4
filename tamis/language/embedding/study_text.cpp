#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tamis/base/json_number.h"
#include "tamis/language/embedding/study.h"

namespace tamis::embedding {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const stats::ResampledCorrelation& found) {
  const auto interval = found.interval(0.05);
  return {{"estimate", found.estimate ? Json(*found.estimate) : Json(nullptr)},
          {"low", interval ? Json(interval->low) : Json(nullptr)},
          {"high", interval ? Json(interval->high) : Json(nullptr)}};
}

Json json_of(const StudyResult& result) {
  Json sets = Json::object();
  for (const StudyScore& score : result.scores) {
    sets[score.set] = {
        {"all", json_of(score.all)}, {"wmean", json_of(score.weighted)}, {"by_seed", json_numbers(score.by_seed)}};
  }
  Json json{{"name", result.method.name},
            {"family", result.method.family},
            {"sets", sets},
            {"alignment", json_number(result.alignment)},
            {"uniformity", json_number(result.uniformity)},
            {"spectrum", json_numbers(result.spectrum)},
            {"seconds", result.seconds},
            {"config", result.method.config.empty() ? Json(nullptr) : Json(result.method.config)}};
  if (result.method.published) {
    json["published"] = {{"figure", *result.method.published},
                         {"model", "BERT-base, mean of seven English sets"},
                         {"source", result.method.source}};
  }
  return json;
}

const StudyResult* find(const EmbeddingStudy& study, const std::string& name) {
  for (const StudyResult& result : study.methods)
    if (result.method.name == name) return &result;
  return nullptr;
}

double hundred(const stats::ResampledCorrelation& found) {
  return 100 * found.estimate.value_or(NAN);
}

std::string difference_text(const stats::ResampledCorrelation& difference) {
  const auto interval = difference.interval(0.05);
  if (!interval || !difference.estimate) return "undefined";
  return fmt::format("{:+.1f} [{:+.1f}, {:+.1f}]", hundred(difference), 100 * interval->low, 100 * interval->high);
}

/// Of the pairs of methods with a published figure: in the same order here, in the other, and undecided.
std::string order_text(const EmbeddingStudy& study) {
  int same = 0, other = 0, open = 0;
  std::string reversed;
  for (std::size_t a = 0; a < study.methods.size(); ++a) {
    for (std::size_t b = 0; b < study.methods.size(); ++b) {
      const StudyMethod &first = study.methods[a].method, &second = study.methods[b].method;
      if (!first.published || !second.published || *first.published <= *second.published) continue;
      const auto interval = study_difference(study.methods[a], study.methods[b], 0).interval(0.05);
      if (!interval || (interval->low <= 0 && interval->high >= 0)) {
        ++open;
      } else if (interval->low > 0) {
        ++same;
      } else {
        ++other;
        reversed += fmt::format("{}{} above {}", reversed.empty() ? "" : "; ", second.name, first.name);
      }
    }
  }
  return fmt::format(
      "Of {} pairs of methods that the literature orders with BERT-base, {} are in the same order here on {}, {} in "
      "the "
      "other, and {} are undecided (their paired 95 % interval holds 0).{}",
      same + other + open, same, study.sets[0].name, other, open,
      reversed.empty() ? "" : " Reversed: " + reversed + ".");
}

void say(const EmbeddingStudy& study, const char* a, const char* b, const std::string& words,
         std::vector<std::string>& findings) {
  const StudyResult *first = find(study, a), *second = find(study, b);
  if (first == nullptr || second == nullptr) return;
  findings.push_back(fmt::format("{}: {} {:.1f}, {} {:.1f}, difference {}.", words, a, hundred(first->scores[0].all), b,
                                 hundred(second->scores[0].all),
                                 difference_text(study_difference(*first, *second, 0))));
}

}  // namespace

std::vector<std::string> study_findings(const EmbeddingStudy& study) {
  std::vector<std::string> findings;
  if (study.sets.empty()) return findings;
  findings.push_back(order_text(study));
  say(study, "SimCSE, texts", "first-last, whitened", "Contrast against whitening, both without labels", findings);
  say(study, "SimCSE, triplets of SNLI", "first-last, whitened", "Contrast with labels against whitening", findings);
  say(study, "SimCSE, triplets of SNLI", "word embeddings, whitened", "And against the best that whitening gives",
      findings);
  say(study, "SimCSE, triplets of SNLI, whitened", "word embeddings, whitened", "Whitened itself", findings);
  say(study, "SimCSE, texts, whitened", "first-last, whitened", "Contrast whitened against whitening alone", findings);
  say(study, "SBERT, scores of STS-B", "first-last, whitened", "Scores against whitening", findings);
  say(study, "SimCSE, texts", "last-mean", "What contrast adds", findings);
  say(study, "SimCSE, same-mask", "SimCSE, dropout 0.1, temperature 0.05, mean", "The same mask for both views",
      findings);
  return findings;
}

nlohmann::ordered_json study_json(const EmbeddingStudy& study) {
  Json json, methods = Json::array(), pairs = Json::array(), widths = Json::array();
  for (const StudyResult& result : study.methods) methods.push_back(json_of(result));
  for (std::size_t a = 0; a < study.methods.size(); ++a) {
    for (std::size_t b = a + 1; b < study.methods.size(); ++b) {
      for (std::size_t set = 0; set < study.sets.size(); ++set) {
        Json pair = json_of(study_difference(study.methods[a], study.methods[b], set));
        pairs.push_back({{"a", study.methods[a].method.name},
                         {"b", study.methods[b].method.name},
                         {"set", study.sets[set].name},
                         {"difference", pair["estimate"]},
                         {"low", pair["low"]},
                         {"high", pair["high"]}});
      }
    }
  }
  for (const StudyWidth& width : study.widths)
    widths.push_back({{"model", width.model}, {"kept", width.kept}, {"spearman", width.spearman}});
  json["model"] = study.options.model.string();
  json["seeds"] = study.options.seeds;
  json["texts"] = study.texts;
  json["absent"] = study.absent;
  json["findings"] = study_findings(study);
  json["methods"] = methods;
  json["pairs"] = pairs;
  json["whitening_kept"] = widths;
  return json;
}

}  // namespace tamis::embedding
