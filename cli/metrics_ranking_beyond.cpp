#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <deque>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "cli/columns.h"
#include "cli/metrics_ranking.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/words.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;
using metrics::RankingFile;
using metrics::Ties;

constexpr std::int64_t kMostCount = std::int64_t{1} << 53;

// Numbers texts in the order in which they come.
class Names {
 public:
  std::uint32_t number(std::string_view name) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    const auto next = static_cast<std::uint32_t>(names_.size());
    numbers_.emplace(names_.emplace_back(name), next);
    return next;
  }
  const std::string& operator[](std::uint32_t number) const { return names_[number]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;  // they stay where they are
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

struct Row {
  std::uint32_t query = 0;
  std::uint32_t item = 0;
  double score = 0;
};

// A run with its ids.
struct Run {
  Names queries, items;
  std::vector<Row> rows;

  void add(std::string_view query, std::string_view item, double score) {
    rows.push_back({queries.number(query), items.number(item), score});
  }
};

// Lines as read_judged() takes them; what it refused is passed over.
void read_lines_of(const RankingFile& file, Run& run) {
  read_lines(file.path, [&](std::uint64_t, std::string_view line) {
    std::string_view cells[7];
    std::size_t count = 0;
    for (std::size_t at = 0; count < 7;) {
      at = line.find_first_not_of(" \t", at);
      if (at == std::string_view::npos) break;
      const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
      cells[count++] = line.substr(at, end - at);
      at = end;
    }
    double score = 0;
    if (count == 6 && is_utf8(line) && parse_real(cells[4], score) && std::isfinite(score))
      run.add(cells[0], cells[2], score);
  });
}

Run read_run(const RankingFile& file) {
  Run run;
  if (file.trec) {
    read_lines_of(file, run);
    return run;
  }
  Quarantine said_before;
  TableOptions options;
  options.format = file.format;
  options.header = file.header;
  TableReader table(file.path,
                    {{file.query, ColumnType::text}, {file.document, ColumnType::text}, {file.value, ColumnType::real}},
                    options, said_before);
  while (const std::vector<Column>* columns = table.next()) {
    const Column& query = (*columns)[0];
    const Column& item = (*columns)[1];
    const Column& score = (*columns)[2];
    for (std::size_t i = 0; i < query.valid.size(); ++i)
      if (query.valid[i] != 0 && item.valid[i] != 0 && score.valid[i] != 0)
        run.add(query.text[i], item.text[i], score.real[i]);
  }
  return run;
}

// The first k of a query's rows, which are in the order of the file; of an item met twice the first row counts.
class ListMaker {
 public:
  ListMaker(const Run& run, std::size_t k, Ties ties)
      : run_(run), k_(k), ties_(ties), met_in_(run.items.size(), static_cast<std::uint32_t>(-1)) {}

  const std::vector<std::uint32_t>& make(std::span<const Row> rows) {
    rows_.clear();
    for (const Row& row : rows) {
      if (std::exchange(met_in_[row.item], row.query) == row.query) continue;
      rows_.push_back(row);
      if (ties_ == Ties::trec) rows_.back().score = static_cast<double>(metrics::as_float(row.score));
    }
    std::stable_sort(rows_.begin(), rows_.end(), [&](const Row& a, const Row& b) {
      if (a.score != b.score || ties_ != Ties::trec) return a.score > b.score;
      return run_.items[a.item] > run_.items[b.item];
    });
    list_.clear();
    for (std::size_t i = 0; i < std::min(k_, rows_.size()); ++i) list_.push_back(rows_[i].item);
    return list_;
  }

 private:
  const Run& run_;
  std::size_t k_;
  Ties ties_;
  std::vector<std::uint32_t> met_in_;  // the last query whose list held the item
  std::vector<Row> rows_;
  std::vector<std::uint32_t> list_;
};

std::vector<std::vector<std::uint32_t>> first_of_lists(Run& run, std::size_t k, Ties ties) {
  const auto by_query = [](const Row& a, const Row& b) { return a.query < b.query; };
  if (!std::is_sorted(run.rows.begin(), run.rows.end(), by_query))
    std::stable_sort(run.rows.begin(), run.rows.end(), by_query);
  ListMaker maker(run, k, ties);
  std::vector<std::vector<std::uint32_t>> lists;
  for (auto first = run.rows.begin(); first != run.rows.end();) {
    const auto last = std::upper_bound(first, run.rows.end(), *first, by_query);
    lists.push_back(maker.make({first, last}));
    first = last;
  }
  return lists;
}

// What is known of items. Of one that no table tells of: nobody had it, and it is of no category.
struct Items {
  Names catalogue, categories;
  std::unordered_map<std::string, std::uint64_t> popularity;
  std::uint64_t population = 0;  // the sum of the counts
  std::unordered_map<std::string, std::vector<std::uint32_t>> categories_of;
  bool has_categories = false;
};

void require_rows(const TableReader& table) {
  const InputFile& input = table.input();
  if (input.rows_read == input.rows_quarantined) fail_world(input.path, "holds no row that can be read");
}

InputFile read_popularity(const std::string& path, bool header, Items& items, Quarantine& quarantine) {
  TableOptions options;
  options.header = header;
  TableReader table(path, {{header ? "item" : "1", ColumnType::text}, {header ? "count" : "2", ColumnType::integer}},
                    options, quarantine);
  while (const std::vector<Column>* columns = table.next()) {
    const Column& item = (*columns)[0];
    const Column& count = (*columns)[1];
    for (std::size_t i = 0; i < item.valid.size(); ++i) {
      if (item.valid[i] == 0 || count.valid[i] == 0) {
        table.reject(i, item.valid[i] == 0 ? "the item is empty" : "the count is empty");
      } else if (count.integer[i] < 0 || count.integer[i] > kMostCount) {
        table.reject(i, "the count is not from 0 to 2^53");
      } else if (!items.popularity.emplace(item.text[i], count.integer[i]).second) {
        table.reject(i, fmt::format("item '{}' was met before; the first row is kept", item.text[i]));
      } else {
        items.population += static_cast<std::uint64_t>(count.integer[i]);
      }
    }
  }
  require_rows(table);
  return table.input();
}

// One row an item, or several of different categories.
InputFile read_items(const std::string& path, bool header, Items& items, Quarantine& quarantine) {
  const std::string column = header ? "category" : "2";
  TableOptions options;
  options.header = header;
  TableReader table(path, {{header ? "item" : "1", ColumnType::text}, {column, ColumnType::text, false}}, options,
                    quarantine);
  items.has_categories = std::find(table.names().begin(), table.names().end(), column) != table.names().end();
  while (const std::vector<Column>* columns = table.next()) {
    const Column& item = (*columns)[0];
    const Column& category = (*columns)[1];
    for (std::size_t i = 0; i < item.valid.size(); ++i) {
      if (item.valid[i] == 0) {
        table.reject(i, "the item is empty");
        continue;
      }
      items.catalogue.number(item.text[i]);
      std::string_view rest = category.valid[i] != 0 ? category.text[i] : std::string_view();
      while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find('|'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        if (!one.empty()) items.categories_of[std::string(item.text[i])].push_back(items.categories.number(one));
      }
    }
  }
  for (auto& entry : items.categories_of) {
    std::sort(entry.second.begin(), entry.second.end());
    entry.second.erase(std::unique(entry.second.begin(), entry.second.end()), entry.second.end());
  }
  require_rows(table);
  return table.input();
}

// 1 less the share of the categories of both that both have; 1 where an item has none.
double jaccard_distance(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  std::size_t shared = 0;
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
    shared += *x == *y;
    const bool step_x = *x <= *y, step_y = *y <= *x;
    x += step_x;
    y += step_y;
  }
  return shared == 0 ? 1 : 1 - static_cast<double>(shared) / static_cast<double>(a.size() + b.size() - shared);
}

