#include "tamis/data/items.h"

namespace tamis::data {

Index Items::add_from_log(std::string_view id) {
  const Index index = ids.add(id);
  if (text.size() < ids.size()) text.resize(ids.size());
  if (category.size() < ids.size()) category.resize(ids.size());
  return index;
}

}  // namespace tamis::data
