#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tamis::optim {

/// The learning rate as a function of the step, counted from 0. Pure: resuming needs no state.
struct Schedule {
  enum class Kind {
    constant,
    step,           ///< × factor every `period` steps
    exponential,    ///< × factor each step
    cosine,         ///< restarts: from base to `low` by half a cosine over `period` steps, then again over period ×
                    ///< period_factor. Source: Loshchilov and Hutter, arXiv:1608.03983, equation 5
    warmup_linear,  ///< 0 to base over `warmup` steps, then straight down to `low` at `total`
    warmup_cosine,  ///< 0 to base over `warmup` steps, then by half a cosine to `low` at `total`
    cyclic,         ///< triangle between `low` and base, `period` steps up and `period` down. Source: Smith,
                    ///< arXiv:1506.01186, section 3
    one_cycle       ///< base / start_divisor up to base by `warmup` steps, then down to that start / end_divisor at
                    ///< `total`, both by cosine. Source: Smith and Topin, arXiv:1708.07120
  };
  Kind kind = Kind::constant;
  double base = 1e-3;
  double low = 0;
  double factor = 0.1;
  double period_factor = 1;
  double start_divisor = 25, end_divisor = 1e4;
  std::int64_t period = 0;
  std::int64_t warmup = 0;
  std::int64_t total = 0;

  double rate(std::int64_t step) const;
  /// Throws invalid_argument("[schedule] …") for base <= 0, or a setting the kind needs that is missing or out of
  /// range.
  void check() const;
};
std::string_view name(Schedule::Kind kind);
Schedule::Kind schedule_named(std::string_view name);

}  // namespace tamis::optim