metrics::BeyondAccuracyValue value_of(const Items& items, std::uint64_t population, std::size_t k,
                                      const std::vector<std::vector<std::uint32_t>>& lists) {
  std::vector<std::uint64_t> popularity(items.catalogue.size());
  std::vector<std::vector<std::uint32_t>> categories(items.catalogue.size());
  for (std::uint32_t item = 0; item < items.catalogue.size(); ++item) {
    if (const auto had = items.popularity.find(items.catalogue[item]); had != items.popularity.end())
      popularity[item] = had->second;
    if (const auto of = items.categories_of.find(items.catalogue[item]); of != items.categories_of.end())
      categories[item] = of->second;
  }
  metrics::BeyondAccuracy::Distance distance;
  if (items.has_categories)
    distance = [&](std::uint32_t a, std::uint32_t b) { return jaccard_distance(categories[a], categories[b]); };
  metrics::BeyondAccuracy state(std::move(popularity), population, k, distance);
  for (const auto& list : lists) state.update(list);
  return state.value();
}

std::string catalogue_words(const BeyondFlags& flags) {
  if (!flags.items.empty()) return "the items of --items, and those listed that it lacks";
  return flags.popularity.empty() ? "the items of the run, at any rank"
                                  : "the items of --popularity, and those listed that it lacks";
}

