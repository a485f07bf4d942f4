#include "tamis/sift/measurement.h"

#include <nlohmann/json.hpp>

#include "tamis/base/error.h"

namespace tamis::sift {

using Json = nlohmann::json;

std::string to_json(const Measured& measured) {
  Json metrics = Json::array();
  for (const auto& [name, value] : measured.metrics) metrics.push_back({name, value});
  Json steps = Json::array();
  for (const replay::Step& step : measured.steps) {
    steps.push_back({step.from, step.questions, step.users, step.cold, step.value ? Json(*step.value) : Json()});
  }
  return Json{{"users", measured.values.users},
              {"values", measured.values.values},
              {"metrics", metrics},
              {"steps", steps},
              {"served", measured.served},
              {"cold", measured.cold},
              {"exposed", measured.exposed}}
      .dump();
}

Measured measured_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Measured measured;
    measured.values.users = json.at("users").get<std::vector<data::Index>>();
    measured.values.values = json.at("values").get<std::vector<double>>();
    for (const Json& metric : json.at("metrics")) measured.metrics.emplace_back(metric.at(0), metric.at(1));
    for (const Json& step : json.at("steps")) {
      replay::Step made{step.at(0), step.at(1), step.at(2), step.at(3), std::nullopt};
      if (!step.at(4).is_null()) made.value = step.at(4).get<double>();
      measured.steps.push_back(made);
    }
    measured.served = json.at("served");
    measured.cold = json.at("cold");
    measured.exposed = json.at("exposed").get<std::vector<data::Time>>();
    return measured;
  } catch (const Json::exception& error) {
    fail_world("journal", std::string("a piece of work cannot be read back: ") + error.what());
  }
}

}  // namespace tamis::sift
