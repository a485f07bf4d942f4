#include "tamis/engine/train/train_log.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tamis/base/error.h"
#include "tamis/base/json_number.h"
#include "tamis/base/line_reader.h"

namespace tamis::train {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

double real(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::vector<double> reals(const Json& list) {
  std::vector<double> values;
  for (const Json& value : list) values.push_back(real(value));
  return values;
}

Json json_of(const LogHeading& heading) {
  return {{"log", kVersion},
          {"task", heading.task},
          {"title", heading.title},
          {"seed", heading.seed},
          {"config", heading.config},
          {"examples", heading.examples},
          {"batch", heading.batch},
          {"shards", heading.shards},
          {"steps_per_epoch", heading.steps_per_epoch},
          {"steps", heading.steps},
          {"watch", heading.watch},
          {"metrics", heading.metrics},
          {"layers", heading.layers},
          {"weights", json_numbers(heading.weights)}};
}

LogHeading heading_of(const Json& json) {
  LogHeading heading;
  json.at("task").get_to(heading.task);
  json.at("title").get_to(heading.title);
  json.at("seed").get_to(heading.seed);
  json.at("config").get_to(heading.config);
  json.at("examples").get_to(heading.examples);
  json.at("batch").get_to(heading.batch);
  json.at("shards").get_to(heading.shards);
  json.at("steps_per_epoch").get_to(heading.steps_per_epoch);
  json.at("steps").get_to(heading.steps);
  json.at("watch").get_to(heading.watch);
  json.at("metrics").get_to(heading.metrics);
  json.at("layers").get_to(heading.layers);
  heading.weights = reals(json.at("weights"));
  return heading;
}

Json json_of(const StepLine& line) {
  return {{"step", line.step},
          {"epoch", line.epoch},
          {"loss", json_number(line.loss)},
          {"rate", line.rate},
          {"norm", json_number(line.norm)},
          {"clip", json_number(line.clip)},
          {"norms", json_numbers(line.norms)}};
}

StepLine step_of(const Json& json) {
  return {.step = json.at("step"),
          .epoch = json.at("epoch"),
          .loss = real(json.at("loss")),
          .rate = json.at("rate"),
          .norm = real(json.at("norm")),
          .clip = real(json.at("clip")),
          .norms = reals(json.at("norms"))};
}

Json json_of(const EvaluationLine& line) {
  Json metrics = Json::object();
  for (const auto& [name, value] : line.metrics) metrics[name] = json_number(value);
  return {{"evaluated", line.part}, {"step", line.step}, {"epoch", line.epoch},
          {"metrics", metrics},     {"best", line.best}, {"weights", json_numbers(line.weights)}};
}

EvaluationLine evaluation_of(const Json& json) {
  EvaluationLine line{.step = json.at("step"),
                      .epoch = json.at("epoch"),
                      .part = json.at("evaluated"),
                      .metrics = {},
                      .best = json.at("best"),
                      .weights = reals(json.at("weights"))};
  for (const auto& [name, value] : json.at("metrics").items()) line.metrics[name] = real(value);
  return line;
}

/// False if the line is no JSON object: what a kill leaves of a last line.
bool read_line(std::string_view text, std::uint64_t number, Log& log) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  if (number == 1) {
    if (json.value("log", 0) != kVersion) throw std::out_of_range("this is no training log of version 1");
    log.heading = heading_of(json);
  } else if (json.contains("evaluated")) {
    log.evaluations.push_back(evaluation_of(json));
  } else {
    log.steps.push_back(step_of(json));
    if (log.steps.back().norms.size() != log.heading.layers.size()) throw std::out_of_range("a norm is missing");
  }
  return true;
}

}  // namespace

LogWriter::LogWriter(const std::filesystem::path& path, const LogHeading& heading)
    : file_(std::make_unique<AppendFile>(path, 0)) {
  add_text(json_of(heading).dump());
  flush();
}

LogWriter::LogWriter(const std::filesystem::path& path, std::uint64_t keep_bytes)
    : file_(std::make_unique<AppendFile>(path, keep_bytes)), bytes_(keep_bytes) {}

void LogWriter::add(const StepLine& line) {
  add_text(json_of(line).dump());
}

void LogWriter::add(const EvaluationLine& line) {
  add_text(json_of(line).dump());
}

void LogWriter::add_text(const std::string& text) {
  waiting_.push_back(text);
}

void LogWriter::flush() {
  if (waiting_.empty()) return;
  file_->append(waiting_);
  for (const std::string& line : waiting_) bytes_ += line.size() + 1;
  waiting_.clear();
}

Log read_log(const std::filesystem::path& path) {
  LineReader lines(path);
  Log log;
  std::uint64_t torn = 0;
  for (std::string_view line; lines.next(line);) {
    const auto fail = [&](std::uint64_t number, std::string_view what) {
      fail_world(fmt::format("{} line {}", path.string(), number),
                 fmt::format("is not what a training log holds: {}", what));
    };
    if (torn != 0) fail(torn, "no JSON");
    try {
      if (!read_line(line, lines.number(), log)) torn = lines.number();
    } catch (const std::exception& error) {
      fail(lines.number(), error.what());
    }
  }
  if (torn == 1) fail_world(path.string(), "is no training log: its heading cannot be read");
  return log;
}

}  // namespace tamis::train
