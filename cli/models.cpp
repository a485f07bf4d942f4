#include "cli/models.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"

namespace tamis::cli {

std::string refuse_count(const std::string& text) {
  std::int64_t count = 0;
  return parse_integer(text, count) && count >= 1 && count <= 1'000'000'000
             ? ""
             : text + " is not a whole number from 1 to 1000000000";
}

void add_encoder_flags(CLI::App& command, EncoderFlags& flags) {
  auto* normalize =
      command.add_flag("--normalize", flags.normalize, "Vectors of length 1; as the folder says when absent");
  command.add_flag("--no-normalize", flags.no_normalize, "Vectors as they are")->excludes(normalize);
  command.add_option("--dim", flags.dimensions, "Keep the first so many components (Matryoshka), before normalising")
      ->check(refuse_count);
  command
      .add_option("--max-length", flags.max_length, "Tokens at most, [CLS] and [SEP] among them; as the folder says")
      ->check(refuse_count);
  auto* prompt = command.add_option("--prompt", flags.prompt, "Put before every text; the folder's own when absent");
  prompt->each([&flags](const std::string&) { flags.prompt_given = true; });
  command.add_option("--prompt-name", flags.prompt_name, "A prompt that the folder names")->excludes(prompt);
  command.add_flag("--literal-special", flags.literal_special, "Read a [MASK] in a text as the token of that name");
  command
      .add_option("--token-budget", flags.token_budget, "Tokens that go through the network together, on one thread")
      ->check(refuse_count);
}

engine::WeightPrecision parse_precision(const std::string& text) {
  for (const auto precision :
       {engine::WeightPrecision::f32, engine::WeightPrecision::bf16, engine::WeightPrecision::int8})
    if (text == engine::name(precision)) return precision;
  fail_caller("--precision", fmt::format("\"{}\" is no precision; accepted: f32, bf16, int8", text));
}

encoder::SentenceEncoder load_encoder(const std::string& model, const std::string& pooling,
                                      const std::string& precision, const EncoderFlags& flags) {
  encoder::EncoderOptions options;
  options.precision = parse_precision(precision);
  if (!pooling.empty()) options.pooling = encoder::parse_pooling(pooling);
  if (flags.normalize || flags.no_normalize) options.normalize = flags.normalize;
  options.dimensions = flags.dimensions;
  options.max_length = flags.max_length;
  options.literal_special = flags.literal_special;
  if (flags.token_budget > 0) options.token_budget = flags.token_budget;
  if (flags.prompt_given) {
    options.prompt = flags.prompt;
    options.use_default_prompt = false;
  }
  const auto folder = encoder::find_model(model);
  if (!flags.prompt_name.empty()) {
    const auto described = encoder::read_model_folder(folder);
    const auto found = described.prompts.find(flags.prompt_name);
    if (found == described.prompts.end()) {
      std::string names;
      for (const auto& [name, text] : described.prompts) names += (names.empty() ? "" : ", ") + name;
      fail_caller("--prompt-name", fmt::format("\"{}\" is no prompt of {}; it has: {}", flags.prompt_name,
                                               folder.string(), names.empty() ? "none" : names));
    }
    options.prompt = found->second;
    options.use_default_prompt = false;
  }
  return encoder::SentenceEncoder::load(folder, options);
}

nlohmann::ordered_json json_choices(const encoder::SentenceEncoder& encoder) {
  const encoder::EncoderOptions& options = encoder.options();
  return {{"pooling", encoder::text(options.pooling.value_or(encoder::PoolingChoice{}))},
          {"normalize", options.normalize.value_or(false)},
          {"dimensions", encoder.dimensions()},
          {"max_length", options.max_length},
          {"prompt", options.prompt},
          {"precision", engine::name(options.precision)},
          {"token_budget", options.token_budget},
          {"literal_special", options.literal_special},
          {"ill_formed_utf8", "each maximal piece is read as U+FFFD"}};
}

void add_input(CLI::App& command, std::string& input) {
  command.add_option("--input", input, "File of lines, also .gz or .zst; standard input when absent")
      ->check(refuse_empty);
}

InputFile input_of(const RawLines& lines) {
  return {lines.stream().name(), lines.stream().stored_bytes(), lines.lines(), 0};
}

std::string rows_text(const std::vector<std::uint64_t>& first, std::uint64_t count) {
  std::string text = count == 1 ? "row" : "rows";
  for (std::size_t i = 0; i < first.size(); ++i) text += fmt::format("{} {}", i == 0 ? "" : ",", first[i]);
  if (count > first.size()) text += fmt::format(" and {} more", count - first.size());
  return text;
}

}  // namespace tamis::cli
