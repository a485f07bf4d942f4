#pragma once

#include <array>
#include <span>
#include <string_view>

namespace tamis::simulate {

/// The subjects a generated world writes about: topics of four aspects of four words each.
struct Topic {
  std::string_view name;
  std::array<std::array<std::string_view, 4>, 4> aspects;
};

inline constexpr std::size_t kAspects = 4;

/// Twenty topics.
std::span<const Topic> topics();

/// Words that say nothing about a subject.
std::span<const std::string_view> filler_words();

}  // namespace tamis::simulate
