#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tamis::bench {

/// What a peer measured: its name with version, and seconds by workload.
struct Peer {
  std::string name;
  std::map<std::string, double> seconds;
};

/// Runs `script` of the folder bench/peers with the Python of that folder's own environment (made on demand by
/// bench/peers/setup.sh) and `arguments` besides, and reads the JSON it prints. Nullopt, with `why`, when the
/// environment or the script is not there. Throws runtime_error when the script fails.
std::optional<Peer> run_peer(const std::filesystem::path& folder, const std::string& script, int threads,
                             double seconds, const std::vector<std::string>& arguments, std::string& why);

}  // namespace tamis::bench
