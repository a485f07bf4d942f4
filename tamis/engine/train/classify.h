#pragma once

#include <filesystem>
#include <memory>

#include "tamis/engine/train/augment.h"
#include "tamis/engine/train/config.h"
#include "tamis/engine/train/dataset.h"
#include "tamis/engine/train/task.h"

namespace tamis::train {

/// Every key of the sections of this task, as Markdown.
std::string describe_classify_keys();

/// Images or vectors with one label of `classes` each: one tower that ends in [B, classes], cross-entropy. Sections:
/// [data], [augment], [loss]. Metrics: loss, accuracy.
class Classify : public Task {
 public:
  /// Reads its sections, then the data, whose values it does not judge (require_sound()). `data_folder` replaces
  /// [data]'s folder unless it is empty.
  Classify(ConfigFile& file, const Config& config, const std::filesystem::path& data_folder, std::uint64_t seed);
  /// The same from parts: for tests and instruments.
  Classify(Dataset dataset, const NetworkConfig& network, const Augment& augment, double smoothing, std::uint64_t seed);

  std::string_view name() const override { return "classify"; }
  nn::Module& network() override { return *network_; }
  Network& towers() { return *network_; }
  std::int64_t examples(Part part) const override;
  Variable loss(const Share& share, nn::Pass& pass) override;
  std::vector<Metric> metrics() const override;
  std::vector<double> measure(Part part, std::span<const std::int64_t> examples) override;
  std::vector<InputFile> inputs() const override { return dataset_.inputs; }

  const Dataset& dataset() const { return dataset_; }
  /// x [n, ..] and labels [n] i32 of some training examples, changed at random as training sees them.
  Tensor rows_of(Part part, std::span<const std::int64_t> examples, std::int64_t epoch) const;
  Tensor labels_of(Part part, std::span<const std::int64_t> examples) const;

 private:
  const LabelledRows& rows(Part part) const;
  void build(const NetworkConfig& network);

  Dataset dataset_;
  Augment augment_;
  double smoothing_ = 0;
  float fill_ = 0;
  std::uint64_t seed_;
  std::unique_ptr<Network> network_;
};

}  // namespace tamis::train
