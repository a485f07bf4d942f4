#pragma once

#include <string>
#include <vector>

#include "tamis/language/embedding/fine_tune.h"

namespace tamis::embedding {

/// Every key of the sections of the task `sbert` but those of FineTune, as Markdown.
std::string describe_sbert_keys();

/// Siamese training of sentence vectors with one of three objectives: Reimers and Gurevych, arXiv:1908.10084,
/// section 3.
class Sbert : public FineTune {
 public:
  enum class Objective : std::uint8_t { classification, regression, triplet };

  Sbert(ConfigFile& file, const train::Config& config, const std::filesystem::path& data_folder);
  ~Sbert() override;

  std::string_view name() const override { return "sbert"; }
  Variable loss(const train::Share& share, nn::Pass& pass) override;

 protected:
  std::int64_t training_examples() const override { return static_cast<std::int64_t>(first_.size()); }

 private:
  struct Classes;
  Objective objective_ = Objective::classification;
  double margin_ = 1;
  std::unique_ptr<Classes> classes_;  ///< W of the classification objective
  std::unique_ptr<TokenTexts> texts_;
  std::vector<std::int64_t> first_, second_, third_;
  std::vector<double> values_;  ///< label, or score scaled to 0 .. 1
};

}  // namespace tamis::embedding
