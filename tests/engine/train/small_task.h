#pragma once

#include <memory>
#include <string>

#include "tamis/engine/train/classify.h"
#include "tamis/engine/train/contrast.h"
#include "tamis/engine/train/trainer.h"

namespace tamis::train {

/// A config as text, its task and its trainer.
template <typename T>
struct Made {
  std::string text;
  Config config;
  std::unique_ptr<T> task;
  std::unique_ptr<Trainer> trainer;
};

inline Made<Classify> classifier(const std::string& text, std::uint64_t seed = 0) {
  ConfigFile file = ConfigFile::parse(text, "small.toml");
  Made<Classify> made{text, read_config(file), nullptr, nullptr};
  made.task = std::make_unique<Classify>(file, made.config, "", seed);
  made.trainer = std::make_unique<Trainer>(*made.task, made.config.recipe, seed);
  return made;
}

inline Made<Contrast> contrast(const std::string& text, std::uint64_t seed = 0) {
  ConfigFile file = ConfigFile::parse(text, "small.toml");
  Made<Contrast> made{text, read_config(file), nullptr, nullptr};
  made.task = std::make_unique<Contrast>(file, made.config, seed);
  made.trainer = std::make_unique<Trainer>(*made.task, made.config.recipe, seed);
  return made;
}

/// Images of noise around three patterns, a small network with batch norm and dropout, moments in the optimizer.
inline std::string small_images(const std::string& train = "") {
  return R"(
[data]
kind = "random"
shape = "6x6x1"
classes = 3
examples = 60
train = "0:48"
test = "48:60"

[augment]
shift = 1
noise = 0.1

[[layer]]
kind = "conv2d"
out = 4
padding = "same"

[[layer]]
kind = "batch_norm"

[[layer]]
kind = "relu"

[[layer]]
kind = "max_pool"

[[layer]]
kind = "flatten"

[[layer]]
kind = "dropout"
rate = 0.25

[[layer]]
kind = "linear"
out = 3

[optimizer]
weight_decay = 0.01

[schedule]
kind = "one_cycle"
rate = 0.02

[train]
epochs = 4
batch = 16
shards = 3
)" + train;
}

/// Vectors and layers without random numbers or moments of the batch: what can be computed by hand.
inline std::string small_vectors(const std::string& train, const std::string& optimizer = "rule = \"sgd\"") {
  return R"(
[data]
kind = "random"
shape = "5"
classes = 3
examples = 24

[[layer]]
kind = "linear"
out = 3

[schedule]
rate = 0.1

[optimizer]
)" + optimizer +
         "\n[train]\nepochs = 2\n" + train;
}

/// All numbers of a trainer's state.
inline std::vector<std::vector<double>> state_of(const Trainer& trainer) {
  std::vector<std::vector<double>> state;
  for (const nn::Buffer& buffer : trainer.tensors()) state.push_back(buffer.tensor.numbers());
  return state;
}

}  // namespace tamis::train
