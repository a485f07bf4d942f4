#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>

#include "cli/compare.h"
#include "tamis/base/error.h"
#include "tamis/base/table.h"

namespace tamis::cli {

namespace {

namespace fs = std::filesystem;

/// The rows in order of their units, so that a result does not depend on the order of a file.
void sort_units(SystemUnits& system, const std::vector<std::uint64_t>& lines, const std::string& unit) {
  std::vector<std::size_t> order(system.unit.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return system.unit[x] < system.unit[y]; });
  SystemUnits sorted;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && system.unit[order[i]] == sorted.unit.back())
      fail_world(system.input.path, fmt::format("line {}: {} {} is there already, in line {}; each may be there once",
                                                lines[order[i]], unit, sorted.unit.back(), lines[order[i - 1]]));
    sorted.unit.push_back(system.unit[order[i]]);
    sorted.value.push_back(system.value[order[i]]);
    if (!system.cluster.empty()) sorted.cluster.push_back(system.cluster[order[i]]);
  }
  system.unit = std::move(sorted.unit);
  system.value = std::move(sorted.value);
  system.cluster = std::move(sorted.cluster);
}

SystemUnits read_system(const CompareOptions& options, const std::string& path, Quarantine& quarantine) {
  std::vector<ColumnRequest> requests{{options.unit, ColumnType::text, true}, {options.metric, ColumnType::real, true}};
  if (!options.cluster.empty()) requests.push_back({options.cluster, ColumnType::text, true});
  TableReader reader(path, requests, {}, quarantine);
  SystemUnits system;
  std::vector<std::uint64_t> lines;
  while (const auto* batch = reader.next()) {
    for (std::size_t row = 0; row < (*batch)[0].text.size(); ++row) {
      if ((*batch)[0].valid[row] == 0) {
        reader.reject(row, fmt::format("column '{}' is empty; each row needs its unit", options.unit));
        continue;
      }
      if (!options.cluster.empty() && (*batch)[2].valid[row] == 0) {
        reader.reject(row, fmt::format("column '{}' is empty; each unit needs its cluster", options.cluster));
        continue;
      }
      system.unit.emplace_back((*batch)[0].text[row]);
      system.value.push_back((*batch)[1].valid[row] != 0 ? std::optional((*batch)[1].real[row]) : std::nullopt);
      if (!options.cluster.empty()) system.cluster.emplace_back((*batch)[2].text[row]);
      lines.push_back(reader.line(row));
    }
  }
  system.input = reader.input();
  sort_units(system, lines, options.unit);
  return system;
}

std::string stem_of(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  return name.substr(0, name.find('.', 1));
}

void name_systems(std::vector<SystemUnits>& systems, const std::vector<std::string>& paths) {
  std::map<std::string, int> stems;
  for (const std::string& path : paths) ++stems[stem_of(path)];
  for (std::size_t i = 0; i < paths.size(); ++i)
    systems[i].name = stems[stem_of(paths[i])] == 1 ? stem_of(paths[i]) : paths[i];
}

/// Gathers pairs and counts what is not one.
class Pairing {
 public:
  Pairing(const CompareOptions& options, const SystemUnits& a, const SystemUnits& b)
      : zero_(options.missing == "zero"), clusters_(!options.cluster.empty()), a_(a), b_(b) {}

  void only_a(std::size_t i) {
    ++units.only_a;
    note(a_.unit[i]);
    if (zero_ && a_.value[i]) add(*a_.value[i], 0, clusters_ ? a_.cluster[i] : "");
  }
  void only_b(std::size_t j) {
    ++units.only_b;
    note(b_.unit[j]);
    if (zero_ && b_.value[j]) add(0, *b_.value[j], clusters_ ? b_.cluster[j] : "");
  }
  void both(std::size_t i, std::size_t j) {
    if (clusters_ && a_.cluster[i] != b_.cluster[j])
      fail_caller("compare", fmt::format("unit {} is in cluster {} of {} and in cluster {} of {}; both must agree",
                                         a_.unit[i], a_.cluster[i], a_.input.path, b_.cluster[j], b_.input.path));
    const auto x = a_.value[i], y = b_.value[j];
    if (!x && !y) ++units.undefined_both;
    if (!x && y) ++units.undefined_a;
    if (x && !y) ++units.undefined_b;
    if (x.has_value() != y.has_value()) note(a_.unit[i]);
    if ((x && y) || (zero_ && (x || y))) add(x.value_or(0), y.value_or(0), clusters_ ? a_.cluster[i] : "");
  }

  PairedUnits units;
  std::string first;  ///< unit that is not in both

 private:
  void note(const std::string& unit) {
    if (first.empty()) first = unit;
  }
  void add(double x, double y, const std::string& cluster) {
    units.a.push_back(x);
    units.b.push_back(y);
    if (clusters_)
      units.cluster.push_back(numbers_.emplace(cluster, static_cast<std::uint32_t>(numbers_.size())).first->second);
  }

  bool zero_, clusters_;
  const SystemUnits& a_;
  const SystemUnits& b_;
  std::map<std::string, std::uint32_t> numbers_;
};

}  // namespace

std::vector<SystemUnits> read_systems(const CompareOptions& options, const std::vector<std::string>& paths) {
  Quarantine quarantine;
  std::vector<SystemUnits> systems;
  std::uint64_t rows = 0;
  for (const std::string& path : paths) {
    systems.push_back(read_system(options, path, quarantine));
    rows += systems.back().input.rows_read;
  }
  if (!options.common.out.empty() && quarantine.count() > 0) {
    make_folder_of(options.common.out);
    quarantine.write(fs::path(options.common.out).parent_path() / "quarantine.tsv");
  }
  quarantine.check(rows, options.max_bad);
  if (quarantine.count() > 0)
    spdlog::warn("{} of {} rows could not be read and are left out; the first: {}", quarantine.count(), rows,
                 quarantine.first());
  name_systems(systems, paths);
  return systems;
}

PairedUnits pair_units(const CompareOptions& options, const SystemUnits& a, const SystemUnits& b) {
  Pairing pairing(options, a, b);
  std::size_t i = 0, j = 0;
  while (i < a.unit.size() || j < b.unit.size()) {
    const bool left = j == b.unit.size() || (i < a.unit.size() && a.unit[i] < b.unit[j]);
    const bool right = i == a.unit.size() || (j < b.unit.size() && b.unit[j] < a.unit[i]);
    if (left) {
      pairing.only_a(i++);
    } else if (right) {
      pairing.only_b(j++);
    } else {
      pairing.both(i++, j++);
    }
  }
  const PairedUnits& units = pairing.units;
  const std::uint64_t in_a = units.only_a + units.undefined_b, in_b = units.only_b + units.undefined_a;
  if (options.missing == "refuse" && in_a + in_b > 0)
    fail_caller("compare",
                fmt::format("{} units have a value in {} alone and {} in {} alone, the first {}; --missing skip leaves "
                            "them out, --missing zero counts what is missing as 0",
                            in_a, a.input.path, in_b, b.input.path, pairing.first));
  const auto clusters = std::minmax_element(units.cluster.begin(), units.cluster.end());
  if (units.a.size() < 2)
    fail_caller("compare", fmt::format("{} and {} have {} units with values in common; at least 2 are needed",
                                       a.input.path, b.input.path, units.a.size()));
  if (!units.cluster.empty() && *clusters.first == *clusters.second)
    fail_caller("compare", fmt::format("the units of {} and {} are all in one cluster; at least 2 are needed",
                                       a.input.path, b.input.path));
  return std::move(pairing.units);
}

}  // namespace tamis::cli
