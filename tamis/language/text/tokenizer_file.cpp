#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/json_file.h"
#include "tamis/language/text/tokenizer_inside.h"

namespace tamis::text {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::int64_t kMostTokens = std::int64_t{1} << 24;
constexpr int kDeepest = 64;

/// What the files say, before it is one tokenizer.
struct Parts {
  fs::path path;  ///< for messages
  TokenizerSettings settings;
  std::vector<std::string> tokens;
  std::vector<AddedToken> added;
  std::optional<std::int64_t> max_length;

  [[noreturn]] void fail(std::string_view what) const { fail_world(path.string(), what); }
  [[noreturn]] void refuse(std::string_view what) const { fail_caller(path.string(), what); }

  void place(const std::string& token, std::int64_t id) {
    if (id < 0 || id >= kMostTokens)
      fail(fmt::format("\"{}\" has the id {}: must be 0 to {}", token, id, kMostTokens - 1));
    const auto at = static_cast<std::size_t>(id);
    if (tokens.size() <= at) tokens.resize(at + 1);
    if (!tokens[at].empty() && tokens[at] != token)
      fail(fmt::format("the id {} stands for \"{}\" and for \"{}\"", id, tokens[at], token));
    tokens[at] = token;
  }
};

bool flag(const Json& json, const char* key, bool absent) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() ? found->get<bool>() : absent;
}

std::string word(const Json& json, const char* key, const std::string& absent) {
  const auto found = json.find(key);
  if (found == json.end()) return absent;
  if (found->is_string()) return found->get<std::string>();
  // A token as an object: {"content": "[CLS]", …}.
  return found->is_object() ? word(*found, "content", absent) : absent;
}

std::string type_of(const Json& part) {
  return part.is_object() ? word(part, "type", "") : part.is_null() ? "none" : "";
}

/// The file's JSON but for model.vocab, whose tokens go straight to their places: tens of thousands of them, in a
/// program that should start at once.
Json parse_tokenizer(Parts& parts) {
  const std::string bytes = read_regular_file(parts.path);
  std::vector<std::string> keys(kDeepest + 1);
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth >= kDeepest) parts.fail("is nested too deep for a tokenizer");
    const auto at = static_cast<std::size_t>(depth);
    if (event == Json::parse_event_t::key) keys[at] = value.get_ref<const std::string&>();
    if (event != Json::parse_event_t::value || depth != 3 || keys[1] != "model" || keys[2] != "vocab") return true;
    if (!value.is_number_integer())
      parts.fail(fmt::format("the id of \"{}\" is {}: WordPiece has whole numbers", keys[3], value.dump()));
    parts.place(keys[3], value.get<std::int64_t>());
    return false;
  };
  Json json = Json::parse(bytes, watch, false);
  if (!json.is_object()) parts.fail("is no JSON object, or truncated");
  return json;
}

void read_model(Parts& parts, const Json& json) {
  const auto model = json.find("model");
  if (model == json.end() || !model->is_object()) parts.fail("has no \"model\"");
  // Old files leave the type out; what tells WordPiece then is its prefix.
  const std::string type = word(*model, "type", model->contains("continuing_subword_prefix") ? "WordPiece" : "");
  if (type != "WordPiece")
    parts.refuse(fmt::format("is a {} tokenizer; WordPiece is served", type.empty() ? "nameless" : type));
  parts.settings.unknown = word(*model, "unk_token", "[UNK]");
  parts.settings.continuation = word(*model, "continuing_subword_prefix", "##");
  const auto longest = model->find("max_input_chars_per_word");
  if (longest == model->end()) return;
  if (!longest->is_number_integer() || longest->get<std::int64_t>() < 1 || longest->get<std::int64_t>() > 1'000'000) {
    parts.fail("\"max_input_chars_per_word\" must be a whole number from 1 to 1000000");
  }
  parts.settings.longest_word = longest->get<std::int64_t>();
}

void read_normalizer(Parts& parts, const Json& json) {
  const Json normalizer = json.value("normalizer", Json());
  const std::string type = type_of(normalizer);
  TokenizerSettings& settings = parts.settings;
  if (type == "none") {
    settings.lowercase = settings.split_cjk = settings.clean = false;
  } else if (type == "BertNormalizer") {
    settings.lowercase = flag(normalizer, "lowercase", true);
    settings.split_cjk = flag(normalizer, "handle_chinese_chars", true);
    settings.clean = flag(normalizer, "clean_text", true);
    const auto accents = normalizer.find("strip_accents");
    if (accents != normalizer.end() && accents->is_boolean()) settings.strip_accents = accents->get<bool>();
  } else {
    parts.refuse(fmt::format("the normalizer \"{}\" is not served; BertNormalizer is", type));
  }
  const std::string splitter = type_of(json.value("pre_tokenizer", Json()));
  if (splitter != "BertPreTokenizer") {
    parts.refuse(fmt::format("the pre-tokenizer \"{}\" is not served; BertPreTokenizer is", splitter));
  }
}