// A line of the result.
struct Said {
  std::string name;
  std::optional<double> value;
  std::string why;  // where there is no value
  std::string words;
};

std::vector<Said> said_of(const Beyond& beyond, const BeyondFlags& flags) {
  const metrics::BeyondAccuracyValue& value = beyond.value;
  const bool popular = !flags.popularity.empty();
  const char* unknown = "needs --popularity";
  const auto name = [&](const char* what) { return fmt::format("{}@{}", what, beyond.k); };
  std::vector<Said> all{
      {name("coverage"), value.coverage, "", "share of the catalogue that stands in some list"},
      {name("gini"), value.gini, "needs a catalogue of two items or more",
       "of how often each item of the catalogue is listed: 0 all the same, 1 one item alone"},
      {name("novelty"), value.novelty, "", "mean over lists of the items' -log2(count / population), count at least 1"},
      {name("popularity"), value.popularity, "", "mean over lists of the items' mean count"},
      {name("diversity"), value.diversity,
       beyond.categories ? "no list has two items" : "needs --items with the column category",
       "mean over lists of two or more of 1 - shared / all categories of two items, 1 where an item has none"}};
  for (Said& said : all)
    if (!popular && (said.name == name("novelty") || said.name == name("popularity"))) {
      said.value.reset();
      said.why = unknown;
    }
  return all;
}

}  // namespace

