#include "tamis/language/encoder/bert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/engine/tensor/matmul.h"
#include "tamis/language/encoder/fused_bert.h"

namespace tamis::encoder {
namespace {

using engine::DType;
using engine::Tensor;
using engine::WeightPrecision;
using Json = nlohmann::json;

const std::string kFolder = TAMIS_SOURCE_DIR "/tests/golden/bert/";

struct Model {
  explicit Model(const std::string& name)
      : folder(read_model_folder(kFolder + name)),
        weights(bert_weights(WeightFile::open(folder.folder), folder.bert)) {}
  ModelFolder folder;
  BertWeights weights;
};

/// All sequences of the golden rows end to end.
struct Packed {
  std::vector<std::int32_t> ids, offsets{0};
  explicit Packed(const Json& rows) {
    for (const Json& row : rows) add(row["ids"].get<std::vector<std::int32_t>>());
  }
  void add(const std::vector<std::int32_t>& more) {
    ids.insert(ids.end(), more.begin(), more.end());
    offsets.push_back(static_cast<std::int32_t>(ids.size()));
  }
  PackedTokens tokens() const { return {ids, offsets}; }
};

nn::Pass pass_of(const Packed& packed) {
  nn::Pass pass;
  pass.offsets = Tensor::from(packed.offsets, {static_cast<std::int64_t>(packed.offsets.size())});
  return pass;
}

std::vector<nn::Variable> run(Bert& bert, const Packed& packed) {
  nn::Pass pass = pass_of(packed);
  const auto T = static_cast<std::int64_t>(packed.ids.size());
  return bert.forward(Tensor::from(packed.ids, {T}), Tensor::zeros({T}, DType::i32), pass);
}

/// Largest difference of a layer's output from the golden rows.
template <typename T>
double worst(std::span<const T> hidden, const Json& rows, std::size_t layer) {
  double most = 0;
  std::size_t i = 0;
  for (const Json& row : rows) {
    for (const Json& value : row["hidden"][layer]) {
      most = std::max(most, std::fabs(static_cast<double>(hidden[i++]) - value.get<double>()));
    }
  }
  EXPECT_EQ(i, hidden.size());
  return most;
}

Json golden() {
  return Json::parse(read_file(kFolder + "hidden.json"));
}

TEST(Bert, EveryLayerIsTheReferences) {
  const Json all = golden();
  for (const char* name : {"bert", "distilbert"}) {
    const Model model(name);
    const Packed packed(all[name]);
    for (const DType dtype : {DType::f64, DType::f32}) {
      Bert bert(model.folder.bert, 0, name == std::string("bert"));
      bert.load(model.weights);
      bert.to(dtype);
      const auto hidden = run(bert, packed);
      ASSERT_EQ(hidden.size(), 3U);
      for (std::size_t layer = 0; layer < hidden.size(); ++layer) {
        if (dtype == DType::f64) {
          EXPECT_LT(worst(hidden[layer].value().span<double>(), all[name], layer), 1e-10) << name << ' ' << layer;
        } else {
          EXPECT_LT(worst(hidden[layer].value().span<float>(), all[name], layer), 1e-5) << name << ' ' << layer;
        }
      }
    }
  }
}

TEST(Bert, ThePoolerIsTheReferences) {
  const Json all = golden();
  const Model model("bert");
  Bert bert(model.folder.bert, 0, true);
  bert.load(model.weights);
  bert.to(DType::f64);
  const Packed packed(all["bert"]);
  nn::Pass pass = pass_of(packed);
  const Tensor pooled = bert.pool(run(bert, packed).back(), pass).value();
  for (std::size_t b = 0; b < 3; ++b) {
    for (std::size_t c = 0; c < 16; ++c) {
      EXPECT_NEAR(pooled.span<double>()[b * 16 + c], all["bert"][b]["pooler"][c].get<double>(), 1e-10);
    }
  }
}

// The same network in other dtypes, under other names, in several files, with the other GELU.
TEST(Bert, FormsOfAModel) {
  const Json all = golden();
  for (const char* name : {"bert_f16", "bert_bf16", "bert_named", "bert_sharded", "bert_tanh"}) {
    const bool tanh = std::string("bert_tanh") == name;
    Model model(tanh ? "bert" : name);
    if (tanh) model.folder.bert.gelu = engine::Gelu::tanh_form;
    const Json& rows = all.contains(name) ? all[name] : all["bert"];
    const Packed packed(rows);
    FusedBert fused(model.folder.bert, model.weights, WeightPrecision::f32);
    fused.run(packed.tokens(), 2, 1, [&](std::int64_t layer, std::span<const float> hidden) {
      EXPECT_LT(worst(hidden, rows, static_cast<std::size_t>(layer)), 1e-5) << name << ' ' << layer;
    });
  }
}

TEST(Bert, RefusesWhatItCannotHold) {
  const Model model("bert");
  Bert bert(model.folder.bert, 0, false);
  bert.load(model.weights);
  Packed long_one{Json::array()};
  long_one.add(std::vector<std::int32_t>(21, 5));
  EXPECT_THROW(run(bert, long_one), std::invalid_argument);
  Packed outside{Json::array()};
  outside.add({2, 40, 3});
  EXPECT_THROW(run(bert, outside), std::invalid_argument);
  nn::Pass none;
  EXPECT_THROW(bert.forward(Tensor::zeros({1}, DType::i32), Tensor::zeros({1}, DType::i32), none),
               std::invalid_argument);
  BertConfig wider = model.folder.bert;
  wider.width = 32;
  Bert other(wider, 0, false);
  EXPECT_THROW(other.load(model.weights), std::invalid_argument);
}

/// The last layer's rows, sequence by sequence.
std::vector<std::vector<float>> last_of(const FusedBert& fused, const Packed& packed, int threads) {
  std::vector<std::vector<float>> rows;
  fused.run(packed.tokens(), 2, threads, [&](std::int64_t layer, std::span<const float> hidden) {
    if (layer != 2) return;
    for (std::size_t b = 0; b + 1 < packed.offsets.size(); ++b) {
      const auto at = hidden.begin() + packed.offsets[b] * 16;
      rows.emplace_back(at, hidden.begin() + packed.offsets[b + 1] * 16);
    }
  });
  return rows;
}

TEST(FusedBert, AgreesWithTheModule) {
  const Model model("bert");
  Bert bert(model.folder.bert, 0, false);
  bert.load(model.weights);
  const Packed packed(golden()["bert"]);
  const auto hidden = run(bert, packed);
  FusedBert fused(model.folder.bert, model.weights, WeightPrecision::f32);
  fused.run(packed.tokens(), 2, 1, [&](std::int64_t layer, std::span<const float> rows) {
    const auto expected = hidden[static_cast<std::size_t>(layer)].value().span<float>();
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_NEAR(rows[i], expected[i], 1e-5) << layer;
  });
}

TEST(FusedBert, TheSameBitsInAnyCompanyAndOnAnyThreads) {
  const Model model("bert");
  for (const auto precision : {WeightPrecision::f32, WeightPrecision::int8, WeightPrecision::bf16}) {
    if (precision == WeightPrecision::bf16 && !engine::has_bf16()) continue;
    const FusedBert fused(model.folder.bert, model.weights, precision);
    Packed crowd{Json::array()};
    for (std::int32_t i = 0; i < 60; ++i) {
      std::vector<std::int32_t> ids{2};
      for (std::int32_t j = 0; j < i % 17; ++j) ids.push_back(4 + (i * 7 + j * 3) % 36);
      ids.push_back(3);
      crowd.add(ids);
    }
    const auto together = last_of(fused, crowd, 1);
    for (std::size_t b = 0; b < together.size(); b += 7) {
      Packed alone{Json::array()};
      alone.add({crowd.ids.begin() + crowd.offsets[b], crowd.ids.begin() + crowd.offsets[b + 1]});
      for (const int count : {1, 2, 3}) {
        const int before = threads();
        set_threads(count);
        const auto one = last_of(fused, alone, count);
        set_threads(before);
        ASSERT_EQ(one[0].size(), together[b].size());
        EXPECT_EQ(std::memcmp(one[0].data(), together[b].data(), one[0].size() * sizeof(float)), 0)
            << name(precision) << ' ' << b << ' ' << count;
      }
    }
  }
}

TEST(FusedBert, NarrowPrecisionsStayClose) {
  const Model model("bert");
  const Packed packed(golden()["bert"]);
  const auto exact = last_of(FusedBert(model.folder.bert, model.weights, WeightPrecision::f32), packed, 1);
  for (const auto precision : {WeightPrecision::int8, WeightPrecision::bf16}) {
    if (precision == WeightPrecision::bf16 && !engine::has_bf16()) continue;
    const auto narrow = last_of(FusedBert(model.folder.bert, model.weights, precision), packed, 1);
    for (std::size_t b = 0; b < exact.size(); ++b) {
      double dot = 0, left = 0, right = 0;
      for (std::size_t i = 0; i < exact[b].size(); ++i) {
        dot += double{exact[b][i]} * narrow[b][i];
        left += double{exact[b][i]} * exact[b][i];
        right += double{narrow[b][i]} * narrow[b][i];
      }
      EXPECT_GT(dot / std::sqrt(left * right), 0.999) << name(precision);
      EXPECT_NE(exact[b], narrow[b]);  // it is another computation
    }
  }
}

}  // namespace
}  // namespace tamis::encoder
