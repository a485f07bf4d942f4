#include "tamis/recommend/candidate.h"

#include "tamis/base/error.h"
#include "tamis/recommend/blend.h"
#include "tamis/recommend/content.h"
#include "tamis/recommend/item_knn.h"
#include "tamis/recommend/popularity.h"
#include "tamis/recommend/random.h"

namespace tamis::recommend {

Fitter::Fitter(const data::EventLog& log, const data::Items& items, data::Time until,
               std::shared_ptr<const TextMatrix> texts)
    : log_(log), items_(items), until_(until), texts_(std::move(texts)) {}

data::Fitted Fitter::fit(const Spec& spec) {
  for (const auto& [known, fitted] : done_) {
    if (known == spec) return fitted;
  }
  std::shared_ptr<data::Ranker> ranker;
  switch (spec.family) {
    case Spec::Family::random:
      ranker = std::make_shared<Random>(spec.seed);
      break;
    case Spec::Family::popularity:
      ranker = std::make_shared<Popularity>(spec.half_life);
      break;
    case Spec::Family::item_knn:
      ranker = std::make_shared<ItemKnn>(spec.neighbours, spec.shrinkage, spec.profile, spec.half_life);
      break;
    case Spec::Family::content:
      if (!texts_) texts_ = std::make_shared<TextMatrix>(items_);
      ranker = std::make_shared<Content>(spec.profile, spec.half_life, texts_);
      break;
    case Spec::Family::blend: {
      std::vector<std::pair<double, data::Fitted>> parts;
      for (const auto& [weight, part] : spec.parts) {
        if (part.family == Spec::Family::blend) fail_caller("blend", "a part of a blend cannot be a blend");
        parts.emplace_back(weight, fit(part));
      }
      ranker = std::make_shared<Blend>(std::move(parts));
      break;
    }
  }
  ranker->fit(log_, items_, until_);
  done_.emplace_back(spec, ranker);
  return ranker;
}

}  // namespace tamis::recommend
