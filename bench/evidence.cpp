#include "bench/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "bench/peers.h"
#include "tamis/base/error.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/evidence/metrics/auc.h"
#include "tamis/evidence/metrics/ranking_means.h"
#include "tamis/evidence/metrics/trec.h"
#include "tamis/evidence/timemachine/point_in_time_tables.h"
#include "tamis/stats/resample.h"

namespace tamis::bench {

namespace {

constexpr std::size_t kPredictions = 5'000'000;
constexpr std::size_t kQueries = 100'000;
constexpr std::size_t kFacts = 5'000'000;
constexpr std::size_t kUsers = 100'000;
constexpr int kReplicates = 10'000;
constexpr int kTimes = 3;  ///< runs of which the best counts
constexpr double kEqual = 1e-9;

std::string mib(std::uint64_t bytes) {
  return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1 << 20));
}

/// Everything one run of the benchmark knows.
class Evidence {
 public:
  Evidence(const EvidenceBench& bench, EvidenceReport& report, Progress& progress)
      : bench_(bench), report_(report), progress_(progress) {}

  void time_auc();
  void time_rankings();
  void time_joins();
  void time_bootstrap();

 private:
  std::size_t scaled(std::size_t rows) const {
    return std::max<std::size_t>(100, static_cast<std::size_t>(std::lround(static_cast<double>(rows) * bench_.scale)));
  }
  std::uint64_t seed() const { return bench_.engine.seed; }
  std::filesystem::path file(const char* name) const { return scratch_.folder / name; }
  /// Our best time and the memory held on the way.
  ComparedFigure timed(const std::function<void()>& call) const;
  void add(Compared result) {
    report_.results.push_back(std::move(result));
    progress_.advance();
  }
  std::optional<Peer> ask(const std::string& task, const std::vector<std::string>& more, std::string& why) const {
    std::vector<std::string> arguments{"--task", task, "--times", std::to_string(kTimes)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_peer(bench_.engine.peers, "evidence_peers.py", threads(), bench_.engine.seconds, arguments, why);
  }
  /// Peers of one workload, whose seconds are named "WORKLOAD: WHO"; figures of the same name must be ours.
  void compare(const std::optional<Peer>& peer, double ours, double allowed, Compared& result) const;

  const EvidenceBench& bench_;
  EvidenceReport& report_;
  Progress& progress_;
  Scratch scratch_;
};

ComparedFigure Evidence::timed(const std::function<void()>& call) const {
  const std::uint64_t before = resident_bytes();
  const bool forgot = forget_peak_resident();
  const double seconds = fastest_of(kTimes, call);
  const std::uint64_t peak = peak_resident_bytes();
  return {"tamis", seconds, forgot && peak > before ? mib(peak - before) + " beside what was there" : ""};
}

void Evidence::compare(const std::optional<Peer>& peer, double ours, double allowed, Compared& result) const {
  if (!peer) return;
  double largest = 0;
  for (const auto& [name, seconds] : peer->seconds) {
    if (!name.starts_with(result.name + ": ")) continue;
    std::string note;
    if (const auto figure = peer->figures.find(name); figure != peer->figures.end()) {
      largest = std::max(largest, std::abs(figure->second - ours));
      note = fmt::format("{:.10g}", figure->second);
    }
    result.peers.push_back({name.substr(result.name.size() + 2), seconds, note});
  }
  result.check += fmt::format("; ours {:.10g}, the peers' at most {:.1e} off", ours, largest);
  if (!(largest <= allowed)) fail_world("bench " + result.name, result.check + ": these are not the same");
}

/// (pairs in order + ties / 2) / pairs, by the plainest sort there is.
double plain_auc(const Predictions& made) {
  std::vector<std::size_t> order(made.scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return made.scores[i]; });
  double negatives = 0, positives = 0, pairs = 0;
  for (std::size_t i = 0; i < order.size();) {
    double tied_negatives = 0, tied_positives = 0;
    const double score = made.scores[order[i]];
    for (; i < order.size() && made.scores[order[i]] == score; ++i) {
      (made.labels[order[i]] == 1 ? tied_positives : tied_negatives) += 1;
    }
    pairs += tied_positives * (negatives + tied_negatives / 2);
    negatives += tied_negatives;
    positives += tied_positives;
  }
  return pairs / positives / negatives;
}

