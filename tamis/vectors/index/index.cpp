#include "tamis/vectors/index/index.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/impl/FaissException.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/train/checkpoint.h"

namespace tamis::index {

namespace {

constexpr const char* kKind = "index";
constexpr int kStoredBreadth = 16;        ///< what FAISS gives a new graph
constexpr std::int64_t kCodesNeed = 256;  ///< rows that the quantiser of 8-bit codes learns from, at least

/// The rows, of length 1 where the metric is the cosine (0 stays 0).
std::vector<float> prepared(std::span<const float> rows, std::int64_t dimensions, Metric metric) {
  const auto C = static_cast<std::size_t>(dimensions);
  std::vector<float> made(rows.begin(), rows.end());
  parallel_for(made.size() / C, [&](std::size_t i) {
    double square = 0;
    for (std::size_t c = 0; c < C; ++c) square += static_cast<double>(made[i * C + c]) * made[i * C + c];
    if (!std::isfinite(square)) fail_world(fmt::format("row {}", i), "has a component that is not finite");
    if (metric != Metric::cosine || square == 0) return;
    for (std::size_t c = 0; c < C; ++c) made[i * C + c] = static_cast<float>(made[i * C + c] / std::sqrt(square));
  });
  return made;
}

int code_bytes_of(std::int64_t dimensions, int asked) {
  if (asked > 0) return asked;
  for (auto bytes = static_cast<int>(std::max<std::int64_t>(1, dimensions / 4)); bytes > 1; --bytes)
    if (dimensions % bytes == 0) return bytes;
  return 1;
}

void check(std::int64_t n, std::int64_t C, const Options& options) {
  if (n < 1 || C < 1) fail_caller("index", "there is no vector to build it of");
  if (options.links < 2 || options.links > 512 || options.build_breadth < 1)
    fail_caller("index", fmt::format("{} links, breadth {}: 2 to 512, and 1 or more are needed", options.links,
                                     options.build_breadth));
  if (options.kind != Kind::ivf_pq) return;
  if (options.lists < 0 || options.lists > n)
    fail_caller("index", fmt::format("{} lists of {} rows: 1 to as many as there are rows", options.lists, n));
  if (options.code_bytes < 0 || (options.code_bytes > 0 && C % options.code_bytes != 0))
    fail_caller("index", fmt::format("codes of {} bytes do not divide {} dimensions", options.code_bytes, C));
  if (n < kCodesNeed)
    fail_world("index",
               fmt::format("{} rows are too few to learn codes from; {} are needed, or kind flat", n, kCodesNeed));
}

const std::string& text_of(const train::Checkpoint& file, const std::string& name, const std::filesystem::path& path) {
  const auto found = file.texts.find(name);
  if (found == file.texts.end())
    fail_world(path.string(), fmt::format("does not say its \"{}\": it is no index", name));
  return found->second;
}

}  // namespace

struct Index::Inside {
  Options options;
  std::unique_ptr<faiss::Index> faiss;
  std::mutex breadth;  ///< held while FAISS reads the graph's efSearch

