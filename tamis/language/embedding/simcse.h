#pragma once

#include <string>
#include <vector>

#include "tamis/language/embedding/fine_tune.h"
#include "tamis/language/embedding/objectives.h"

namespace tamis::embedding {

/// Every key of the sections of the task `simcse` but those of FineTune, as Markdown.
std::string describe_simcse_keys();

/// How the two views of a text differ, where the data gives no second text. Crop keeps a stretch of 1 - strength of the
/// tokens, deletion drops each token with probability strength, substitution replaces a share of strength by what the
/// model, which then must have its masked-language head, guesses there, once for all epochs ([CLS] and [SEP] stay);
/// dropout masks differ in all three.
enum class View : std::uint8_t { dropout, same_mask, crop, deletion, substitution };

/// Texts of one batch's shard, cropped or with words deleted: a function of (seed, epoch, view number, text) alone.
Packed changed_texts(const TokenTexts& texts, std::span<const std::int64_t> chosen, View view, double strength,
                     std::uint64_t seed, std::int64_t epoch, std::uint32_t number);

/// SimCSE (Gao et al., arXiv:2104.08821): each text beside itself under another dropout mask (section 3), or pairs that
/// entail each other, with a contradiction as hard negative (section 4).
class SimCse : public FineTune {
 public:
  SimCse(ConfigFile& file, const train::Config& config, const std::filesystem::path& data_folder, std::uint64_t seed);

  std::string_view name() const override { return "simcse"; }
  bool meets() override { return true; }
  Variable loss(const train::Share& share, nn::Pass& pass) override;

 protected:
  std::int64_t training_examples() const override { return static_cast<std::int64_t>(anchors_.size()); }

 private:
  Variable represent(std::span<const std::int64_t> texts, const train::Share& share, std::uint32_t variant,
                     nn::Pass& pass);

  std::uint64_t seed_;
  ContrastForm form_ = ContrastForm::one_side;
  double temperature_ = 0.05;
  View view_ = View::dropout;
  double strength_ = 0.1;
  std::unique_ptr<TokenTexts> texts_;
  std::vector<std::vector<std::int32_t>> substituted_;         ///< the second view of each text, for that view alone
  std::vector<std::int64_t> anchors_, positives_, negatives_;  ///< places in texts_; negatives_ may be empty
};

}  // namespace tamis::embedding
