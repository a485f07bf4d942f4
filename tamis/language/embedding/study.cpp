#include "tamis/language/embedding/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "tamis/base/config.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/random.h"
#include "tamis/engine/train/run.h"
#include "tamis/language/embedding/pair_table.h"
#include "tamis/language/embedding/sbert.h"
#include "tamis/language/embedding/simcse.h"
#include "tamis/language/embedding/sts.h"
#include "tamis/vectors/geometry/geometry.h"
#include "tamis/vectors/transform/flow.h"
#include "tamis/vectors/transform/whitening.h"

namespace tamis::embedding {

namespace {

namespace fs = std::filesystem;

constexpr const char* kDev = "stsbenchmark/sts-dev.csv";
constexpr double kClose = 4;  ///< pairs scored above it are the positive ones of alignment

/// Ablations are compared on the English sets, which stand first; the largest set, LCQMC, is for what is not trained
/// here, on English texts.
bool is_measured(const StudyMethod& method, const StsSet& set) {
  if (set.name == "lcqmc") return method.config.empty();
  return method.family != "ablation" || set.name == "stsb" || set.name == "sick";
}

/// Vectors of some texts, one way.
class Way {
 public:
  Way(const fs::path& folder, const std::string& pooling) : encoder_(load(folder, pooling)) {}
  std::int64_t width() const { return whitening_ ? whitening_->outputs : encoder_.dimensions(); }

  /// Fits on the sentences that nothing is said about.
  void fit(Transformed kind, std::span<const std::string_view> texts, std::uint64_t seed, Progress& progress) {
    if (kind == Transformed::none) return;
    const std::vector<float> plain = plain_of(texts);
    if (kind == Transformed::flow) {
      flow_ =
          transform::fit_flow(plain, encoder_.dimensions(), {.flow = {}, .epochs = 10, .seed = seed}, progress).flow;
      return;
    }
    moments_ = std::make_unique<transform::Moments>(encoder_.dimensions());
    moments_->update(plain);
    keep(rank());
  }
  /// Of a way that is whitened: columns that vary, and how many are kept.
  std::int64_t rank() const { return transform::rank_of(*moments_); }
  void keep(std::int64_t columns) { whitening_ = transform::fit_whitening(*moments_, {.dimensions = columns}); }
  void encode(std::span<const std::string_view> texts, std::span<float> out) const {
    if (!whitening_ && !flow_) return encoder_.encode(texts, out);
    const std::vector<float> plain = plain_of(texts);
    whitening_ ? whitening_->apply(plain, out) : flow_->apply(plain, out);
  }

 private:
  static encoder::SentenceEncoder load(const fs::path& folder, const std::string& pooling) {
    encoder::EncoderOptions options;
    if (!pooling.empty()) options.pooling = encoder::parse_pooling(pooling);
    options.normalize = false;
    return encoder::SentenceEncoder::load(folder == "minilm" ? encoder::find_model("minilm") : folder, options);
  }
  std::vector<float> plain_of(std::span<const std::string_view> texts) const {
    std::vector<float> plain(texts.size() * static_cast<std::size_t>(encoder_.dimensions()));
    encoder_.encode(texts, plain);
    return plain;
  }

  encoder::SentenceEncoder encoder_;
  std::unique_ptr<transform::Moments> moments_;
  std::optional<transform::Whitening> whitening_;
  std::unique_ptr<transform::Flow> flow_;
};

class Study {
 public:
  Study(const StudyOptions& options, Progress& progress) : progress_(progress) { made_.options = options; }
  EmbeddingStudy run();

 private:
  void gather_texts();
  void read_sets();
  fs::path trained(const StudyMethod& method, std::uint64_t seed);
  void measure(const StudyMethod& method);
  void measure_space(const Way& way, StudyResult& result, bool first) const;
  void correlate();
  void vary_width(const std::string& name, const fs::path& folder, const std::string& pooling);
  StsScores scores_of(const Way& way, const StsSet& set) const;