  /// Sets how many candidates a graph keeps. FAISS 1.7.3 goes by this alone, whatever the parameters of a call say.
  std::unique_lock<std::mutex> keep(int candidates) {
    std::unique_lock held(breadth, std::defer_lock);
    if (auto* graph = dynamic_cast<faiss::IndexHNSW*>(faiss.get())) {
      held.lock();
      graph->hnsw.efSearch = candidates;
    }
    return held;
  }
};

Index::Index(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Index::~Index() = default;
Index::Index(Index&&) noexcept = default;

Kind parse_kind(std::string_view text) {
  for (const Kind kind : {Kind::flat, Kind::hnsw, Kind::ivf_pq})
    if (text == index::text(kind)) return kind;
  fail_caller("--kind", fmt::format("\"{}\" is no kind of index; accepted: flat, hnsw, ivf-pq", text));
}

Metric parse_metric(std::string_view text) {
  for (const Metric metric : {Metric::cosine, Metric::dot, Metric::euclidean})
    if (text == index::text(metric)) return metric;
  fail_caller("--metric", fmt::format("\"{}\" is no metric; accepted: cosine, dot, euclidean", text));
}

std::string_view text(Kind kind) {
  return kind == Kind::flat ? "flat" : kind == Kind::hnsw ? "hnsw" : "ivf-pq";
}

std::string_view text(Metric metric) {
  return metric == Metric::cosine ? "cosine" : metric == Metric::dot ? "dot" : "euclidean";
}

Index Index::build(std::span<const float> rows, std::int64_t dimensions, const Options& options) {
  const std::int64_t n = dimensions > 0 ? static_cast<std::int64_t>(rows.size()) / dimensions : 0;
  check(n, dimensions, options);
  const std::vector<float> ready = prepared(rows, dimensions, options.metric);
  const auto d = static_cast<int>(dimensions);
  const faiss::MetricType metric = options.metric == Metric::euclidean ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
  auto inside = std::make_unique<Inside>();
  inside->options = options;
  const OneThread alone;
  if (options.kind == Kind::flat) {
    inside->faiss = std::make_unique<faiss::IndexFlat>(d, metric);
  } else if (options.kind == Kind::hnsw) {
    auto made = std::make_unique<faiss::IndexHNSWFlat>(d, options.links, metric);
    made->hnsw.efConstruction = options.build_breadth;
    inside->faiss = std::move(made);
  } else {
    Options& own = inside->options;
    own.lists =
        own.lists > 0 ? own.lists : std::min<std::int64_t>(n, std::llround(4 * std::sqrt(static_cast<double>(n))));
    own.code_bytes = code_bytes_of(dimensions, own.code_bytes);
    auto* centres = new faiss::IndexFlat(d, metric);  // owned by the index below
    auto made = std::make_unique<faiss::IndexIVFPQ>(centres, d, static_cast<std::size_t>(own.lists),
                                                    static_cast<std::size_t>(own.code_bytes), 8, metric);
    made->own_fields = true;
    made->cp.min_points_per_centroid = 1;  // FAISS would warn on standard output
    made->pq.cp.min_points_per_centroid = 1;
    made->train(n, ready.data());
    inside->faiss = std::move(made);
  }
  inside->faiss->add(n, ready.data());
  return Index(std::move(inside));
}

Neighbours Index::search(std::span<const float> queries, std::int64_t k, int breadth) const {
  if (k < 1 || k > rows()) fail_caller("index", fmt::format("{} neighbours of {} vectors: 1 to {}", k, rows(), rows()));
  if (breadth < 0) fail_caller("index", fmt::format("breadth {}: must be 0 or more", breadth));
  const std::vector<float> ready = prepared(queries, dimensions(), inside_->options.metric);
  const auto n = ready.size() / static_cast<std::size_t>(dimensions());
  Neighbours found{std::vector<std::int64_t>(n * static_cast<std::size_t>(k)),
                   std::vector<float>(n * static_cast<std::size_t>(k))};
  faiss::SearchParametersHNSW walk;
  walk.efSearch = std::max<int>(breadth > 0 ? breadth : 64, static_cast<int>(k));
  faiss::SearchParametersIVF lists;
  lists.nprobe = static_cast<std::size_t>(breadth > 0 ? breadth : 16);
  const faiss::SearchParameters* how = inside_->options.kind == Kind::hnsw ? &walk
                                       : inside_->options.kind == Kind::ivf_pq
                                           ? &lists
                                           : static_cast<faiss::SearchParameters*>(nullptr);
  const auto held = inside_->keep(walk.efSearch);
  inside_->faiss->search(static_cast<std::int64_t>(n), ready.data(), k, found.scores.data(), found.rows.data(), how);
  return found;
}

void Index::write(const std::filesystem::path& path) const {
  faiss::VectorIOWriter writer;
  const auto held = inside_->keep(kStoredBreadth);  // the same file, whatever was searched before
  faiss::write_index(inside_->faiss.get(), &writer);
  const std::size_t bytes = writer.data.size();
  writer.data.resize((bytes + 3) / 4 * 4);
  engine::Tensor data({static_cast<std::int64_t>(writer.data.size() / 4)}, engine::DType::i32);
  std::memcpy(data.data<std::int32_t>(), writer.data.data(), writer.data.size());
  const Options& options = inside_->options;
  train::write_checkpoint(path, {{{"faiss", data}},
                                 {{"kind", kKind},
                                  {"index", std::string(text(options.kind))},
                                  {"metric", std::string(text(options.metric))},
                                  {"dimensions", fmt::format("{}", dimensions())},
                                  {"rows", fmt::format("{}", rows())},
                                  {"bytes", fmt::format("{}", bytes)},
                                  {"model", model}}});
}

Index Index::read(const std::filesystem::path& path) {
  const train::Checkpoint file = train::read_checkpoint(path);
  if (text_of(file, "kind", path) != kKind || file.tensors.size() != 1 ||
      file.tensors[0].tensor.dtype() != engine::DType::i32)
    fail_world(path.string(), "is no index; tamis index build makes one");
  std::int64_t bytes = 0, dimensions = 0, rows = 0;
  if (!parse_integer(text_of(file, "bytes", path), bytes) || bytes < 0 ||
      bytes > static_cast<std::int64_t>(file.tensors[0].tensor.bytes()) ||
      !parse_integer(text_of(file, "dimensions", path), dimensions) ||
      !parse_integer(text_of(file, "rows", path), rows))
    fail_world(path.string(), "has sizes that do not fit");
  auto inside = std::make_unique<Inside>();
  inside->options.kind = parse_kind(text_of(file, "index", path));
  inside->options.metric = parse_metric(text_of(file, "metric", path));
  faiss::VectorIOReader reader;
  reader.data.resize(static_cast<std::size_t>(bytes));
  std::memcpy(reader.data.data(), file.tensors[0].tensor.data<std::int32_t>(), reader.data.size());
  try {
    inside->faiss.reset(faiss::read_index(&reader));
  } catch (const faiss::FaissException& error) {
    fail_world(path.string(), std::string("holds an index that FAISS cannot read: ") + error.what());
  }
  if (inside->faiss->d != dimensions || inside->faiss->ntotal != rows)
    fail_world(path.string(), "says other sizes than its index has");
  Index read(std::move(inside));
  read.model = text_of(file, "model", path);
  return read;
}

std::int64_t Index::dimensions() const {
  return inside_->faiss->d;
}

std::int64_t Index::rows() const {
  return inside_->faiss->ntotal;
}

const Options& Index::options() const {
  return inside_->options;
}

}  // namespace tamis::index
