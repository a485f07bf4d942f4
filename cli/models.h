#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/options.h"
#include "tamis/base/raw_lines.h"
#include "tamis/language/encoder/sentence_encoder.h"

namespace CLI {
class App;
}

namespace tamis::cli {

/// What the commands that encode share: everything of an encoder but its folder, pooling and precision.
struct EncoderFlags {
  bool normalize = false, no_normalize = false, literal_special = false;
  std::string prompt, prompt_name;
  bool prompt_given = false;
  std::int64_t dimensions = 0, max_length = 0, token_budget = 0;
};
void add_encoder_flags(CLI::App& command, EncoderFlags& flags);

/// `pooling` "": as the folder says. Throws what SentenceEncoder::load() throws, and invalid_argument for a prompt that
/// the folder does not name, listing those it does.
encoder::SentenceEncoder load_encoder(const std::string& model, const std::string& pooling,
                                      const std::string& precision, const EncoderFlags& flags);
/// "f32", "bf16", "int8". Throws invalid_argument listing them.
engine::WeightPrecision parse_precision(const std::string& text);

/// The choices of an encoder as conventions of a result.
nlohmann::ordered_json json_choices(const encoder::SentenceEncoder& encoder);

/// Checks for CLI11: "" or what is wrong.
std::string refuse_count(const std::string& text);

/// Where lines come from: --input FILE, else standard input.
void add_input(CLI::App& command, std::string& input);
/// What was read, for `inputs`.
InputFile input_of(const RawLines& lines);

/// "rows 3, 17, 80 and 12 more": the first ten of the numbers kept, of so many.
std::string rows_text(const std::vector<std::uint64_t>& first, std::uint64_t count);
inline constexpr std::size_t kRowsTold = 10;

}  // namespace tamis::cli
