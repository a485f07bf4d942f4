#pragma once

#include <string>
#include <vector>

#include "tamis/data/schema.h"

namespace tamis::data {

/// The catalogue: one row an item, numbered by `ids`. The first `catalogued` items came from the catalogue; items after
/// them were met only in the log, have no text and no category, and are counted.
struct Items {
  Names ids;
  std::vector<std::string> text;      ///< UTF-8; "" where there is none; [ids.size()]
  std::vector<std::string> category;  ///< "" where there is none; [ids.size()]
  std::size_t catalogued = 0;

  /// The number of an item, added without text if the catalogue lacks it.
  Index add_from_log(std::string_view id);
  std::size_t size() const { return ids.size(); }
};

}  // namespace tamis::data
