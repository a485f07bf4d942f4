#pragma once

#include <cstdint>

#include "tamis/base/progress.h"
#include "tamis/engine/train/config.h"
#include "tamis/engine/train/doctor_evidence.h"
#include "tamis/engine/train/task.h"
#include "tamis/engine/train/train_log.h"

namespace tamis::doctor {

struct ExaminationOptions {
  std::int64_t steps = 0;  ///< 0: by cost, 50 to 1000; never more than the run has
  std::uint64_t seed = 0;
};

/// What an examination needs: a task whose data is fit_to_run(), and how it is trained. The task's network is drawn
/// anew from the seed, trained for some steps, and left in no useful state.
struct Patient {
  train::Task& task;
  const train::Recipe& recipe;
};

/// Adds what a live run shows: layers before the first step, gradient noise, some steps of the run as it is configured,
/// layers after them and, if the run does not go well, trials with other rates and batches from the same start. How
/// much is done depends on the sizes alone, never on the clock.
void examine(const Patient& patient, const ExaminationOptions& options, Progress& progress, Evidence& evidence);

/// Adds what a finished run's log says: losses, rates, norms, evaluations.
void read_course(const train::Log& log, Evidence& evidence);

/// Adds to a finished run's course what its configuration can still show: layers before the first step and, if the run
/// did not go well, trials. Rows, weights and order are those of the run, which its seed gives.
void examine_again(const Patient& patient, std::uint64_t seed, Progress& progress, Evidence& evidence);

/// Layers of the network as its weights are now, on examples of the first batches.
void look_at_end(const Patient& patient, std::uint64_t seed, Evidence& evidence);

}  // namespace tamis::doctor
