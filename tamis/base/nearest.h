#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// What a message about an unknown word ends with: "; did you mean \"keep\"? Known: keep, keep_max" with the word of
/// the fewest changes of letters, or "; none is known here".
std::string nearest(std::string_view wrong, const std::vector<std::string_view>& known);

}  // namespace tamis
