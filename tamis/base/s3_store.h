#pragma once

#include <memory>
#include <string>

#include "tamis/base/object_store.h"

namespace tamis {

/// The store behind an `s3://` root; see open_store. Each file is one object, written by a single PUT.
std::unique_ptr<ObjectStore> open_s3_store(const std::string& root);

}  // namespace tamis
