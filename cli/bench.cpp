#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/encode.h"
#include "bench/engine.h"
#include "bench/evidence.h"
#include "bench/vectors.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/number.h"
#include "tamis/language/encoder/config.h"

namespace tamis::cli {

namespace {

struct BenchOptions {
  Common common;
  std::vector<std::string> names;
  bench::Options engine;
  std::string model = "minilm";
  double scale = 1;
};

nlohmann::ordered_json machine_json(const bench::Machine& machine, double sgemm_peak) {
  return {{"processor", machine.processor},
          {"cores", machine.cores},
          {"vectors", machine.vectors},
          {"sgemm_gflops", sgemm_peak / 1e9}};
}

nlohmann::ordered_json to_json(const bench::Report& report, const Common& common) {
  auto json = json_result("bench", common);
  json["machine"] = machine_json(report.machine, report.sgemm_peak);
  json["machine"]["copy_gb_s"] = report.copy_bandwidth / 1e9;
  json["conventions"] = {{"time", "the fastest of several"}, {"copy", "bytes read and bytes written both count"}};
  json["peer"] = report.peer;
  json["results"] = nlohmann::ordered_json::array();
  for (const bench::Result& result : report.results) {
    nlohmann::ordered_json row = {{"name", result.name},       {"what", result.what},  {"check", result.check},
                                  {"seconds", result.seconds}, {"rate", result.rate},  {"unit", result.unit},
                                  {"share", result.share},     {"of", result.share_of}};
    row["peer_seconds"] = nullptr;
    if (result.peer_seconds) row["peer_seconds"] = *result.peer_seconds;
    if (!result.peer_seconds) row["why"] = report.peer;
    json["results"].push_back(row);
  }
  return json;
}

nlohmann::ordered_json to_json(const bench::EncodeReport& report, const Common& common) {
  auto json = json_result("bench", common);
  json["machine"] = machine_json(report.machine, report.sgemm_peak);
  json["conventions"] = {{"time", "the fastest of several; p50 and p99 of single texts"},
                         {"tokenisation", "in every time"},
                         {"times", "ours against the best peer"}};
  json["check"] = report.check;
  json["tokens_per_short_text"] = report.tokens;
  json["peers"] = report.peers;
  json["missing"] = report.missing;
  json["results"] = nlohmann::ordered_json::array();
  for (const bench::EncodeRow& row : report.rows) {
    nlohmann::ordered_json result = {{"name", row.name}, {"unit", row.unit}, {"tamis", row.ours}};
    result["peers"] = nlohmann::ordered_json::array();
    for (const auto& peer : row.peers) result["peers"].push_back(peer ? nlohmann::ordered_json(*peer) : nullptr);
    const auto times = row.times();
    result["times"] = times ? nlohmann::ordered_json(*times) : nullptr;
    if (!times) result["why"] = "no peer measured this";
    if (row.share > 0) result["share_of_sgemm"] = row.share;
    json["results"].push_back(result);
  }
  json["steps"] = nlohmann::ordered_json::array();
  for (const bench::EncodeStep& step : report.steps) {
    json["steps"].push_back({{"name", step.name},
                             {"composite_s", step.composite_seconds},
                             {"fused_s", step.fused_seconds},
                             {"difference", step.difference}});
  }
  return json;
}

nlohmann::ordered_json to_json(const std::vector<bench::Compared>& results) {
  auto rows = nlohmann::ordered_json::array();
  for (const bench::Compared& result : results) {
    nlohmann::ordered_json row = {{"name", result.name}, {"what", result.what},        {"check", result.check},
                                  {"unit", result.unit}, {"tamis", result.ours.value}, {"result", result.ours.note}};
    if (result.share > 0) row["share_of_sgemm"] = result.share;
    row["peers"] = nlohmann::ordered_json::array();
    for (const bench::ComparedFigure& peer : result.peers) {
      row["peers"].push_back(
          {{"name", peer.who}, {"value", peer.value}, {"result", peer.note}, {"times", result.times(peer)}});
    }
    if (result.peers.empty()) row["why"] = result.why;
    rows.push_back(row);
  }
  return rows;
}

nlohmann::ordered_json to_json(const bench::VectorReport& report, const Common& common) {
  auto json = json_result("bench", common);
  json["machine"] = machine_json(report.machine, report.sgemm_peak);
  json["conventions"] = {
      {"time", "the fastest of several; hnsw build: of one"},
      {"times", "ours against that peer"},
      {"share_of_sgemm", "operations of the plain method; fewer may have been done"},
      {"peers", "as many threads; without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE; told: with the former set"}};
  json["vectors"] = report.vectors;
  json["texts"] = report.texts;
  json["sentences_per_s"] = report.encode_rate;
  json["results"] = to_json(report.results);
  return json;
}

nlohmann::ordered_json to_json(const bench::EvidenceReport& report, const Common& common) {
  auto json = json_result("bench", common);
  json["machine"] = {
      {"processor", report.machine.processor}, {"cores", report.machine.cores}, {"vectors", report.machine.vectors}};
  json["conventions"] = {{"time", "the fastest of several"},
                         {"times", "ours against that peer"},
                         {"memory", "the most held in a workload beside what was there before it"}};
  json["scale"] = report.scale;
  json["results"] = to_json(report.results);
  return json;
}

void run_vectors(const BenchOptions& options) {
  const std::filesystem::path data = options.common.data.empty() ? "../shared/data" : options.common.data;
  Progress progress(std::cerr, progress_style(options.common));
  const bench::VectorReport report =
      bench::run_vectors({encoder::find_model(options.model), data, options.engine}, progress);
  print(options.common.json ? to_json(report, options.common).dump(2) : bench::describe(report));
}

void run_evidence(const BenchOptions& options) {
  Progress progress(std::cerr, progress_style(options.common));
  const bench::EvidenceReport report = bench::run_evidence({options.scale, options.engine}, progress);
  print(options.common.json ? to_json(report, options.common).dump(2) : bench::describe(report));
}

void run_encode(const BenchOptions& options) {
  const std::filesystem::path data = options.common.data.empty() ? "../shared/data" : options.common.data;
  const bench::EncodeBench encode{encoder::find_model(options.model),
                                  data / "stsbenchmark",
                                  data / "sentences" / "wikitext-2" / "test.txt",
                                  std::filesystem::read_symlink("/proc/self/exe"),
                                  options.engine.peers,
                                  options.engine.seconds};
  Progress progress(std::cerr, progress_style(options.common));
  const bench::EncodeReport report = bench::run_encode(encode, progress);
  print(options.common.json ? to_json(report, options.common).dump(2) : bench::describe(report));
}

void run_bench(BenchOptions& options) {
  for (const std::string& name : options.names) {
    const bool own_table = name == "encode" || name == "vectors" || name == "evidence";
    if (name != "engine" && name != "mnist" && !own_table) {
      fail_caller("bench", "\"" + name + "\" is not a benchmark; accepted: engine, mnist, encode, vectors, evidence");
    }
    if (own_table && options.names.size() > 1) {
      fail_caller("bench", name + " has a table of its own: run it alone");
    }
  }
  apply_threads(options.common);
  options.engine.seed = options.common.seed;
  if (options.names == std::vector<std::string>{"encode"}) return run_encode(options);
  if (options.names == std::vector<std::string>{"vectors"}) return run_vectors(options);
  if (options.names == std::vector<std::string>{"evidence"}) return run_evidence(options);
  if (options.names.empty()) options.names = {"engine"};
  if (!options.common.data.empty()) options.engine.data = options.common.data;
  Progress progress(std::cerr, progress_style(options.common));
  bench::Report report;
  for (const std::string& name : options.names) {
    bench::Report more =
        name == "engine" ? bench::run_engine(options.engine, progress) : bench::run_mnist(options.engine, progress);
    if (!report.results.empty())
      more.results.insert(more.results.begin(), report.results.begin(), report.results.end());
    if (report.sgemm_peak > 0) {
      more.sgemm_peak = report.sgemm_peak;
      more.copy_bandwidth = report.copy_bandwidth;
    }
    report = std::move(more);
  }
  print(options.common.json ? to_json(report, options.common).dump(2) : bench::describe(report));
}

std::string refuse_seconds(const std::string& text) {
  double seconds = 0;
  return parse_real(text, seconds) && seconds > 0 && seconds <= 600 ? ""
                                                                    : text + " is not a number of seconds up to 600";
}

}  // namespace

void add_bench(CLI::App& app) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* bench = app.add_subcommand(
      "bench",
      "Time the engine, the encoder, work on vectors and evidence, against the machine's peak and their peers");
  bench->add_option("names", options->names,
                    "Benchmarks to run: engine (when absent), mnist, encode, vectors, evidence");
  bench->add_option("--peers", options->engine.peers, "Folder of the peers' scripts, with their own environment")
      ->check(refuse_empty)
      ->capture_default_str();
  bench->add_option("--seconds", options->engine.seconds, "Time for each workload")
      ->check(refuse_seconds)
      ->capture_default_str();
  bench
      ->add_option("--data", options->common.data,
                   "Folder of mnist's images; for encode and vectors the folder that holds stsbenchmark and others")
      ->check(refuse_empty);
  bench->add_option("--model", options->model, "Folder of the model of encode and vectors, or minilm")
      ->check(refuse_empty)
      ->capture_default_str();
  bench->add_option("--scale", options->scale, "Share of evidence's rows, to try it out")
      ->check(refuse_share)
      ->capture_default_str();
  add_common(*bench, options->common, "Print one JSON object instead of the table");
  bench->footer(
      "Each workload's result is checked before it is timed. PyTorch is timed in the same run once\n"
      "bench/peers/setup.sh has installed it.\n"
      "Examples:\n"
      "  tamis bench engine\n"
      "  tamis bench engine --seconds 10 --json > bench.json\n"
      "  tamis bench mnist --data FOLDER-OF-MNIST\n"
      "  tamis bench encode --model minilm --data FOLDER-OF-DATA\n"
      "  tamis bench vectors --model minilm --data FOLDER-OF-DATA\n"
      "  tamis bench evidence");
  bench->callback([options] { run_bench(*options); });
}

}  // namespace tamis::cli
