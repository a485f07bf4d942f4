#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/progress.h"
#include "tamis/base/table.h"

namespace CLI {
class App;
}

namespace tamis::cli {

/// What most commands share; add_common() adds the ones asked for.
struct Common {
  std::string out, data;
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0: the cores this process may use
  bool json = false;
  bool quiet = false;
};
/// --seed, --threads, --json, --quiet. `json_help` says what --json prints.
void add_common(CLI::App& command, Common& common, const std::string& json_help);
/// --out and --data, with their help; an empty path is refused.
void add_out(CLI::App& command, Common& common, const std::string& help);
void add_data(CLI::App& command, Common& common);
/// Makes the folder that a file is to be written into, where it is not there yet.
void make_folder_of(const std::string& file);
/// Sets the number of threads that was asked for.
void apply_threads(const Common& common);
/// How progress is drawn: a bar on a terminal, lines elsewhere, nothing with --quiet.
Progress::Style progress_style(const Common& common);

// Checks for CLI11: "" or what is wrong.
std::string refuse_seed(const std::string& text);
std::string refuse_threads(const std::string& text);
std::string refuse_empty(const std::string& text);
std::string refuse_share(const std::string& text);

/// A result on standard output. Throws runtime_error if it cannot be written; `instead` says where the result is then.
void print(std::string_view text, std::string_view instead = "");

/// The keys every JSON result has: tamis, command, seed, threads, conventions, inputs, elapsed_s (since the process
/// began), peak_rss_mb. The caller adds `inputs`, `conventions` and the command's own.
nlohmann::ordered_json json_result(std::string_view command, const Common& common);
/// The value of `inputs`: path, bytes, rows_read, rows_quarantined of each file.
nlohmann::ordered_json json_inputs(const std::vector<InputFile>& inputs);

}  // namespace tamis::cli
