#include "tamis/data/readers/movielens.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/base/words.h"

namespace tamis::data {

namespace {

namespace fs = std::filesystem;

constexpr double kClickRating = 4;
constexpr double kHighestRating = 5;

// The order of the flags in u.item, as u.genre has it.
constexpr std::array<std::string_view, 19> kGenres = {"unknown",   "Action",   "Adventure",   "Animation", "Children's",
                                                      "Comedy",    "Crime",    "Documentary", "Drama",     "Fantasy",
                                                      "Film-Noir", "Horror",   "Musical",     "Mystery",   "Romance",
                                                      "Sci-Fi",    "Thriller", "War",         "Western"};
constexpr std::size_t kFirstFlag = 5;

std::vector<std::string_view> cut(std::string_view line, std::string_view separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t end = line.find(separator);
    fields.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + separator.size());
  }
}

struct Genres {
  std::string all;    // separated by spaces
  std::string first;  // "" if there is none

  void add(std::string_view genre) {
    if (first.empty()) first = genre;
    if (!all.empty()) all += ' ';
    all += genre;
  }
};

// "Action|Sci-Fi", as movies.dat and movies.csv have it.
Genres listed_genres(std::string_view text) {
  Genres genres;
  if (text.empty() || text == "(no genres listed)") return genres;
  for (const std::string_view genre : cut(text, "|"))
    if (!genre.empty()) genres.add(genre);
  return genres;
}

// Each of these returns "" or the reason why the row is refused.

std::string add_item(Items& items, std::string_view id, std::string_view title, const Genres& genres) {
  if (id.empty()) return "the item is empty";
  if (items.ids.find(id) != kNone) return fmt::format("item '{}' is not new; its first row is kept", id);
  items.ids.add(id);
  items.text.emplace_back(title);
  if (!title.empty() && !genres.all.empty()) items.text.back() += ' ';
  items.text.back() += genres.all;
  items.category.push_back(genres.first);
  return "";
}

std::string add_rating(Dataset& out, std::string_view user, std::string_view item, std::string_view rating_text,
                       std::string_view time_text) {
  if (user.empty()) return "the user is empty";
  if (item.empty()) return "the item is empty";
  double rating = 0;
  if (!parse_real(rating_text, rating) || !(rating > 0 && rating <= kHighestRating))
    return fmt::format("rating '{}' is not a number above 0 and up to 5", rating_text);
  Row row;
  if (!parse_time(time_text, row.event_time))
    return fmt::format("time '{}' is not seconds since 1970, up to the year 2200", time_text);
  row.known_time = row.event_time;
  row.event = rating >= kClickRating ? Event::click : Event::other;
  row.value = static_cast<float>(rating);
  row.user = out.log.users.add(user);
  row.item = out.items.add_from_log(item);
  if (row.item >= out.items.catalogued) ++out.uncatalogued_rows;
  out.log.append(row);
  return "";
}

// `line` returns "" or the reason why the line is refused.
InputFile read_each_line(const fs::path& path, Quarantine& quarantine,
                         const std::function<std::string(std::string_view)>& line) {
  std::uint64_t refused = 0;
  InputFile input = read_lines(path, [&](std::uint64_t number, std::string_view text) {
    const std::string reason = line(text);
    if (reason.empty()) return;
    ++refused;
    quarantine.add(path.string(), number, reason, is_utf8(text) ? std::string(text) : latin1_to_utf8(text));
  });
  input.rows_quarantined = refused;
  return input;
}

std::string wrong_fields(std::size_t has, std::string_view needed) {
  return fmt::format("has {} fields where {} are needed", has, needed);
}

InputFile read_u_item(const fs::path& path, Items& items, Quarantine& quarantine) {
  return read_each_line(path, quarantine, [&](std::string_view line) -> std::string {
    const auto fields = cut(line, "|");
    if (fields.size() != kFirstFlag + kGenres.size()) return wrong_fields(fields.size(), "24");
    Genres genres;
    for (std::size_t g = 0; g < kGenres.size(); ++g) {
      const std::string_view flag = fields[kFirstFlag + g];
      if (flag != "0" && flag != "1") return fmt::format("genre flag '{}' is not 0 or 1", flag);
      if (flag == "1" && g > 0) genres.add(kGenres[g]);
    }
    return add_item(items, fields[0], latin1_to_utf8(fields[1]), genres);
  });
}

