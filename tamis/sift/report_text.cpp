#include "tamis/sift/report_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tamis::sift::pages {

namespace {

constexpr const char* kNothing = "–";
// Past these a number is easier to read as a power of ten.
constexpr double kHuge = 1e12;
constexpr double kTiny = 1e-5;

std::string grouped(double value, int decimals) {
  const std::string digits = fmt::format("{:.{}f}", value, decimals);
  const std::size_t start = digits[0] == '-' ? 1 : 0;
  const std::size_t whole = std::min(digits.find('.'), digits.size());
  std::string text = digits.substr(0, start);
  for (std::size_t i = start; i < whole; ++i) {
    text += digits[i];
    if ((whole - i - 1) % 3 == 0 && i + 1 < whole) text += ',';
  }
  return text + digits.substr(whole);
}

int decimals_for(double magnitude) {
  if (magnitude == 0) return 0;
  return std::clamp(2 - static_cast<int>(std::floor(std::log10(magnitude))), 0, 9);
}

std::string signed_text(double value, int decimals) {
  const std::string text = grouped(value, decimals);
  if (text.find_first_of("123456789") == std::string::npos) return grouped(0.0, decimals);
  return value > 0 ? "+" + text : text;
}

}  // namespace

std::string typographic(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == ' ' || text[i - 1] == '[' || text[i - 1] == '(';
    const bool minus = text[i] == '-' && begins && i + 1 < text.size() && digit(text[i + 1]);
    const bool percent = text.substr(i, 2) == " %" && i > 0 && (digit(text[i - 1]) || text[i - 1] == ']');
    out += minus ? std::string_view("−") : percent ? std::string_view("\u00a0") : text.substr(i, 1);
  }
  return out;
}

std::string capital(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

std::string count(Number value) {
  if (!value) return kNothing;
  if (std::abs(*value) >= kHuge) return fmt::format("{:.2e}", *value);
  const double tenths = std::round(*value * 10);
  return grouped(tenths / 10, std::fmod(tenths, 10) == 0 ? 0 : 1);
}

std::string plain(Number value) {
  if (!value) return kNothing;
  const double size = std::abs(*value);
  if (size >= kHuge || (size > 0 && size < kTiny)) return fmt::format("{:.2e}", *value);
  return grouped(*value, decimals_for(size));
}

std::string probability(Number value) {
  if (!value) return kNothing;
  return *value < 0.001 ? "< 0.001" : fmt::format("{:.3f}", *value);
}

Difference difference(Number estimate, Number low, Number high, bool percent) {
  double largest = 0;
  for (const Number& value : {estimate, low, high}) {
    if (value) largest = std::max(largest, std::abs(*value));
  }
  const double scale = percent ? 100 : 1;
  const bool powers = largest * scale >= kHuge || (largest > 0 && largest * scale < kTiny);
  const int decimals = decimals_for(largest * scale);
  const auto write = [&](double value) {
    return powers ? fmt::format("{:+.2e}", value * scale) : signed_text(value * scale, decimals);
  };
  const char* unit = percent ? " %" : "";
  Difference text{kNothing, kNothing};
  if (estimate) text.estimate = write(*estimate) + unit;
  if (low && high) text.interval = fmt::format("[{}, {}]{}", write(*low), write(*high), unit);
  return text;
}

bool is_relative(std::string_view unit) {
  return unit.substr(0, 8) == "relative";
}

std::string stage_name(std::string_view kind) {
  if (kind == "offline") return "Offline";
  if (kind == "replay") return "Replay";
  if (kind == "interleave") return "Interleaving";
  if (kind == "ab") return "A/B test";
  return std::string(kind);
}

std::string stage_words(std::string_view kind) {
  if (kind == "offline") {
    return "Each candidate learns from the log up to a day and ranks what came after it. It costs no traffic.";
  }
  if (kind == "replay") {
    return "Day by day: each candidate learns from what was known before the day, then ranks the day. It costs no "
           "traffic.";
  }
  if (kind == "interleave") {
    return "Each user sees one list drafted from two rankers, and their clicks vote. A few users tell close rankers "
           "apart.";
  }
  if (kind == "ab") return "Each user sees one ranker alone and stays with it; what counts is what the user does.";
  return "";
}

std::string simulated_words(const Report& report, const Stage& stage) {
  if (!stage.simulated) return "";
  if (report.data.simulated) {
    return "These users were simulated: logs and users alike come from a generated world. This shows how the funnel "
           "works and says nothing about a real service.";
  }
  return "These users were simulated: they were fitted to a part of the logs that no candidate was trained or scored "
         "on, and no live user has seen these lists. Take this stage for a rehearsal of the experiment, not for the "
         "experiment.";
}

std::string method_words(const Stage& stage) {
  std::vector<std::string> parts;
  if (stage.keep) {
    parts.push_back("keep " + count(stage.keep) +
                    (stage.keep_max ? ", at most " + count(stage.keep_max) + " where intervals overlap" : ""));
  }
  if (stage.users) parts.push_back(count(stage.users) + " users measured");
  if (!stage.interval.empty()) parts.push_back("intervals: " + stage.interval);
  if (!stage.correction.empty()) {
    const std::string level = stage.alpha ? fmt::format(" at {:g}", *stage.alpha) : "";
    const std::string over = stage.comparisons ? " over " + count(stage.comparisons) + " comparisons" : "";
    parts.push_back("correction: " + stage.correction + level + over);
  }
  return parts.empty() ? "" : fmt::format("{}.", fmt::join(parts, "; "));
}

std::string fate_name(const Measure& measure) {
  switch (measure.fate) {
    case Fate::kKept:
      return "kept";
    case Fate::kDropped:
      return "dropped";
    case Fate::kCapped:
      return "dropped by the cap";
    case Fate::kRides:
      return "rides along";
    case Fate::kShipped:
      return "shipped";
    case Fate::kUnknown:
      break;
  }
  return measure.decision.empty() ? kNothing : measure.decision;
}

const Measure* last_measure(const Candidate& candidate) {
  return candidate.stages.empty() ? nullptr : &candidate.stages.back();
}

std::string how_many(const Report& report) {
  return report.candidates.empty() ? "all" : "all " + std::to_string(report.candidates.size());
}

std::string truth_mark(const Report& report, std::string_view name) {
  std::vector<std::string_view> marks;
  if (name == report.truth.true_best) marks.push_back("true best");
  if (name == report.ship) marks.push_back("shipped");
  if (name == report.incumbent) marks.push_back("incumbent");
  if (name == report.sanity) marks.push_back("sanity arm");
  return fmt::format("{}", fmt::join(marks, ", "));
}

std::vector<Row> rows_at(const Report& report, std::size_t stage) {
  const std::string& kind = report.stages[stage].kind;
  std::size_t before = 0;
  for (std::size_t i = 0; i < stage; ++i) before += report.stages[i].kind == kind;
  std::vector<Row> rows;
  for (const Candidate& candidate : report.candidates) {
    std::size_t seen = 0;
    for (const Measure& measure : candidate.stages) {
      if (measure.kind == kind && seen++ == before) rows.push_back({&candidate, &measure});
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    if (a.measure->estimate != b.measure->estimate) return a.measure->estimate > b.measure->estimate;
    return a.candidate->name < b.candidate->name;
  });
  return rows;
}

std::vector<std::pair<std::string, Number>> true_values(const Report& report) {
  auto values = report.truth.values;
  std::stable_sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
    if (a.second != b.second) return a.second > b.second;
    return a.first < b.first;
  });
  return values;
}

