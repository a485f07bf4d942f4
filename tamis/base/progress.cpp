#include "tamis/base/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string_view>
#include <utility>

namespace tamis {

namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kLineEvery = std::chrono::seconds(10);
constexpr std::size_t kBarWidth = 20;
constexpr std::size_t kLabelWidth = 30;  // so that the whole line fits a terminal of 80 columns

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 1e9) + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string rate_text(double rate) {
  return rate < 10 ? fmt::format("{:.1f}/s", rate) : grouped(static_cast<std::uint64_t>(rate)) + "/s";
}

std::string cut_label(const std::string& label) {
  if (label.size() <= kLabelWidth) return label;
  std::size_t end = kLabelWidth;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0U) == 0x80U) --end;  // not inside a character
  return label.substr(0, end);
}

std::string count_text(std::uint64_t done, std::uint64_t total) {
  return total == 0 ? grouped(done) : grouped(done) + "/" + grouped(total);
}

std::string state_text(const std::string& label, std::uint64_t done, std::uint64_t total, double seconds, bool bar) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  std::string text = cut_label(label);
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    if (bar) {
      const auto full = static_cast<std::size_t>(share * kBarWidth);
      text += "  [" + std::string(full, '#') + std::string(kBarWidth - full, ' ') + "]";
    }
    text += fmt::format(" {:3}%", static_cast<int>(share * 100));
  }
  text += "  " + count_text(done, total) + "  " + rate_text(rate);
  if (total == 0) return text + "  " + clock_text(seconds);
  if (rate > 0 && done < total) text += "  ETA " + clock_text(static_cast<double>(total - done) / rate);
  return text;
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Progress::Progress(std::ostream& out, Style style) : out_(&out), style_(style), drawn_(Clock::now()) {}

Progress::~Progress() {
  end();
  if (out_ != nullptr && !held_.empty()) *out_ << held_ << std::endl;
}

void Progress::begin(std::string label, std::uint64_t total) {
  if (out_ == nullptr || style_ == Style::silent) return;
  const std::lock_guard lock(guard_);
  const Clock::time_point now = Clock::now();
  end_locked(now);
  label_ = std::move(label);
  total_ = total;
  note_.clear();
  done_ = 0;
  begun_ = now;
  running_ = true;
}

void Progress::advance(std::uint64_t steps) {
  if (out_ == nullptr || style_ == Style::silent) return;
  const std::lock_guard lock(guard_);
  if (!running_) return;
  done_ += steps;
  const Clock::time_point now = Clock::now();
  if (style_ == Style::bar) {
    if (now - drawn_ < kRedraw) return;
    *out_ << '\r' << state_text(label_, done_, total_, seconds_between(begun_, now), true) << note_ << "\x1b[K"
          << std::flush;
    drawn_ = now;
  } else if (now - drawn_ >= kLineEvery) {
    write_line(state_text(label_, done_, total_, seconds_between(begun_, now), false) + note_, now);
  }
}

void Progress::note(std::string text) {
  if (out_ == nullptr || style_ == Style::silent) return;
  const std::lock_guard lock(guard_);
  note_ = text.empty() ? "" : "  " + std::move(text);
}

void Progress::end() {
  if (out_ == nullptr || style_ == Style::silent) return;
  const std::lock_guard lock(guard_);
  end_locked(Clock::now());
}

void Progress::end_locked(Clock::time_point now) {
  if (!running_) return;
  running_ = false;
  const std::string text =
      fmt::format("{}: {} in {}", label_, count_text(done_, total_), clock_text(seconds_between(begun_, now)));
  if (style_ == Style::bar) {
    *out_ << '\r' << text << "\x1b[K" << std::endl;
    drawn_ = now;
  } else if (now - drawn_ >= kLineEvery) {
    write_line(text, now);
  } else {
    held_ += (held_.empty() ? "" : "; ") + text;
  }
}

void Progress::write_line(const std::string& text, Clock::time_point now) {
  if (!held_.empty()) *out_ << std::exchange(held_, {}) << "; ";
  *out_ << text << std::endl;
  drawn_ = now;
}

}  // namespace tamis
