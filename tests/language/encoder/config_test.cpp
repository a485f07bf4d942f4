#include "tamis/language/encoder/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis::encoder {
namespace {

using Json = nlohmann::json;
using test::message_of;
using test::put;
using test::Scratch;

const Json kBert = {{"model_type", "bert"},         {"vocab_size", 40},         {"hidden_size", 16},
                    {"num_hidden_layers", 2},       {"num_attention_heads", 4}, {"intermediate_size", 32},
                    {"max_position_embeddings", 20}};

class ConfigTest : public testing::Test {
 protected:
  ModelFolder read(const Json& config) const {
    put(scratch_ / "config.json", config.dump());
    return read_model_folder(scratch_.path());
  }
  ModelFolder with(const char* key, const Json& value) const {
    Json config = kBert;
    config[key] = value;
    return read(config);
  }
  template <typename Error>
  void refuses(const char* key, const Json& value, const char* part) const {
    const std::string message = message_of<Error>([&] { with(key, value); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("config.json"), std::string::npos) << message;
  }
  /// A sentence-transformers folder around kBert with this module's config.
  ModelFolder sentence(const Json& pooling, const Json& more = Json::array()) const {
    put(scratch_ / "config.json", kBert.dump());
    std::filesystem::create_directories(scratch_ / "1_Pooling");
    put(scratch_ / "1_Pooling/config.json", pooling.dump());
    Json modules = {{{"type", "sentence_transformers.models.Transformer"}, {"path", ""}},
                    {{"type", "sentence_transformers.models.Pooling"}, {"path", "1_Pooling"}}};
    for (const Json& module : more) modules.push_back(module);
    put(scratch_ / "modules.json", modules.dump());
    return read_model_folder(scratch_.path());
  }
  Scratch scratch_;
};

TEST_F(ConfigTest, PlainFolders) {
  const ModelFolder model = read(kBert);
  EXPECT_EQ(model.bert.architecture, "bert");
  EXPECT_EQ(model.bert.width, 16);
  EXPECT_EQ(model.bert.types, 2);
  EXPECT_EQ(model.bert.epsilon, 1e-12);
  EXPECT_FALSE(model.pooling);
  EXPECT_FALSE(model.normalize);
  EXPECT_EQ(with("hidden_act", "gelu_new").bert.gelu, engine::Gelu::tanh_form);
  EXPECT_EQ(with("layer_norm_eps", 1e-5).bert.epsilon, 1e-5);
  const ModelFolder distil = read({{"model_type", "distilbert"},
                                   {"vocab_size", 40},
                                   {"dim", 16},
                                   {"n_layers", 3},
                                   {"n_heads", 4},
                                   {"hidden_dim", 32},
                                   {"max_position_embeddings", 20}});
  EXPECT_EQ(distil.bert.layers, 3);
  EXPECT_EQ(distil.bert.types, 0);
}

TEST_F(ConfigTest, OtherArchitecturesAreRefusedByName) {
  for (const char* name : {"xlm-roberta", "roberta", "mpnet", "modernbert", "new", "albert", "t5", "qwen2"}) {
    refuses<std::invalid_argument>("model_type", name, name);
  }
  refuses<std::invalid_argument>("position_embedding_type", "relative_key", "relative_key");
  refuses<std::invalid_argument>("is_decoder", true, "decoder");
  refuses<std::invalid_argument>("hidden_act", "relu", "relu");
}

TEST_F(ConfigTest, SizesThatNoNetworkHas) {
  for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                          "max_position_embeddings"}) {
    for (const Json& value : {Json(0), Json(-3), Json(1.5), Json("16"), Json(1LL << 40)}) {
      refuses<std::runtime_error>(key, value, key);
    }
    refuses<std::runtime_error>(key, Json(), key);
  }
  refuses<std::runtime_error>("num_attention_heads", 3, "do not divide");
  refuses<std::runtime_error>("layer_norm_eps", -1, "layer_norm_eps");
}

TEST_F(ConfigTest, FilesThatAreNone) {
  EXPECT_THROW(read_model_folder(scratch_ / "absent"), std::runtime_error);
  EXPECT_THROW(read_model_folder(scratch_.path()), std::runtime_error);
  put(scratch_ / "config.json", "{\"model_type\": \"bert\"");
  EXPECT_THROW(read_model_folder(scratch_.path()), std::runtime_error);
}

