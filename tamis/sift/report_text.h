#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the three faces of a report share: report.json read into plain structs, the tables every face shows, and how
/// numbers are written. Internal to report*.cpp. Everything here is a pure function, thread-safe.
namespace tamis::sift::pages {

/// A number, or null.
using Number = std::optional<double>;

enum class Fate { kKept, kDropped, kCapped, kRides, kShipped, kUnknown };

/// One candidate at one stage. estimate, low, high: difference from the incumbent in the stage's unit.
struct Measure {
  std::string kind, decision, why;
  Fate fate = Fate::kUnknown;
  Number estimate, low, high, p, value, users, fallback;
  std::vector<std::pair<std::string, Number>> metrics;
};

struct Candidate {
  std::string name, family, describe;
  std::vector<Measure> stages;
};

struct Cost {
  Number users, days;
  std::string why;
};

struct ReplayStep {
  std::string from;
  Number questions, users, cold;
};

struct Stage {
  std::string kind, metric, unit, correction, interval;
  bool simulated = false;
  Number entered, kept, dropped, riding, keep, keep_max, users, alpha, comparisons;
  Cost cost;
  std::vector<std::string> notes;
  std::vector<ReplayStep> steps;
};

struct Input {
  std::string path;
  Number bytes, rows_read, rows_quarantined;
};

struct Data {
  bool given = false, simulated = false;
  std::string source, from, until;
  Number users, items, events, clicks, impressions;
  std::vector<std::string> notes;
};

struct SanityCheck {
  std::string stage, family, candidate;
  Number low, high, random_low, random_high;
  std::optional<bool> apart;
  std::string why;
};

struct SampleRatio {
  bool given = false;
  Number p;
  std::vector<Number> users;
  std::vector<std::string> arms;
  std::string why;
};

struct Lift {
  bool given = false;
  Number estimate, low, high, naive, naive_low, naive_high;
  std::string unit, why;
};

struct Truth {
  bool given = false;
  std::string true_best, unit, why;
  Number rank_of_shipped, regret, gap, regret_share, users, days;
  std::vector<std::pair<std::string, Number>> values;
};

struct Report {
  std::string version, plan, seed, title, incumbent, sanity, ship, decision;
  std::vector<std::pair<std::string, std::string>> conventions;
  std::vector<Input> inputs;
  Data data;
  std::vector<Stage> stages;
  Cost funnel_cost, ab_for_all_cost;
  std::vector<Candidate> candidates;
  std::vector<SanityCheck> sanity_check;
  SampleRatio sample_ratio;
  Lift lift;
  Truth truth;
};

/// The text of report.json. Throws invalid_argument if it is not JSON, not the JSON of `sift`, or a key has a value of
/// the wrong type (the message names the key).
Report read_report(std::string_view json);

/// A candidate at a stage: the nth stage of a kind is the candidate's nth measure of that kind.
struct Row {
  const Candidate* candidate;
  const Measure* measure;
};
/// Everyone measured at stages[stage], best estimate first, those without an estimate last, ties by name.
std::vector<Row> rows_at(const Report& report, std::size_t stage);
/// The true values, best first, nulls last, ties by name.
std::vector<std::pair<std::string, Number>> true_values(const Report& report);

// Numbers in words. Null is "–" everywhere. Minus is ASCII; typographic sets it as U+2212.

/// The text with a true minus sign (U+2212) before its negative numbers (the hyphen of a word or a date stays) and with
/// no line break before a per cent sign.
std::string typographic(std::string_view text);
/// The text with its first letter, if it is of ASCII, as a capital.
std::string capital(std::string_view text);
/// A count: 1300000 is "1,300,000"; one decimal where it is not whole.
std::string count(Number value);
/// Three significant digits and no sign for plus: 0.0312, 12.3, "1,234".
std::string plain(Number value);
/// A probability: "< 0.001" or three decimals.
std::string probability(Number value);
/// Three significant digits of the largest of the three, the same number of decimals for all, with signs.
/// percent: the values are shares, written as percentages.
struct Difference {
  std::string estimate, interval;
};
Difference difference(Number estimate, Number low, Number high, bool percent = false);
/// True if the unit says the numbers are relative, so that percentages are meant.
bool is_relative(std::string_view unit);

/// "Offline", "Replay", "Interleaving", "A/B test"; any other kind as it is.
std::string stage_name(std::string_view kind);
/// "kept", "dropped", "dropped by the cap", "rides along", "shipped".
std::string fate_name(const Measure& measure);
/// What happened to the candidate in the end: its last measure that is not null; nullptr if it was never measured.
const Measure* last_measure(const Candidate& candidate);
/// "30", or "all" if there are no candidates.
std::string how_many(const Report& report);
/// Plain words on a simulated stage's users; "" for a stage that is not simulated.
std::string simulated_words(const Report& report, const Stage& stage);
/// One sentence on what a stage of this kind does; "" for a kind unknown here.
std::string stage_words(std::string_view kind);
/// "Holm correction, α = 0.05; interval: …", with what the stage holds.
std::string method_words(const Stage& stage);
/// Names of the marks of true_values: "shipped", "true best", "incumbent", or several; "" for the others.
std::string truth_mark(const Report& report, std::string_view name);

// Tables: plain text cells, escaped by the face that shows them.

enum class Kind { kText, kLong, kName, kNumber };
struct Column {
  std::string title;
  Kind kind = Kind::kText;
};
struct Line {
  std::vector<std::string> cells;
  Fate fate = Fate::kUnknown;
  bool total = false;
};
struct Table {
  std::vector<Column> columns;
  std::vector<Line> lines;
};

Table funnel_table(const Report& report);
Table cost_table(const Report& report);
Table stage_table(const Report& report, std::size_t stage);
Table steps_table(const Stage& stage);
Table outcome_table(const Report& report);
Table sanity_table(const Report& report);
Table sample_ratio_table(const Report& report);
Table lift_table(const Report& report);
Table truth_table(const Report& report);
Table data_table(const Report& report);
Table conventions_table(const Report& report);
Table inputs_table(const Report& report);

/// Sentences on the truth; "" where the report has none.
std::string truth_words(const Report& report);
/// Sentences on the lift; "" where the report has none.
std::string lift_words(const Report& report);
/// One or two sentences on the sample-ratio check; "" where the report has none.
std::string sample_ratio_words(const Report& report);
/// One line on what the report was made with: version, plan, seed.
std::string made_with(const Report& report);
/// Notes of the data and of the stages, each stage's named.
std::vector<std::string> all_notes(const Report& report);

// Charts: ECharts options in JSON, with the words web/report.js adds to them. "" where there is nothing to draw.

struct Chart {
  std::string option;
  int height = 0;
};
Chart stage_chart(const Report& report, std::size_t stage);
/// days: the cost in days; else in users.
Chart cost_chart(const Report& report, bool days);
Chart lift_chart(const Report& report);
Chart truth_chart(const Report& report);

/// The path of a mark in a box of 24 by 24 (circle, diamond, triangle, star), the same in charts and in HTML.
std::string_view mark_path(Fate fate);

}  // namespace tamis::sift::pages
