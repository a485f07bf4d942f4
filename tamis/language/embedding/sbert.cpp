#include "tamis/language/embedding/sbert.h"

#include <fmt/format.h>

#include "tamis/base/error.h"
#include "tamis/base/quarantine.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/language/embedding/objectives.h"
#include "tamis/language/embedding/pair_table.h"

namespace tamis::embedding {

namespace {

using enum Key::Type;
namespace fs = std::filesystem;

constexpr std::int64_t kClasses = 3;

constexpr Key kData[] = {
    {"files", texts, "",
     "tables, relative to the configuration: NLI (classification), pairs with scores in a form that "
     "`tamis sts` reads (regression), anchor, positive, negative (triplet)"},
    {"most", integer, "0", "examples used, drawn from the seed; 0: all"},
    {"low", real, "0", "regression: the score that becomes 0"},
    {"high", real, "5", "regression: the score that becomes 1"},
};
constexpr Key kLoss[] = {
    {"objective", text, "\"classification\"", "classification, regression or triplet"},
    {"margin", real, "1", "triplet: how much farther the negative must lie, in Euclidean distance"},
};

Sbert::Objective objective_of(const Section& loss) {
  const std::string named = loss.text("objective");
  if (named == "classification") return Sbert::Objective::classification;
  if (named == "regression") return Sbert::Objective::regression;
  if (named == "triplet") return Sbert::Objective::triplet;
  loss.fail("objective", fmt::format("\"{}\" is none; accepted: classification, regression, triplet", named));
}

InputFile read_scored(const fs::path& path, const Section& data, PairTable& table) {
  const double low = data.real("low"), high = data.real("high");
  if (!(low < high)) data.fail("high", "must be above low");
  Quarantine quarantine;
  const StsSet set = read_sts("train", {path}, {}, quarantine);
  quarantine.check(set.inputs[0].rows_read, 0.001);
  for (std::size_t i = 0; i < set.gold.size(); ++i) {
    if (set.gold[i] < low || set.gold[i] > high) {
      fail_world(fmt::format("{} line {}", path.string(), set.line[i]),
                 fmt::format("the score {} is not within {} .. {}", set.gold[i], low, high));
    }
    table.add({set.first[i], set.second[i], "", (set.gold[i] - low) / (high - low)});
  }
  return set.inputs[0];
}

}  // namespace

std::string describe_sbert_keys() {
  return "## `[data]`\n\n" + describe(kData) + "\n## `[loss]`\n\n" + describe(kLoss);
}

struct Sbert::Classes : nn::Module {
  explicit Classes(std::int64_t width) {
    weight = own("weight", {kClasses, 3 * width}, nn::Init::xavier_uniform(), true);
  }
  Variable weight;
};

Sbert::~Sbert() = default;

Sbert::Sbert(ConfigFile& file, const train::Config& config, const fs::path& data_folder)
    : FineTune(file, config, data_folder) {
  const Section data = file.section("data", kData);
  const Section loss = file.section("loss", kLoss);
  file.finish();
  objective_ = objective_of(loss);
  margin_ = loss.real_in("margin", 0, 1e6);
  const std::vector<std::string> files = data.texts("files");
  if (files.empty()) data.fail("files", "names no file");
  PairTable table;
  for (const std::string& name : files) {
    const fs::path path = place_of(name);
    add_input(objective_ == Objective::classification ? read_nli_pairs(path, table)
              : objective_ == Objective::regression   ? read_scored(path, data, table)
                                                      : read_triplets(path, table));
  }
  if (table.rows.empty()) fail_world(place_of(files[0]).string(), "holds no example");
  const bool triplets = objective_ == Objective::triplet;
  for (const PairTable::Row& row : table.rows) {
    if (triplets && row.third.empty())
      fail_world(place_of(files[0]).string(), "has two columns; triplets need anchor, positive, negative");
  }
  table.draw(data.integer_in("most", 0, 1 << 30), 0);
  const std::vector<std::string_view> texts = table.different_texts(triplets);
  texts_ = std::make_unique<TokenTexts>(tokenizer(), texts, max_length());
  first_ = table.first;
  second_ = table.second;
  third_ = table.third;
  for (const PairTable::Row& row : table.rows) values_.push_back(row.value);
  if (objective_ != Objective::classification) return;
  classes_ = std::make_unique<Classes>(sentences().width());
  whole().add("classes", *classes_);
}

Variable Sbert::loss(const train::Share& share, nn::Pass& pass) {
  const auto n = static_cast<std::int64_t>(share.examples.size());
  std::uint32_t variant = 0;
  const auto vectors = [&](const std::vector<std::int64_t>& texts) {
    std::vector<std::int64_t> mine;
    for (const std::int64_t example : share.examples) mine.push_back(texts[static_cast<std::size_t>(example)]);
    pass.variant = variant++;
    place(share, pass);
    return sentences().represent(*texts_, mine, pass);
  };
  const Variable u = vectors(first_), v = vectors(second_);
  std::vector<double> values;
  for (const std::int64_t example : share.examples) values.push_back(values_[static_cast<std::size_t>(example)]);
  const Tensor targets = Tensor::from(values, {n});
  switch (objective_) {
    case Objective::classification:
      return classification_loss(u, v, classes_->weight, targets.to(engine::DType::i64));
    case Objective::regression:
      return regression_loss(u, v, targets.to(u.dtype()));
    default:
      return nn::triplet(u, v, vectors(third_), margin_, nn::Reduction::sum);
  }
}

}  // namespace tamis::embedding
