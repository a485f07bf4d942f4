#include "tamis/language/encoder/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "tamis/base/error.h"
#include "tamis/base/json_file.h"

namespace tamis::encoder {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 24;  // of any size in a config: far beyond any network

/// One JSON file of a model folder; its getters name it and the key when something does not fit.
class JsonFile {
 public:
  explicit JsonFile(fs::path path) : path_(std::move(path)), json_(read_json_file(path_)) {}
  [[noreturn]] void fail(std::string_view what) const { fail_world(path_.string(), what); }
  [[noreturn]] void refuse(std::string_view what) const { fail_caller(path_.string(), what); }
  const Json& json() const { return json_; }
  const fs::path& path() const { return path_; }
  bool has(const char* key) const { return json_.is_object() && json_.contains(key) && !json_[key].is_null(); }

  std::int64_t size(const char* key, std::optional<std::int64_t> absent = {}) const {
    if (!has(key)) {
      if (absent) return *absent;
      fail(fmt::format("has no \"{}\"", key));
    }
    const Json& value = json_[key];
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > kMostNumbers) {
      fail(fmt::format("\"{}\" is {}: must be a whole number from 1 to {}", key, value.dump(), kMostNumbers));
    }
    return value.get<std::int64_t>();
  }
  std::string word(const char* key, const std::string& absent) const {
    if (!has(key)) return absent;
    if (!json_[key].is_string()) fail(fmt::format("\"{}\" is {}: must be a text", key, json_[key].dump()));
    return json_[key].get<std::string>();
  }
  bool flag(const char* key, bool absent) const {
    if (!has(key)) return absent;
    if (!json_[key].is_boolean()) fail(fmt::format("\"{}\" is {}: must be true or false", key, json_[key].dump()));
    return json_[key].get<bool>();
  }

 private:
  fs::path path_;
  Json json_;
};

engine::Gelu activation(const JsonFile& file, const char* key) {
  const std::string name = file.word(key, "gelu");
  if (name == "gelu" || name == "gelu_python") return engine::Gelu::exact;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return engine::Gelu::tanh_form;
  file.refuse(fmt::format("the activation \"{}\" is not served; gelu and gelu_new are", name));
}

void require_divisible(const JsonFile& file, const BertConfig& config) {
  if (config.width % config.heads != 0) {
    file.fail(fmt::format("{} heads do not divide the width {}", config.heads, config.width));
  }
}

BertConfig read_bert(const JsonFile& file) {
  BertConfig config;
  config.architecture = "bert";
  config.vocabulary = file.size("vocab_size");
  config.width = file.size("hidden_size");
  config.layers = file.size("num_hidden_layers");
  config.heads = file.size("num_attention_heads");
  config.feed_forward = file.size("intermediate_size");
  config.positions = file.size("max_position_embeddings");
  config.types = file.size("type_vocab_size", 2);
  if (file.has("layer_norm_eps")) {
    const Json& epsilon = file.json()["layer_norm_eps"];
    if (!epsilon.is_number() || !(epsilon.get<double>() >= 0) || epsilon.get<double>() > 1) {
      file.fail(fmt::format("\"layer_norm_eps\" is {}: must be a number from 0 to 1", epsilon.dump()));
    }
    config.epsilon = epsilon.get<double>();
  }
  config.gelu = activation(file, "hidden_act");
  return config;
}

BertConfig read_distilbert(const JsonFile& file) {
  BertConfig config;
  config.architecture = "distilbert";
  config.vocabulary = file.size("vocab_size");
  config.width = file.size("dim");
  config.layers = file.size("n_layers");
  config.heads = file.size("n_heads");
  config.feed_forward = file.size("hidden_dim");
  config.positions = file.size("max_position_embeddings");
  config.types = 0;
  config.gelu = activation(file, "activation");
  return config;
}

