#include <fmt/format.h>

#include <algorithm>

#include "tamis/sift/report_text.h"

namespace tamis::sift::pages {

namespace {

constexpr const char* kNothing = "–";

std::string or_nothing(const std::string& text) {
  return text.empty() ? kNothing : text;
}

std::string interval(Number low, Number high) {
  return difference(std::nullopt, low, high).interval;
}

std::string yes_no(std::optional<bool> value) {
  return !value ? kNothing : *value ? "yes" : "no";
}

// Columns that would hold nothing but dashes are left out.
Table without_empty(const Table& table) {
  Table kept;
  std::vector<bool> full(table.columns.size(), false);
  for (const Line& line : table.lines) {
    for (std::size_t c = 0; c < full.size(); ++c)
      full[c] = full[c] || (line.cells[c] != kNothing && !line.cells[c].empty());
  }
  for (std::size_t c = 0; c < full.size(); ++c) {
    if (full[c]) kept.columns.push_back(table.columns[c]);
  }
  for (const Line& line : table.lines) {
    Line slim{{}, line.fate, line.total};
    for (std::size_t c = 0; c < full.size(); ++c) {
      if (full[c]) slim.cells.push_back(line.cells[c]);
    }
    kept.lines.push_back(std::move(slim));
  }
  return kept;
}

}  // namespace

Table funnel_table(const Report& report) {
  Table table{{{"stage"},
               {"metric"},
               {"entered", Kind::kNumber},
               {"kept", Kind::kNumber},
               {"dropped", Kind::kNumber},
               {"riding", Kind::kNumber},
               {"users", Kind::kNumber},
               {"cost, users", Kind::kNumber},
               {"cost, days", Kind::kNumber}},
              {}};
  for (const Stage& stage : report.stages) {
    table.lines.push_back({{stage_name(stage.kind) + (stage.simulated ? " *" : ""), or_nothing(stage.metric),
                            count(stage.entered), count(stage.kept), count(stage.dropped), count(stage.riding),
                            count(stage.users), count(stage.cost.users), count(stage.cost.days)}});
  }
  for (const bool all : {false, true}) {
    const Cost& cost = all ? report.ab_for_all_cost : report.funnel_cost;
    if (!cost.users && !cost.days) continue;
    table.lines.push_back({{all ? "A/B for " + how_many(report) : "The funnel", "", "", "", "", "", "",
                            count(cost.users), count(cost.days)},
                           Fate::kUnknown,
                           true});
  }
  return table;
}

Table cost_table(const Report& report) {
  Table table{{{"stage"}, {"users", Kind::kNumber}, {"days", Kind::kNumber}, {"note", Kind::kLong}}, {}};
  const auto add = [&](const std::string& name, const Cost& cost, bool total) {
    table.lines.push_back({{name, count(cost.users), count(cost.days), or_nothing(cost.why)}, Fate::kUnknown, total});
  };
  for (const Stage& stage : report.stages) add(stage_name(stage.kind), stage.cost, false);
  add("The funnel", report.funnel_cost, true);
  add("A/B for " + how_many(report), report.ab_for_all_cost, true);
  return without_empty(table);
}

Table stage_table(const Report& report, std::size_t stage) {
  const std::vector<Row> rows = rows_at(report, stage);
  std::vector<std::string> metrics;
  for (const Row& row : rows) {
    for (const auto& [name, value] : row.measure->metrics) {
      if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
    }
  }
  const std::string& metric = report.stages[stage].metric;
  Table table{{{"candidate", Kind::kName},
               {"decision"},
               {"why", Kind::kLong},
               {"difference", Kind::kNumber},
               {"interval", Kind::kNumber},
               {"p", Kind::kNumber},
               {metric.empty() ? "value" : metric, Kind::kNumber},
               {"users", Kind::kNumber},
               {"without history", Kind::kNumber}},
              {}};
  for (const std::string& name : metrics) table.columns.push_back({name, Kind::kNumber});
  for (const Row& row : rows) {
    const Measure& at = *row.measure;
    const Difference gap = difference(at.estimate, at.low, at.high);
    Line line{{row.candidate->name, fate_name(at), or_nothing(at.why), gap.estimate, gap.interval, probability(at.p),
               plain(at.value), count(at.users), count(at.fallback)},
              at.fate};
    for (const std::string& name : metrics) {
      const auto found =
          std::find_if(at.metrics.begin(), at.metrics.end(), [&](const auto& pair) { return pair.first == name; });
      line.cells.push_back(found == at.metrics.end() ? kNothing : plain(found->second));
    }
    table.lines.push_back(std::move(line));
  }
  return without_empty(table);
}

Table steps_table(const Stage& stage) {
  Table table{{{"from"}, {"questions", Kind::kNumber}, {"users", Kind::kNumber}, {"cold users", Kind::kNumber}}, {}};
  for (const ReplayStep& step : stage.steps) {
    table.lines.push_back({{step.from, count(step.questions), count(step.users), count(step.cold)}});
  }
  return table;
}

Table outcome_table(const Report& report) {
  Table table{{{"candidate", Kind::kName},
               {"family"},
               {"what it is", Kind::kLong},
               {"got as far as"},
               {"outcome"},
               {"why", Kind::kLong}},
              {}};
  for (const Candidate& candidate : report.candidates) {
    const Measure* last = last_measure(candidate);
    table.lines.push_back({{candidate.name, or_nothing(candidate.family), or_nothing(candidate.describe),
                            last ? stage_name(last->kind) : "not measured", last ? fate_name(*last) : kNothing,
                            last ? or_nothing(last->why) : kNothing},
                           last ? last->fate : Fate::kUnknown});
  }
  // Who got furthest comes first; among equals the plan's order stays.
  std::vector<std::size_t> order(table.lines.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto rank = [&](std::size_t i) {
      return std::pair(report.candidates[i].stages.size(), table.lines[i].fate == Fate::kShipped);
    };
    return rank(a) > rank(b);
  });
  Table sorted{table.columns, {}};
  for (const std::size_t i : order) sorted.lines.push_back(std::move(table.lines[i]));
  return sorted;
}

