#pragma once

#include <string>
#include <vector>

#include "bench/compared.h"
#include "bench/engine.h"

namespace tamis::bench {

struct EvidenceReport {
  Machine machine;
  int threads = 0;
  double scale = 1;
  std::vector<Compared> results;
};

struct EvidenceBench {
  double scale = 1;  ///< of the numbers of rows below, in (0, 1]
  Options engine;
};

/// The AUC of 5,000,000 rows, in memory and from Parquet; three metrics of 100,000 rankings of 100 documents, parsed
/// and from TREC files; a point-in-time join of 5,000,000 labels with as many facts of 100,000 users; 10,000 bootstrap
/// replicates of 100,000 users. The same in scikit-learn, pandas, pytrec_eval, ranx, DuckDB and NumPy where they are
/// installed. Throws runtime_error if a result is wrong or differs from a peer's.
EvidenceReport run_evidence(const EvidenceBench& bench, Progress& progress);

// What the workloads read, made at random from a seed.

/// Predictions: labels (a tenth positive) and scores that lean their way.
struct Predictions {
  std::vector<double> scores;
  std::vector<std::uint8_t> labels;
};
Predictions make_predictions(std::size_t rows, std::uint64_t seed);
/// Columns `label` and `score`.
void write_predictions(const Predictions& predictions, const std::filesystem::path& path);
/// A run of 100 documents a query and judgments of 20 of them and of 5 that were not retrieved, in TREC's lines.
void write_rankings(std::size_t queries, std::uint64_t seed, const std::filesystem::path& judgments,
                    const std::filesystem::path& run);
/// Labels (user, time) and facts (user, event_time, known_time, value) of 90 days, in microseconds; a fifth of the
/// facts become known days late.
void write_histories(std::size_t rows, std::uint64_t seed, const std::filesystem::path& labels,
                     const std::filesystem::path& facts);

/// A table for people.
std::string describe(const EvidenceReport& report);

}  // namespace tamis::bench
