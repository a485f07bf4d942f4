#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/compared.h"
#include "bench/engine.h"

namespace tamis::bench {

struct VectorReport {
  Machine machine;
  int threads = 0;
  double sgemm_peak = 0;    ///< floating-point operations per second, all threads
  std::size_t vectors = 0;  ///< of sentences, queries not among them
  std::string texts;        ///< where they are from
  double encode_rate = 0;   ///< sentences a second, on the way there
  std::vector<Compared> results;
};

struct VectorBench {
  std::filesystem::path model;  ///< a model folder
  std::filesystem::path data;   ///< folder that holds stsbenchmark, sick, snli, sentences, mind and upworthy
  Options engine;
};

/// k-means and whitening of 100,000 vectors, a graph index over them, and a training step by contrast; the same in
/// scikit-learn, FAISS, NumPy and PyTorch where they are installed. Throws runtime_error if a result is wrong, ours or
/// a peer's: they would not be doing the same.
VectorReport run_vectors(const VectorBench& bench, Progress& progress);

/// Up to `most` different sentences of the folder of data, in an order drawn from the seed.
std::vector<std::string> bench_sentences(const std::filesystem::path& data, std::size_t most, std::uint64_t seed);

/// A training step of the task simcse from the model: 64 texts of 32 tokens, seen twice. vectors_simcse.cpp.
Compared bench_simcse(const VectorBench& bench, const std::filesystem::path& scratch, double sgemm_peak);

/// A table for people.
std::string describe(const VectorReport& report);

}  // namespace tamis::bench
