#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tamis/base/config.h"
#include "tamis/engine/nn/module.h"

// A network from a list of [[layer]] tables. Keys of each kind: docs/formats/train_config.md, `tamis train --keys`.
namespace tamis::train {

/// What goes into one tower: rows of a shape ([H, W, C], [n]), or ids of packed sequences below `vocabulary`.
struct Input {
  engine::Shape row;            ///< one example's; [] for ids
  std::int64_t vocabulary = 0;  ///< > 0: the input is ids, [T] i32, with offsets
};

/// The keys a layer of that kind may hold. Throws invalid_argument naming the kinds.
std::span<const Key> layer_keys(const ConfigFile::Entry& entry);
/// All kinds with their keys, as Markdown.
std::string describe_layers();

/// [network] and the [[layer]] tables, in order.
struct NetworkConfig {
  std::string init;           ///< file-wide initialiser of weights; "" leaves each layer its own
  double gain = 0;            ///< 0: the initialiser's own
  std::int64_t segments = 1;  ///< pieces of a tower that are recomputed in the walk instead of kept
  std::vector<Section> layers;
  std::string where;  ///< the file, for messages

  /// The towers' names, in order of first mention: {"network"} where no layer names one.
  std::vector<std::string> towers() const;
};
/// May come out without layers: not every task's network is made of them.
NetworkConfig read_network(ConfigFile& file);

/// One or more towers of layers. Names: "network.conv2d_1.weight", or the tower's name in the place of "network".
class Network : public nn::Module {
 public:
  struct Tower {
    std::string name;
    Input input;
    std::unique_ptr<nn::Sequential> layers;
  };
  /// `inputs[i]` goes into config.towers()[i]. Sizes follow from layer to layer. Throws invalid_argument with the
  /// layer's line if one does not fit what comes before it, and for segments with layers that meet (batch norm).
  Network(const NetworkConfig& config, const std::vector<Input>& inputs);

  const std::vector<Tower>& towers() const { return towers_; }
  std::int64_t segments() const { return segments_; }
  /// The shape that tower i makes of `rows` rows (sequences, tokens each counted as a row before they are pooled).
  engine::Shape output_shape(std::size_t tower, std::int64_t rows) const;
  nn::Variable forward(std::size_t tower, const nn::Variable& x, nn::Pass& pass);

 private:
  std::vector<Tower> towers_;
  std::int64_t segments_;
};

}  // namespace tamis::train