TEST_F(ConfigTest, SentenceTransformersFolders) {
  const ModelFolder old = sentence({{"pooling_mode_cls_token", false}, {"pooling_mode_mean_tokens", true}},
                                   {{{"type", "sentence_transformers.models.Normalize"}, {"path", "2_Normalize"}}});
  EXPECT_EQ(old.pooling, (PoolingChoice{Pooling::mean, -1}));
  EXPECT_TRUE(old.normalize);
  EXPECT_EQ(sentence({{"pooling_mode", "cls"}}).pooling->kind, Pooling::cls);
  EXPECT_EQ(sentence({{"pooling_mode_lasttoken", true}}).pooling->kind, Pooling::last);
  EXPECT_THROW(sentence({{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", true}}), std::invalid_argument);
  EXPECT_THROW(sentence({{"pooling_mode", "sum"}}), std::invalid_argument);
  EXPECT_THROW(sentence({{"pooling_mode", "mean"}, {"include_prompt", false}}), std::invalid_argument);
  const std::string dense = message_of<std::invalid_argument>([&] {
    sentence({{"pooling_mode", "mean"}}, {{{"type", "sentence_transformers.models.Dense"}, {"path", "2_Dense"}}});
  });
  EXPECT_NE(dense.find("\"Dense\""), std::string::npos) << dense;
}

TEST_F(ConfigTest, PromptsAndLengths) {
  sentence({{"pooling_mode", "mean"}});
  put(scratch_ / "sentence_bert_config.json", R"({"max_seq_length": 18, "do_lower_case": false})");
  put(scratch_ / "config_sentence_transformers.json",
      R"({"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": "query"})");
  const ModelFolder model = read_model_folder(scratch_.path());
  EXPECT_EQ(model.max_length, 18);
  EXPECT_EQ(model.prompts.at("passage"), "passage: ");
  EXPECT_EQ(model.default_prompt, "query");
  put(scratch_ / "config_sentence_transformers.json", R"({"prompts": {}, "default_prompt_name": "query"})");
  EXPECT_THROW(read_model_folder(scratch_.path()), std::runtime_error);
}

TEST_F(ConfigTest, ModelsAreFoundByName) {
  std::filesystem::create_directories(scratch_ / "minilm");
  put(scratch_ / "minilm/config.json", "{}");
  const char* const before = std::getenv("TAMIS_MODELS");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TAMIS_MODELS", scratch_.path().c_str(), 1);
  EXPECT_EQ(find_model("minilm"), scratch_ / "minilm");
  EXPECT_EQ(find_model("some/folder"), "some/folder");
  before == nullptr ? ::unsetenv("TAMIS_MODELS") : ::setenv("TAMIS_MODELS", kept.c_str(), 1);
}

TEST_F(ConfigTest, DeepJsonIsRefused) {
  for (const char* key : {"hidden_size", "hidden_act", "is_decoder", "architectures"}) {
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    put(scratch_ / "config.json", std::string(R"({"model_type": "bert", ")") + key + "\": " + deep + "}");
    const std::string message = message_of<std::runtime_error>([&] { read_model_folder(scratch_.path()); });
    EXPECT_NE(message.find("nested deeper than 64"), std::string::npos) << message;
  }
}

TEST_F(ConfigTest, NamedPipesAreNotWaitedFor) {
  ASSERT_EQ(::mkfifo((scratch_ / "config.json").c_str(), 0600), 0);
  const std::string message = message_of<std::runtime_error>([&] { read_model_folder(scratch_.path()); });
  EXPECT_NE(message.find("no regular file"), std::string::npos) << message;
}

TEST_F(ConfigTest, ModulesInAnotherOrderAreRefused) {
  const Json pooling = {{"pooling_mode_mean_tokens", true}};
  sentence(pooling);
  const auto refused = [&](const std::vector<const char*>& kinds) {
    Json modules = Json::array();
    for (const char* kind : kinds)
      modules.push_back({{"type", kind}, {"path", kind == std::string("Pooling") ? "1_Pooling" : ""}});
    put(scratch_ / "modules.json", modules.dump());
    const std::string message = message_of<std::invalid_argument>([&] { read_model_folder(scratch_.path()); });
    EXPECT_NE(message.find("in this order"), std::string::npos) << message;
  };
  refused({"Transformer", "Normalize", "Pooling"});
  refused({"Transformer", "Pooling", "Pooling"});
  refused({"Transformer", "Pooling", "Normalize", "Normalize"});
  refused({"Transformer", "Normalize"});
  refused({"Pooling"});
  refused({"Transformer"});
}

TEST_F(ConfigTest, SettingsThatCannotBeMeant) {
  refuses<std::runtime_error>("layer_norm_eps", 1e300, "0 to 1");
  EXPECT_THROW(sentence({{"pooling_mode_mean_tokens", true}, {"word_embedding_dimension", 17}}), std::runtime_error);
  EXPECT_TRUE(sentence({{"pooling_mode_mean_tokens", true}, {"word_embedding_dimension", 16}}).pooling);
  put(scratch_ / "config_sentence_transformers.json", R"({"prompts": ["query: "]})");
  EXPECT_THROW(read(kBert), std::runtime_error);
}

}  // namespace
}  // namespace tamis::encoder
