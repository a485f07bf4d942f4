#pragma once

#include <optional>

#include "tamis/evidence/metrics/judgments.h"

namespace tamis::metrics {

/// Reads a run whose rows of a query follow each other, as they nearly always do: a window of the file is gathered as
/// soon as it is read, and its text forgotten. Fills the places and parts of `judged`, which has its queries, and its
/// counts of the run. nullopt, with nothing said to the quarantine or `judged`, if the rows of some query are
/// scattered.
std::optional<InputFile> stream_run(const RankingFile& file, const Judgments& judgments, Judged& judged,
                                    Quarantine& quarantine, Progress& progress);

}  // namespace tamis::metrics
