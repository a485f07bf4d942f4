#include <algorithm>
#include <cmath>
#include <map>

#include "tamis/base/parallel.h"
#include "tamis/evidence/simulate/world.h"
#include "tamis/recommend/candidate.h"

namespace tamis::sift {
namespace {

using Family = recommend::Spec::Family;
constexpr int kSeeds = 3;
constexpr data::Index kUsers = 200;
constexpr std::size_t kLength = 10;

recommend::Spec spec_of(Family family) {
  recommend::Spec spec;
  spec.family = family;
  if (family == Family::popularity) spec.half_life = 3 * data::kDay;
  if (family == Family::item_knn) spec.neighbours = 200;
  if (family == Family::item_knn) spec.shrinkage = 50;
  return spec;
}

/// The mean true click probability of a ranker's ten best over users with a history.
double true_value(const simulate::World& world, const data::Ranker& ranker, std::size_t items) {
  std::vector<data::Index> known;
  for (data::Index u = 0; u < world.users() && known.size() < kUsers; ++u) {
    if (world.history(u).size() >= 3) known.push_back(u);
  }
  std::vector<double> value(known.size());
  parallel_for(known.size(), [&](std::size_t n) {
    std::vector<bool> clicked(items);
    for (const auto& click : world.history(known[n])) clicked[click.item] = true;
    std::vector<data::Index> candidates;
    for (data::Index i = 0; i < items; ++i) {
      if (!clicked[i]) candidates.push_back(i);
    }
    data::Request request;
    request.user = known[n];
    request.time = world.launch();
    request.id = n;
    request.history = world.history(known[n]);
    request.candidates = candidates;
    for (const data::Index item : data::rank(ranker, request, kLength)) {
      value[n] += world.click_probability(known[n], item, world.launch_day()) / kLength;
    }
  });
  double sum = 0;
  for (const double v : value) sum += v;
  return sum / static_cast<double>(value.size());
}

/// True values by name, the mean over worlds.
const std::map<std::string, double>& values() {
  static const std::map<std::string, double> means = [] {
    std::map<std::string, double> sums;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      simulate::WorldSpec spec;
      spec.seed = seed;
      spec.items = 400;
      spec.users = 3000;
      spec.days = 10;
      simulate::World world(spec);
      Progress silent;
      const data::Dataset data = world.make_log(silent);
      recommend::Fitter fitter(data.log, data.items, world.launch());
      recommend::Spec blend;
      blend.family = Family::blend;
      const std::pair<const char*, Family> singles[] = {
          {"popularity", Family::popularity}, {"item_knn", Family::item_knn}, {"content", Family::content}};
      for (const auto& [name, family] : singles) {
        blend.parts.emplace_back(1.0, spec_of(family));
        sums[name] += true_value(world, *fitter.fit(spec_of(family)), data.items.size()) / kSeeds;
      }
      sums["blend"] += true_value(world, *fitter.fit(blend), data.items.size()) / kSeeds;
      recommend::Spec random = spec_of(Family::random);
      random.seed = seed;
      sums["random"] += true_value(world, *fitter.fit(random), data.items.size()) / kSeeds;
    }
    return sums;
  }();
  return means;
}

TEST(Families, EachCarriesAPartOfTheTruth) {
  for (const char* family : {"popularity", "item_knn", "content"}) {
    EXPECT_GT(values().at(family), 1.25 * values().at("random"))
        << family << " " << values().at(family) << ", random " << values().at("random");
  }
}

TEST(Families, ABlendBeatsEach) {
  for (const char* family : {"popularity", "item_knn", "content"}) {
    EXPECT_GT(values().at("blend"), values().at(family))
        << family << " " << values().at(family) << ", blend " << values().at("blend");
  }
}

}  // namespace
}  // namespace tamis::sift
