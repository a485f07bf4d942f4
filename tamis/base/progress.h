#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <mutex>
#include <string>

namespace tamis {

/// How far long work has come: a label, steps done of a total, rate and time left. The library reports through this
/// and never prints by itself; the default-made object says nothing. Thread-safe.
class Progress {
 public:
  enum class Style { silent, bar, lines };

  Progress() = default;
  /// `bar` redraws one line in place (for a terminal), at most ten times a second; `lines` writes at most one line
  /// every ten seconds: pieces of work that end sooner share a line, the last of them when this object goes. `out` must
  /// outlive this object.
  Progress(std::ostream& out, Style style);
  /// Ends the work in hand.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Starts a piece of work of `total` steps (0: unknown); ends the one before it.
  void begin(std::string label, std::uint64_t total);
  /// So many more steps are done.
  void advance(std::uint64_t steps = 1);
  /// What stands behind the figures from now on ("loss 0.123"), until the piece of work ends.
  void note(std::string text);
  /// Ends the piece of work and leaves one line that says what was done in which time.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  void end_locked(Clock::time_point now);
  void write_line(const std::string& text, Clock::time_point now);

  std::ostream* out_ = nullptr;
  Style style_ = Style::silent;
  std::mutex guard_;
  std::string label_;
  std::string note_;
  std::string held_;  ///< what ended since the last line (style `lines`)
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  bool running_ = false;
  Clock::time_point begun_;
  Clock::time_point drawn_;
};

}  // namespace tamis
