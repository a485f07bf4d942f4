#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tamis/engine/optim/clip.h"
#include "tamis/engine/optim/optimizer.h"
#include "tamis/engine/optim/schedule.h"

// Against tests/golden/optimizers.json, which tests/golden/make_optimizers.py describes.
namespace tamis::optim {
namespace {

using engine::DType;
using Json = nlohmann::json;

constexpr double kRelative = 1e-9;
// Two f32 runs that round in another order drift apart like two draws of the same walk. Of the 42 runs 30 are at most
// 1.02 times PyTorch's drift away from f64, and the farthest (adam_betas) 1.36 times.
constexpr double kDriftFactor = 1.5;

Json golden() {
  std::ifstream in(TAMIS_SOURCE_DIR "/tests/golden/optimizers.json");
  return Json::parse(in);
}

Schedule schedule_of(const Json& json) {
  Schedule schedule;
  schedule.kind = schedule_named(json.at("kind").get<std::string>());
  schedule.base = json.at("base");
  schedule.low = json.value("low", schedule.low);
  schedule.factor = json.value("factor", schedule.factor);
  schedule.period_factor = json.value("period_factor", schedule.period_factor);
  schedule.start_divisor = json.value("start_divisor", schedule.start_divisor);
  schedule.end_divisor = json.value("end_divisor", schedule.end_divisor);
  schedule.period = json.value("period", schedule.period);
  schedule.warmup = json.value("warmup", schedule.warmup);
  schedule.total = json.value("total", schedule.total);
  schedule.check();
  return schedule;
}

Settings settings_of(const Json& run) {
  const Json& json = run.at("settings");
  Settings settings;
  settings.rule = rule_named(run.at("rule").get<std::string>());
  settings.momentum = json.value("momentum", settings.momentum);
  settings.dampening = json.value("dampening", settings.dampening);
  settings.beta1 = json.value("beta1", settings.beta1);
  settings.beta2 = json.value("beta2", settings.beta2);
  settings.alpha = json.value("alpha", settings.alpha);
  settings.epsilon = json.value("epsilon", settings.epsilon);
  settings.initial_sum = json.value("initial_sum", settings.initial_sum);
  settings.bias_correction = json.value("bias_correction", settings.bias_correction);
  settings.centered = json.value("centered", settings.centered);
  return settings;
}

GroupOptions options_of(const Json& json) {
  return {json.value("rate_factor", 1.0), json.value("l2", 0.0), json.value("weight_decay", 0.0)};
}

/// g = A θ + 0.3 sin(0.7 i + 0.13 t), as make_optimizers.py has it.
std::vector<double> gradient(const std::vector<double>& theta, std::int64_t step) {
  std::vector<double> g(8);
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 8; ++j) {
      const double a = (i == j ? 1 + 0.5 * i : 0) + 0.2 * std::cos(i + 2 * j);
      g[static_cast<std::size_t>(i)] += a * theta[static_cast<std::size_t>(j)];
    }
    g[static_cast<std::size_t>(i)] += 0.3 * std::sin(0.7 * i + 0.13 * static_cast<double>(step));
  }
  return g;
}

/// The run of one case: a weight [2, 3] and a bias [2] of a dtype.
class Run {
 public:
  Run(const Json& run, const std::vector<double>& start, DType dtype)
      : run_(run),
        dtype_(dtype),
        weight_(cut(start, 0).to(dtype), true),
        bias_(cut(start, 1).to(dtype), true),
        optimizer_({{{{"weight", weight_, true}}, options_of(run.at("groups")[0])},
                    {{{"bias", bias_, false}}, options_of(run.at("groups")[1])}},
                   settings_of(run)),
        schedule_(schedule_of(run.at("schedule"))) {}

  std::vector<double> theta() const {
    std::vector<double> all = weight_.value().numbers();
    for (const double number : bias_.value().numbers()) all.push_back(number);
    return all;
  }

  void step(std::int64_t t) {
    const Json& clip = run_.at("clip");
    const double rate = schedule_.rate(t);
    optimizer_.look_ahead(rate);
    const std::vector<double> g = gradient(theta(), t);
    std::vector<Tensor> gradients{cut(g, 0).to(dtype_), cut(g, 1).to(dtype_)};
    if (clip.contains("value")) clip_values(gradients, clip.at("value"));
    const double scale = clip.contains("norm") ? clip_factor(global_norm(gradients), clip.at("norm")) : 1;
    optimizer_.step(gradients, rate, scale);
  }

 private:
  static Tensor cut(const std::vector<double>& theta, int part) {
    return part == 0 ? Tensor::from(std::vector<double>(theta.begin(), theta.begin() + 6), {2, 3})
                     : Tensor::from(std::vector<double>(theta.begin() + 6, theta.end()), {2});
  }

  const Json& run_;
  DType dtype_;
  Variable weight_, bias_;
  Optimizer optimizer_;
  Schedule schedule_;
};

/// Calls look(expected, found) after each of the steps that are stored.
template <typename Look>
void replay(const Json& content, const Json& run, DType dtype, const Look& look) {
  Run mine(run, content.at("start").get<std::vector<double>>(), dtype);
  std::int64_t t = 0;
  for (const std::int64_t stored : {1, 2, 20, 200}) {
    for (; t < stored; ++t) mine.step(t);
    look(run.at("theta").at(std::to_string(stored)).get<std::vector<double>>(), mine.theta());
  }
}

double largest(const std::vector<double>& numbers) {
  double most = 0;
  for (const double number : numbers) most = std::max(most, std::abs(number));
  return most;
}

double farthest(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

TEST(Golden, TwoHundredStepsInF64) {
  const Json content = golden();
  for (const Json& run : content.at("cases")) {
    replay(content, run, DType::f64, [&](const std::vector<double>& expected, const std::vector<double>& found) {
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(found[i], expected[i], kRelative * std::abs(expected[i])) << run.at("name") << " " << i;
      }
    });
  }
  EXPECT_GE(content.at("cases").size(), 60);
}

TEST(Golden, F32StaysWithinTheDriftOfPyTorch) {
  const Json content = golden();
  int compared = 0;
  for (const Json& run : content.at("cases")) {
    if (!run.contains("drift")) continue;
    double drift = 0;
    replay(content, run, DType::f32, [&](const std::vector<double>& expected, const std::vector<double>& found) {
      drift = std::max(drift, farthest(expected, found) / largest(expected));
    });
    EXPECT_LE(drift, kDriftFactor * run.at("drift").get<double>()) << run.at("name");
    ++compared;
  }
  EXPECT_GE(compared, 40);
}

TEST(Golden, SchedulesGiveTheSameRates) {
  const Json content = golden();
  for (const Json& stored : content.at("rates")) {
    const Schedule schedule = schedule_of(stored.at("schedule"));
    const auto expected = stored.at("rates").get<std::vector<double>>();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::int64_t step = stored.at("steps")[i];
      EXPECT_NEAR(schedule.rate(step), expected[i], kRelative * expected[i]) << stored.at("schedule") << " " << step;
    }
  }
}

}  // namespace
}  // namespace tamis::optim
