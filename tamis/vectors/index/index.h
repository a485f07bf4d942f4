#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Search among vectors, by FAISS; and pairs that are nearly the same, exactly.
namespace tamis::index {

/// Every vector looked at; a graph that is walked (Malkov and Yashunin, arXiv:1603.09320); or lists of codes: vectors
/// by their nearest of so many centres, stored as product-quantised residuals (Jégou et al., "Product Quantization for
/// Nearest Neighbor Search", 2011).
enum class Kind : std::uint8_t { flat, hnsw, ivf_pq };
/// What makes a vector near: a large cosine, a large inner product, or a small Euclidean distance.
enum class Metric : std::uint8_t { cosine, dot, euclidean };

Kind parse_kind(std::string_view text);      ///< "flat", "hnsw", "ivf-pq"; throws invalid_argument listing them
Metric parse_metric(std::string_view text);  ///< "cosine", "dot", "euclidean"
std::string_view text(Kind kind);
std::string_view text(Metric metric);

struct Options {
  Kind kind = Kind::hnsw;
  Metric metric = Metric::cosine;
  int links = 32;           ///< hnsw: of a vector in the graph (M)
  int build_breadth = 100;  ///< hnsw: candidates kept while building (efConstruction)
  std::int64_t lists = 0;   ///< ivf-pq: centres; 0: 4 sqrt(rows)
  int code_bytes = 0;       ///< ivf-pq: bytes of a code, a divisor of the dimensions; 0: the largest up to a quarter
};

/// For n queries, the k nearest of each, nearest first.
struct Neighbours {
  std::vector<std::int64_t> rows;  ///< [n, k], numbered from 0; -1 where an approximate index found no more
  std::vector<float> scores;       ///< [n, k]: cosine, inner product or squared distance
};

/// Built once, then read. search() may be called from several threads.
class Index {
 public:
  /// Building takes one thread, so that equal rows give equal files. Throws invalid_argument for options out of range
  /// (lists above the rows, code bytes that do not divide the dimensions); runtime_error, by its row, for a component
  /// that is not finite, and for fewer rows than ivf-pq's codes need.
  static Index build(std::span<const float> rows, std::int64_t dimensions, const Options& options);
  /// docs/formats/index.md. Throws runtime_error for a file that is missing, damaged or no index.
  static Index read(const std::filesystem::path& path);
  ~Index();
  Index(Index&&) noexcept;

  /// queries [n, dimensions()]. `breadth`: how much an approximate index looks at (hnsw: candidates, ivf-pq: lists); 0:
  /// 64 and 16. On threads(). Throws invalid_argument unless 1 <= k <= rows(); runtime_error as build().
  Neighbours search(std::span<const float> queries, std::int64_t k, int breadth = 0) const;
  /// Atomic; throws runtime_error where the disk refuses.
  void write(const std::filesystem::path& path) const;

  std::int64_t dimensions() const;
  std::int64_t rows() const;
  const Options& options() const;
  std::string model;  ///< fingerprint of what made the rows; "" if that is not known

 private:
  struct Inside;
  explicit Index(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

/// Two rows whose cosine is at least `least`.
struct Pair {
  std::int64_t first = 0, second = 0;  ///< first < second
  float cosine = 0;
};
/// All such pairs of rows [n, C], exactly, by tiled products: by first, then second. The same at any number of threads.
/// Throws invalid_argument for `least` outside (0, 1], runtime_error as build().
std::vector<Pair> near_duplicates(std::span<const float> rows, std::int64_t dimensions, double least);

}  // namespace tamis::index