Table sanity_table(const Report& report) {
  const std::string random = report.sanity.empty() ? "the sanity arm" : report.sanity;
  Table table{{{"stage"},
               {"family"},
               {"its best", Kind::kName},
               {"interval", Kind::kNumber},
               {"interval of " + random, Kind::kNumber},
               {"apart"},
               {"why", Kind::kLong}},
              {}};
  for (const SanityCheck& check : report.sanity_check) {
    table.lines.push_back({{stage_name(check.stage), or_nothing(check.family), or_nothing(check.candidate),
                            interval(check.low, check.high), interval(check.random_low, check.random_high),
                            yes_no(check.apart), or_nothing(check.why)}});
  }
  return without_empty(table);
}

Table sample_ratio_table(const Report& report) {
  Table table{{{"arm", Kind::kName}, {"users", Kind::kNumber}}, {}};
  const SampleRatio& ratio = report.sample_ratio;
  for (std::size_t i = 0; i < std::max(ratio.arms.size(), ratio.users.size()); ++i) {
    table.lines.push_back({{i < ratio.arms.size() ? ratio.arms[i] : "arm " + std::to_string(i + 1),
                            count(i < ratio.users.size() ? ratio.users[i] : std::nullopt)}});
  }
  return table;
}

Table lift_table(const Report& report) {
  const Lift& lift = report.lift;
  const bool percent = is_relative(lift.unit);
  const Difference naive = difference(lift.naive, lift.naive_low, lift.naive_high, percent);
  const Difference fresh = difference(lift.estimate, lift.low, lift.high, percent);
  Table table{{{"measured on"}, {"lift", Kind::kNumber}, {"interval", Kind::kNumber}}, {}};
  table.lines.push_back({{"the users it was chosen by (naive)", naive.estimate, naive.interval}});
  table.lines.push_back({{"users not used for choosing", fresh.estimate, fresh.interval}, Fate::kShipped});
  return table;
}

Table truth_table(const Report& report) {
  Table table{{{"rank", Kind::kNumber},
               {"candidate", Kind::kName},
               {"true value", Kind::kNumber},
               {"over the incumbent", Kind::kNumber},
               {"mark"}},
              {}};
  const auto values = true_values(report);
  Number incumbent;
  for (const auto& [name, value] : values) {
    if (name == report.incumbent) incumbent = value;
  }
  std::size_t rank = 0;
  for (const auto& [name, value] : values) {
    const bool shipped = !report.ship.empty() && name == report.ship;
    const Number over = value && incumbent ? Number(*value - *incumbent) : std::nullopt;
    table.lines.push_back({{std::to_string(++rank), name, plain(value),
                            difference(over, std::nullopt, std::nullopt).estimate, truth_mark(report, name)},
                           shipped ? Fate::kShipped : Fate::kUnknown});
  }
  return without_empty(table);
}

Table data_table(const Report& report) {
  const Data& data = report.data;
  Table table{{{"the data"}, {"", Kind::kLong}}, {}};
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty() && text != kNothing) table.lines.push_back({{name, text}});
  };
  add("source", data.source);
  add("simulated", data.given ? (data.simulated ? "yes, logs and users" : "no, these are logs") : "");
  add("from", data.from);
  add("until", data.until);
  add("users", count(data.users));
  add("items", count(data.items));
  add("events", count(data.events));
  add("clicks", count(data.clicks));
  add("impressions", count(data.impressions));
  return table;
}

Table conventions_table(const Report& report) {
  Table table{{{"convention"}, {"value", Kind::kLong}}, {}};
  for (const auto& [name, value] : report.conventions) table.lines.push_back({{name, value}});
  return table;
}

Table inputs_table(const Report& report) {
  Table table{{{"input"}, {"bytes", Kind::kNumber}, {"rows read", Kind::kNumber}, {"rows quarantined", Kind::kNumber}},
              {}};
  for (const Input& input : report.inputs) {
    table.lines.push_back({{input.path, count(input.bytes), count(input.rows_read), count(input.rows_quarantined)}});
  }
  return table;
}

}  // namespace tamis::sift::pages
