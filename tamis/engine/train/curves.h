#pragma once

#include <string>
#include <vector>

#include "tamis/engine/train/train_log.h"

namespace tamis::train {

/// A page of one run's curves: loss (training and held out), other metrics, learning rate, gradient norm by layer.
std::string curves_page(const Log& log);

/// A page of several runs, one line each: loss, the watched metric, gradient norm; and a table of where they ended.
struct NamedLog {
  std::string name, note;
  Log log;
};
std::string comparison_page(const std::string& title, const std::vector<NamedLog>& runs);

}  // namespace tamis::train
