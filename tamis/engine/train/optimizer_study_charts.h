#pragma once

#include <string>

#include "tamis/engine/train/optimizer_study.h"

// The pictures of the optimizer study as ECharts options in JSON. Inside the room; see optimizer_study.h.
namespace tamis::train {

/// The colour of the i-th line of a picture; readable on light and on dark.
std::string study_colour(std::size_t i);

/// Training loss by epochs (or steps, where an epoch is one), one line a run.
std::string runs_chart(const std::vector<StudyRun>& runs, const std::string& x_name);
/// Lines of equal loss, and one path over them.
std::string path_chart(const StudySurface& surface, const StudyPath& path);
/// Each weight under L2 (across) and under decay (up); equal ones lie on the diagonal.
std::string decay_chart(const StudyDecay& decay);
/// f(θ), and where each descent ended.
std::string valley_chart(const StudyValley& valley);
/// θ by step.
std::string descents_chart(const StudyValley& valley);

}  // namespace tamis::train