/// The tokens around one text and around two, in order: "[CLS] A [SEP] B [SEP]".
std::string template_text(const Json& pieces) {
  std::string text;
  for (const Json& piece : pieces) {
    if (!piece.is_object() || piece.empty()) continue;
    text += (text.empty() ? "" : " ") + word(piece.begin().value(), "id", "?");
    const auto type = piece.begin().value().find("type_id");
    if (type != piece.begin().value().end()) text += ":" + type->dump();
  }
  return text;
}

void read_processor(Parts& parts, const Json& json) {
  const Json processor = json.value("post_processor", Json());
  const std::string type = type_of(processor);
  TokenizerSettings& settings = parts.settings;
  const auto named = [&](const char* key, std::string& into) {
    const auto pair = processor.find(key);
    if (pair != processor.end() && pair->is_array() && !pair->empty() && (*pair)[0].is_string())
      into = (*pair)[0].get<std::string>();
  };
  if (type == "BertProcessing") {
    named("cls", settings.start);
    named("sep", settings.separator);
  } else if (type == "TemplateProcessing") {
    const Json single = processor.value("single", Json::array());
    if (single.is_array() && single.size() == 3) {
      settings.start = word(single[0].value("SpecialToken", Json::object()), "id", "");
      settings.separator = word(single[2].value("SpecialToken", Json::object()), "id", "");
    }
    const std::string one = fmt::format("{}:0 A:0 {}:0", settings.start, settings.separator);
    const std::string two = fmt::format("{} B:1 {}:1", one, settings.separator);
    if (template_text(single) != one || template_text(processor.value("pair", Json::array())) != two) {
      parts.refuse("its template is not [CLS] A [SEP] B [SEP], which is what is served");
    }
  } else {
    parts.refuse(
        fmt::format("the post-processor \"{}\" is not served; BertProcessing and TemplateProcessing are", type));
  }
}

void read_added(Parts& parts, const Json& list) {
  for (const Json& entry : list) {
    if (!entry.is_object() || !entry.contains("id") || !entry["id"].is_number_integer())
      parts.fail("an added token has no \"id\"");
    AddedToken token;
    token.content = word(entry, "content", "");
    if (token.content.empty()) continue;
    token.special = flag(entry, "special", false);
    token.single_word = flag(entry, "single_word", false);
    token.strip_left = flag(entry, "lstrip", false);
    token.strip_right = flag(entry, "rstrip", false);
    token.normalized = flag(entry, "normalized", !token.special);
    // Few tokens are added: a set of all the others would take longer to make than to go without.
    const auto place = std::find(parts.tokens.begin(), parts.tokens.end(), token.content);
    if (place == parts.tokens.end()) {
      token.id = static_cast<std::int32_t>(entry["id"].get<std::int64_t>());
      parts.place(token.content, entry["id"].get<std::int64_t>());
    } else {
      token.id = static_cast<std::int32_t>(place - parts.tokens.begin());
    }
    parts.added.push_back(std::move(token));
  }
}

Parts read_tokenizer_json(const fs::path& path) {
  Parts parts;
  parts.path = path;
  try {
    const Json json = parse_tokenizer(parts);
    read_model(parts, json);
    read_normalizer(parts, json);
    read_processor(parts, json);
    if (json.contains("added_tokens") && json["added_tokens"].is_array()) read_added(parts, json["added_tokens"]);
    const Json truncation = json.value("truncation", Json());
    if (truncation.is_object() && truncation.contains("max_length") && truncation["max_length"].is_number_unsigned()) {
      parts.max_length = truncation["max_length"].get<std::int64_t>();
    }
  } catch (const Json::exception&) {
    parts.fail("does not describe a tokenizer: a part is of another kind than it should be");
  }
  return parts;
}

Parts read_vocabulary(const fs::path& path) {
  Parts parts;
  parts.path = path;
  const std::string bytes = read_regular_file(path);
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string_view line(bytes.data() + begin, end - begin);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    if (parts.tokens.size() >= static_cast<std::size_t>(kMostTokens))
      parts.fail(fmt::format("has more than {} tokens", kMostTokens));
    // Of a token that stands twice the last one counts.
    const auto [found, fresh] = places.emplace(line, parts.tokens.size());
    if (!fresh) {
      parts.tokens[found->second].clear();
      found->second = parts.tokens.size();
    }
    parts.tokens.emplace_back(line);
    begin = end + 1;
  }
  return parts;
}

