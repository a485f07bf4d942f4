#include "bench/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "bench/peers.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/table.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/language/encoder/sentence_encoder.h"

namespace tamis::bench {

namespace {

using encoder::EncoderOptions;
using encoder::SentenceEncoder;
using engine::WeightPrecision;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kShortTexts = 8000;
constexpr std::size_t kLongTexts = 400;
constexpr std::size_t kLongWords = 210;
constexpr std::size_t kSingleTexts = 500;
constexpr std::int64_t kLength = 256;
/// A peer that rounds otherwise may differ by so much in a component.
constexpr double kTolerance = 1e-4;

struct Texts {
  std::vector<std::string> lines;
  std::vector<std::string_view> views() const { return {lines.begin(), lines.end()}; }
  std::string joined() const { return fmt::format("{}\n", fmt::join(lines, "\n")); }
};

Texts short_texts(const std::filesystem::path& folder) {
  Texts texts;
  for (const char* name : {"sts-test.csv", "sts-train.csv"}) {
    read_lines(folder / name, [&](std::uint64_t, std::string_view line) {
      std::size_t column = 0;
      for (std::size_t begin = 0; begin <= line.size() && column < 7; ++column) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        if (column >= 5 && texts.lines.size() < kShortTexts) texts.lines.emplace_back(line.substr(begin, end - begin));
        begin = end + 1;
      }
    });
  }
  return texts;
}

Texts long_texts(const std::filesystem::path& path) {
  Texts texts;
  std::vector<std::string> words;
  read_lines(path, [&](std::uint64_t, std::string_view line) {
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t end = std::min(line.find(' ', begin), line.size());
      if (end > begin) words.emplace_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  });
  for (std::size_t i = 0; i < kLongTexts && (i + 1) * kLongWords <= words.size(); ++i) {
    const auto piece = std::span(words).subspan(i * kLongWords, kLongWords);
    texts.lines.push_back(fmt::format("{}", fmt::join(piece.begin(), piece.end(), " ")));
  }
  return texts;
}

/// Operations of the network's products for texts of these lengths; attention's two among them.
double operations(const encoder::BertConfig& config, std::span<const encoder::TextReport> reports) {
  const auto C = static_cast<double>(config.width);
  const auto F = static_cast<double>(config.feed_forward);
  double sum = 0;
  for (const auto& report : reports) {
    const double n = report.tokens;
    sum += static_cast<double>(config.layers) * (2 * n * (4 * C * C + 2 * C * F) + 4 * n * n * C);
  }
  return sum;
}

struct Timed {
  double seconds = 0;
  double operations = 0;
  double tokens = 0;
};

Timed time_texts(const SentenceEncoder& encoder, const Texts& texts, double seconds) {
  const auto views = texts.views();
  std::vector<float> out(views.size() * static_cast<std::size_t>(encoder.dimensions()));
  std::vector<encoder::TextReport> reports(views.size());
  Timed timed;
  timed.seconds = best_seconds([&] { encoder.encode(views, out, reports); }, 3, seconds);
  timed.operations = operations(encoder.folder().bert, reports);
  for (const auto& report : reports) timed.tokens += report.tokens;
  return timed;
}

/// Seconds of each of the first texts, one at a time, in ascending order.
std::vector<double> time_singles(const SentenceEncoder& encoder, const Texts& texts) {
  std::vector<float> out(static_cast<std::size_t>(encoder.dimensions()));
  std::vector<double> taken;
  for (int round = 0; round < 2; ++round) {  // the first warms up
    taken.clear();
    for (std::size_t i = 0; i < std::min(kSingleTexts, texts.lines.size()); ++i) {
      const std::string_view text = texts.lines[i];
      const auto begun = Clock::now();
      encoder.encode({&text, 1}, out);
      taken.push_back(std::chrono::duration<double>(Clock::now() - begun).count());
    }
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

struct PeerRun {
  std::optional<Peer> f32, bf16;
};

void compare(const Peer& peer, const SentenceEncoder& encoder, const Texts& texts, std::string& check) {
  std::vector<std::string_view> views = texts.views();
  views.resize(std::min(views.size(), peer.vectors.size()));
  const auto width = static_cast<std::size_t>(encoder.dimensions());
  std::vector<float> ours(views.size() * width);
  encoder.encode(views, ours);
  double worst = 0;
  for (std::size_t i = 0; i < views.size(); ++i) {
    for (std::size_t c = 0; c < width && c < peer.vectors[i].size(); ++c) {
      worst = std::max<double>(worst, std::fabs(ours[i * width + c] - peer.vectors[i][c]));
    }
  }
  check += fmt::format("{}{}: largest difference {:.1e}", check.empty() ? "" : "; ", peer.name, worst);
  if (!(worst <= kTolerance)) fail_world("bench encode", check + ": these are not the same vectors");
}

}  // namespace

std::optional<double> EncodeRow::times() const {
  std::optional<double> best;
  for (const auto& peer : peers) {
    if (!peer) continue;
    const double ratio = unit == "sentences/s" ? ours / *peer : *peer / ours;
    best = best ? std::min(*best, ratio) : ratio;
  }
  return best;
}

namespace {

/// Everything one run of the benchmark knows.
class Encoding {
 public:
  Encoding(const EncodeBench& bench, EncodeReport& report)
      : bench_(bench), report_(report), short_(short_texts(bench.sts)), long_(long_texts(bench.words)) {
    write_file(files_.folder / "short.txt", short_.joined());
    write_file(files_.folder / "long.txt", long_.joined());
  }

  void ask_peers(const SentenceEncoder& encoder, Progress& progress) {
    for (const char* engine : {"sentence-transformers", "onnxruntime", "openvino"}) {
      std::string why;
      PeerRun run{ask(engine, "f32", why), std::nullopt};
      progress.advance();
      if (!run.f32) {
        report_.missing.push_back(fmt::format("{}: {}", engine, why));
        continue;
      }
      compare(*run.f32, encoder, short_, report_.check);
      if (engine::has_bf16() && std::string_view(engine) != "onnxruntime") run.bf16 = ask(engine, "bf16", why);
      report_.peers.push_back(run.f32->name);
      peers_.push_back(std::move(run));
    }
  }

  void time_rate(const SentenceEncoder& encoder, bool long_ones) {
    const Texts& texts = long_ones ? long_ : short_;
    const auto precision = encoder.options().precision;
    const Timed timed = time_texts(encoder, texts, bench_.seconds);
    if (!long_ones) report_.tokens = timed.tokens / static_cast<double>(texts.lines.size());
    const std::string workload = long_ones ? "long" : "short";
    const auto count = static_cast<double>(texts.lines.size());
    EncodeRow row{fmt::format("{} {}", workload, name(precision)), "sentences/s", count / timed.seconds, {}, 0};
    if (precision == WeightPrecision::f32) row.share = timed.operations / timed.seconds / report_.sgemm_peak;
    for (const PeerRun& peer : peers_) {
      const auto& run = precision == WeightPrecision::bf16 ? peer.bf16 : peer.f32;
      const bool same = run && precision != WeightPrecision::int8;
      row.peers.push_back(same ? std::optional(count / run->seconds.at(workload)) : std::nullopt);
    }
    report_.rows.push_back(std::move(row));
  }

  void time_tokenizer(const text::Tokenizer& tokenizer) {
    text::Encoding encoding;
    const text::EncodeOptions options{kLength, true, false, false};
    const double seconds = best_seconds(
        [&] {
          for (const std::string& text : short_.lines) tokenizer.encode(text, options, encoding);
        },
        5, 1);
    const auto count = static_cast<double>(short_.lines.size());
    EncodeRow row{"tokenizer, 1 thread", "sentences/s", count / seconds, {}, 0};
    for (const PeerRun& peer : peers_) row.peers.emplace_back(count / peer.f32->seconds.at("tokenizer"));
    report_.rows.push_back(std::move(row));
  }

  void time_single(const SentenceEncoder& encoder) {
    const std::vector<double> taken = time_singles(encoder, short_);
    add_row("one text, p50", "ms", 1e3 * taken[taken.size() / 2], "p50", 1e3);
    add_row("one text, p99", "ms", 1e3 * taken[taken.size() * 99 / 100], "p99", 1e3);
  }

  void time_process() {
    write_file(files_.folder / "one.txt", "A first sentence.\n");
    const auto cold = [&] { embed("one.txt"); };
    add_row("cold start", "ms", 1e3 * best_seconds(cold, 5, 0.5), "cold", 1e3);
    double peak = 0;
    for (const char* name : {"short.txt", "long.txt"}) {
      peak = std::max(peak, nlohmann::json::parse(embed(name)).at("peak_rss_mb").get<double>());
    }
    EncodeRow row{"peak memory", "MB", peak, {}, 0};
    for (const PeerRun& peer : peers_) row.peers.emplace_back(peer.f32->bytes.at("peak") / 1e6);
    report_.rows.push_back(std::move(row));
  }

 private:
  std::optional<Peer> ask(const std::string& engine, const std::string& precision, std::string& why) const {
    const auto file = [&](const char* name) { return (files_.folder / name).string(); };
    return run_peer(bench_.peers, "encode_peers.py", threads(), bench_.seconds,
                    {"--engine", engine, "--precision", precision, "--model", bench_.model.string(), "--short",
                     file("short.txt"), "--long", file("long.txt"), "--max-length", std::to_string(kLength)},
                    why);
  }

  std::string embed(const std::string& name) const {
    return output_of({bench_.tamis.string(), "embed", "--model", bench_.model.string(), "--max-length",
                      std::to_string(kLength), "--threads", std::to_string(threads()), "--quiet", "--json", "--input",
                      (files_.folder / name).string(), "--out", (files_.folder / "vectors.npy").string()});
  }

  void add_row(std::string name, std::string unit, double ours, const std::string& key, double factor) {
    EncodeRow row{std::move(name), std::move(unit), ours, {}, 0};
    for (const PeerRun& peer : peers_) row.peers.emplace_back(factor * peer.f32->seconds.at(key));
    report_.rows.push_back(std::move(row));
  }

  const EncodeBench& bench_;
  EncodeReport& report_;
  Texts short_, long_;
  Scratch files_;
  std::vector<PeerRun> peers_;
};

}  // namespace

EncodeReport run_encode(const EncodeBench& bench, Progress& progress) {
  EncodeReport report{this_machine(), threads(), 0, 0, {}, {}, "", {}, {}};
  progress.begin("encode", 8);
  report.sgemm_peak = sgemm_peak(threads(), bench.seconds);
  progress.advance();
  Encoding encoding(bench, report);
  EncoderOptions options;
  options.max_length = kLength;
  std::vector<WeightPrecision> precisions{WeightPrecision::f32, WeightPrecision::int8};
  if (engine::has_bf16()) precisions.insert(precisions.begin() + 1, WeightPrecision::bf16);
  const SentenceEncoder exact = SentenceEncoder::load(bench.model, options);
  encoding.ask_peers(exact, progress);
  for (const bool long_ones : {false, true}) {
    for (const WeightPrecision precision : precisions) {
      options.precision = precision;
      encoding.time_rate(SentenceEncoder::load(bench.model, options), long_ones);
    }
    progress.advance();
  }
  report.steps = time_steps(std::min(bench.seconds, 1.0));
  encoding.time_tokenizer(exact.tokenizer());
  encoding.time_single(exact);
  progress.advance();
  encoding.time_process();
  progress.advance();
  progress.end();
  return report;
}

std::string describe(const EncodeReport& report) {
  std::string text = fmt::format("{}, {} cores, {}; {} threads; sgemm {:.0f} GFLOP/s\n", report.machine.processor,
                                 report.machine.cores, report.machine.vectors, report.threads, report.sgemm_peak / 1e9);
  for (std::size_t i = 0; i < report.peers.size(); ++i) text += fmt::format("peer {}: {}\n", i + 1, report.peers[i]);
  for (const std::string& why : report.missing) text += fmt::format("no peer {}\n", why);
  if (!report.check.empty()) text += fmt::format("vectors: {}\n", report.check);
  text += fmt::format("\n{:<20} {:>12} {:>10}", "", "unit", "tamis");
  for (std::size_t i = 0; i < report.peers.size(); ++i) text += fmt::format(" {:>10}", fmt::format("peer {}", i + 1));
  text += fmt::format(" {:>7} {:>14}\n", "times", "of sgemm");
  for (const EncodeRow& row : report.rows) {
    text += fmt::format("{:<20} {:>12} {:>10.4g}", row.name, row.unit, row.ours);
    for (const auto& peer : row.peers) text += peer ? fmt::format(" {:>10.4g}", *peer) : fmt::format(" {:>10}", "-");
    const auto times = row.times();
    text += fmt::format(" {:>7} {:>14}\n", times ? fmt::format("{:.2f}", *times) : "-",
                        row.share > 0 ? fmt::format("{:.1f}%", 100 * row.share) : "-");
  }
  text += fmt::format("\n{:<28} {:>13} {:>10} {:>7}   on one thread\n", "step of a layer", "composite ms", "fused ms",
                      "times");
  for (const EncodeStep& step : report.steps) {
    text += fmt::format("{:<28} {:>13.3f} {:>10.3f} {:>7.2f}\n", step.name, 1e3 * step.composite_seconds,
                        1e3 * step.fused_seconds, step.composite_seconds / step.fused_seconds);
  }
  text += fmt::format("\nshort: {:.1f} tokens on average; times: ours against the best of the peers.\n", report.tokens);
  return text;
}

}  // namespace tamis::bench
