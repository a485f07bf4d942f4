#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tamis::bench {

/// What a peer measured: its name with version, seconds, bytes and how good results are by workload, and vectors to
/// compare with.
struct Peer {
  std::string name;
  std::map<std::string, double> seconds;
  std::map<std::string, double> bytes = {};
  std::map<std::string, double> figures = {};
  std::vector<std::vector<float>> vectors = {};
};

/// A folder of this process's own for what it and its peers read; gone with this object.
struct Scratch {
  std::filesystem::path folder;
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

/// What a program prints on standard output; its standard error goes where ours goes. words[0] is its path. Throws
/// runtime_error if it cannot be run or ends with an error.
std::string output_of(std::vector<std::string> words);

/// Runs `script` of the folder bench/peers with the Python of that folder's own environment (made on demand by
/// bench/peers/setup.sh) and `arguments` besides, and reads the JSON it prints. Nullopt, with `why`, when the
/// environment or the script is not there. Throws runtime_error when the script fails.
std::optional<Peer> run_peer(const std::filesystem::path& folder, const std::string& script, int threads,
                             double seconds, const std::vector<std::string>& arguments, std::string& why);

}  // namespace tamis::bench
