#include "tamis/language/encoder/write_model.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/file.h"

namespace tamis::encoder {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using engine::Tensor;

/// Our names of a part of the network, and theirs.
struct Renamed {
  const char *own, *theirs;
};
constexpr std::array<Renamed, 4> kOutside = {{{"embeddings.word", "embeddings.word_embeddings"},
                                              {"embeddings.position", "embeddings.position_embeddings"},
                                              {"embeddings.type", "embeddings.token_type_embeddings"},
                                              {"embeddings.norm", "embeddings.LayerNorm"}}};
constexpr std::array<Renamed, 5> kLayer = {{{"attention.output", "attention.output.dense"},
                                            {"attention_norm", "attention.output.LayerNorm"},
                                            {"up", "intermediate.dense"},
                                            {"down", "output.dense"},
                                            {"output_norm", "output.LayerNorm"}}};
constexpr std::array<Renamed, 2> kHead = {
    {{"head.dense", "cls.predictions.transform.dense"}, {"head.norm", "cls.predictions.transform.LayerNorm"}}};

/// "up.weight" with {"up", "intermediate.dense"} becomes "intermediate.dense.weight".
template <typename Table>
std::string renamed(const std::string& name, const Table& table) {
  const std::size_t dot = name.rfind('.');
  for (const auto& [own, theirs] : table) {
    if (name.substr(0, dot) == own) return theirs + name.substr(dot);
  }
  return "";
}

void add_attention(std::vector<nn::Buffer>& out, const std::string& at, const std::string& kind, const Tensor& qkv) {
  const std::int64_t C = qkv.size(0) / 3;
  std::int64_t part = 0;
  for (const char* name : {"query", "key", "value"}) {
    out.push_back({at + "attention.self." + name + kind, qkv.slice(0, part * C, (part + 1) * C)});
    ++part;
  }
}

Json config_of(const BertConfig& config, bool has_head) {
  return {{"architectures", {has_head ? "BertForMaskedLM" : "BertModel"}},
          {"model_type", "bert"},
          {"vocab_size", config.vocabulary},
          {"hidden_size", config.width},
          {"num_hidden_layers", config.layers},
          {"num_attention_heads", config.heads},
          {"intermediate_size", config.feed_forward},
          {"max_position_embeddings", config.positions},
          {"type_vocab_size", config.types},
          {"layer_norm_eps", config.epsilon},
          {"hidden_act", config.gelu == engine::Gelu::exact ? "gelu" : "gelu_new"},
          {"hidden_dropout_prob", 0.1},
          {"attention_probs_dropout_prob", 0.1},
          {"initializer_range", 0.02},
          {"pad_token_id", 0},
          {"torch_dtype", "float32"}};
}

Json tokenizer_config_of(const text::Tokenizer& tokenizer, std::int64_t max_length) {
  const text::TokenizerSettings& settings = tokenizer.settings();
  Json json{{"tokenizer_class", "BertTokenizer"}, {"do_lower_case", settings.lowercase},
            {"strip_accents", nullptr},           {"tokenize_chinese_chars", settings.split_cjk},
            {"model_max_length", max_length},     {"unk_token", settings.unknown},
            {"cls_token", settings.start},        {"sep_token", settings.separator},
            {"pad_token", settings.padding},      {"mask_token", settings.mask}};
  if (settings.strip_accents) json["strip_accents"] = *settings.strip_accents;
  return json;
}

void write_json(const fs::path& path, const Json& json) {
  write_file(path, json.dump(2) + "\n");
}

/// modules.json and what it names, as sentence-transformers writes them.
void write_modules(const fs::path& folder, std::int64_t width, const SentenceSettings& sentence) {
  static const std::map<Pooling, const char*> modes = {
      {Pooling::cls, "cls_token"},  {Pooling::mean, "mean_tokens"},
      {Pooling::max, "max_tokens"}, {Pooling::mean_sqrt, "mean_sqrt_len_tokens"},
      {Pooling::last, "lasttoken"}, {Pooling::weighted_mean, "weightedmean_tokens"}};
  const auto mode = modes.find(sentence.pooling.kind);
  if (mode == modes.end()) return;  // such a folder cannot say it: the pooling is chosen when it is used
  Json pooling{{"word_embedding_dimension", width}};
  for (const auto& [kind, name] : modes) pooling[fmt::format("pooling_mode_{}", name)] = kind == mode->first;
  make_output_folder(folder / "1_Pooling");
  write_json(folder / "1_Pooling" / "config.json", pooling);
  const auto module = [](int index, const char* path, const char* type) {
    return Json{{"idx", index},
                {"name", std::to_string(index)},
                {"path", path},
                {"type", fmt::format("sentence_transformers.models.{}", type)}};
  };
  Json modules = Json::array({module(0, "", "Transformer"), module(1, "1_Pooling", "Pooling")});
  if (sentence.normalize) {
    make_output_folder(folder / "2_Normalize");
    modules.push_back(module(2, "2_Normalize", "Normalize"));
  }
  write_json(folder / "sentence_bert_config.json", {{"max_seq_length", sentence.max_length}, {"do_lower_case", false}});
  write_json(folder / "modules.json", modules);
}

}  // namespace

