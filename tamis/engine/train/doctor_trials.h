#pragma once

#include <cstdint>

#include "tamis/engine/train/doctor_examination.h"
#include "tamis/engine/train/trainer.h"

namespace tamis::doctor {

/// The mean training loss (dropout, batch statistics and all) over batches of the run's size that hold 256 examples or
/// more: those of the first steps. No weight changes.
double loss_on_fixed_rows(train::Trainer& trainer, std::uint64_t seed);

/// Trials from the same start at other rates and batches, if the run went badly: which of them would have gone better.
void try_other_settings(const Patient& patient, std::int64_t steps, std::uint64_t seed, Progress& progress,
                        Evidence& evidence);

/// What a step changes at the most, from rate, gradient and weights of a log that does not say.
void estimate_updates(const train::Trainer& trainer, Evidence& evidence);

}  // namespace tamis::doctor
