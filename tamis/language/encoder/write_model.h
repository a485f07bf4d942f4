#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tamis/engine/nn/module.h"
#include "tamis/language/encoder/config.h"
#include "tamis/language/text/tokenizer.h"

namespace tamis::encoder {

/// Writes a safetensors file of f32 tensors (others are converted), in their order, with `metadata` as texts. Written
/// beside the target and renamed. Throws runtime_error where the disk refuses.
void write_safetensors(const std::filesystem::path& path, const std::vector<nn::Buffer>& tensors,
                       const std::map<std::string, std::string>& metadata);

/// Parameters of a Bert (named from its root, "embeddings.word.weight" …), and of what stands around it under any other
/// name, as Hugging Face's BERT names them: "bert.embeddings.word_embeddings.weight" …; query, key and value become
/// three tensors; the head of masked-language modelling ("head.dense", "head.norm", "head.bias") becomes
/// "cls.predictions…". `root`: what stands before the Bert's names ("bert."). Names of other parts are left out.
std::vector<nn::Buffer> hugging_face_names(const std::vector<nn::Parameter>& parameters, const std::string& root);

/// What a folder says of its sentences.
struct SentenceSettings {
  PoolingChoice pooling;
  bool normalize = false;
  std::int64_t max_length = 128;
};

/// Writes a folder that transformers, sentence-transformers (if `sentence` is given) and read_model_folder() read:
/// config.json, model.safetensors, vocab.txt, tokenizer_config.json, modules.json with its modules. The folder is made;
/// files in it of the same names are replaced, the weights last.
void write_model_folder(const std::filesystem::path& folder, const BertConfig& config,
                        const std::vector<nn::Buffer>& weights, const text::Tokenizer& tokenizer,
                        const std::optional<SentenceSettings>& sentence);

}  // namespace tamis::encoder
