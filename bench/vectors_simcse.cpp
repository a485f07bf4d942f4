#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/vectors.h"
#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/table.h"
#include "tamis/language/embedding/simcse.h"
#include "tamis/language/embedding/token_texts.h"
#include "tamis/language/encoder/config.h"
#include "tamis/language/text/tokenizer.h"

namespace tamis::bench {

namespace {

constexpr std::size_t kTexts = 640;
constexpr std::size_t kWords = 40;  ///< at least as many tokens, more than are kept
constexpr std::int64_t kBatch = 64;
constexpr std::int64_t kLength = 32;

constexpr const char* kConfig = R"(
task = "simcse"
[model]
start = {start}
pooling = "mean"
head = "none"
dropout = 0.1
max_length = 32
[data]
form = "text"
files = ["simcse.txt"]
[optimizer]
rule = "adamw"
weight_decay = 0.01
[schedule]
rate = 1e-5
[train]
epochs = 1000000
batch = 64
shards = 4
)";

/// Stretches of 40 words, one a line.
std::vector<std::string> stretches(const std::filesystem::path& path) {
  std::vector<std::string> texts{""};
  std::size_t words = 0;
  read_lines(path, [&](std::uint64_t, std::string_view line) {
    for (std::size_t begin = 0; begin < line.size() && texts.size() <= kTexts;) {
      const std::size_t end = std::min(line.find(' ', begin), line.size());
      if (end > begin) {
        texts.back().append(line.substr(begin, end - begin)).append(" ");
        if (++words % kWords == 0) texts.emplace_back();
      }
      begin = end + 1;
    }
  });
  texts.pop_back();
  return texts;
}

/// Every text must fill its 32 tokens, or the operations would be counted wrong.
void require_full(const std::vector<std::string>& texts, const std::filesystem::path& model) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const embedding::TokenTexts tokens(text::Tokenizer::load(model), views, kLength);
  if (texts.size() != kTexts || tokens.tokens() != tokens.size() * kLength) {
    fail_world("bench simcse", fmt::format("{} texts with {} tokens; {} with {} each are needed", tokens.size(),
                                           tokens.tokens(), kTexts, kLength));
  }
}

}  // namespace

Compared bench_simcse(const VectorBench& bench, const std::filesystem::path& scratch, double sgemm_peak) {
  const auto texts = stretches(bench.data / "sentences" / "wikitext-2" / "test.txt");
  require_full(texts, bench.model);
  write_file(scratch / "simcse.txt", fmt::format("{}\n", fmt::join(texts, "\n")));
  const std::string start = nlohmann::json(std::filesystem::absolute(bench.model).string()).dump();
  ConfigFile file = ConfigFile::parse(fmt::format(kConfig, fmt::arg("start", start)), "bench simcse");
  const train::Config config = train::read_config(file);
  embedding::SimCse task(file, config, scratch, bench.engine.seed);
  const encoder::BertConfig bert = encoder::read_model_folder(bench.model).bert;
  const auto C = static_cast<double>(bert.width);
  const auto F = static_cast<double>(bert.feed_forward);
  const double operations =
      3 * 2.0 * (2 * kBatch * kLength) * static_cast<double>(bert.layers) * (4 * C * C + 2 * C * F + 2.0 * kLength * C);
  Result step;
  step.name = "simcse";
  step = bench_training(bench.engine, task, config.recipe, step, 2 * kBatch, operations, sgemm_peak, 2e-3);
  Compared result;
  result.name = step.name;
  result.what = fmt::format("training step: {} layers x {}, 64 texts seen twice, 32 tokens, dropout 0.1, AdamW",
                            bert.layers, bert.width);
  result.check = step.check;
  result.unit = "s";
  result.share = step.share;
  result.ours = {"tamis", step.seconds, fmt::format("{:.0f} sequences/s", step.rate)};
  return result;
}

}  // namespace tamis::bench
