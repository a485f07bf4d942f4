#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tamis/engine/autograd/variable.h"
#include "tamis/engine/nn/init.h"

namespace tamis::engine {
class Meeting;
}

namespace tamis::nn {

using engine::Tensor;
using engine::Variable;

class Module;

/// Sees what goes through a network: the doctor, the memory plan, `tamis gradcheck`.
class Observer {
 public:
  virtual ~Observer() = default;
  /// After a layer's forward; `kind` is Layer::kind().
  virtual void after(const Module& layer, std::string_view kind, const Variable& x, const Variable& y) = 0;
};

/// What one forward pass is told. `shard`, `first_row` and `first_sequence` say where in the batch this shard lies, so
/// that random numbers are those of the whole batch.
struct Pass {
  bool training = false;
  std::uint64_t seed = 0;
  std::uint64_t step = 0;
  std::uint32_t variant = 0;  ///< another number, other random numbers in the same step: two views of one batch
  int shard = 0;
  std::int64_t first_row = 0;  ///< rows of axis 0 (images, tokens) in the shards before this one
  std::int64_t first_sequence = 0;
  Tensor offsets;  ///< packed sequences: [B + 1] i32; undefined where rows are not tokens
  engine::Meeting* meeting = nullptr;
  Observer* observer = nullptr;
};

struct Parameter {
  std::string name;  ///< dotted path: "encoder.layer.0.attention.query.weight"
  Variable variable;
  bool decay;      ///< false for biases and norms: weight decay passes them by
  Init init = {};  ///< what initialize() draws it from
};
struct Buffer {
  std::string name;
  Tensor tensor;  ///< state that is saved but not learned: running statistics
};

/// A part of a network with parameters, buffers and parts of its own. Not copyable: a parameter has one home.
class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// In the order of making, depth first; names are unique.
  std::vector<Parameter> parameters() const;
  std::vector<Buffer> buffers() const;
  std::int64_t parameter_count() const;
  /// The path from the root, set when a parent adopts this; "" for a root. Names the dropout stream.
  const std::string& path() const { return path_; }
  /// Direct parts with their names.
  const std::vector<std::pair<std::string, Module*>>& parts() const { return parts_; }
  /// True if this or a part needs the shards of a batch to meet (batch norm while training).
  virtual bool meets() const;
  /// Draws every parameter anew, each from the stream named (seed, its dotted name): what one gets does not depend on
  /// the others. Until then weights are 0, norms 1.
  void initialize(std::uint64_t seed);
  /// Converts parameters and buffers of real numbers to f64 or f32; for gradient checks.
  void to(engine::DType dtype);

 protected:
  /// Registers a parameter; the returned variable is a handle to keep. Throws invalid_argument for a name taken.
  Variable own(std::string name, const engine::Shape& shape, const Init& init, bool decay);
  /// Registers state. The reference stays good as long as this lives.
  Tensor& own_buffer(std::string name, Tensor value);
  /// Makes a member, or something that lives as long as this, a part.
  void adopt(std::string name, Module& part);

 private:
  void set_path(const std::string& path);
  void require_free(const std::string& name) const;
  std::string path_;
  std::vector<Parameter> own_;
  std::deque<Buffer> buffers_;
  std::vector<std::pair<std::string, Module*>> parts_;
};

/// What goes into a layer, as far as memory is concerned: its shape and, where rows are tokens of packed sequences,
/// their offsets (undefined: one sequence).
struct Extent {
  Extent(engine::Shape s, Tensor o = {}) : shape(s), offsets(std::move(o)) {}  // NOLINT: a shape is an extent
  engine::Shape shape;
  Tensor offsets;
};

/// A module from one tensor to one tensor.
class Layer : public Module {
 public:
  /// Runs compute() and shows the result to pass.observer.
  Variable forward(const Variable& x, Pass& pass);
  /// "conv2d", "linear", …
  virtual std::string_view kind() const = 0;
  /// The shape of the output for an input of that shape, without computing. Throws invalid_argument if it does not fit.
  virtual engine::Shape output_shape(const engine::Shape& x) const = 0;
  /// Bytes of tensors for one input, f32, besides the input itself, the parameters and their gradients. What `tamis
  /// memory` adds up.
  struct Memory {
    /// Live after the forward: the output and, in training, what its nodes hold until the walk.
    std::int64_t kept = 0;
    /// More than that during the forward, at the worst moment.
    std::int64_t transient = 0;
    /// At the worst moment of the walk, gradients of the output and input included, more than what is then left of
    /// `kept` (all of it, but for the output unless the walk `holds_output`).
    std::int64_t walk = 0;
    /// The same of the moments after the output's gradient has been read.
    std::int64_t walk_beyond = 0;
    /// The part of `kept` that is the output; 0 where the output is the input's memory.
    std::int64_t output = 0;
    bool holds_input = false;   ///< the walk needs the input: it lives until then
    bool holds_output = false;  ///< the walk needs the output; else it dies with the last who reads it
  };
  virtual Memory memory(const Extent& x, bool training) const = 0;

 protected:
  virtual Variable compute(const Variable& x, Pass& pass) = 0;
};

/// Layers one after the other, named "0", "1", … or as told.
class Sequential : public Layer {
 public:
  Sequential() = default;
  Layer& add(std::unique_ptr<Layer> layer, std::string name = "");
  std::size_t size() const { return layers_.size(); }
  Layer& operator[](std::size_t i) { return *layers_[i]; }
  std::string_view kind() const override { return "sequential"; }
  engine::Shape output_shape(const engine::Shape& x) const override;
  Memory memory(const Extent& x, bool training) const override;

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  std::vector<std::unique_ptr<Layer>> layers_;
};

}  // namespace tamis::nn
