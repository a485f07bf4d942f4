#include "bench/vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>

#include "bench/peers.h"
#include "tamis/base/error.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/base/vector_file.h"
#include "tamis/language/encoder/sentence_encoder.h"
#include "tamis/vectors/cluster/kmeans.h"
#include "tamis/vectors/index/index.h"
#include "tamis/vectors/transform/whitening.h"

namespace tamis::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Arguments = std::vector<std::string>;

constexpr std::size_t kRows = 100000;
constexpr std::size_t kQueries = 1000;
constexpr std::int64_t kWidth = 384;  ///< of the rows made at random
constexpr std::int64_t kClusters = 256;
constexpr int kIterations = 20;
constexpr std::int64_t kKept = 256;  ///< columns of the whitening
constexpr std::int64_t kFound = 10;  ///< neighbours of a query
constexpr double kRecall = 0.97;
constexpr int kTimes = 3;  ///< runs of which the best counts
/// Runs that round otherwise end in slightly other clusters.
constexpr double kInertia = 2e-3;
constexpr double kIdentity = 1e-3;

double squared_distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    const double d = static_cast<double>(a[c]) - b[c];
    sum += d * d;
  }
  return sum;
}

/// Vectors and the file in which the peers find them.
struct Rows {
  std::vector<float> values;
  std::int64_t width = 0;
  std::filesystem::path file;

  std::size_t count() const { return values.size() / static_cast<std::size_t>(width); }
  std::span<const float> row(std::size_t i) const {
    const auto C = static_cast<std::size_t>(width);
    return std::span(values).subspan(i * C, C);
  }
  void write() const {
    VectorLayout layout;
    layout.dimensions = width;
    VectorWriter writer(file, layout);
    writer.write(values);
    writer.commit();
  }
};

/// Every 499th row's distance to its centre against that to the nearest, in f64; the largest excess, relative.
double check_clusters(const Rows& rows, const cluster::Clusters& clusters) {
  const auto C = static_cast<std::size_t>(rows.width);
  const auto centre = [&](std::size_t k) { return std::span(clusters.centres).subspan(k * C, C); };
  double excess = 0;
  for (std::size_t i = 0; i < rows.count(); i += 499) {
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k < kClusters; ++k) nearest = std::min(nearest, squared_distance(rows.row(i), centre(k)));
    const double given = squared_distance(rows.row(i), centre(static_cast<std::size_t>(clusters.assigned[i])));
    excess = std::max(excess, given / nearest - 1);
  }
  if (!(excess <= 1e-4)) fail_world("bench kmeans", fmt::format("a centre is {:.1e} farther than the nearest", excess));
  return excess;
}

double off_identity(std::span<const float> rows, std::int64_t width) {
  transform::Moments moments(width);
  moments.update(rows);
  const std::vector<double> covariance = moments.covariance();
  double off = 0;
  for (std::size_t i = 0; i < covariance.size(); ++i) {
    off = std::max(off, std::abs(covariance[i] - (i % static_cast<std::size_t>(width + 1) == 0 ? 1 : 0)));
  }
  return off;
}

double recall_of(const index::Neighbours& truth, const index::Neighbours& found) {
  std::size_t hits = 0;
  for (std::size_t i = 0; i < truth.rows.size(); i += kFound) {
    const auto of = std::span(truth.rows).subspan(i, kFound);
    for (const std::int64_t row : std::span(found.rows).subspan(i, kFound)) hits += std::ranges::count(of, row) > 0;
  }
  return static_cast<double>(hits) / static_cast<double>(truth.rows.size());
}

/// Everything one run of the benchmark knows.
class Vectors {
 public:
  Vectors(const VectorBench& bench, VectorReport& report, Progress& progress)
      : bench_(bench), report_(report), progress_(progress) {
    for (const char* name : {"normal", "sentences", "queries"}) {
      rows_of(name).width = kWidth;
      rows_of(name).file = scratch_.folder / fmt::format("{}.npy", name);
    }
  }

  void make_rows();
  void time_kmeans(const std::string& name, const std::string& of);
  void time_whitening();
  void time_index();
  void time_simcse();