BertConfig read_config(const fs::path& folder) {
  if (!fs::exists(folder / "config.json")) {
    fail_world(folder.string(), "holds no config.json: it is no model folder");
  }
  const JsonFile file(folder / "config.json");
  std::string named = file.word("model_type", "");
  if (named.empty() && file.has("architectures") && file.json()["architectures"].is_array() &&
      !file.json()["architectures"].empty() && file.json()["architectures"][0].is_string()) {
    // Old folders name the class alone: BertModel, BertForMaskedLM.
    named = file.json()["architectures"][0].get<std::string>();
    if (named.rfind("Bert", 0) == 0) named = "bert";
    if (named.rfind("DistilBert", 0) == 0) named = "distilbert";
  }
  if (named != "bert" && named != "distilbert") {
    file.refuse(
        fmt::format("the architecture \"{}\" is not served; bert (BERT, MiniLM, BGE, E5, GTE) and distilbert are",
                    named.empty() ? "unnamed" : named));
  }
  if (const std::string position = file.word("position_embedding_type", "absolute"); position != "absolute") {
    file.refuse(fmt::format("position embeddings \"{}\" are not served; absolute ones are", position));
  }
  if (file.flag("is_decoder", false) || file.flag("add_cross_attention", false)) {
    file.refuse("is a decoder; encoders are served");
  }
  const BertConfig config = named == "bert" ? read_bert(file) : read_distilbert(file);
  require_divisible(file, config);
  return config;
}

PoolingChoice read_pooling(const fs::path& folder, std::int64_t width) {
  const JsonFile file(folder / "config.json");
  if (const std::int64_t said = file.size("word_embedding_dimension", width); said != width) {
    file.fail(fmt::format("\"word_embedding_dimension\" is {}, and the network's vectors have {}", said, width));
  }
  static const std::map<std::string, Pooling> modes = {{"cls", Pooling::cls},
                                                       {"cls_token", Pooling::cls},
                                                       {"mean", Pooling::mean},
                                                       {"mean_tokens", Pooling::mean},
                                                       {"max", Pooling::max},
                                                       {"max_tokens", Pooling::max},
                                                       {"mean_sqrt_len_tokens", Pooling::mean_sqrt},
                                                       {"weightedmean", Pooling::weighted_mean},
                                                       {"weightedmean_tokens", Pooling::weighted_mean},
                                                       {"lasttoken", Pooling::last}};
  std::vector<std::string> chosen;
  if (file.has("pooling_mode")) {
    const Json& mode = file.json()["pooling_mode"];
    for (const Json& one : mode.is_array() ? mode : Json::array({mode})) {
      if (!one.is_string()) file.fail("\"pooling_mode\" must be a text or a list of texts");
      chosen.push_back(one.get<std::string>());
    }
  } else {
    for (const auto& [key, value] : file.json().items()) {
      constexpr std::string_view start = "pooling_mode_";
      if (key.rfind(start, 0) == 0 && value.is_boolean() && value.get<bool>())
        chosen.push_back(key.substr(start.size()));
    }
  }
  if (chosen.size() != 1 || modes.find(chosen[0]) == modes.end()) {
    file.refuse(
        fmt::format("the pooling \"{}\" is not served; one of cls, mean, max, mean_sqrt_len_tokens, weightedmean, "
                    "lasttoken is",
                    fmt::join(chosen, " and ")));
  }
  if (!file.flag("include_prompt", true))
    file.refuse("\"include_prompt\": false is not served; remove it to pool over the prompt too");
  return {modes.at(chosen[0]), -1};
}

/// The last part of "sentence_transformers.models.Pooling" or "sentence_transformers.sentence_transformer.modules…".
std::string class_of(const std::string& type) {
  return type.substr(type.rfind('.') + 1);
}