/// What tokenizer_config.json says besides; as in transformers, it has the last word.
void read_config(Parts& parts, const fs::path& path) {
  const Json json = read_json_file(path);
  if (!json.is_object()) fail_world(path.string(), "is no JSON object");
  TokenizerSettings& settings = parts.settings;
  settings.lowercase = flag(json, "do_lower_case", settings.lowercase);
  settings.split_cjk = flag(json, "tokenize_chinese_chars", settings.split_cjk);
  const auto accents = json.find("strip_accents");
  if (accents != json.end() && accents->is_boolean()) settings.strip_accents = accents->get<bool>();
  const auto length = json.find("model_max_length");
  // "No limit" is written as a number of 31 digits.
  if (length != json.end() && length->is_number() && length->get<double>() < 1e9 && length->get<double>() >= 1) {
    parts.max_length = static_cast<std::int64_t>(length->get<double>());
  }
  settings.unknown = word(json, "unk_token", settings.unknown);
  settings.start = word(json, "cls_token", settings.start);
  settings.separator = word(json, "sep_token", settings.separator);
  settings.padding = word(json, "pad_token", settings.padding);
  settings.mask = word(json, "mask_token", settings.mask);
}

std::int32_t required(const Parts& parts, const std::string& token, std::string_view role) {
  const auto found = std::find(parts.tokens.begin(), parts.tokens.end(), token);
  if (found == parts.tokens.end() || token.empty()) {
    parts.fail(fmt::format("has no token \"{}\" among its {}, the {}", token, parts.tokens.size(), role));
  }
  return static_cast<std::int32_t>(found - parts.tokens.begin());
}

/// A vocabulary without tokenizer.json has its five special tokens as added ones.
void add_special(Parts& parts) {
  const TokenizerSettings& settings = parts.settings;
  for (const std::string& token :
       {settings.unknown, settings.start, settings.separator, settings.padding, settings.mask}) {
    const auto found = std::find(parts.tokens.begin(), parts.tokens.end(), token);
    if (token.empty() || found == parts.tokens.end()) continue;
    parts.added.push_back({token, static_cast<std::int32_t>(found - parts.tokens.begin()), true});
  }
}

Parts read_parts(const fs::path& path) {
  if (!fs::exists(path))
    fail_world(path.string(), "is not there; a model's folder, tokenizer.json or vocab.txt is needed");
  if (!fs::is_directory(path)) {
    // Of a file without an ending its first byte tells: no vocabulary begins with a brace.
    if (path.extension() == ".json" || (path.extension() != ".txt" && read_regular_file(path).starts_with('{'))) {
      return read_tokenizer_json(path);
    }
    Parts parts = read_vocabulary(path);
    add_special(parts);
    return parts;
  }
  const bool whole = fs::exists(path / "tokenizer.json");
  if (!whole && !fs::exists(path / "vocab.txt")) {
    fail_world(path.string(), "holds no vocabulary: neither tokenizer.json nor vocab.txt");
  }
  Parts parts = whole ? read_tokenizer_json(path / "tokenizer.json") : read_vocabulary(path / "vocab.txt");
  if (fs::exists(path / "tokenizer_config.json")) read_config(parts, path / "tokenizer_config.json");
  if (!whole) add_special(parts);
  return parts;
}

/// The tokenizer of what the files said.
std::unique_ptr<Tokenizer::Inside> assembled(Parts parts) {
  const std::int32_t unknown = required(parts, parts.settings.unknown, "unknown token");
  const std::int32_t start = required(parts, parts.settings.start, "token before a text");
  const std::int32_t separator = required(parts, parts.settings.separator, "token behind a text");
  auto inside =
      std::make_unique<Tokenizer::Inside>(std::move(parts.settings), std::move(parts.tokens), std::move(parts.added));
  inside->unknown = unknown;
  inside->start = start;
  inside->separator = separator;
  inside->max_length = parts.max_length;
  return inside;
}

}  // namespace

Tokenizer Tokenizer::load(const fs::path& path) {
  return Tokenizer(assembled(read_parts(path)));
}

Tokenizer Tokenizer::of(std::vector<std::string> tokens, const TokenizerSettings& settings) {
  Parts parts;
  parts.path = "vocabulary";
  parts.settings = settings;
  parts.tokens = std::move(tokens);
  add_special(parts);
  return Tokenizer(assembled(std::move(parts)));
}

}  // namespace tamis::text
