#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tamis/base/config.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/engine/nn/loss.h"
#include "tamis/engine/train/trainer.h"
#include "tamis/language/embedding/mlm.h"
#include "tamis/language/embedding/pair_table.h"
#include "tamis/language/embedding/sbert.h"
#include "tamis/language/embedding/simcse.h"
#include "tamis/language/encoder/sentence_encoder.h"
#include "tests/base/scratch.h"

namespace tamis::embedding {
namespace {

using engine::DType;
using test::put;
using test::Scratch;
using train::Part;
namespace fs = std::filesystem;

/// A folder with the golden BERT, whose 40 ids are five special tokens, a .. z and ##a .. ##i, and some data.
class TrainingTest : public testing::Test {
 protected:
  TrainingTest() {
    fs::copy(TAMIS_SOURCE_DIR "/tests/golden/bert/bert", scratch_ / "model");
    std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
    for (char c = 'a'; c <= 'z'; ++c) vocabulary += std::string(1, c) + "\n";
    for (char c = 'a'; c <= 'i'; ++c) vocabulary += std::string("##") + c + "\n";
    put(scratch_ / "model/vocab.txt", vocabulary);
    put(scratch_ / "text.txt", "a b c d\nb c\n\nd e f g h\na a a b\nx y z\nc d e\nq r s t u\nv w\nk l m n\n");
    put(scratch_ / "nli.tsv",
        "premise\thypothesis\tlabel\na b\tb c\t0\na b\td\t2\nx\ty\t1\nc d\te\t0\nc d\tf g\t2\nk\tl\tentailment\n"
        "k\tm\tcontradiction\n");
    put(scratch_ / "sts.tsv", "sentence1\tsentence2\tscore\na b\ta b c\t4.5\nc\tx y\t0.5\nd e\td f\t3\nq\tr\t1\n");
  }
  ConfigFile file(const std::string& task, const std::string& rest) {
    return ConfigFile::parse("task = \"" + task + "\"\n" + rest, (scratch_ / "config.toml").string());
  }
  static constexpr const char* kModel = "[model]\nstart = \"model\"\nmax_length = 12\n";
  std::string message(const std::string& task, const std::string& rest) {
    try {
      make(task, rest);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  std::unique_ptr<train::Task> make(const std::string& task, const std::string& rest, train::Recipe* recipe = nullptr) {
    ConfigFile config = file(task, rest);
    const train::Config read = train::read_config(config);
    if (recipe != nullptr) *recipe = read.recipe;
    if (task == "mlm") return std::make_unique<MaskedLanguage>(config, read, "", 1);
    if (task == "sbert") return std::make_unique<Sbert>(config, read, "");
    return std::make_unique<SimCse>(config, read, "", 1);
  }
  Scratch scratch_;
};

TEST_F(TrainingTest, MaskingHasItsShares) {
  std::vector<std::int32_t> ids(502, 7);
  ids.front() = 2;
  ids.back() = 3;
  const MaskOptions options{.mask = 4, .first = 5, .vocabulary = 1005};
  double chosen = 0, masked = 0, kept = 0, other = 0;
  for (std::int64_t text = 0; text < 200; ++text) {
    const Masked made = mask_tokens(ids, options, 1, 0, text);
    ASSERT_EQ(made.ids.front(), 2);
    ASSERT_EQ(made.ids.back(), 3);
    ASSERT_EQ(made.places.size(), made.labels.size());
    chosen += static_cast<double>(made.places.size());
    for (const std::int32_t place : made.places) {
      const std::int32_t id = made.ids[static_cast<std::size_t>(place)];
      (id == 4 ? masked : id == 7 ? kept : other) += 1;
    }
    for (const std::int32_t label : made.labels) ASSERT_EQ(label, 7);
  }
  const auto near = [](double share, double p, double n) {
    EXPECT_NEAR(share, p, 4 * std::sqrt(p * (1 - p) / n)) << p;
  };
  near(chosen / 100'000, 0.15, 100'000);
  near(masked / chosen, 0.8, chosen);
  near(other / chosen, 0.1 * 0.999, chosen);
  near(kept / chosen, 0.1 * 1.001, chosen);
  EXPECT_NE(mask_tokens(ids, options, 1, 0, 3).places, mask_tokens(ids, options, 1, 1, 3).places);
  EXPECT_EQ(mask_tokens(ids, options, 1, 1, 3).ids, mask_tokens(ids, options, 1, 1, 3).ids);
}

const char* const kMlm =
    "[data]\ntext = \"text.txt\"\nvalidation = 2\nmax_length = 12\nvocabulary_size = 40\n[model]\nlayers = 2\nwidth = "
    "8\nheads = 2\nfeed_forward = 16\npositions = 16\ndropout = 0.1\n[train]\nepochs = 2\nbatch = 3\nshards = 2\n";

TEST_F(TrainingTest, MaskedLanguageIsTheSameOnAnyNumberOfThreadsAndIsPublished) {
  std::vector<std::vector<double>> losses, weights;
  for (const int count : {1, 2}) {
    set_threads(count);
    train::Recipe recipe;
    const auto task = make("mlm", kMlm, &recipe);
    train::Trainer trainer(*task, recipe, 1);
    losses.emplace_back();
    for (int i = 0; i < 4; ++i) losses.back().push_back(trainer.run_step().loss);
    const std::vector<double> held_out = trainer.evaluate(Part::validation);
    EXPECT_GT(held_out[0], 0);
    weights.push_back(trainer.parameters()[0].variable.value().numbers());
    task->publish(scratch_ / "out");
  }
  set_threads(2);
  EXPECT_EQ(losses[0], losses[1]);
  EXPECT_EQ(weights[0], weights[1]);
  const encoder::WeightFile written = encoder::WeightFile::open(scratch_ / "out/model");
  EXPECT_TRUE(written.has("cls.predictions.bias"));
  const auto encoder = encoder::SentenceEncoder::load(scratch_ / "out/model");
  EXPECT_EQ(encoder.dimensions(), 8);
}

TEST_F(TrainingTest, MaskedLanguageLearns) {
  train::Recipe recipe;
  std::string text;
  for (int i = 0; i < 40; ++i) text += "a b c d e f g h\n";
  put(scratch_ / "text.txt", text);
  std::string config = kMlm;
  const auto task = make("mlm", config + "\n[optimizer]\nrule = \"adamw\"\n[schedule]\nrate = 0.02\n", &recipe);
  train::Trainer trainer(*task, recipe, 1);
  const double before = trainer.evaluate(Part::validation)[0];
  for (int i = 0; i < 120; ++i) trainer.run_step();
  const std::vector<double> after = trainer.evaluate(Part::validation);
  EXPECT_LT(after[0], before / 4);
  EXPECT_GT(after[1], 0.7);
}

TEST_F(TrainingTest, OneMaskGivesOneVector) {
  const std::string data = std::string(kModel) + "[data]\nfiles = [\"text.txt\"]\nview = \"same-mask\"\n";
  const auto made = make("simcse", data + "[train]\nbatch = 4\n");
  auto& task = dynamic_cast<SimCse&>(*made);
  task.initialize(1);
  SentenceNetwork& network = task.sentences();
  const text::Tokenizer tokenizer = text::Tokenizer::load(scratch_ / "model");
  const std::vector<std::string_view> texts{"a b c", "x y", "q r s t"};
  const TokenTexts tokens(tokenizer, texts, 12);
  const std::vector<std::int64_t> all{0, 1, 2};
  const auto view = [&](std::uint32_t variant) {
    nn::Pass pass;
    pass.training = true;
    pass.seed = 5;
    pass.variant = variant;
    return network.represent(tokens, all, pass);
  };
  EXPECT_EQ(view(0).value().numbers(), view(0).value().numbers());
  EXPECT_NE(view(0).value().numbers(), view(1).value().numbers());
  // Equal views: every positive's cosine is at its largest, and what is left is how far the others are.
  network.to(DType::f64);
  const Variable a = view(0), b = view(0);
  const Variable unit = nn::unit_rows(a);
  const double apart = engine::sum(engine::square(engine::sub(unit, nn::unit_rows(b)))).value().item();
  EXPECT_EQ(apart, 0);
}

TEST_F(TrainingTest, GradientCachingIsExact) {
  const text::Tokenizer tokenizer = text::Tokenizer::load(scratch_ / "model");
  const std::vector<std::string_view> texts{"a b c", "x y", "q r s t", "k l", "d e f g h", "m"};
  const TokenTexts tokens(tokenizer, texts, 12);
  const std::vector<std::int64_t> all{0, 1, 2, 3, 4, 5};
  const encoder::ModelFolder folder = encoder::read_model_folder(scratch_ / "model");
  std::vector<double> losses;
  std::vector<std::vector<Tensor>> gradients;
  for (const std::int64_t chunk : {0, 1, 4}) {
    SentenceNetwork network(folder.bert,
                            {.pooling = encoder::parse_pooling("mean"), .head = Head::train, .chunk = chunk});
    network.initialize(2);
    network.bert().load(encoder::bert_weights(encoder::WeightFile::open(folder.folder), folder.bert));
    network.to(DType::f64);
    const auto view = [&](std::uint32_t variant) {
      nn::Pass pass;
      pass.training = true;
      pass.seed = 5;
      pass.step = 9;
      pass.variant = variant;
      return network.represent(tokens, all, pass);
    };
    const Variable a = view(0), b = view(1);
    const Variable loss = contrast_loss({a, b, a, b, {}, 0}, ContrastForm::both, 0.05);
    losses.push_back(loss.value().item());
    engine::GradientStore store;
    engine::backward(loss, store);
    gradients.emplace_back();
    for (const nn::Parameter& parameter : network.parameters())
      gradients.back().push_back(store.of(parameter.variable));
  }
  for (std::size_t c = 1; c < losses.size(); ++c) {
    EXPECT_NEAR(losses[c], losses[0], 1e-12);
    for (std::size_t p = 0; p < gradients[0].size(); ++p) {
      const auto plain = gradients[0][p].numbers(), cached = gradients[c][p].numbers();
      for (std::size_t i = 0; i < plain.size(); ++i) ASSERT_NEAR(cached[i], plain[i], 1e-8) << p;
    }
  }
}

TEST_F(TrainingTest, SimCseAndSbertStepTheSameOnAnyNumberOfThreads) {
  const std::string dev = "[dev]\nfile = \"sts.tsv\"\n", train = "[train]\nbatch = 2\nshards = 2\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"simcse", "[data]\nfiles = [\"text.txt\"]\n[loss]\nform = \"both\"\n"},
      {"simcse", "[data]\nfiles = [\"text.txt\"]\nview = \"crop\"\nstrength = 0.4\n"},
      {"simcse", "[data]\nform = \"nli\"\nfiles = [\"nli.tsv\"]\n"},
      {"sbert", "[data]\nfiles = [\"nli.tsv\"]\n"},
      {"sbert", "[data]\nfiles = [\"sts.tsv\"]\n[loss]\nobjective = \"regression\"\n"}};
  for (const auto& [name, rest] : cases) {
    std::vector<std::vector<double>> results;
    for (const int count : {1, 2}) {
      set_threads(count);
      train::Recipe recipe;
      const auto task = make(name, std::string(kModel) + dev + rest + train, &recipe);
      train::Trainer trainer(*task, recipe, 1);
      results.emplace_back();
      for (int i = 0; i < 2; ++i) results.back().push_back(trainer.run_step().loss);
      for (const double value : trainer.evaluate(Part::validation)) results.back().push_back(value);
      EXPECT_TRUE(std::isfinite(results.back()[0])) << rest;
    }
    EXPECT_EQ(results[0], results[1]) << rest;
  }
  set_threads(2);
}

TEST_F(TrainingTest, APublishedModelGivesTheVectorsItWasMeasuredBy) {
  const auto made =
      make("simcse", std::string(kModel) + "pooling = \"max\"\n[data]\nfiles = [\"text.txt\"]\n[train]\nbatch = 4\n");
  auto& task = dynamic_cast<SimCse&>(*made);
  task.initialize(1);
  task.publish(scratch_ / "out");
  const auto encoder = encoder::SentenceEncoder::load(scratch_ / "out/model");
  const std::vector<std::string_view> texts{"a b c", "x y", "q r s t u v w x y z a b c d e"};
  std::vector<float> vectors(texts.size() * 16);
  encoder.encode(texts, vectors);
  const TokenTexts tokens(encoder.tokenizer(), texts, 12);
  const std::vector<float> own = task.sentences().encode(tokens);
  EXPECT_EQ(encoder.options().max_length, 12);
  for (std::size_t i = 0; i < own.size(); ++i) EXPECT_NEAR(own[i], vectors[i], 1e-5);
}

TEST_F(TrainingTest, TripletsOfANliTable) {
  PairTable table;
  read_nli_triplets(scratch_ / "nli.tsv", table);
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_EQ(table.rows[0].first + '|' + table.rows[0].second + '|' + table.rows[0].third, "a b|b c|d");
  EXPECT_EQ(table.rows[2].third, "m");
  table.draw(2, 7);
  EXPECT_EQ(table.rows.size(), 2U);
}

TEST_F(TrainingTest, BadInputIsRefusedByName) {
  const auto says = [&](const std::string& task, const std::string& rest, const std::string& part) {
    const std::string text = message(task, rest);
    EXPECT_NE(text.find(part), std::string::npos) << task << ": " << text;
  };
  const std::string model = kModel;
  put(scratch_ / "one.txt", "a b\n");
  put(scratch_ / "same.txt", "a b\na b\na b\n");
  put(scratch_ / "empty.txt", "\n \n");
  put(scratch_ / "labels.tsv", "premise\thypothesis\tlabel\na\tb\t3\n");
  put(scratch_ / "missing.tsv", "premise\thypothesis\na\tb\n");
  put(scratch_ / "two.tsv", "anchor\tpositive\na\tb\nc\td\n");
  put(scratch_ / "scores.tsv", "sentence1\tsentence2\tscore\na\tb\t7\n");
  says("simcse", model + "[data]\nfiles = [\"one.txt\"]\n", "fewer than 2");
  says("simcse", model + "[data]\nfiles = [\"same.txt\"]\n", "the same text");
  says("simcse", model + "[data]\nfiles = [\"empty.txt\"]\n", "no line of text");
  says("simcse", model + "[data]\nfiles = [\"text.txt\"]\n[loss]\ntemperature = 0\n", "above 0");
  says("simcse", model + "[data]\nfiles = [\"text.txt\"]\n[train]\nbatch = 1\n", "batch");
  says("simcse", model + "[data]\nform = \"nli\"\nfiles = [\"labels.tsv\"]\n", "line 2");
  says("simcse", "[model]\nstart = \"model\"\nmax_length = 12\npooling = \"last\"\n[data]\nfiles = [\"text.txt\"]\n",
       "not trained with");
  says("sbert", model + "[data]\nfiles = [\"missing.tsv\"]\n", "label");
  says("sbert", model + "[data]\nfiles = [\"two.tsv\"]\n[loss]\nobjective = \"triplet\"\n", "two columns");
  says("sbert", model + "[data]\nfiles = [\"scores.tsv\"]\n[loss]\nobjective = \"regression\"\n", "not within");
  says("mlm", "[data]\ntext = \"empty.txt\"\n", "no line of text");
  put(scratch_ / "blank.txt", "\x01\n\x02\n");
  says("mlm", "[data]\ntext = \"blank.txt\"\nmax_length = 12\nvalidation = 0\n[model]\nstart = \"model\"\n", "no word");
}

TEST_F(TrainingTest, SubstitutionGuessesOtherTokens) {
  // The golden BERT has no masked-language head; a model made here has one.
  EXPECT_NE(message("simcse", std::string(kModel) + "[data]\nfiles = [\"text.txt\"]\nview = \"substitution\"\n")
                .find("has no masked-language head"),
            std::string::npos);
  ConfigFile config =
      file("mlm", "[data]\ntext = \"text.txt\"\nvalidation = 0\nmax_length = 12\n[model]\nstart = \"model\"\n");
  const train::Config read = train::read_config(config);
  MaskedLanguage task(config, read, "", 1);
  task.initialize(3);
  task.publish(scratch_ / "made");
  const text::Tokenizer& tokenizer = task.tokenizer();
  const TokenTexts& texts = task.texts();
  const auto made = substituted_texts(scratch_ / "made/model", tokenizer, texts, 0.5, 7);
  EXPECT_EQ(made, substituted_texts(scratch_ / "made/model", tokenizer, texts, 0.5, 7));
  ASSERT_EQ(made.size(), static_cast<std::size_t>(texts.size()));
  int changed = 0, stayed = 0;
  for (std::int64_t t = 0; t < texts.size(); ++t) {
    const auto& after = made[static_cast<std::size_t>(t)];
    ASSERT_EQ(after.size(), texts[t].size());
    EXPECT_EQ(after.front(), texts[t].front());
    EXPECT_EQ(after.back(), texts[t].back());
    const Masked masked = mask_tokens(
        texts[t], {.share = 0.5, .masked = 1, .random = 0, .mask = 4, .first = 5, .vocabulary = 40}, 7, 0, t);
    for (std::size_t i = 1; i + 1 < after.size(); ++i) {
      const bool chosen = std::count(masked.places.begin(), masked.places.end(), static_cast<std::int32_t>(i)) > 0;
      EXPECT_EQ(after[i] != texts[t][i], chosen);
      EXPECT_GE(after[i], 5);
      ++(chosen ? changed : stayed);
    }
  }
  EXPECT_GT(changed, 3);
  EXPECT_GT(stayed, 3);
  const std::string rest =
      "[data]\nfiles = [\"text.txt\"]\nview = \"substitution\"\nstrength = 0.5\n[train]\nbatch = 4\nepochs = 2\n";
  train::Recipe recipe;
  const auto simcse = make("simcse", "[model]\nstart = \"made/model\"\nmax_length = 12\n" + rest, &recipe);
  train::Trainer trainer(*simcse, recipe, 1);
  EXPECT_TRUE(std::isfinite(trainer.run_step().loss));
}

}  // namespace
}  // namespace tamis::embedding
