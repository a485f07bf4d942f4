#include "tamis/language/embedding/simcse.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tamis/base/error.h"
#include "tamis/base/quarantine.h"
#include "tamis/base/random.h"
#include "tamis/engine/autograd/ops.h"
#include "tamis/language/embedding/mlm.h"
#include "tamis/language/embedding/pair_table.h"

namespace tamis::embedding {

namespace {

using enum Key::Type;
namespace fs = std::filesystem;

constexpr Key kData[] = {
    {"form", text, "\"text\"", "text (a file, one sentence a line), nli (premise, hypothesis, label) or triplets"},
    {"files", texts, "", "relative to the configuration; triplets: a table of anchor, positive and perhaps negative"},
    {"most", integer, "0", "examples used, drawn from the seed; 0: all"},
    {"view", text, "\"dropout\"",
     "how a text's second view differs: dropout, same-mask, crop, deletion or substitution"},
    {"strength", real, "0.1", "crop, deletion, substitution: the share of tokens that goes"},
};
constexpr Key kLoss[] = {
    {"temperature", real, "0.05", "what cosines are divided by, above 0"},
    {"form", text, "\"one-side\"", "one-side (B x B) or both (2B x 2B, without each row itself)"},
    {"hard_negatives", boolean, "true", "whether the data's hard negatives are candidates too"},
};

View view_of(const Section& data) {
  static const std::map<std::string, View> views = {{"dropout", View::dropout},
                                                    {"same-mask", View::same_mask},
                                                    {"crop", View::crop},
                                                    {"deletion", View::deletion},
                                                    {"substitution", View::substitution}};
  const auto found = views.find(data.text("view"));
  if (found == views.end()) {
    data.fail("view", fmt::format("\"{}\" is no view; accepted: dropout, same-mask, crop, deletion, substitution",
                                  data.text("view")));
  }
  return found->second;
}

Packed packed_of(const std::vector<std::int32_t>& ids, const std::vector<std::int32_t>& offsets) {
  const auto T = static_cast<std::int64_t>(ids.size());
  return {Tensor::from(ids, {T}), Tensor::zeros({T}, engine::DType::i32),
          Tensor::from(offsets, {static_cast<std::int64_t>(offsets.size())})};
}

/// One text's tokens, less those that the view drops; never without any.
void add_changed(std::span<const std::int32_t> tokens, View view, double strength, Stream& stream,
                 std::vector<std::int32_t>& ids) {
  const std::size_t inner = tokens.size() - 2;
  ids.push_back(tokens.front());
  if (view == View::crop && inner > 0) {
    const auto kept =
        std::max<std::size_t>(1, static_cast<std::size_t>(std::lround((1 - strength) * static_cast<double>(inner))));
    const std::size_t begin = 1 + stream.below(inner - kept + 1);
    ids.insert(ids.end(), tokens.begin() + static_cast<std::ptrdiff_t>(begin),
               tokens.begin() + static_cast<std::ptrdiff_t>(begin + kept));
  } else {
    const std::size_t before = ids.size();
    for (std::size_t t = 1; t <= inner; ++t) {
      if (stream.uniform() >= strength) ids.push_back(tokens[t]);
    }
    if (ids.size() == before && inner > 0) ids.push_back(tokens[1]);
  }
  ids.push_back(tokens.back());
}

}  // namespace

std::string describe_simcse_keys() {
  return "## `[data]`\n\n" + describe(kData) + "\n## `[loss]`\n\n" + describe(kLoss);
}

Packed changed_texts(const TokenTexts& texts, std::span<const std::int64_t> chosen, View view, double strength,
                     std::uint64_t seed, std::int64_t epoch, std::uint32_t number) {
  if (view != View::crop && view != View::deletion) return pack(texts, chosen);
  std::vector<std::int32_t> ids, offsets{0};
  const std::string purpose = fmt::format("simcse.view.{}.{}", epoch, number);
  for (const std::int64_t text : chosen) {
    Stream stream(seed, purpose, static_cast<std::uint64_t>(text));
    add_changed(texts[text], view, strength, stream, ids);
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  return packed_of(ids, offsets);
}

SimCse::SimCse(ConfigFile& file, const train::Config& config, const fs::path& data_folder, std::uint64_t seed)
    : FineTune(file, config, data_folder), seed_(seed) {
  const Section data = file.section("data", kData);
  const Section loss = file.section("loss", kLoss);
  file.finish();
  view_ = view_of(data);
  strength_ = data.real_in("strength", 0, 0.95);
  temperature_ = loss.real("temperature");
  if (!(temperature_ > 0) || !std::isfinite(temperature_)) loss.fail("temperature", "must be above 0");
  const std::string form = loss.text("form");
  if (form != "one-side" && form != "both")
    loss.fail("form", fmt::format("\"{}\" is no form; accepted: one-side, both", form));
  form_ = form == "both" ? ContrastForm::both : ContrastForm::one_side;
  if (config.recipe.batch / config.recipe.accumulate < 2) {
    fail_caller(file.path().string(), "a batch of 1 has nothing to tell apart; batch must be 2 or more");
  }
  const std::vector<std::string> files = data.texts("files");
  if (files.empty()) data.fail("files", "names no file");
  const std::string kind = data.text("form");
  PairTable table;
  if (kind == "text") {
    for (const std::string& name : files) {
      const TextLines lines = read_texts(place_of(name));
      add_input(lines.file);
      for (const std::string_view line : lines.lines) table.add({std::string(line), std::string(line), ""});
    }
  } else if (kind == "nli" || kind == "triplets") {
    for (const std::string& name : files) {
      add_input(kind == "nli" ? read_nli_triplets(place_of(name), table) : read_triplets(place_of(name), table));
    }
  } else {
    data.fail("form", fmt::format("\"{}\" is no form; accepted: text, nli, triplets", kind));
  }
  if (table.rows.size() < 2)
    fail_world(place_of(files[0]).string(), "holds fewer than 2 examples: nothing to tell apart");
  table.draw(data.integer_in("most", 0, 1 << 30), seed);
  const bool negatives = loss.boolean("hard_negatives") && !table.rows[0].third.empty();
  const std::vector<std::string_view> texts = table.different_texts(negatives);
  if (texts.size() < 2) fail_world(place_of(files[0]).string(), "holds the same text again and again");
  texts_ = std::make_unique<TokenTexts>(tokenizer(), texts, max_length());
  if (view_ == View::substitution) substituted_ = substituted_texts(start(), tokenizer(), *texts_, strength_, seed);
  anchors_ = table.first;
  positives_ = table.second;
  if (negatives) negatives_ = table.third;
}

Variable SimCse::represent(std::span<const std::int64_t> texts, const train::Share& share, std::uint32_t variant,
                           nn::Pass& pass) {
  pass.variant = view_ == View::same_mask ? 0 : variant;
  place(share, pass);
  if (view_ == View::crop || view_ == View::deletion) {
    pass.first_row = share.first * sentences().bert().config().positions;
    return sentences().represent(changed_texts(*texts_, texts, view_, strength_, seed_, share.epoch, variant), pass);
  }
  if (view_ == View::substitution && variant == 1) {
    std::vector<std::int32_t> ids, offsets{0};
    for (const std::int64_t text : texts) {
      const auto& tokens = substituted_[static_cast<std::size_t>(text)];
      ids.insert(ids.end(), tokens.begin(), tokens.end());
      offsets.push_back(static_cast<std::int32_t>(ids.size()));
    }
    pass.first_row = share.first * sentences().bert().config().positions;
    return sentences().represent(packed_of(ids, offsets), pass);
  }
  return sentences().represent(*texts_, texts, pass);
}

Variable SimCse::loss(const train::Share& share, nn::Pass& pass) {
  const auto of = [&](const std::vector<std::int64_t>& texts) {
    std::vector<std::int64_t> mine;
    for (const std::int64_t example : share.examples) mine.push_back(texts[static_cast<std::size_t>(example)]);
    return mine;
  };
  ContrastViews views;
  views.first = share.first;
  views.a = represent(of(anchors_), share, 0, pass);
  views.b = represent(of(positives_), share, 1, pass);
  views.all_b = engine::gather_shards(views.b, pass.meeting, pass.shard);
  if (form_ == ContrastForm::both) views.all_a = engine::gather_shards(views.a, pass.meeting, pass.shard);
  if (!negatives_.empty()) {
    views.negatives = engine::gather_shards(represent(of(negatives_), share, 2, pass), pass.meeting, pass.shard);
  }
  return contrast_loss(views, form_, temperature_);
}

}  // namespace tamis::embedding
