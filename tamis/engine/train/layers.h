#pragma once

#include <memory>

#include "tamis/engine/train/network.h"

namespace tamis::train {

/// What the layers so far have made: the shape of one row's outcome, with a leading axis of rows.
struct Place {
  engine::Shape shape;          ///< [1, ..]
  std::int64_t vocabulary = 0;  ///< > 0: ids, which only an embedding can read
};

/// One layer as its table says. Throws invalid_argument with the table's line if it does not fit.
std::unique_ptr<nn::Layer> make_layer(const Section& section, const Place& before, const NetworkConfig& config);

}  // namespace tamis::train
