#include "bench/peers.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <vector>

#include "tamis/base/error.h"

namespace tamis::bench {

Scratch::Scratch() : folder(std::filesystem::temp_directory_path() / fmt::format("tamis-bench-{}", ::getpid())) {
  std::filesystem::create_directories(folder);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

std::string output_of(std::vector<std::string> words) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) fail_world("bench", "no pipe: " + system_message(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got = 0; failed == 0 && (got = ::read(ends[0], piece.data(), piece.size())) != 0;) {
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  ::close(ends[0]);
  if (failed != 0) fail_world(words[0], "cannot be run: " + system_message(failed));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (status != 0) {
    fail_world(words[std::min<std::size_t>(1, words.size() - 1)], "ended with an error; its own words stand above");
  }
  return text;
}

std::optional<Peer> run_peer(const std::filesystem::path& folder, const std::string& script, int threads,
                             double seconds, const std::vector<std::string>& arguments, std::string& why) {
  const auto python = folder / ".venv" / "bin" / "python";
  const auto path = folder / script;
  if (!std::filesystem::exists(path)) {
    why = fmt::format("{} is not there; --peers names the folder bench/peers", path.string());
    return std::nullopt;
  }
  if (!std::filesystem::exists(python)) {
    why = fmt::format("no peers are installed; {} does it", (folder / "setup.sh").string());
    return std::nullopt;
  }
  std::vector<std::string> words{python.string(),         path.string(), "--threads",
                                 std::to_string(threads), "--seconds",   fmt::format("{}", seconds)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::string text = output_of(std::move(words));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("seconds")) fail_world(path.string(), "printed no JSON result");
  Peer peer{json.value("peer", script), {}};
  if (json.contains("bytes")) peer.bytes = json.at("bytes").get<std::map<std::string, double>>();
  if (json.contains("figures")) peer.figures = json.at("figures").get<std::map<std::string, double>>();
  if (json.contains("vectors")) peer.vectors = json.at("vectors").get<std::vector<std::vector<float>>>();
  for (const auto& [name, value] : json.at("seconds").items()) peer.seconds[name] = value.get<double>();
  return peer;
}

}  // namespace tamis::bench
