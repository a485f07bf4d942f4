#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tamis/base/config.h"
#include "tamis/engine/train/config.h"
#include "tamis/engine/train/task.h"

namespace tamis::cli {

/// The task that a config names, made of its sections and data; finishes the file. Throws invalid_argument naming the
/// tasks, and for data with NaN or with labels outside the classes.
std::unique_ptr<train::Task> make_task(ConfigFile& file, const train::Config& config,
                                       const std::filesystem::path& data_folder, std::uint64_t seed);

/// Every key a training config may hold, as Markdown.
std::string describe_train_keys();

}  // namespace tamis::cli
