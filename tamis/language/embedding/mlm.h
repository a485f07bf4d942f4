#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tamis/engine/nn/linear.h"
#include "tamis/engine/nn/norm.h"
#include "tamis/engine/train/config.h"
#include "tamis/engine/train/task.h"
#include "tamis/language/embedding/token_texts.h"
#include "tamis/language/encoder/bert.h"

namespace tamis::embedding {

using engine::Variable;

/// Every key of the sections of the task `mlm`, as Markdown.
std::string describe_mlm_keys();

struct MaskOptions {
  double share = 0.15;  ///< of the tokens of a text that are chosen, each on its own
  double masked = 0.8;  ///< of these: [MASK]
  double random = 0.1;  ///< of these: any token of the vocabulary but special ones; the rest stay as they are
  std::int32_t mask = 0;
  std::int32_t first = 0, vocabulary = 0;  ///< random tokens are first .. vocabulary - 1
};

/// One text with some of its tokens hidden. Source: Devlin et al., arXiv:1810.04805, section 3.1; drawn anew for each
/// epoch, as Liu et al., arXiv:1907.11692, section 4.1.
struct Masked {
  std::vector<std::int32_t> ids;     ///< as the network sees them
  std::vector<std::int32_t> places;  ///< of the chosen tokens
  std::vector<std::int32_t> labels;  ///< what stood there
};
/// The first and the last token ([CLS], [SEP]) are never chosen. A function of (seed, epoch, text) alone.
Masked mask_tokens(std::span<const std::int32_t> ids, const MaskOptions& options, std::uint64_t seed,
                   std::int64_t epoch, std::int64_t text);

/// BERT and the head that guesses tokens: log-odds = norm(gelu(W h + b)) E^T + c, E the word embeddings. Parts: bert,
/// head {dense, norm, bias}.
class MaskedLanguageModel : public nn::Module {
 public:
  MaskedLanguageModel(const encoder::BertConfig& config, double dropout);
  encoder::Bert& bert() { return bert_; }
  /// Outputs [n, C] of the places asked for -> log-odds [n, V].
  Variable guess(const Variable& hidden, nn::Pass& pass);
  /// Network and head of a folder that has both; throws runtime_error, by the tensor, for one without.
  void load(const encoder::WeightFile& weights);

 private:
  struct Head;
  encoder::Bert bert_;
  std::unique_ptr<Head> head_;

 public:
  ~MaskedLanguageModel() override;
};

/// True if a folder's weights hold the head that guesses tokens.
bool has_guesses(const encoder::WeightFile& weights);
/// Texts in which a `share` of the tokens between [CLS] and [SEP], chosen as mask_tokens() chooses them, is replaced by
/// what the model of the folder guesses there when they are masked, the token itself left out: [text]. On threads().
std::vector<std::vector<std::int32_t>> substituted_texts(const std::filesystem::path& folder,
                                                         const text::Tokenizer& tokenizer, const TokenTexts& texts,
                                                         double share, std::uint64_t seed);

/// Masked-language modelling on a file of text, one sentence a line. Metrics: loss (cross-entropy of the chosen tokens,
/// mean over tokens), accuracy. The loss of a step is divided by the tokens a text has chosen on average, so that its
/// gradient does not depend on the luck of the draw.
class MaskedLanguage : public train::Task {
 public:
  MaskedLanguage(ConfigFile& file, const train::Config& config, const std::filesystem::path& data_folder,
                 std::uint64_t seed);
  ~MaskedLanguage() override;

  std::string_view name() const override { return "mlm"; }
  nn::Module& network() override { return *network_; }
  void initialize(std::uint64_t seed) override;
  std::int64_t examples(train::Part part) const override;
  Variable loss(const train::Share& share, nn::Pass& pass) override;
  std::vector<train::Metric> metrics() const override;
  std::vector<double> measure(train::Part part, std::span<const std::int64_t> examples) override;
  std::vector<InputFile> inputs() const override { return inputs_; }
  /// OUT/model: a Hugging Face BERT folder.
  void publish(const std::filesystem::path& out) override;

  const text::Tokenizer& tokenizer() const { return *tokenizer_; }
  const TokenTexts& texts() const { return *texts_; }

 private:
  struct Guesses;
  Guesses guesses(std::span<const std::int64_t> texts, std::int64_t epoch, nn::Pass& pass);

  std::uint64_t seed_;
  std::int64_t validation_ = 0;
  MaskOptions mask_;
  double expected_ = 1;           ///< chosen tokens of a training text, on average
  double validation_chosen_ = 1;  ///< of a validation text
  std::unique_ptr<text::Tokenizer> tokenizer_;
  std::unique_ptr<TokenTexts> texts_;  ///< the last `validation_` are held out
  std::filesystem::path start_;
  std::unique_ptr<MaskedLanguageModel> network_;
  std::vector<InputFile> inputs_;
};

}  // namespace tamis::embedding
