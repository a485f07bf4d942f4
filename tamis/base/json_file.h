#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace tamis {

/// A regular file that holds one JSON value nested at most 64 deep: what walks the value (a copy, a message that shows
/// it) calls itself as deep. Throws runtime_error for another kind of file, no JSON, a truncated or a deeper one.
nlohmann::json read_json_file(const std::filesystem::path& path);

}  // namespace tamis