void add_beyond(CLI::App& ranking, BeyondFlags& flags) {
  ranking
      .add_option("--beyond", flags.k,
                  "Also measure the first K documents of all lists beyond accuracy: coverage, gini, novelty, "
                  "popularity, diversity")
      ->check(CLI::Range(1, 1'000'000'000));
  ranking.add_option("--popularity", flags.popularity, "For --beyond: a table of item and count, how many had it")
      ->check(refuse_empty);
  ranking
      .add_option("--population", flags.population, "For --popularity: of how many; the sum of the counts when absent")
      ->check(CLI::Range(std::int64_t{1}, kMostCount));
  ranking
      .add_option("--items", flags.items,
                  "For --beyond: the catalogue, a table of item and, for diversity, category (a|b: two)")
      ->check(refuse_empty);
}

void check_beyond(const BeyondFlags& flags, const std::string& run, Ties ties) {
  if (flags.k == 0) {
    if (!flags.popularity.empty() || !flags.items.empty() || flags.population > 0)
      fail_caller("metrics ranking", "--popularity, --population and --items go with --beyond K");
    return;
  }
  if (flags.population > 0 && flags.popularity.empty()) fail_caller("--population", "goes with --popularity FILE");
  if (ties == Ties::average)
    fail_caller("--beyond", "measures lists in one order; accepted with it: --ties trec, --ties input");
  if (flags.popularity == "-" || flags.items == "-") fail_caller("--beyond", "reads tables from files, not from \"-\"");
  std::error_code ignored;
  if (std::filesystem::exists(run, ignored) ? !std::filesystem::is_regular_file(run, ignored) : run == "-")
    fail_caller("--beyond", "reads the run twice; a file is accepted, standard input and pipes are not");
}

Beyond measure_beyond(const BeyondFlags& flags, const RankingFile& file, Ties ties, Quarantine& quarantine,
                      Progress& progress) {
  Beyond beyond;
  Items items;
  if (!flags.popularity.empty())
    beyond.inputs.push_back(read_popularity(flags.popularity, file.header, items, quarantine));
  if (!flags.items.empty()) beyond.inputs.push_back(read_items(flags.items, file.header, items, quarantine));
  beyond.population = flags.population > 0 ? flags.population : items.population;
  for (const auto& entry : items.popularity) {
    if (flags.items.empty()) items.catalogue.number(entry.first);
    if (entry.second > beyond.population)
      fail_caller("--population", fmt::format("item {} was had by {}, more than the population of {}", entry.first,
                                              entry.second, beyond.population));
  }

  progress.begin("reading " + file.path.string() + " again", 0);
  Run run = read_run(file);
  progress.end();
  auto lists = first_of_lists(run, flags.k, ties);
  const bool given = items.catalogue.size() > 0;
  for (std::uint32_t item = 0; !given && item < run.items.size(); ++item) items.catalogue.number(run.items[item]);
  const std::size_t before = items.catalogue.size();
  for (auto& list : lists)
    for (std::uint32_t& item : list) item = items.catalogue.number(run.items[item]);

  beyond.k = flags.k;
  beyond.catalogue = items.catalogue.size();
  beyond.outside = beyond.catalogue - before;
  beyond.categories = items.has_categories;
  beyond.value = value_of(items, beyond.population, flags.k, lists);
  return beyond;
}

void add_beyond_json(Json& json, const Beyond& beyond, const BeyondFlags& flags) {
  const bool popular = !flags.popularity.empty();
  json["conventions"]["beyond"] = {{"lists", "all of the run, with or without judgments"},
                                   {"catalogue", catalogue_words(flags)},
                                   {"population", flags.population > 0 ? "as given"
                                                  : popular            ? "the sum of the counts"
                                                                       : "not known"}};
  json["beyond"] = {{"k", beyond.k},
                    {"lists", beyond.value.lists},
                    {"catalogue", beyond.catalogue},
                    {"outside_catalogue", beyond.outside},
                    {"population", popular ? Json(beyond.population) : Json(nullptr)},
                    {"unseen", popular ? Json(beyond.value.unseen) : Json(nullptr)}};
  if (!popular) json["beyond"]["why"] = "population and unseen need --popularity";
  for (const Said& said : said_of(beyond, flags)) {
    json["conventions"]["beyond"][said.name] = said.words;
    json["beyond"]["metrics"][said.name]["value"] = said.value ? Json(*said.value) : Json(nullptr);
    if (!said.value) json["beyond"]["metrics"][said.name]["why"] = said.why;
  }
}

std::string beyond_text(const Beyond& beyond, const BeyondFlags& flags) {
  std::vector<std::vector<std::string>> rows{{"beyond accuracy", "value"}};
  std::string words;
  for (const Said& said : said_of(beyond, flags)) {
    rows.push_back({said.name, said.value ? fmt::format("{:.4f}", *said.value) : "undefined"});
    words += fmt::format("{}: {}.\n", said.name, said.value ? said.words : said.why);
  }
  std::string text = columns(rows, 1) + "\n" + words;
  text += fmt::format("Of {} lists, all of the run; {} items in the catalogue: {}.\n", beyond.value.lists,
                      beyond.catalogue, catalogue_words(flags));
  if (beyond.outside > 0) text += fmt::format("Items listed that the table lacks: {}.\n", beyond.outside);
  if (!flags.popularity.empty() && beyond.value.unseen > 0)
    text +=
        fmt::format("Places of lists with an item that nobody had: {}, counted as had once.\n", beyond.value.unseen);
  return text;
}

}  // namespace tamis::cli
