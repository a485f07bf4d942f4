#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "tamis/base/progress.h"

namespace tamis::bench {

/// One figure of ours beside those of the peers.
struct EncodeRow {
  std::string name;  ///< "short f32", "p50", "cold start", …
  std::string unit;  ///< "sentences/s" (more is better), "ms" or "MB" (less is)
  double ours = 0;
  std::vector<std::optional<double>> peers;  ///< in the order of EncodeReport::peers
  double share = 0;                          ///< of sgemm's peak; 0 where it says nothing
  /// How many times better ours is than the best peer; nullopt without one.
  std::optional<double> times() const;
};

/// One fused step of a layer beside the ops it replaces, on one thread.
struct EncodeStep {
  std::string name;
  double composite_seconds = 0;
  double fused_seconds = 0;
  double difference = 0;  ///< the largest, between their results
};

struct EncodeReport {
  Machine machine;
  int threads = 0;
  double sgemm_peak = 0;  ///< floating-point operations per second, all threads
  double tokens = 0;      ///< of a short text, on average
  std::vector<std::string> peers;
  std::vector<std::string> missing;  ///< why a peer is not there
  std::string check;
  std::vector<EncodeRow> rows;
  std::vector<EncodeStep> steps;
};

struct EncodeBench {
  std::filesystem::path model;  ///< a model folder
  std::filesystem::path sts;    ///< folder of sts-test.csv and sts-train.csv
  std::filesystem::path words;  ///< a text to cut into long pieces
  std::filesystem::path tamis;  ///< the command, for cold starts and peak memory
  std::filesystem::path peers = "bench/peers";
  double seconds = 3;
};

/// Encodes the first 8,000 sentences of STS-B's test and train files (tokenisation among it), 400 texts of 210 words
/// (cut at 256 tokens), single texts, and a first text in a new process; and the same with sentence-transformers,
/// onnxruntime and OpenVINO where they are installed. Throws runtime_error if our vectors are not theirs.
EncodeReport run_encode(const EncodeBench& bench, Progress& progress);

/// The fused steps of a layer of MiniLM's size; encode_steps.cpp. Throws runtime_error if one differs from its
/// composite.
std::vector<EncodeStep> time_steps(double seconds);

/// A table for people.
std::string describe(const EncodeReport& report);

}  // namespace tamis::bench
