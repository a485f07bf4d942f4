#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tamis/engine/train/config.h"
#include "tamis/engine/train/task.h"
#include "tamis/language/embedding/sentence_network.h"
#include "tamis/language/embedding/sts_set.h"

namespace tamis::embedding {

/// Keys of [model] and [dev], which all tasks that go on from a model share, as Markdown.
std::string describe_fine_tune_keys();

/// What tasks that train sentence vectors share: the model they start from, the pairs that tell how good the vectors
/// are, and the folder they leave. Metrics over the pairs of [dev]: loss ((cos - gold)^2, gold scaled to 0 .. 1),
/// spearman (of cosine and gold), alignment (mean squared distance of normalised vectors of pairs with gold above 4/5
/// of the scale) and uniformity (log of the mean of exp(-2 d^2) over all different texts): Wang and Isola,
/// arXiv:2005.10242, equations 1 and 2.
class FineTune : public train::Task {
 public:
  FineTune(ConfigFile& file, const train::Config& config, const std::filesystem::path& data_folder);
  ~FineTune() override;

  nn::Module& network() override { return *whole_; }
  void initialize(std::uint64_t seed) override;
  std::vector<train::Metric> metrics() const override;
  std::vector<double> measure(train::Part, std::span<const std::int64_t>) override { return {}; }
  std::optional<std::vector<double>> measure_whole(train::Part part) override;
  std::int64_t examples(train::Part part) const override;
  std::vector<InputFile> inputs() const override { return inputs_; }
  /// OUT/model: a folder that sentence-transformers and `tamis embed` read.
  void publish(const std::filesystem::path& out) override;

  SentenceNetwork& sentences() { return *sentences_; }

 protected:
  virtual std::int64_t training_examples() const = 0;
  /// The root of the network: the sentence network under "sentences", and what a task adds.
  struct Whole : nn::Module {
    void add(std::string name, nn::Module& part) { adopt(std::move(name), part); }
  };
  Whole& whole() { return *whole_; }
  const text::Tokenizer& tokenizer() const { return *tokenizer_; }
  std::int64_t max_length() const { return max_length_; }
  /// The folder of the model to go on from.
  const std::filesystem::path& start() const { return start_; }
  /// A file named in the configuration, in the folder of data if one was given.
  std::filesystem::path place_of(const std::string& name) const;
  void add_input(const InputFile& input) { inputs_.push_back(input); }
  /// What a shard's pass is told of its place in the batch.
  void place(const train::Share& share, nn::Pass& pass) const;

 private:
  std::filesystem::path folder_, data_folder_, start_;
  std::unique_ptr<text::Tokenizer> tokenizer_;
  std::int64_t max_length_ = 0;
  bool normalize_ = false;
  std::unique_ptr<Whole> whole_;
  std::unique_ptr<SentenceNetwork> sentences_;
  StsSet dev_;
  std::unique_ptr<TokenTexts> dev_texts_;            ///< each once
  std::vector<std::size_t> dev_first_, dev_second_;  ///< of each pair, its places in dev_texts_
  std::vector<InputFile> inputs_;
};

}  // namespace tamis::embedding