 private:
  Rows& rows_of(std::string_view name) {
    return name == "normal" ? normal_ : name == "sentences" ? sentences_ : queries_;
  }
  std::optional<Peer> ask(const std::string& task, const Arguments& more, std::string& why) const {
    Arguments arguments{"--task", task, "--times", std::to_string(kTimes)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_peer(bench_.engine.peers, "vectors_peers.py", threads(), bench_.engine.seconds, arguments, why);
  }
  void encode(const std::vector<std::string>& texts);
  int breadth_for(const index::Index& graph, const index::Neighbours& truth, double& recall) const;

  const VectorBench& bench_;
  VectorReport& report_;
  Progress& progress_;
  Scratch scratch_;
  Rows normal_, sentences_, queries_;
};

void Vectors::make_rows() {
  Stream stream(bench_.engine.seed, "bench vectors");
  normal_.values.resize(kRows * kWidth);
  for (float& x : normal_.values) x = static_cast<float>(stream.normal());
  normal_.write();
  const auto texts = bench_sentences(bench_.data, kRows + kQueries, bench_.engine.seed);
  if (texts.size() < 20 * kQueries) {
    fail_world(bench_.data.string(), fmt::format("holds {} sentences, too few to time anything", texts.size()));
  }
  encode(texts);
  report_.vectors = sentences_.count();
  report_.texts = "STS-B, SICK, SNLI, Leipzig and wikitext-2, MIND, Upworthy";
}

void Vectors::encode(const std::vector<std::string>& texts) {
  encoder::EncoderOptions options;
  options.max_length = 64;
  options.normalize = true;
  const auto encoder = encoder::SentenceEncoder::load(bench_.model, options);
  sentences_.width = queries_.width = encoder.dimensions();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto C = static_cast<std::size_t>(encoder.dimensions());
  std::vector<float> out(views.size() * C);
  progress_.begin("sentences", views.size());
  const auto begun = Clock::now();
  constexpr std::size_t kPiece = 2048;
  for (std::size_t i = 0; i < views.size(); i += kPiece) {
    const std::size_t count = std::min(kPiece, views.size() - i);
    encoder.encode(std::span(views).subspan(i, count), std::span(out).subspan(i * C, count * C));
    progress_.advance(count);
  }
  report_.encode_rate = static_cast<double>(views.size()) / std::chrono::duration<double>(Clock::now() - begun).count();
  const auto held = out.begin() + static_cast<std::ptrdiff_t>((views.size() - kQueries) * C);
  queries_.values.assign(held, out.end());
  out.erase(held, out.end());
  sentences_.values = std::move(out);
  sentences_.write();
  queries_.write();
  progress_.end();
}

void Vectors::time_kmeans(const std::string& name, const std::string& of) {
  const Rows& rows = rows_of(of);
  cluster::KMeansOptions options;
  options.clusters = kClusters;
  options.iterations = kIterations;
  const auto first = std::span(rows.values).first(static_cast<std::size_t>(kClusters * rows.width));
  const std::vector<float> centres(first.begin(), first.end());
  const auto run = [&] { return cluster::kmeans_from(rows.values, rows.width, centres, options); };
  cluster::Clusters clusters = run();
  Compared result;
  result.name = name;
  result.what = fmt::format("{} x {}, {} clusters, {} iterations from the first rows", rows.count(), rows.width,
                            kClusters, kIterations);
  result.check = fmt::format("centres against the nearest in f64: {:.1e} farther", check_clusters(rows, clusters));
  result.unit = "s";
  const double seconds = fastest_of(kTimes, [&] { clusters = run(); });
  result.ours = {"tamis", seconds, fmt::format("inertia {:.7g}", clusters.inertia)};
  const double distances = static_cast<double>(rows.count()) * kClusters * clusters.iterations;
  result.share = 2 * distances * static_cast<double>(rows.width) / seconds / report_.sgemm_peak;
  progress_.advance();
  const auto peer = ask("kmeans",
                        {"--rows", rows.file.string(), "--clusters", std::to_string(kClusters), "--iterations",
                         std::to_string(kIterations)},
                        result.why);
  double largest = 0;
  for (const auto& [who, taken] : peer ? peer->seconds : std::map<std::string, double>{}) {
    const double inertia = peer->figures.at(who);
    largest = std::max(largest, std::abs(inertia / clusters.inertia - 1));
    result.peers.push_back({who, taken, fmt::format("inertia {:.7g}", inertia)});
  }
  if (peer) result.check += fmt::format("; inertia against the peers': {:.1e} relative", largest);
  if (!(largest <= kInertia)) fail_world("bench kmeans", result.check + ": these are not the same clusters");
  report_.results.push_back(std::move(result));
  progress_.advance();
}

void Vectors::time_whitening() {
  const Rows& rows = sentences_;
  std::vector<float> out(rows.count() * kKept);
  const auto run = [&] {
    transform::Moments moments(rows.width);
    moments.update(rows.values);
    transform::fit_whitening(moments, {.dimensions = kKept}).apply(rows.values, out);
  };
  run();
  double off = off_identity(out, kKept);
  Compared result;
  result.name = "whiten";
  result.what = fmt::format("{} x {} -> {}: mean, covariance, eigenvectors, product", rows.count(), rows.width, kKept);
  result.unit = "s";
  result.check = fmt::format("covariance of the result against the identity: {:.1e}", off);
  if (!(off <= kIdentity)) fail_world("bench whiten", result.check);
  result.ours = {"tamis", fastest_of(kTimes, run), fmt::format("{:.1e} off the identity", off)};
  progress_.advance();
  const auto peer = ask("whiten", {"--rows", rows.file.string(), "--dimensions", std::to_string(kKept)}, result.why);
  for (const auto& [who, taken] : peer ? peer->seconds : std::map<std::string, double>{}) {
    off = peer->figures.at(who);
    result.peers.push_back({who, taken, fmt::format("{:.1e} off the identity", off)});
    if (!(off <= kIdentity)) fail_world("bench whiten", fmt::format("{} is {:.1e} off the identity", who, off));
  }
  report_.results.push_back(std::move(result));
  progress_.advance();
}

/// The least breadth of some that finds enough; the widest if none does.
int Vectors::breadth_for(const index::Index& graph, const index::Neighbours& truth, double& recall) const {
  int breadth = 0;
  for (const int next : {64, 96, 128, 192, 256, 384}) {
    breadth = next;
    recall = recall_of(truth, graph.search(queries_.values, kFound, breadth));
    if (recall >= kRecall) return breadth;
  }
  fail_world("bench hnsw", fmt::format("recall@{} of {:.4f} at a breadth of {}; not timed", kFound, recall, breadth));
}

void Vectors::time_index() {
  index::Options options;
  const index::Index exact =
      index::Index::build(sentences_.values, sentences_.width, {.kind = index::Kind::flat, .metric = options.metric});
  const index::Neighbours truth = exact.search(queries_.values, kFound);
  std::optional<index::Index> graph;
  const double built =
      fastest_of(1, [&] { graph.emplace(index::Index::build(sentences_.values, sentences_.width, options)); });
  double recall = 0;
  const int breadth = breadth_for(*graph, truth, recall);
  const double searched = fastest_of(5, [&] { graph->search(queries_.values, kFound, breadth); });
  progress_.advance();
  const std::string note = fmt::format("recall@{} {:.4f}", kFound, recall);
  const std::string check = fmt::format("{} of {} queries held apart, against an exact search", note, kQueries);
  const std::string what = fmt::format("{} x {}, M {}, efConstruction {}", sentences_.count(), sentences_.width,
                                       options.links, options.build_breadth);
  Compared build{"hnsw build", what, check, "s", 0, {"tamis, one thread", built, note}, {}, ""};
  Compared search{"hnsw search", fmt::format("{}, efSearch {}", what, breadth), check, "queries/s", 0, {}, {}, ""};
  search.ours = {"tamis", kQueries / searched, note};
  const auto peer = ask("hnsw",
                        {"--rows", sentences_.file.string(), "--queries", queries_.file.string(), "--links",
                         std::to_string(options.links), "--build", std::to_string(options.build_breadth), "--breadth",
                         std::to_string(breadth), "--k", std::to_string(kFound)},
                        build.why);
  search.why = build.why;
  for (const auto& [who, taken] : peer ? peer->seconds : std::map<std::string, double>{}) {
    const bool of_build = who.ends_with("build");
    const std::string found = fmt::format("recall@{} {:.4f}", kFound, peer->figures.at(who));
    const std::string name = who.substr(0, who.rfind(' '));
    (of_build ? build : search).peers.push_back({name, of_build ? taken : kQueries / taken, found});
  }
  report_.results.push_back(std::move(build));
  report_.results.push_back(std::move(search));
  progress_.advance();
}

void Vectors::time_simcse() {
  Compared result = bench_simcse(bench_, scratch_.folder, report_.sgemm_peak);
  progress_.advance();
  const auto peer = run_peer(bench_.engine.peers, "engine_torch.py", threads(), bench_.engine.seconds, {}, result.why);
  if (peer) {
    const double taken = peer->seconds.at("encoder");
    result.peers.push_back({peer->name, taken, fmt::format("{:.0f} sequences/s", 128 / taken)});
  }
  report_.results.push_back(std::move(result));
  progress_.advance();
}

}  // namespace

VectorReport run_vectors(const VectorBench& bench, Progress& progress) {
  VectorReport report{this_machine(), threads(), sgemm_peak(threads(), bench.engine.seconds), 0, "", 0, {}};
  Vectors vectors(bench, report, progress);
  vectors.make_rows();
  progress.begin("vectors", 10);
  vectors.time_kmeans("kmeans normal", "normal");
  vectors.time_kmeans("kmeans sentences", "sentences");
  vectors.time_whitening();
  vectors.time_index();
  vectors.time_simcse();
  progress.end();
  return report;
}

}  // namespace tamis::bench
