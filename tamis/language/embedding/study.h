#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/language/embedding/sts_set.h"
#include "tamis/stats/correlation.h"

// `tamis reproduce embeddings`: every way to a sentence vector, from averaging to contrast, on one small encoder.
namespace tamis::embedding {

struct StudyOptions {
  std::filesystem::path model;  ///< a BERT folder, or minilm
  std::filesystem::path data;   ///< folder with stsbenchmark, snli, sick and, if there, sts-zh
  std::filesystem::path out;    ///< runs/NAME-SEED/ hold what was trained: what is whole there is not trained again
  int seeds = 3;
  std::int64_t examples = 0;       ///< texts or pairs of each training, drawn from its seed; 0: all
  std::int64_t ablation = 16'000;  ///< the same of the ablations, and of the run they are compared with
  bool ablations = true;
  int resamples = 400;
  std::uint64_t seed = 0;
};

enum class Transformed : std::uint8_t { none, whitening, flow };

/// One way to a vector.
struct StudyMethod {
  std::string name;
  std::string family = {};      ///< "averages", "transforms", "trained", "ablation" or "another model"
  std::string pooling = {};     ///< "": as the folder says
  std::string config = {};      ///< TOML of the training, up to its seed; "": the model as it is
  std::string trained_as = {};  ///< the method whose training this one takes over; its own name where it has one
  Transformed transformed = Transformed::none;
  std::optional<double> published = {};  ///< mean Spearman x 100 over seven English sets with BERT-base
  std::string source = {};               ///< of that figure
};

/// A method on a set, over seeds: the mean of the seeds' correlations, and the same of every resample of the pairs.
struct StudyScore {
  std::string set;
  stats::ResampledCorrelation all, weighted;  ///< aggregated over all pairs, and by part (wmean)
  std::vector<double> by_seed;                ///< all
};
struct StudyResult {
  StudyMethod method;
  std::vector<StudyScore> scores = {};
  double alignment = 0, uniformity = 0;  ///< STS-B dev, pairs scored above 4 and all sentences; means over seeds
  std::vector<double> spectrum = {};     ///< singular values of the sentences of STS-B dev, the largest 1; first seed
  double seconds = 0;                    ///< of training or fitting, over all seeds
};
/// Whitening with k columns kept, on STS-B test.
struct StudyWidth {
  std::string model;
  std::int64_t kept = 0;
  double spearman = 0;
};

struct EmbeddingStudy {
  StudyOptions options;
  std::vector<StudyResult> methods;  ///< ablations after the others; the first of these is what the others change
  std::vector<StudyWidth> widths;
  std::vector<StsSet> sets;
  std::vector<std::string> absent;  ///< sets and models that are not there
  std::uint64_t texts = 0;          ///< that whitening, flow and SimCSE learn from
  std::vector<InputFile> inputs;
};

/// What is done, in order. `texts`: the file of sentences that nothing is said about.
std::vector<StudyMethod> study_methods(const StudyOptions& options, const std::filesystem::path& texts);

/// Trains, fits and measures. Throws runtime_error where STS-B, SNLI or SICK are missing; invalid_argument for seeds or
/// resamples below 1; what the tasks throw besides.
EmbeddingStudy study_embeddings(const StudyOptions& options, Progress& progress);

/// a - b on a set (its place in `scores`), resample by resample.
stats::ResampledCorrelation study_difference(const StudyResult& a, const StudyResult& b, std::size_t set);
/// What holds here of the order in the literature, and what does not: sentences made from the numbers.
std::vector<std::string> study_findings(const EmbeddingStudy& study);
nlohmann::ordered_json study_json(const EmbeddingStudy& study);
/// One page that opens offline.
std::string study_page(const EmbeddingStudy& study);

}  // namespace tamis::embedding