/// The AUC of a file, as the command reads it.
double auc_of_file(const std::filesystem::path& path) {
  Quarantine quarantine;
  TableReader reader(path, {{"label", ColumnType::integer}, {"score", ColumnType::real}}, {}, quarantine);
  Predictions read;
  read.scores.reserve(reader.expected_rows());
  read.labels.reserve(reader.expected_rows());
  while (const auto* batch = reader.next()) {
    const Column &label = (*batch)[0], &score = (*batch)[1];
    read.scores.insert(read.scores.end(), score.real.begin(), score.real.end());
    for (const std::int64_t one : label.integer) read.labels.push_back(static_cast<std::uint8_t>(one));
  }
  return metrics::auc(read.scores, read.labels).value();
}

void Evidence::time_auc() {
  const Predictions made = make_predictions(scaled(kPredictions), seed());
  write_predictions(made, file("predictions.parquet"));
  const double value = metrics::auc(made.scores, made.labels).value();
  const double off = std::abs(value - plain_auc(made));
  Compared memory{"auc", "", "", "s", 0, {}, {}, ""};
  memory.what = fmt::format("{} rows, scores f64, arrays in memory", made.scores.size());
  memory.check = fmt::format("against a plain sort: {:.1e} off", off);
  if (!(off <= kEqual)) fail_world("bench auc", memory.check);
  Compared stored{"auc parquet", "the same from a Parquet file, reading included", memory.check, "s", 0, {}, {}, ""};
  memory.ours = timed([&] { (void)metrics::auc(made.scores, made.labels); });
  double from_file = 0;
  stored.ours = timed([&] { from_file = auc_of_file(file("predictions.parquet")); });
  const auto peer = ask("auc", {"--predictions", file("predictions.parquet").string()}, memory.why);
  stored.why = memory.why;
  compare(peer, value, kEqual, memory);
  compare(peer, from_file, kEqual, stored);
  add(std::move(memory));
  add(std::move(stored));
}

void Evidence::time_rankings() {
  const std::size_t queries = scaled(kQueries);
  write_rankings(queries, seed(), file("judgments.txt"), file("run.txt"));
  std::vector<metrics::Metric> wanted;
  for (const char* name : {"ndcg@10", "map@100", "mrr"}) wanted.push_back(metrics::Metric::parse_any(name));
  const metrics::RankingChoices choices{.denominator = metrics::Denominator::relevant};
  const metrics::RankingMeansChoices means{.without_relevant = metrics::RankingMeansChoices::Without::zero};
  Progress silent;
  const auto read = [&] {
    Quarantine quarantine;
    return metrics::read_judged({.path = file("judgments.txt"), .value = "relevance"},
                                {.path = file("run.txt"), .value = "score"}, quarantine, silent);
  };
  const auto sum = [](const metrics::Measured& measured) {
    double total = 0;
    for (const stats::Summary& summary : measured.means.value()) total += summary.mean;
    return total;
  };
  Compared parsed{"rankings", "", "", "s", 0, {}, {}, ""}, stored = parsed;
  stored.name = "rankings trec";
  double value = 0;
  {
    const metrics::JudgedFiles files = read();
    parsed.ours = timed([&] { value = sum(metrics::measure_all(files.judged, wanted, choices, means, false)); });
  }
  stored.ours = timed([&] { value = sum(metrics::measure_all(read().judged, wanted, choices, means, false)); });
  parsed.what = fmt::format("ndcg@10, map@100 and mrr of {} queries of 100 documents, in memory", queries);
  stored.what = "the same from TREC's judgments and run, parsing included";
  parsed.check = stored.check = "sum of the three means";
  const auto peer =
      ask("rankings", {"--judgments", file("judgments.txt").string(), "--run", file("run.txt").string()}, parsed.why);
  stored.why = parsed.why;
  compare(peer, value, kEqual, parsed);
  compare(peer, value, kEqual, stored);
  add(std::move(parsed));
  add(std::move(stored));
}