InputFile read_movies_dat(const fs::path& path, Items& items, Quarantine& quarantine) {
  return read_each_line(path, quarantine, [&](std::string_view line) -> std::string {
    const auto fields = cut(line, "::");
    if (fields.size() < 3) return wrong_fields(fields.size(), "3");
    // A title may itself hold "::"; the first and the last field never do.
    const std::size_t start = fields[0].size() + 2;
    const std::string_view title = line.substr(start, line.size() - start - fields.back().size() - 2);
    // The 1M set is ISO-8859-1, the 10M set UTF-8, under one name.
    return add_item(items, fields[0], is_utf8(line) ? std::string(title) : latin1_to_utf8(title),
                    listed_genres(fields.back()));
  });
}

InputFile read_ratings(const fs::path& path, std::string_view separator, Dataset& out, Quarantine& quarantine) {
  return read_each_line(path, quarantine, [&](std::string_view line) -> std::string {
    const auto fields = cut(line, separator);
    if (fields.size() != 4) return wrong_fields(fields.size(), "4");
    if (!is_utf8(line)) return "holds bytes that are not UTF-8";
    return add_rating(out, fields[0], fields[1], fields[2], fields[3]);
  });
}

InputFile read_csv(const fs::path& path, const std::vector<std::string>& columns, Quarantine& quarantine,
                   const std::function<std::string(const std::vector<Column>&, std::size_t)>& row) {
  std::vector<ColumnRequest> requests;
  for (const std::string& column : columns) requests.push_back({column, ColumnType::text, true});
  TableReader table(path, requests, {}, quarantine);
  while (const auto* batch = table.next()) {
    for (std::size_t i = 0; i < batch->front().valid.size(); ++i) {
      const std::string reason = row(*batch, i);
      if (!reason.empty()) table.reject(i, reason);
    }
  }
  return table.input();
}

// The file of that name in the folder, plain or compressed; "" if there is none.
fs::path find(const fs::path& folder, std::string_view name) {
  for (const std::string_view extension : {"", ".gz", ".zst"}) {
    fs::path path = folder / (std::string(name) + std::string(extension));
    if (fs::exists(path)) return path;
  }
  return {};
}

enum class Form { tabs, colons, csv };

struct Files {
  Form form = Form::tabs;
  fs::path ratings;
  fs::path items;
};

Files find_files(const fs::path& folder) {
  if (!fs::exists(folder)) fail_world(folder.string(), "cannot be read: there is no such folder");
  if (!fs::is_directory(folder)) fail_world(folder.string(), "is a file; a folder with a MovieLens set is needed");
  struct Pair {
    Form form;
    std::string_view ratings, items;
  };
  for (const Pair& pair : {Pair{Form::tabs, "u.data", "u.item"}, Pair{Form::colons, "ratings.dat", "movies.dat"},
                           Pair{Form::csv, "ratings.csv", "movies.csv"}}) {
    Files files{pair.form, find(folder, pair.ratings), find(folder, pair.items)};
    if (files.ratings.empty()) continue;
    if (files.items.empty())
      fail_world(folder.string(), fmt::format("has {} but no {} (plain, .gz or .zst) beside it",
                                              files.ratings.filename().string(), pair.items));
    return files;
  }
  fail_world(folder.string(),
             "holds no MovieLens set: u.data with u.item, ratings.dat with movies.dat, or ratings.csv "
             "with movies.csv (each plain, .gz or .zst) is needed");
}

void read_files(const Files& files, Dataset& out, Quarantine& quarantine) {
  Items& items = out.items;
  if (files.form == Form::csv) {
    out.inputs.push_back(
        read_csv(files.items, {"movieId", "title", "genres"}, quarantine, [&](const auto& cells, auto i) {
          return add_item(items, cells[0].text[i], cells[1].text[i], listed_genres(cells[2].text[i]));
        }));
  } else {
    out.inputs.push_back(files.form == Form::tabs ? read_u_item(files.items, items, quarantine)
                                                  : read_movies_dat(files.items, items, quarantine));
  }
  items.catalogued = items.size();
  if (files.form == Form::csv) {
    out.inputs.push_back(read_csv(
        files.ratings, {"userId", "movieId", "rating", "timestamp"}, quarantine, [&](const auto& cells, auto i) {
          return add_rating(out, cells[0].text[i], cells[1].text[i], cells[2].text[i], cells[3].text[i]);
        }));
  } else {
    out.inputs.push_back(read_ratings(files.ratings, files.form == Form::tabs ? "\t" : "::", out, quarantine));
  }
}

}  // namespace

Dataset read_movielens(const fs::path& folder, Quarantine& quarantine) {
  const Files files = find_files(folder);
  Dataset out;
  read_files(files, out, quarantine);
  if (out.items.catalogued == 0) fail_world(files.items.string(), "holds no items that can be read");
  if (out.log.size() == 0) fail_world(files.ratings.string(), "holds no ratings that can be read");
  out.log.sort_by_time();
  return out;
}

}  // namespace tamis::data