/// Transformer, Pooling and perhaps Normalize: in another order they would mean something else.
void require_order(const JsonFile& file, const std::vector<std::string>& kinds) {
  const std::vector<std::string> order = {"Transformer", "Pooling", "Normalize"};
  for (const std::string& kind : kinds) {
    if (std::find(order.begin(), order.end(), kind) == order.end()) {
      file.refuse(fmt::format("the module \"{}\" is not served; Transformer, Pooling, Normalize are", kind));
    }
  }
  if (kinds.size() < 2 || kinds.size() > 3 || !std::equal(kinds.begin(), kinds.end(), order.begin())) {
    file.refuse(fmt::format("the modules are {}; Transformer, Pooling and perhaps Normalize, in this order, are served",
                            fmt::join(kinds, ", ")));
  }
}

/// Fills in what modules.json says; returns the folder of the pooling.
fs::path read_modules(ModelFolder& model) {
  const JsonFile file(model.folder / "modules.json");
  if (!file.json().is_array() || file.json().empty()) file.fail("must be a list of modules");
  std::vector<std::string> kinds;
  for (const Json& module : file.json()) {
    if (!module.is_object() || !module.contains("type") || !module["type"].is_string() || !module.contains("path") ||
        !module["path"].is_string()) {
      file.fail("every module needs a \"type\" and a \"path\"");
    }
    kinds.push_back(class_of(module["type"].get<std::string>()));
  }
  require_order(file, kinds);
  model.transformer = model.folder / file.json()[0]["path"].get<std::string>();
  model.normalize = kinds.size() == 3;
  return model.folder / file.json()[1]["path"].get<std::string>();
}

void read_sentence_settings(ModelFolder& model) {
  if (fs::exists(model.transformer / "sentence_bert_config.json")) {
    const JsonFile file(model.transformer / "sentence_bert_config.json");
    if (file.has("max_seq_length")) model.max_length = file.size("max_seq_length");
    if (file.flag("do_lower_case", false)) model.lowercase = true;
  }
  if (fs::exists(model.folder / "config_sentence_transformers.json")) {
    const JsonFile file(model.folder / "config_sentence_transformers.json");
    if (file.has("prompts")) {
      if (!file.json()["prompts"].is_object()) file.fail("\"prompts\" must be an object of names and texts");
      for (const auto& [name, prompt] : file.json()["prompts"].items()) {
        if (!prompt.is_string()) file.fail(fmt::format("the prompt \"{}\" is no text", name));
        model.prompts[name] = prompt.get<std::string>();
      }
    }
    model.default_prompt = file.word("default_prompt_name", "");
    if (!model.default_prompt.empty() && !model.prompts.contains(model.default_prompt)) {
      file.fail(fmt::format("\"default_prompt_name\" is \"{}\", which is none of its prompts", model.default_prompt));
    }
  }
}

}  // namespace

ModelFolder read_model_folder(const fs::path& folder) {
  if (!fs::is_directory(folder)) fail_world(folder.string(), "is no folder; the folder of a model is needed");
  ModelFolder model;
  model.folder = folder;
  model.transformer = folder;
  std::optional<fs::path> pooling;
  if (fs::exists(folder / "modules.json")) pooling = read_modules(model);
  model.bert = read_config(model.transformer);
  if (pooling) model.pooling = read_pooling(*pooling, model.bert.width);
  read_sentence_settings(model);
  return model;
}

fs::path find_model(const std::string& name_or_folder) {
  if (name_or_folder != "minilm" || fs::is_directory(name_or_folder)) return name_or_folder;
  std::vector<fs::path> places;
  if (const char* set = std::getenv("TAMIS_MODELS"); set != nullptr && *set != '\0') places.emplace_back(set);
  places.emplace_back("models");
  std::error_code ignored;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ignored);
  for (fs::path parent = executable.parent_path(); parent.has_relative_path(); parent = parent.parent_path()) {
    places.push_back(parent / "models");
  }
  std::string looked;
  for (const fs::path& place : places) {
    if (fs::exists(place / name_or_folder / "config.json")) return place / name_or_folder;
    looked += fmt::format("{}{}", looked.empty() ? "" : ", ", place.string());
  }
  fail_world(name_or_folder, fmt::format("is not there (looked in {}); make models fetches it", looked));
}

}  // namespace tamis::encoder
