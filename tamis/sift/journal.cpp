#include "tamis/sift/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::sift {

namespace {

// A line is: checksum (16 hex digits), a space, the piece's name, a tab, its JSON.
std::string line_of(std::string_view piece, std::string_view payload) {
  std::string body(piece);
  body.append("\t").append(payload);
  return fmt::format("{:016x} {}", fnv1a(body), body);
}

bool split_line(std::string_view line, std::string_view& piece, std::string_view& payload) {
  if (line.size() < 18 || line[16] != ' ') return false;
  const std::string_view body = line.substr(17);
  if (fmt::format("{:016x}", fnv1a(body)) != line.substr(0, 16)) return false;
  const std::size_t tab = body.find('\t');
  if (tab == std::string_view::npos) return false;
  piece = body.substr(0, tab);
  payload = body.substr(tab + 1);
  return true;
}

/// What two headings do not have in common: "plan, seed (7, not 0)".
std::string difference(std::string_view found, std::string_view wanted) {
  const auto a = nlohmann::json::parse(found, nullptr, false);
  const auto b = nlohmann::json::parse(wanted);
  std::string keys;
  for (const auto& [key, value] : b.items()) {
    if (!a.is_object() || (a.contains(key) && a[key] == value)) continue;
    keys += (keys.empty() ? "" : ", ") + key;
    if (key == "seed" && a.contains(key)) keys += fmt::format(" ({}, not {})", a[key].dump(), value.dump());
  }
  return keys.empty() ? "heading" : keys;
}

constexpr std::string_view kHeading = "journal";

}  // namespace

Journal::Journal(std::filesystem::path path, std::string heading, bool resume) : path_(std::move(path)) {
  if (resume && std::filesystem::exists(path_)) {
    read_existing(heading);
  } else {
    begin_afresh(heading);
  }
}

void Journal::begin_afresh(const std::string& heading) {
  std::error_code error;
  const bool holds = std::filesystem::exists(path_) && std::filesystem::file_size(path_, error) != 0;
  if (holds) {  // an empty one is of a run killed at its start, and must not take the place of an older one kept
    std::filesystem::rename(path_, std::filesystem::path(path_).replace_extension(".old.jsonl"), error);
    if (error) fail_world(path_.string(), "cannot be set aside: " + error.message());
  }
  file_ = std::make_unique<AppendFile>(path_, 0);
  file_->append(line_of(kHeading, heading));
}

void Journal::read_existing(const std::string& heading) {
  const std::string bytes = read_file(path_);
  std::size_t good = 0;
  bool headed = false;
  while (good < bytes.size()) {
    const std::size_t end = bytes.find('\n', good);
    std::string_view piece;
    std::string_view payload;
    const bool whole =
        end != std::string::npos && split_line(std::string_view(bytes).substr(good, end - good), piece, payload);
    if (!whole) {
      const bool last = end == std::string::npos || end + 1 == bytes.size();
      if (last) break;  // torn by a kill: that piece is done again
      fail_world(fmt::format("{} line {}", path_.string(),
                             std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(good), '\n') + 1),
                 "is damaged, and what follows it cannot be trusted; run without --resume to begin afresh");
    }
    if (!headed) {
      if (piece != kHeading || payload != heading) {
        fail_caller(path_.string(), fmt::format("was written for another {}; run without --resume to begin afresh",
                                                difference(payload, heading)));
      }
      headed = true;
    } else {
      done_.emplace(piece, payload);
    }
    good = end + 1;
  }
  if (!headed) return begin_afresh(heading);
  found_ = done_.size();
  file_ = std::make_unique<AppendFile>(path_, good);
}

const std::string& Journal::once(const std::string& piece, const std::function<std::string()>& make) {
  const auto found = done_.find(piece);
  if (found != done_.end()) return found->second;
  std::string payload = make();
  file_->append(line_of(piece, payload));
  return done_.emplace(piece, std::move(payload)).first->second;
}

}  // namespace tamis::sift
