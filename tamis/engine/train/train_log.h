#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/file.h"

// log.jsonl of a run (docs/formats/train_log.md): a heading, a line for each step and one for each evaluation. It holds
// no times: the same run writes the same bytes.
namespace tamis::train {

struct LogHeading {
  std::string task, title;
  std::uint64_t seed = 0;
  std::string config;  ///< fingerprint
  std::int64_t batch = 0, shards = 0, steps_per_epoch = 0, steps = 0, examples = 0;
  std::string watch;
  std::vector<std::string> metrics;
  std::vector<double> weights;      ///< norm of each layer's parameters before the first step
  std::vector<std::string> layers;  ///< modules with parameters of their own, in the order of the network
};

struct StepLine {
  std::int64_t step = 0;  ///< from 0
  std::int64_t epoch = 0;
  double loss = 0;  ///< mean over the batch; NaN is null in the file
  double rate = 0;
  double norm = 0;            ///< of the whole gradient, before clipping
  double clip = 1;            ///< factor by which the norm was clipped
  std::vector<double> norms;  ///< by layer, before clipping
};

struct EvaluationLine {
  std::int64_t step = 0;   ///< steps done
  std::int64_t epoch = 0;  ///< epochs begun
  std::string part;        ///< validation or test
  std::map<std::string, double> metrics;
  bool best = false;
  std::vector<double> weights;  ///< norm of each layer's parameters
};

/// Writes the log. Lines are gathered and go to the disk by flush(), which forces them there.
class LogWriter {
 public:
  /// Begins a new log with its heading, or goes on behind the first `keep_bytes` bytes of an old one.
  LogWriter(const std::filesystem::path& path, const LogHeading& heading);
  LogWriter(const std::filesystem::path& path, std::uint64_t keep_bytes);
  void add(const StepLine& line);
  void add(const EvaluationLine& line);
  /// Throws runtime_error on a full disk; what was flushed before stays whole.
  void flush();
  /// Bytes on the disk.
  std::uint64_t bytes() const { return bytes_; }

 private:
  void add_text(const std::string& text);
  std::unique_ptr<AppendFile> file_;
  std::vector<std::string> waiting_;
  std::uint64_t bytes_ = 0;
};

struct Log {
  LogHeading heading;
  std::vector<StepLine> steps;
  std::vector<EvaluationLine> evaluations;
};
/// Throws runtime_error naming file and line of what cannot be read; a torn last line is dropped.
Log read_log(const std::filesystem::path& path);

}  // namespace tamis::train
