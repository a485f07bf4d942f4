#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/columns.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/memory_meter.h"
#include "tamis/base/progress.h"
#include "tamis/base/table.h"
#include "tamis/base/vector_file.h"
#include "tamis/vectors/cluster/choose.h"
#include "tamis/vectors/cluster/kmeans.h"
#include "tamis/vectors/cluster/mini_batch.h"

namespace tamis::cli {

namespace {

using Json = nlohmann::ordered_json;

struct KMeansFlags {
  Common common;
  std::string input, init = "++", distance = "euclidean", centres;
  cluster::KMeansOptions how;
  std::int64_t from = 2, to = 20, batch = 0;
};

void read_choices(KMeansFlags& flags) {
  if (flags.input.empty())
    fail_caller("cluster kmeans", "names no file of vectors: --input FILE.npy, .parquet, .fvecs");
  if (flags.init != "++" && flags.init != "random")
    fail_caller("--init", fmt::format("\"{}\" is no start; accepted: ++, random", flags.init));
  flags.how.start = flags.init == "random" ? cluster::Start::random : cluster::Start::plus_plus;
  if (flags.distance != "euclidean" && flags.distance != "manhattan")
    fail_caller("--distance", fmt::format("\"{}\" is no distance; accepted: euclidean, manhattan", flags.distance));
  flags.how.distance = flags.distance == "manhattan" ? cluster::Distance::manhattan : cluster::Distance::euclidean;
  flags.how.seed = flags.common.seed;
}

/// Row and cluster, a line each, both from 0.
void write_assigned(const std::string& path, const cluster::Clusters& made) {
  std::vector<OutputColumn> columns(2);
  columns[0].name = "row";
  columns[1].name = "cluster";
  for (std::size_t i = 0; i < made.assigned.size(); ++i) {
    columns[0].integer.push_back(static_cast<std::int64_t>(i));
    columns[1].integer.push_back(made.assigned[i]);
  }
  write_table(path, columns);
}

Json json_of(const KMeansFlags& flags, const Vectors& vectors, const cluster::Clusters& made, double seconds) {
  Json json = json_result("cluster kmeans", flags.common);
  json["conventions"] = {{"init", flags.init},
                         {"distance", flags.distance},
                         {"inertia", flags.distance == "euclidean" ? "sum of squared distances" : "sum of distances"},
                         {"rows_and_clusters", "numbered from 0"}};
  if (flags.batch > 0) json["conventions"]["batch"] = fmt::format("{} rows; an iteration is a pass", flags.batch);
  InputFile input;
  input.path = flags.input;
  input.bytes = std::filesystem::file_size(flags.input);
  input.rows_read = vectors.rows;
  json["inputs"] = json_inputs({input});
  json["out"] = flags.common.out.empty() ? Json(nullptr) : Json(flags.common.out);
  json["dimensions"] = vectors.dimensions;
  json["clusters"] = flags.how.clusters;
  json["inertia"] = made.inertia;
  json["iterations"] = made.iterations;
  json["converged"] = made.converged;
  json["reseeded"] = made.reseeded;
  json["sizes"] = made.sizes;
  json["fit_s"] = seconds;
  return json;
}

std::string table_of(const KMeansFlags& flags, const Vectors& vectors, const cluster::Clusters& made, double seconds) {
  const auto [least, most] = std::minmax_element(made.sizes.begin(), made.sizes.end());
  return columns({{"k-means", flags.input},
                  {"rows", fmt::format("{}", vectors.rows)},
                  {"dimensions", fmt::format("{}", vectors.dimensions)},
                  {"clusters", fmt::format("{}", flags.how.clusters)},
                  {"inertia", fmt::format("{:.6g}", made.inertia)},
                  {"iterations", fmt::format("{}{}", made.iterations, made.converged ? "" : ", not converged")},
                  {"rows in a cluster", fmt::format("{} to {}", *least, *most)},
                  {"clusters that ran empty", fmt::format("{}", made.reseeded)},
                  {"seconds", fmt::format("{:.2f}", seconds)}},
                 1);
}

void run_kmeans(KMeansFlags& flags) {
  read_choices(flags);
  apply_threads(flags.common);
  const Vectors vectors = read_vectors(flags.input);
  if (vectors.rows == 0) fail_world(flags.input, "holds no vector");
  Progress progress(std::cerr, progress_style(flags.common));
  const auto begun = std::chrono::steady_clock::now();
  bool shown = false;  // what is refused is refused before there is anything to show
  const auto tell = [&] {
    if (!shown) progress.begin("k-means", 0);
    shown = true;
    progress.advance();
  };
  const cluster::Clusters made =
      flags.batch == 0 ? cluster::kmeans(vectors.values, vectors.dimensions, flags.how, tell)
                       : cluster::mini_batch_kmeans(vectors.values, vectors.dimensions, flags.how, flags.batch, tell);
  if (shown) progress.end();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  if (!flags.common.out.empty()) {
    make_folder_of(flags.common.out);
    write_assigned(flags.common.out, made);
  }
  if (!flags.centres.empty()) {
    make_folder_of(flags.centres);
    VectorWriter writer(flags.centres, {vectors.dimensions, VectorType::f32, {}});
    writer.write(made.centres);
    writer.commit();
  }
  print(flags.common.json ? json_of(flags, vectors, made, seconds).dump(2) : table_of(flags, vectors, made, seconds));
}

void run_choose(KMeansFlags& flags) {
  read_choices(flags);
  if (flags.from < 2 || flags.to < flags.from)
    fail_caller("cluster choose", fmt::format("--from {} --to {}: 2 or more, in this order", flags.from, flags.to));
  apply_threads(flags.common);
  const Vectors vectors = read_vectors(flags.input);
  if (vectors.rows < static_cast<std::uint64_t>(flags.to))
    fail_world(flags.input, fmt::format("holds {} vectors, fewer than --to {}", vectors.rows, flags.to));
  std::vector<std::int64_t> counts;
  // Every number up to some twenty of them, then in equal steps.
  const std::int64_t step = std::max<std::int64_t>(1, (flags.to - flags.from + 19) / 20);
  for (std::int64_t k = flags.from; k <= flags.to; k += step) counts.push_back(k);
  Progress progress(std::cerr, progress_style(flags.common));
  bool shown = false;  // what is refused is refused before there is anything to show
  const std::vector<cluster::Tried> tried =
      cluster::try_clusters(vectors.values, vectors.dimensions, counts, flags.how, [&] {
        if (!shown) progress.begin("k-means", counts.size());
        shown = true;
        progress.advance();
      });
  progress.end();
  if (!flags.common.out.empty()) {
    make_folder_of(flags.common.out);
    write_file(flags.common.out, cluster::choice_page(tried, flags.input));
  }
  std::size_t best = 0;
  Json choices = Json::array();
  std::vector<std::vector<std::string>> rows{{"clusters", "inertia", "silhouette"}};
  for (std::size_t i = 0; i < tried.size(); ++i) {
    if (tried[i].silhouette.mean > tried[best].silhouette.mean) best = i;
    choices.push_back({{"clusters", tried[i].clusters},
                       {"inertia", tried[i].inertia},
                       {"silhouette", tried[i].silhouette.mean},
                       {"standard_error", tried[i].silhouette.standard_error},
                       {"iterations", tried[i].iterations},
                       {"converged", tried[i].converged}});
    rows.push_back({fmt::format("{}", tried[i].clusters), fmt::format("{:.6g}", tried[i].inertia),
                    fmt::format("{:.4f}", tried[i].silhouette.mean)});
  }
  Json json = json_result("cluster choose", flags.common);
  json["conventions"] = {{"init", flags.init},
                         {"distance", flags.distance},
                         {"silhouette", "Euclidean distances; standard_error 0: of all rows"}};
  InputFile input;
  input.path = flags.input;
  input.bytes = std::filesystem::file_size(flags.input);
  input.rows_read = vectors.rows;
  json["inputs"] = json_inputs({input});
  json["out"] = flags.common.out.empty() ? Json(nullptr) : Json(flags.common.out);
  json["choices"] = choices;
  json["elbow"] = tried[cluster::elbow(tried)].clusters;
  json["best_silhouette"] = tried[best].clusters;
  print(flags.common.json
            ? json.dump(2)
            : columns(rows, 0) + fmt::format("\nelbow at {}, best silhouette at {}",
                                             tried[cluster::elbow(tried)].clusters, tried[best].clusters));
}

}  // namespace

void add_cluster(CLI::App& app) {
  auto flags = std::make_shared<KMeansFlags>();
  CLI::App* cluster = app.add_subcommand("cluster", "Group vectors");
  cluster->require_subcommand(1);
  CLI::App* kmeans = cluster->add_subcommand("kmeans", "k-means: Lloyd's steps or mini-batches");
  kmeans->add_option("--input", flags->input, "Vectors: .npy, .parquet or .fvecs")->check(refuse_empty);
  kmeans->add_option("--k", flags->how.clusters, "Clusters")->required();
  kmeans->add_option("--init", flags->init, "++ (k-means++) or random")->capture_default_str();
  kmeans->add_option("--distance", flags->distance, "euclidean (means) or manhattan (medians)")->capture_default_str();
  kmeans->add_option("--iterations", flags->how.iterations, "At most so many")->capture_default_str();
  kmeans->add_option("--starts", flags->how.starts, "Runs from other starts; the best is kept")->capture_default_str();
  kmeans->add_option("--shift", flags->how.shift, "Stop when no centre moves farther; 0: when no row changes")
      ->capture_default_str();
  kmeans
      ->add_option("--batch", flags->batch,
                   "Mini-batches of so many rows, in passes over an order drawn at random; 0: Lloyd's steps over all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  kmeans->add_option("--centres", flags->centres, "Write the centres: .npy, .parquet, .jsonl or .fvecs");
  add_out(*kmeans, flags->common, "Write each row's cluster: .tsv, .csv or .parquet");
  add_common(*kmeans, flags->common, "Print the result as JSON instead of the table");
  kmeans->footer(
      "Examples:\n"
      "  tamis cluster kmeans --input vectors.npy --k 20 --out clusters.tsv\n"
      "  tamis cluster kmeans --input vectors.npy --k 20 --starts 5 --centres centres.npy --json\n"
      "  tamis cluster kmeans --input vectors.npy --k 1000 --batch 8192 --iterations 3 --out clusters.tsv");
  kmeans->callback([flags] { run_kmeans(*flags); });

  CLI::App* choose = cluster->add_subcommand("choose", "How many clusters: elbow and silhouette");
  choose->add_option("--input", flags->input, "Vectors: .npy, .parquet or .fvecs")->check(refuse_empty);
  choose->add_option("--from", flags->from, "Fewest clusters")->capture_default_str();
  choose->add_option("--to", flags->to, "Most clusters")->capture_default_str();
  choose->add_option("--init", flags->init, "++ (k-means++) or random")->capture_default_str();
  choose->add_option("--distance", flags->distance, "euclidean (means) or manhattan (medians)")->capture_default_str();
  choose->add_option("--iterations", flags->how.iterations, "At most so many")->capture_default_str();
  choose->add_option("--starts", flags->how.starts, "Runs from other starts; the best is kept")->capture_default_str();
  add_out(*choose, flags->common, "Write a page with both curves: FILE.html");
  add_common(*choose, flags->common, "Print the result as JSON instead of the table");
  choose->footer(
      "Examples:\n"
      "  tamis cluster choose --input vectors.npy --to 20 --out choice.html");
  choose->callback([flags] { run_choose(*flags); });
}

}  // namespace tamis::cli