void write_safetensors(const fs::path& path, const std::vector<nn::Buffer>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  Json header{{"__metadata__", metadata}};
  std::vector<Tensor> data;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    data.push_back(tensor.to(engine::DType::f32).packed());
    const std::uint64_t bytes = static_cast<std::uint64_t>(tensor.elements()) * sizeof(float);
    header[name] = {{"dtype", "F32"},
                    {"shape", std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end())},
                    {"data_offsets", {offset, offset + bytes}}};
    offset += bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8
  const std::uint64_t length = text.size();
  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&length), sizeof length});
  file.write(text);
  for (const Tensor& tensor : data) {
    const auto values = tensor.span<float>();
    file.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  file.commit();
}

std::vector<nn::Buffer> hugging_face_names(const std::vector<nn::Parameter>& parameters, const std::string& root) {
  std::vector<nn::Buffer> out;
  for (const nn::Parameter& parameter : parameters) {
    const Tensor value = parameter.variable.value();
    if (!parameter.name.starts_with(root)) {
      const std::string theirs =
          parameter.name == "head.bias" ? "cls.predictions.bias" : renamed(parameter.name, kHead);
      if (!theirs.empty()) out.push_back({theirs, value});
      continue;
    }
    const std::string name = parameter.name.substr(root.size());
    if (!name.starts_with("layer.")) {
      const std::string theirs =
          name.starts_with("pooler.") ? "pooler.dense" + name.substr(6) : renamed(name, kOutside);
      out.push_back({"bert." + theirs, value});
      continue;
    }
    const std::size_t dot = name.find('.', 6);
    const std::string at = "bert.encoder." + name.substr(0, dot + 1);
    const std::string part = name.substr(dot + 1);
    if (part.starts_with("attention.qkv")) {
      add_attention(out, at, part.substr(13), value);
    } else {
      out.push_back({at + renamed(part, kLayer), value});
    }
  }
  return out;
}

void write_model_folder(const fs::path& folder, const BertConfig& config, const std::vector<nn::Buffer>& weights,
                        const text::Tokenizer& tokenizer, const std::optional<SentenceSettings>& sentence) {
  make_output_folder(folder);
  bool has_head = false;
  for (const nn::Buffer& weight : weights) has_head = has_head || weight.name.starts_with("cls.");
  write_json(folder / "config.json", config_of(config, has_head));
  std::string vocabulary;
  for (std::int64_t id = 0; id < tokenizer.vocabulary_size(); ++id) {
    vocabulary += tokenizer.token(static_cast<std::int32_t>(id));
    vocabulary += '\n';
  }
  write_file(folder / "vocab.txt", vocabulary);
  write_json(folder / "tokenizer_config.json",
             tokenizer_config_of(tokenizer, sentence ? sentence->max_length : config.positions));
  if (sentence) write_modules(folder, config.width, *sentence);
  write_safetensors(folder / "model.safetensors", weights, {{"format", "pt"}});
}

}  // namespace tamis::encoder
