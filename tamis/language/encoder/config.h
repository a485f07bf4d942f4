#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "tamis/engine/tensor/elementwise.h"
#include "tamis/language/encoder/pooling.h"

namespace tamis::encoder {

/// A BERT-family network, as config.json describes it.
struct BertConfig {
  std::string architecture;  ///< "bert" or "distilbert"
  std::int64_t vocabulary = 30522;
  std::int64_t width = 384;
  std::int64_t layers = 6;
  std::int64_t heads = 12;
  std::int64_t feed_forward = 1536;
  std::int64_t positions = 512;
  std::int64_t types = 2;  ///< 0: no token types (DistilBERT)
  double epsilon = 1e-12;  ///< of the layer norms
  engine::Gelu gelu = engine::Gelu::exact;
};

/// A model folder as Hugging Face or sentence-transformers writes it, without its weights and vocabulary.
struct ModelFolder {
  std::filesystem::path folder;       ///< as given
  std::filesystem::path transformer;  ///< where config.json and the weights are: the folder, or modules.json's first
  BertConfig bert;
  // What modules.json and its modules say; absent in a plain folder.
  std::optional<PoolingChoice> pooling;        ///< 1_Pooling
  bool normalize = false;                      ///< 2_Normalize
  std::optional<std::int64_t> max_length;      ///< sentence_bert_config.json's max_seq_length
  std::optional<bool> lowercase;               ///< sentence_bert_config.json's do_lower_case, if true
  std::map<std::string, std::string> prompts;  ///< config_sentence_transformers.json
  std::string default_prompt;                  ///< its default_prompt_name; "" if none
};

/// Throws runtime_error for a file that is missing, no JSON, or holds sizes that no network has; invalid_argument,
/// naming it, for an architecture that is not served (XLM-R, MPNet, ModernBERT, GTE's "new", …), positions that are not
/// absolute, an activation or a module (a Dense layer, a pooling of several modes) that is not served.
ModelFolder read_model_folder(const std::filesystem::path& folder);

/// The folder itself, or the one that `make models` filled, for a name it knows ("minilm"): searched in
/// $TAMIS_MODELS, then models/ of the working directory, of the executable's folder and of that folder's parents.
/// Throws runtime_error if nothing is there, saying where it looked and what would make it.
std::filesystem::path find_model(const std::string& name_or_folder);

}  // namespace tamis::encoder
