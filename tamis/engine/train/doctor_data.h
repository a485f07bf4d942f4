#pragma once

#include "tamis/engine/train/dataset.h"
#include "tamis/engine/train/doctor_evidence.h"

namespace tamis::doctor {

/// Means and deviations by feature of rows [n, ..]; not finite values are counted and left out.
Inputs look_at_inputs(const engine::Tensor& x, std::int64_t first_row = 0);

/// What labelled rows show before any network sees them: inputs, labels, normalisation, the loss of a constant guess.
void look_at_data(const train::Dataset& dataset, Evidence& evidence);

/// True if training can begin: finite data, labels that are classes.
bool fit_to_run(const Evidence& evidence);

}  // namespace tamis::doctor
