#pragma once

#include <cstdint>
#include <string>

#include "cli/options.h"

namespace tamis::cli {

struct ReproduceOptions {
  Common common;
  std::string name, model;
  int seeds = 3, resamples = 400;
  std::int64_t examples = 0, ablation = 16'000;
  bool no_ablations = false;
};

void reproduce_embeddings(const ReproduceOptions& options);
void reproduce_curves(const Common& common);

}  // namespace tamis::cli
