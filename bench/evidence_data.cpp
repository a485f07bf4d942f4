#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "bench/evidence.h"
#include "tamis/base/file.h"
#include "tamis/base/random.h"
#include "tamis/base/table.h"

namespace tamis::bench {

namespace {

constexpr std::size_t kDocuments = 100;  ///< of a list
constexpr std::size_t kJudged = 20;      ///< of these
constexpr std::size_t kMissed = 5;       ///< judged documents that were not retrieved
constexpr std::int64_t kBegin = 1'700'000'000'000'000;
constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kDays = 90;

}  // namespace

Predictions make_predictions(std::size_t rows, std::uint64_t seed) {
  Stream stream(seed, "bench predictions");
  Predictions made;
  made.scores.reserve(rows);
  made.labels.reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const bool positive = stream.below(10) == 0;
    made.labels.push_back(positive ? 1 : 0);
    made.scores.push_back(stream.normal() + (positive ? 1.0 : 0.0));
  }
  return made;
}

void write_predictions(const Predictions& predictions, const std::filesystem::path& path) {
  OutputColumn label{.name = "label", .text = {}, .integer = {}, .real = {}};
  label.integer.assign(predictions.labels.begin(), predictions.labels.end());
  OutputColumn score{.name = "score", .text = {}, .integer = {}, .real = predictions.scores};
  write_table(path, {std::move(label), std::move(score)});
}

void write_rankings(std::size_t queries, std::uint64_t seed, const std::filesystem::path& judgments,
                    const std::filesystem::path& run) {
  Stream stream(seed, "bench rankings");
  fmt::memory_buffer judged, ranked;
  for (std::size_t q = 0; q < queries; ++q) {
    for (std::size_t i = 0; i < kDocuments; ++i) {
      const std::size_t document = (q * 7919 + i * 104729) % 1'000'003;
      const double score = 20.0 - 0.1 * static_cast<double>(i) + 0.01 * stream.uniform();
      fmt::format_to(std::back_inserter(ranked), "query{} Q0 doc{} {} {:.6f} bench\n", q, document, i + 1, score);
      if (i % (kDocuments / kJudged) == 0)
        fmt::format_to(std::back_inserter(judged), "query{} 0 doc{} {}\n", q, document, stream.below(3));
    }
    for (std::size_t i = 0; i < kMissed; ++i)
      fmt::format_to(std::back_inserter(judged), "query{} 0 missed{} {}\n", q, i, stream.below(3));
  }
  write_file(judgments, std::string_view(judged.data(), judged.size()));
  write_file(run, std::string_view(ranked.data(), ranked.size()));
}

void write_histories(std::size_t rows, std::uint64_t seed, const std::filesystem::path& labels,
                     const std::filesystem::path& facts) {
  Stream stream(seed, "bench histories");
  const std::uint64_t users = std::max<std::size_t>(1, rows / 50);
  const auto moment = [&] { return kBegin + static_cast<std::int64_t>(stream.uniform() * kDays * kDay); };
  const auto column = [&](const char* name) {
    OutputColumn made;
    made.name = name;
    made.integer.reserve(rows);
    return made;
  };
  OutputColumn user = column("user"), time = column("time"), event = column("event_time"), known = column("known_time");
  OutputColumn value{.name = "value", .text = {}, .integer = {}, .real = {}};
  for (std::size_t i = 0; i < rows; ++i) {
    user.integer.push_back(static_cast<std::int64_t>(stream.below(users)));
    time.integer.push_back(moment());
  }
  write_table(labels, {user, time});
  user.integer.clear();
  for (std::size_t i = 0; i < rows; ++i) {
    user.integer.push_back(static_cast<std::int64_t>(stream.below(users)));
    event.integer.push_back(moment());
    const double late = -std::log1p(-stream.uniform()) * (stream.below(5) == 0 ? 2.0 * kDay : 60e6);
    known.integer.push_back(event.integer.back() + static_cast<std::int64_t>(late));
    value.real.push_back(stream.normal());
  }
  write_table(facts, {std::move(user), std::move(event), std::move(known), std::move(value)});
}

}  // namespace tamis::bench
