#include "tamis/evidence/timemachine/snapshot_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tamis/base/error.h"
#include "tamis/evidence/timemachine/snapshot_rows.h"
#include "tamis/evidence/timemachine/statistics.h"

namespace tamis::timemachine {

namespace {

// Clicks on what the last day showed may come as late as this.
Day days_waited(data::Time wait) {
  return (wait + data::kDay - 1) / data::kDay;
}

}  // namespace

Features::Features(const SnapshotConfig& config, Day last, data::Time known_by, Quarantine& quarantine) {
  for (StreamSpec spec : config.streams) {
    spec.known_by = known_by;
    streams_.push_back(std::make_unique<EventStream>(spec, last + days_waited(config.label_wait), quarantine));
    if (spec.name == config.rows) rows_ = streams_.back().get();
    sources_.push_back(std::make_unique<HistorySource>(*streams_.back()));
  }
  if (rows_ == nullptr) fail_caller("snapshot", fmt::format("\"{}\" is no source of kind events", config.rows));
  for (const StatisticsSpec& spec : config.statistics) {
    const auto stream =
        std::find_if(streams_.begin(), streams_.end(), [&](const auto& s) { return s->name() == spec.of; });
    if (stream == streams_.end()) fail_caller(spec.name, fmt::format("\"{}\" is no source of kind events", spec.of));
    sources_.push_back(std::make_unique<StatisticsSource>(spec.name, **stream, spec.windows));
  }
  for (ContextSpec spec : config.contexts) {
    spec.known_by = known_by;
    auto context = std::make_unique<ContextSource>(std::move(spec), quarantine);
    contexts_.push_back(context.get());
    sources_.push_back(std::move(context));
  }
  std::set<std::string> names;
  for (const FeatureColumn& column : row_columns()) names.insert(column.name);
  for (const auto& source : sources_) {
    const std::vector<FeatureColumn> added = source->columns();
    widths_.push_back(added.size());
    for (const FeatureColumn& column : added) {
      if (!names.insert(column.name).second)
        fail_caller("snapshot",
                    fmt::format("two columns would be named '{}': give a source another name", column.name));
      columns_.push_back(column);
    }
  }
}

Features::~Features() = default;

std::vector<Fetched> Features::open_day(Day day) {
  std::vector<Fetched> fetched{rows_->fetched("rows", day, day)};
  for (const auto& source : sources_) fetched.push_back(source->open_day(day));
  return fetched;
}

void Features::append(const Request& request, std::span<OutputColumn> columns) const {
  std::size_t at = 0;
  for (std::size_t s = 0; s < sources_.size(); ++s) {
    sources_[s]->append(request, columns.subspan(at, widths_[s]));
    at += widths_[s];
  }
}

std::vector<OutputColumn> Features::serve(const Request& request) const {
  std::vector<OutputColumn> columns;
  for (const FeatureColumn& column : columns_) columns.push_back({column.name, {}, {}, {}});
  append(request, columns);
  return columns;
}

std::vector<InputFile> Features::inputs() const {
  std::vector<InputFile> inputs;
  for (const auto& stream : streams_) inputs.insert(inputs.end(), stream->inputs().begin(), stream->inputs().end());
  for (const ContextSource* context : contexts_)
    inputs.insert(inputs.end(), context->inputs().begin(), context->inputs().end());
  return inputs;
}

}  // namespace tamis::timemachine
