#pragma once

#include "tamis/engine/nn/module.h"
#include "tamis/engine/tensor/elementwise.h"

// Functions of each element as layers; see tamis/engine/tensor/elementwise.h for the formulas and kinks.
namespace tamis::nn {

/// A layer whose output has its input's shape and memory of its own.
class Activation : public Layer {
 public:
  engine::Shape output_shape(const engine::Shape& x) const override { return x; }
  Memory memory(const Extent& x, bool training) const override;

 protected:
  /// True if the derivative is computed from the output, false if from the input.
  virtual bool slope_from_output() const { return false; }
};

class Relu : public Activation {
 public:
  std::string_view kind() const override { return "relu"; }

 protected:
  bool slope_from_output() const override { return true; }
  Variable compute(const Variable& x, Pass& pass) override;
};

class LeakyRelu : public Activation {
 public:
  explicit LeakyRelu(double slope = 0.01) : slope_(slope) {}
  std::string_view kind() const override { return "leaky_relu"; }

 protected:
  bool slope_from_output() const override { return slope_ > 0; }
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  double slope_;
};

class Gelu : public Activation {
 public:
  explicit Gelu(engine::Gelu form = engine::Gelu::exact) : form_(form) {}
  std::string_view kind() const override { return "gelu"; }

 protected:
  Variable compute(const Variable& x, Pass& pass) override;

 private:
  engine::Gelu form_;
};

class Tanh : public Activation {
 public:
  std::string_view kind() const override { return "tanh"; }

 protected:
  bool slope_from_output() const override { return true; }
  Variable compute(const Variable& x, Pass& pass) override;
};

class Sigmoid : public Activation {
 public:
  std::string_view kind() const override { return "sigmoid"; }

 protected:
  bool slope_from_output() const override { return true; }
  Variable compute(const Variable& x, Pass& pass) override;
};

}  // namespace tamis::nn
