#include "tamis/language/embedding/pair_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "tamis/base/error.h"
#include "tamis/base/quarantine.h"
#include "tamis/base/random.h"

namespace tamis::embedding {

namespace {

namespace fs = std::filesystem;

std::optional<int> label_of(std::string_view text) {
  if (text == "0" || text == "entailment") return 0;
  if (text == "1" || text == "neutral") return 1;
  if (text == "2" || text == "contradiction") return 2;
  return std::nullopt;
}

/// Calls row(cells) for each row of a table with these columns.
template <typename Row>
InputFile each_row(const fs::path& path, const std::vector<ColumnRequest>& columns, const Row& row) {
  Quarantine quarantine;
  TableReader reader(path, columns, {}, quarantine);
  while (const std::vector<Column>* batch = reader.next()) {
    for (std::size_t i = 0; i < batch->front().text.size(); ++i) {
      std::vector<std::string_view> cells;
      for (const Column& column : *batch)
        cells.push_back(i < column.text.size() ? std::string_view(column.text[i]) : "");
      row(cells, reader.line(i));
    }
  }
  quarantine.check(reader.input().rows_read, 0.001);
  return reader.input();
}

/// Calls row(premise, hypothesis, label) for each row of an NLI table.
template <typename Row>
InputFile each_nli(const fs::path& path, const Row& row) {
  return each_row(
      path, {{"premise"}, {"hypothesis"}, {"label"}},
      [&](const std::vector<std::string_view>& cells, std::uint64_t line) {
        const auto label = label_of(cells[2]);
        if (!label) {
          fail_world(fmt::format("{} line {}", path.string(), line),
                     fmt::format("the label \"{}\" is none of 0, 1, 2, entailment, neutral, contradiction", cells[2]));
        }
        if (cells[0].empty() || cells[1].empty()) {
          fail_world(fmt::format("{} line {}", path.string(), line), "a text is empty");
        }
        row(cells[0], cells[1], *label);
      });
}

}  // namespace

void PairTable::draw(std::int64_t most, std::uint64_t seed) {
  if (most == 0 || static_cast<std::size_t>(most) >= rows.size()) return;
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  Stream stream(seed, "data.draw");
  for (std::size_t i = 0; i < static_cast<std::size_t>(most); ++i) {
    std::swap(order[i], order[i + stream.below(order.size() - i)]);
  }
  order.resize(static_cast<std::size_t>(most));
  std::sort(order.begin(), order.end());
  std::vector<Row> kept;
  for (const std::size_t i : order) kept.push_back(std::move(rows[i]));
  rows = std::move(kept);
}

std::vector<std::string_view> PairTable::different_texts(bool with_third) {
  std::map<std::string_view, std::int64_t> places;
  std::vector<std::string_view> texts;
  const auto place = [&](const std::string& text) {
    const auto [found, fresh] = places.emplace(text, static_cast<std::int64_t>(texts.size()));
    if (fresh) texts.push_back(text);
    return found->second;
  };
  for (const Row& row : rows) {
    first.push_back(place(row.first));
    second.push_back(place(row.second));
    if (with_third) third.push_back(place(row.third));
  }
  return texts;
}

InputFile read_nli_triplets(const fs::path& path, PairTable& table) {
  struct Found {
    std::string entailed, contradicted;
  };
  std::map<std::string, Found, std::less<>> found;
  std::vector<std::string> order;
  const InputFile input = each_nli(path, [&](std::string_view premise, std::string_view hypothesis, int label) {
    auto at = found.find(premise);
    if (at == found.end()) {
      at = found.emplace(premise, Found{}).first;
      order.emplace_back(premise);
    }
    std::string* place = label == 0 ? &at->second.entailed : label == 2 ? &at->second.contradicted : nullptr;
    if (place != nullptr && place->empty()) *place = hypothesis;
  });
  const std::size_t before = table.rows.size();
  for (const std::string& premise : order) {
    const Found& both = found.at(premise);
    if (!both.entailed.empty() && !both.contradicted.empty()) table.add({premise, both.entailed, both.contradicted, 0});
  }
  if (table.rows.size() == before) {
    fail_world(path.string(), "holds no premise with both an entailment and a contradiction");
  }
  return input;
}

InputFile read_nli_pairs(const fs::path& path, PairTable& table) {
  return each_nli(path, [&](std::string_view premise, std::string_view hypothesis, int label) {
    table.add({std::string(premise), std::string(hypothesis), "", static_cast<double>(label)});
  });
}

InputFile read_triplets(const fs::path& path, PairTable& table) {
  std::vector<ColumnRequest> columns = {{"anchor"}, {"positive"}, {"negative", ColumnType::text, false}};
  return each_row(path, columns, [&](const std::vector<std::string_view>& cells, std::uint64_t line) {
    if (cells[0].empty() || cells[1].empty()) {
      fail_world(fmt::format("{} line {}", path.string(), line), "a text is empty");
    }
    table.add({std::string(cells[0]), std::string(cells[1]), std::string(cells[2]), 0});
  });
}

}  // namespace tamis::embedding
