#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/byte_stream.h"

namespace tamis::metrics {

/// A TREC file cut into windows of whole lines, where it can be between two queries. The cuts go by bytes alone, so
/// that threads change nothing. Throws as ByteStream does, and runtime_error for a NUL byte or a line longer than 16
/// MiB.
class TrecWindows {
 public:
  explicit TrecWindows(const std::filesystem::path& path) : stream_(path) {}

  struct Window {
    std::shared_ptr<const char[]> owner;
    std::string_view text;
    /// The text in parts of about 1 MiB, cut between two queries.
    std::vector<std::string_view> cut() const;
  };
  /// Empty at the end.
  Window next();
  const ByteStream& stream() const { return stream_; }

 private:
  ByteStream stream_;
  std::string rest_;  ///< what the window before broke off
  std::uint64_t lines_ = 0;
  bool first_ = true;
  bool ended_ = false;
};

}  // namespace tamis::metrics
