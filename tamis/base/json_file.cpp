#include "tamis/base/json_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/file.h"

namespace tamis {

nlohmann::json read_json_file(const std::filesystem::path& path) {
  constexpr int kDeepest = 64;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDeepest) fail_world(path.string(), fmt::format("is nested deeper than {}", kDeepest));
    return true;
  };
  nlohmann::json json = nlohmann::json::parse(read_regular_file(path), watch, false);
  if (json.is_discarded()) fail_world(path.string(), "is no JSON, or truncated");
  return json;
}

}  // namespace tamis
