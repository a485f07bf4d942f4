#include <fmt/format.h>

#include "tamis/language/embedding/mlm.h"
#include "tamis/language/embedding/study.h"
#include "tamis/language/encoder/weights.h"

namespace tamis::embedding {

namespace {

namespace fs = std::filesystem;

constexpr const char* kWhitening = "Su et al., arXiv:2103.15316";
constexpr const char* kSimCse = "Gao et al., arXiv:2104.08821, table 5";

/// What trainings differ in; the rest is the same for all.
struct Choice {
  std::string task, pooling = "mean", data, loss;
  double dropout = 0.1, rate = 3e-4;
  int epochs = 1;
  std::int64_t batch = 128;
};

std::string quoted(const fs::path& path) {
  return "\"" + fs::absolute(path).string() + "\"";
}

std::string config_of(const StudyOptions& options, const Choice& choice, std::int64_t most) {
  const std::string start = options.model == "minilm" ? "\"minilm\"" : quoted(options.model);
  return fmt::format(
      "task = \"{}\"\n[model]\nstart = {}\npooling = \"{}\"\ndropout = {}\nmax_length = 32\n"
      "[data]\n{}most = {}\n[loss]\n{}[dev]\nfile = {}\n[optimizer]\nrule = \"adamw\"\n"
      "[schedule]\nkind = \"warmup_linear\"\nrate = {}\nwarmup = 0.1\n"
      "[train]\nepochs = {}\nbatch = {}\nshards = 4\nclip_norm = 1.0\nevaluate_every = 50\nwatch = \"spearman\"\n"
      "report = \"best\"\n",
      choice.task, start, choice.pooling, choice.dropout, choice.data, most, choice.loss,
      quoted(options.data / "stsbenchmark/sts-dev.csv"), choice.rate, choice.epochs, choice.batch);
}

StudyMethod trained(std::string name, std::string family, const std::string& config) {
  StudyMethod method{.name = name, .family = std::move(family)};
  method.config = config;
  method.trained_as = std::move(name);
  return method;
}

StudyMethod published(StudyMethod method, double figure, const char* source) {
  method.published = figure;
  method.source = source;
  return method;
}

/// What takes the encoder as it is, and what is fitted on its vectors.
void add_untrained(std::vector<StudyMethod>& methods) {
  methods.push_back({.name = "CLS", .family = "averages", .pooling = "cls"});
  methods.push_back(published({.name = "last-mean", .family = "averages", .pooling = "mean"}, 52.6,
                              "Li et al., arXiv:2011.05864, as averaged over seven sets"));
  methods.push_back(published({.name = "first-last", .family = "averages", .pooling = "first-last"}, 60.7, kWhitening));
  StudyMethod whitened{.name = "first-last, whitened", .family = "transforms", .pooling = "first-last"};
  whitened.transformed = Transformed::whitening;
  StudyMethod flowed{.name = "first-last, flow", .family = "transforms", .pooling = "first-last"};
  flowed.transformed = Transformed::flow;
  methods.push_back(published(whitened, 66.3, kWhitening));
  methods.push_back(published(flowed, 66.6, "Li et al., arXiv:2011.05864"));
  StudyMethod words{.name = "word embeddings, whitened", .family = "transforms", .pooling = "mean@0"};
  words.transformed = Transformed::whitening;
  methods.push_back(words);
}

/// Unsupervised SimCSE with one thing changed.
void add_ablations(const StudyOptions& options, const fs::path& texts, std::vector<StudyMethod>& methods) {
  const std::string data = fmt::format("files = [{}]\n", quoted(texts));
  const auto add = [&](const std::string& name, const Choice& choice) {
    methods.push_back(trained("SimCSE, " + name, "ablation", config_of(options, choice, options.ablation)));
  };
  const Choice base{.task = "simcse", .data = data, .loss = "temperature = 0.05\n"};
  const bool guesses = options.model != "minilm" && has_guesses(encoder::WeightFile::open(options.model));
  add("dropout 0.1, temperature 0.05, mean", base);
  for (const double rate : {0.0, 0.05, 0.2, 0.3, 0.5}) {
    Choice choice = base;
    choice.dropout = rate;
    add(fmt::format("dropout {}", rate), choice);
  }
  for (const char* view : {"view = \"same-mask\"", "view = \"crop\"\nstrength = 0.1", "view = \"crop\"\nstrength = 0.3",
                           "view = \"deletion\"\nstrength = 0.1", "view = \"deletion\"\nstrength = 0.3",
                           "view = \"substitution\"\nstrength = 0.15"}) {
    if (std::string(view).starts_with("view = \"sub") && !guesses) continue;
    Choice choice = base;
    choice.data += std::string(view) + "\n";
    std::string name = view;
    for (const char* word : {"view = ", "\"", "\nstrength ="}) {
      for (std::size_t at = name.find(word); at != std::string::npos; at = name.find(word))
        name.erase(at, std::string(word).size());
    }
    add(name, choice);
  }
  for (const double temperature : {0.01, 0.1, 0.5}) {
    Choice choice = base;
    choice.loss = fmt::format("temperature = {}\n", temperature);
    add(fmt::format("temperature {}", temperature), choice);
  }
  for (const char* pooling : {"cls", "max", "first-last"}) {
    Choice choice = base;
    choice.pooling = pooling;
    add(std::string("pooling ") + pooling, choice);
  }
}

}  // namespace

std::vector<StudyMethod> study_methods(const StudyOptions& options, const fs::path& texts) {
  const fs::path& data = options.data;
  const std::string snli =
      fmt::format("files = [{}, {}]\n", quoted(data / "snli/validation.tsv"), quoted(data / "snli/test.tsv"));
  std::vector<StudyMethod> methods;
  add_untrained(methods);
  const Choice classes{.task = "sbert",
                       .data = snli,
                       .loss = "objective = \"classification\"\n",
                       .rate = 2e-4,
                       .epochs = 2,
                       .batch = 64};
  const Choice scores{.task = "sbert",
                      .data = fmt::format("files = [{}]\n", quoted(data / "stsbenchmark/sts-train.csv")),
                      .loss = "objective = \"regression\"\n",
                      .rate = 2e-4,
                      .epochs = 4,
                      .batch = 64};
  const Choice pairs{.task = "simcse", .data = fmt::format("files = [{}]\n", quoted(texts)), .loss = ""};
  // Chosen on STS-B dev among the recipes that docs/embeddings.md lists.
  const Choice triplets{.task = "simcse",
                        .pooling = "first-last",
                        .data = "form = \"nli\"\n" + snli,
                        .loss = "",
                        .dropout = 0.2,
                        .rate = 1e-3,
                        .epochs = 6};
  methods.push_back(
      published(trained("SBERT, classes of SNLI", "trained", config_of(options, classes, options.examples)), 74.9,
                "Reimers and Gurevych, arXiv:1908.10084, table 1"));
  methods.push_back(trained("SBERT, scores of STS-B", "trained", config_of(options, scores, options.examples)));
  methods.push_back(
      published(trained("SimCSE, texts", "trained", config_of(options, pairs, options.examples)), 76.3, kSimCse));
  methods.push_back(published(
      trained("SimCSE, triplets of SNLI", "trained", config_of(options, triplets, options.examples)), 81.6, kSimCse));
  const std::size_t count = methods.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (methods[i].family != "trained") continue;
    StudyMethod also = methods[i];
    also.name += ", whitened";
    also.transformed = Transformed::whitening;
    also.published.reset();
    also.source.clear();
    if (also.trained_as == "SBERT, classes of SNLI") also = published(also, 77.0, kWhitening);
    methods.push_back(std::move(also));
  }
  if (options.ablations) add_ablations(options, texts, methods);
  return methods;
}

}  // namespace tamis::embedding