void Evidence::time_joins() {
  const std::size_t rows = scaled(kFacts);
  write_histories(rows, seed(), file("labels.parquet"), file("facts.parquet"));
  Progress silent;
  const timemachine::FeatureColumns columns{
      .key = "user", .known_time = "known_time", .of_facts = std::vector<std::string>{"value"}, .prefix = ""};
  std::uint64_t matched = 0, leaks = 0;
  const auto join = [&](bool one_clock) {
    Quarantine quarantine;
    const auto tables = timemachine::read_feature_tables(file("labels.parquet"), file("facts.parquet"), columns, {},
                                                         quarantine, silent);
    const auto joined =
        timemachine::as_of_join(tables.as_of_labels(), tables.as_of_facts(), {.event_time_only = one_clock});
    matched = joined.matched;
    leaks = joined.unknown_yet;
    const StoredColumn& value = tables.facts.carried.front();
    double sum = 0;
    for (const std::int64_t fact : joined.fact) sum += fact == timemachine::kNoFact ? 0 : value.real(fact);
    return sum / static_cast<double>(std::max<std::uint64_t>(1, matched));
  };
  for (const bool one_clock : {true, false}) {
    Compared result{one_clock ? "join one clock" : "join two clocks", "", "", "s", 0, {}, {}, ""};
    double mean = 0;
    result.ours = timed([&] { mean = join(one_clock); });
    result.what = fmt::format("{} labels, as many facts, Parquet read, the mean of what was joined", rows);
    result.check = fmt::format("{} matched, {} would leak by event time", matched, leaks);
    const auto peer =
        one_clock
            ? ask("joins", {"--labels", file("labels.parquet").string(), "--facts", file("facts.parquet").string()},
                  result.why)
            : std::nullopt;
    if (!one_clock) result.why = "an ASOF join has one clock";
    compare(peer, mean, kEqual, result);
    add(std::move(result));
  }
}

void Evidence::time_bootstrap() {
  Stream stream(seed(), "bench bootstrap");
  std::vector<double> values(scaled(kUsers));
  for (double& x : values) x = std::exp(stream.normal());
  const std::span<const double> column = values;
  std::vector<double> totals;
  Compared result{"bootstrap", "", "", "s", 0, {}, {}, "a replicate a call, NumPy takes minutes"};
  result.ours = timed([&] { totals = std::move(stats::resampled_totals({&column, 1}, kReplicates, seed())[0]); });
  const auto n = static_cast<double>(values.size());
  const stats::Summary sample = stats::summarize(values), means = stats::summarize(totals);
  const double error = std::sqrt(sample.variance() / n);
  const double spread = std::sqrt(means.variance()) / n / error, shift = (means.mean / n - sample.mean) / error;
  result.what = fmt::format("{} replicates of {} users, multinomial weights", kReplicates, values.size());
  result.check = fmt::format("replicates spread as the standard error times {:.3f}, their mean is {:+.3f} of one off",
                             spread, shift);
  // 10,000 replicates tell the spread to 0.7 % and the mean to 1 % of a standard error.
  if (std::abs(spread - 1) > 0.05 || std::abs(shift) > 0.05) fail_world("bench bootstrap", result.check);
  add(std::move(result));
}

}  // namespace

EvidenceReport run_evidence(const EvidenceBench& bench, Progress& progress) {
  EvidenceReport report;
  report.machine = this_machine();
  report.threads = threads();
  report.scale = bench.scale;
  progress.begin("evidence", 7);
  Evidence evidence(bench, report, progress);
  evidence.time_auc();
  evidence.time_rankings();
  evidence.time_joins();
  evidence.time_bootstrap();
  progress.end();
  return report;
}

std::string describe(const EvidenceReport& report) {
  return fmt::format("{}, {} cores, {}; {} threads\n\n", report.machine.processor, report.machine.cores,
                     report.machine.vectors, report.threads) +
         table(report.results, false) +
         "\ntimes: ours against that peer; every one on as many threads as it can use, and its best of several runs.\n";
}

}  // namespace tamis::bench
