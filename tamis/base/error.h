#pragma once

#include <string>
#include <string_view>

namespace tamis {

/// The caller's fault (bad argument, bad plan, bad option). Exit 2, HTTP 400, Python ValueError.
/// Throws std::invalid_argument("[where] what").
[[noreturn]] void fail_caller(std::string_view where, std::string_view what);

/// The world's fault (file, disk, corruption). Exit 1, HTTP 500, Python RuntimeError.
/// Throws std::runtime_error("[where] what").
[[noreturn]] void fail_world(std::string_view where, std::string_view what);

/// The words of an errno value, e.g. "No such file or directory". Thread-safe.
std::string system_message(int error_number);

}  // namespace tamis
