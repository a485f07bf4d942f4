#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/byte_stream.h"
#include "tamis/base/parallel.h"
#include "tamis/base/progress.h"

namespace tamis::metrics {

/// A TREC file cut into windows of about 1 MiB of whole lines; a query's rows stay in one window unless they take more
/// than 16 MiB. The cuts go by bytes alone, so that threads change nothing. Throws as ByteStream does.
class TrecWindows {
 public:
  explicit TrecWindows(const std::filesystem::path& path) : stream_(path) {}

  struct Window {
    std::size_t number = 0;  ///< from 0
    std::string_view text;
    std::shared_ptr<char[]> bytes;  ///< hold the text; written over by the next window where no one else has them
    std::size_t capacity = 0;       ///< of them
  };

  /// What make(window) returns for every window, in the order of the file. Each of threads() threads reads the next
  /// window when it has made what it makes of the one before.
  template <typename Made, typename Make>
  std::vector<Made> make_all(Progress& progress, const Make& make);
  /// No further window is read.
  void stop();
  /// Throws runtime_error if reading ended at a NUL byte or a line longer than 16 MiB; `lines`: of all windows.
  void require_text(std::uint64_t lines) const;
  const ByteStream& stream() const { return stream_; }

 private:
  bool next(Window& window);
  bool fill(Window& window);
  bool is_text(std::string_view text, bool lines);

  ByteStream stream_;
  std::mutex guard_;
  std::string rest_;  ///< what the window before broke off
  std::size_t count_ = 0;
  bool ended_ = false;
  std::string_view fault_;
  std::uint64_t lines_to_fault_ = 0;  ///< beyond the last window
};

template <typename Made, typename Make>
std::vector<Made> TrecWindows::make_all(Progress& progress, const Make& make) {
  std::vector<Made> all;
  std::mutex guard;
  parallel_for(static_cast<std::size_t>(threads()), [&](std::size_t) {
    Window window;
    while (next(window)) {
      Made made = make(window);
      progress.advance(window.text.size());
      const std::lock_guard lock(guard);
      if (all.size() <= window.number) all.resize(window.number + 1);
      all[window.number] = std::move(made);
    }
  });
  return all;
}

}  // namespace tamis::metrics
