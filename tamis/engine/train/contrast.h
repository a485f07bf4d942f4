#pragma once

#include <filesystem>
#include <memory>

#include "tamis/engine/train/config.h"
#include "tamis/engine/train/task.h"

namespace tamis::train {

/// Every key of the sections of this task, as Markdown.
std::string describe_contrast_keys();

/// Pairs that belong together, by InfoNCE over the whole batch. One tower: the pair is two passes of one example, whose
/// dropout masks differ (Gao et al., arXiv:2104.08821, section 3). Two towers: the pair is example i of each. Inputs
/// are made up from the seed, to try and to measure networks: [[input]] tables, one a tower. Metrics: loss.
class Contrast : public Task {
 public:
  Contrast(ConfigFile& file, const Config& config, std::uint64_t seed);

  std::string_view name() const override { return "contrast"; }
  nn::Module& network() override { return *network_; }
  bool meets() override { return true; }
  Network& towers() { return *network_; }
  std::int64_t examples(Part part) const override { return part == Part::train ? examples_ : 0; }
  Variable loss(const Share& share, nn::Pass& pass) override;
  std::vector<Metric> metrics() const override;
  std::vector<double> measure(Part part, std::span<const std::int64_t> examples) override;
  std::vector<InputFile> inputs() const override { return {}; }

  /// Tower t's input for some examples: f32 rows [n, ..], or ids [tokens] with `offsets` [n + 1].
  Tensor input_of(std::size_t tower, std::span<const std::int64_t> examples, Tensor& offsets) const;
  /// Tokens of each sequence of tower t; 0 for rows.
  std::int64_t length(std::size_t tower) const { return lengths_[tower]; }

 private:
  Variable represent(std::size_t tower, std::span<const std::int64_t> examples, std::int64_t first, nn::Pass& pass);

  std::int64_t examples_ = 0;
  double temperature_ = 0.05;
  std::uint64_t seed_;
  std::vector<Input> inputs_;
  std::vector<std::int64_t> lengths_;
  std::unique_ptr<Network> network_;
};

}  // namespace tamis::train
