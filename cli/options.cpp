#include "cli/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/number.h"
#include "tamis/base/parallel.h"

namespace tamis::cli {

namespace {

const auto kBegun = std::chrono::steady_clock::now();

}  // namespace

void add_common(CLI::App& command, Common& common, const std::string& json_help) {
  command.add_option("--seed", common.seed, "Names all random numbers")->check(refuse_seed)->capture_default_str();
  command.add_option("--threads", common.threads, "Threads to use; the cores of this process when absent")
      ->check(refuse_threads);
  command.add_flag("--json", common.json, json_help);
  command.add_flag("--quiet", common.quiet, "Show no progress");
}

void add_out(CLI::App& command, Common& common, const std::string& help) {
  command.add_option("--out", common.out, help)->check(refuse_empty);
}

void add_data(CLI::App& command, Common& common) {
  command.add_option("--data", common.data, "Folder that replaces the one the configuration reads its data from")
      ->check(refuse_empty);
}

void make_folder_of(const std::string& file) {
  const auto folder = std::filesystem::path(file).parent_path();
  if (!folder.empty()) make_output_folder(folder);
}

void apply_threads(const Common& common) {
  if (common.threads != 0) set_threads(common.threads);
}

Progress::Style progress_style(const Common& common) {
  if (common.quiet) return Progress::Style::silent;
  return isatty(STDERR_FILENO) == 1 ? Progress::Style::bar : Progress::Style::lines;
}

/// CLI11 would wrap -1 around and cut what is too large.
std::string refuse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  return error == std::errc() && stop == end ? "" : text + " is not a whole number from 0 to 2^64 - 1";
}

/// Its range check would let nan pass.
std::string refuse_share(const std::string& text) {
  double share = 0;
  return parse_real(text, share) && share >= 0 && share <= 1 ? "" : text + " is not a share from 0 to 1";
}

std::string refuse_threads(const std::string& text) {
  std::int64_t threads = 0;
  return parse_integer(text, threads) && threads >= 1 && threads <= 4096
             ? ""
             : text + " is not a whole number from 1 to 4096";
}

std::string refuse_empty(const std::string& text) {
  return text.empty() ? "the path is empty; a folder is needed" : "";
}

void print(std::string_view text, std::string_view instead) {
  std::cout << text << '\n' << std::flush;
  if (!std::cout) fail_world("standard output", fmt::format("cannot be written{}", instead));
}

nlohmann::ordered_json json_result(std::string_view command, const Common& common) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - kBegun;
  return {{"tamis", TAMIS_VERSION},
          {"command", command},
          {"seed", common.seed},
          {"threads", threads()},
          {"conventions", nlohmann::ordered_json::object()},
          {"inputs", nlohmann::ordered_json::array()},
          {"elapsed_s", elapsed.count()},
          {"peak_rss_mb", static_cast<double>(peak_resident_bytes()) / (1024.0 * 1024.0)}};
}

nlohmann::ordered_json json_inputs(const std::vector<InputFile>& inputs) {
  auto list = nlohmann::ordered_json::array();
  for (const InputFile& input : inputs) {
    list.push_back({{"path", input.path},
                    {"bytes", input.bytes},
                    {"rows_read", input.rows_read},
                    {"rows_quarantined", input.rows_quarantined}});
  }
  return list;
}

}  // namespace tamis::cli