std::string truth_words(const Report& report) {
  const Truth& truth = report.truth;
  if (!truth.given) return "";
  const std::string unit = truth.unit.empty() ? "" : " " + truth.unit;
  const std::string& live = report.ship.empty() ? report.incumbent : report.ship;
  std::string text = "The true best is " + (truth.true_best.empty() ? "not known" : truth.true_best);
  if (truth.rank_of_shipped && live == truth.true_best) {
    text += report.ship.empty() ? ", the incumbent" : ", the one shipped";
  } else if (truth.rank_of_shipped) {
    text += fmt::format("; {} is number {} of {} in truth", live, count(truth.rank_of_shipped), truth.values.size());
  }
  text += ".";
  if (truth.regret) {
    text += fmt::format(" The regret is {}{}", plain(truth.regret), unit);
    if (truth.regret_share && truth.gap) {
      text += fmt::format(", {} % of the {} that lie between the incumbent and the true best",
                          plain(*truth.regret_share * 100), plain(truth.gap));
    }
    text += ".";
  }
  if (!truth.why.empty()) text += " (" + truth.why + ")";
  return text;
}

std::string lift_words(const Report& report) {
  const Lift& lift = report.lift;
  if (!lift.given) return "";
  const bool percent = is_relative(lift.unit);
  if (!lift.estimate) return "No lift to report" + (lift.why.empty() ? "." : ": " + lift.why + ".");
  const Difference fresh = difference(lift.estimate, lift.low, lift.high, percent);
  std::string text = fmt::format("On users not used for choosing the lift is {}", fresh.estimate);
  if (lift.low && lift.high) text += " " + fresh.interval;
  if (lift.naive) {
    text += fmt::format("; on the users it was chosen by it looked like {}",
                        difference(lift.naive, lift.naive_low, lift.naive_high, percent).estimate);
  }
  return text + "." + (lift.why.empty() ? "" : " (" + lift.why + ")");
}

std::string sample_ratio_words(const Report& report) {
  const SampleRatio& ratio = report.sample_ratio;
  if (!ratio.given) return "";
  if (!ratio.p) return "The sample ratio was not checked" + (ratio.why.empty() ? "." : ": " + ratio.why + ".");
  return fmt::format(
      "Users in each arm against the split that was asked for: p {}{}. Below 0.001 the experiment is void.",
      *ratio.p < 0.001 ? "" : "= ", probability(ratio.p));
}

std::string made_with(const Report& report) {
  std::string text = "Tamis " + report.version;
  if (!report.plan.empty()) text += ", plan " + report.plan;
  if (!report.seed.empty()) text += ", seed " + report.seed;
  return text;
}

std::vector<std::string> all_notes(const Report& report) {
  std::vector<std::string> notes = report.data.notes;
  for (const Stage& stage : report.stages) {
    for (const std::string& note : stage.notes) notes.push_back(stage_name(stage.kind) + ": " + note);
  }
  return notes;
}

}  // namespace tamis::sift::pages