  Progress& progress_;
  EmbeddingStudy made_;
  StsSet dev_;
  std::vector<std::string> kept_texts_;
  std::vector<std::string_view> texts_;
  /// [method][set][seed], the scores of the set's pairs.
  std::vector<std::vector<std::vector<std::vector<double>>>> scores_;
};

/// Sentences of SNLI, SICK and the training part of STS-B, each once. The parts of SICK and STS-B that are measured on
/// stay out.
void Study::gather_texts() {
  std::set<std::string> seen;
  const auto take = [&](const std::string& text) {
    if (seen.insert(text).second) kept_texts_.push_back(text);
  };
  PairTable pairs;
  for (const char* name : {"snli/validation.tsv", "snli/test.tsv"})
    made_.inputs.push_back(read_nli_pairs(made_.options.data / name, pairs));
  for (const PairTable::Row& row : pairs.rows) {
    take(row.first);
    take(row.second);
  }
  Quarantine quarantine;
  for (const char* name : {"stsbenchmark/sts-train.csv", "sick/SICK_train.txt"}) {
    if (!fs::exists(made_.options.data / name)) {
      made_.absent.emplace_back(name);
      continue;
    }
    const StsSet set = read_sts(name, {made_.options.data / name}, {}, quarantine);
    made_.inputs.insert(made_.inputs.end(), set.inputs.begin(), set.inputs.end());
    for (std::size_t i = 0; i < set.gold.size(); ++i) {
      take(set.first[i]);
      take(set.second[i]);
    }
  }
  texts_.assign(kept_texts_.begin(), kept_texts_.end());
  made_.texts = texts_.size();
  std::string lines;
  for (const std::string& text : kept_texts_) lines.append(text).append("\n");
  write_file(made_.options.out / "texts.txt", lines);
}

void Study::read_sets() {
  Quarantine quarantine;
  dev_ = read_sts("STS-B dev", {made_.options.data / kDev}, {}, quarantine);
  for (const char* name : {"stsb", "sick", "stsb-zh", "lcqmc"}) {
    const std::vector<fs::path> files = known_sts(name, made_.options.data);
    if (!std::all_of(files.begin(), files.end(), [](const fs::path& file) { return fs::exists(file); })) {
      made_.absent.emplace_back(name);
      continue;
    }
    made_.sets.push_back(read_sts(name, files, {}, quarantine));
    const auto& inputs = made_.sets.back().inputs;
    made_.inputs.insert(made_.inputs.end(), inputs.begin(), inputs.end());
  }
}

/// The folder of the trained model. A run that was cut short goes on from its checkpoint.
fs::path Study::trained(const StudyMethod& method, std::uint64_t seed) {
  if (method.config.empty()) return made_.options.model;
  std::string folder = method.trained_as;
  for (char& c : folder) c = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ? c : '_';
  const fs::path out = made_.options.out / "runs" / fmt::format("{}-{}", folder, seed);
  const fs::path done = out / "model/config.json";
  if (fs::exists(done) && fs::exists(out / "config.toml") && read_file(out / "config.toml") == method.config)
    return out / "model";
  ConfigFile file = ConfigFile::parse(method.config, (out / "config.toml").string());
  const train::Config config = train::read_config(file);
  std::unique_ptr<train::Task> task;
  if (config.task == "sbert") {
    task = std::make_unique<Sbert>(file, config, fs::path());
  } else {
    task = std::make_unique<SimCse>(file, config, fs::path(), seed);
  }
  train::Trainer trainer(*task, config.recipe, seed);
  const bool same = fs::exists(out / "config.toml") && read_file(out / "config.toml") == method.config;
  train::run(trainer, {.out = out, .resume = same, .title = method.name, .config = method.config, .seed = seed},
             progress_);
  task->publish(out);
  // The model is what is read again; checkpoints of dozens of runs would fill a disk.
  for (const char* name : {"last.safetensors", "best.safetensors"}) fs::remove(out / name);
  return out / "model";
}

StsScores Study::scores_of(const Way& way, const StsSet& set) const {
  Progress silent;
  const TextEncoder encoder{way.width(), [&](std::span<const std::string_view> texts, std::span<float> out,
                                             std::span<encoder::TextReport>) { way.encode(texts, out); }};
  return score_pairs(set, encoder, Similarity::cosine, silent);
}

void Study::measure_space(const Way& way, StudyResult& result, bool first) const {
  const DifferentTexts different = different_texts(dev_);
  const auto C = static_cast<std::size_t>(way.width());
  std::vector<float> vectors(different.texts.size() * C), a, b;
  way.encode(different.texts, vectors);
  if (first) {
    const std::vector<double> singular = geometry::spectrum(vectors, way.width()).singular;
    for (const double value : singular) result.spectrum.push_back(value / singular[0]);
  }
  for (std::size_t i = 0; i < vectors.size(); i += C) encoder::normalize(std::span(vectors).subspan(i, C));
  for (std::size_t i = 0; i < dev_.gold.size(); ++i) {
    if (!(dev_.gold[i] > kClose)) continue;
    const std::size_t x = different.first[i], y = different.second[i];
    a.insert(a.end(), vectors.begin() + static_cast<std::ptrdiff_t>(x * C),
             vectors.begin() + static_cast<std::ptrdiff_t>((x + 1) * C));
    b.insert(b.end(), vectors.begin() + static_cast<std::ptrdiff_t>(y * C),
             vectors.begin() + static_cast<std::ptrdiff_t>((y + 1) * C));
  }
  if (!a.empty()) result.alignment += geometry::alignment(a, b, way.width());
  result.uniformity += geometry::compare_pairs(vectors, way.width()).uniformity.value;
}

void Study::measure(const StudyMethod& method) {
  StudyResult result{.method = method};
  const bool drawn = !method.config.empty() || method.transformed == Transformed::flow;
  const int seeds = drawn ? made_.options.seeds : 1;
  std::vector<std::vector<std::vector<double>>> by_set(made_.sets.size());
  for (int s = 0; s < seeds; ++s) {
    const std::uint64_t seed = made_.options.seed + static_cast<std::uint64_t>(s);
    const auto begun = std::chrono::steady_clock::now();
    Way way(trained(method, seed), method.pooling);
    way.fit(method.transformed, texts_, seed, progress_);
    result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    for (std::size_t i = 0; i < made_.sets.size(); ++i) {
      if (is_measured(method, made_.sets[i])) by_set[i].push_back(scores_of(way, made_.sets[i]).score);
    }
    measure_space(way, result, s == 0);
  }
  result.alignment /= seeds;
  result.uniformity /= seeds;
  scores_.push_back(std::move(by_set));
  made_.methods.push_back(std::move(result));
}

/// The mean of the seeds, as a whole and in every resample.
stats::ResampledCorrelation mean_of(std::span<const stats::ResampledCorrelation> seeds) {
  if (seeds.empty()) return {};
  stats::ResampledCorrelation mean{0.0, std::vector<double>(seeds[0].resampled.size())};
  const double share = 1 / static_cast<double>(seeds.size());
  for (const auto& seed : seeds) {
    if (!seed.estimate) return {};
    *mean.estimate += share * *seed.estimate;
    for (std::size_t r = 0; r < mean.resampled.size(); ++r) mean.resampled[r] += share * seed.resampled[r];
  }
  return mean;
}

void Study::correlate() {
  for (std::size_t set = 0; set < made_.sets.size(); ++set) {
    std::vector<std::span<const double>> rows;
    for (const auto& method : scores_) rows.insert(rows.end(), method[set].begin(), method[set].end());
    const stats::GoldSet gold{made_.sets[set].gold, made_.sets[set].part};
    const auto resampled = [&](stats::Aggregate aggregate) {
      return stats::bootstrap_correlation(stats::Correlation::spearman, aggregate, gold, rows, made_.options.resamples,
                                          made_.options.seed);
    };
    const auto all = resampled(stats::Aggregate::all);
    const auto weighted = made_.sets[set].parts.size() > 1 ? resampled(stats::Aggregate::weighted_mean) : all;
    std::size_t row = 0;
    for (std::size_t m = 0; m < scores_.size(); ++m) {
      const std::size_t seeds = scores_[m][set].size();
      StudyScore score{made_.sets[set].name,
                       mean_of(std::span(all).subspan(row, seeds)),
                       mean_of(std::span(weighted).subspan(row, seeds)),
                       {}};
      for (std::size_t s = 0; s < seeds; ++s) score.by_seed.push_back(all[row + s].estimate.value_or(NAN));
      made_.methods[m].scores.push_back(std::move(score));
      row += seeds;
    }
  }
}

void Study::vary_width(const std::string& name, const fs::path& folder, const std::string& pooling) {
  if (made_.sets.empty()) return;
  Way way(folder, pooling);
  way.fit(Transformed::whitening, texts_, 0, progress_);
  const std::int64_t rank = way.rank();
  std::vector<std::int64_t> kept{rank};
  for (std::int64_t k = 8; k < rank; k *= 2) kept.push_back(k);
  kept.push_back(std::max<std::int64_t>(1, rank * 3 / 4));
  std::sort(kept.begin(), kept.end());
  for (const std::int64_t k : kept) {
    way.keep(k);
    const StsSet& set = made_.sets[0];
    const auto found = stats::spearman(set.gold, scores_of(way, set).score);
    if (found) made_.widths.push_back({name, k, *found});
  }
}

EmbeddingStudy Study::run() {
  gather_texts();
  read_sets();
  for (const StudyMethod& method : study_methods(made_.options, made_.options.out / "texts.txt")) measure(method);
  vary_width("first-last", made_.options.model, "first-last");
  if (made_.options.model != "minilm") {
    bool there = true;
    try {
      encoder::find_model("minilm");
    } catch (const std::exception&) {
      there = false;
      made_.absent.emplace_back("all-MiniLM-L6-v2");
    }
    if (there) {
      made_.options.seeds = 1;
      for (const Transformed kind : {Transformed::none, Transformed::whitening, Transformed::flow}) {
        StudyMethod method{.name = "MiniLM", .family = "another model"};
        method.transformed = kind;
        if (kind != Transformed::none) method.name += kind == Transformed::flow ? ", flow" : ", whitened";
        StudyOptions own = made_.options;
        made_.options.model = "minilm";
        measure(method);
        made_.options = own;
      }
      vary_width("MiniLM", "minilm", "");
    }
  }
  correlate();
  return std::move(made_);
}

}  // namespace

EmbeddingStudy study_embeddings(const StudyOptions& options, Progress& progress) {
  if (options.seeds < 1 || options.resamples < 1)
    fail_caller("reproduce embeddings", fmt::format("{} seeds and {} resamples: 1 or more of each are needed",
                                                    options.seeds, options.resamples));
  for (const char* needed : {kDev, "snli/validation.tsv", "snli/test.tsv", "stsbenchmark/sts-train.csv"}) {
    if (!fs::exists(options.data / needed))
      fail_world((options.data / needed).string(), "is missing; --data FOLDER names the folder of the sets");
  }
  EmbeddingStudy study = Study(options, progress).run();
  study.options = options;
  return study;
}

stats::ResampledCorrelation study_difference(const StudyResult& a, const StudyResult& b, std::size_t set) {
  const stats::ResampledCorrelation &first = a.scores[set].all, &second = b.scores[set].all;
  if (first.resampled.empty() || second.resampled.empty()) return {};  // not measured on this set
  return stats::difference(first, second);
}

}  // namespace tamis::embedding
