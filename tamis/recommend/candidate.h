#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tamis/data/ranker.h"
#include "tamis/recommend/text_matrix.h"

namespace tamis::recommend {

/// Parameters of a recommender, whatever its family; each family uses its own and ignores the rest.
struct Spec {
  enum class Family { random, popularity, item_knn, content, blend };
  Family family = Family::popularity;
  std::uint64_t seed = 0;    ///< random
  data::Time half_life = 0;  ///< popularity: of a click's weight; content, item_knn: of a history row; 0: none
  int neighbours = 50;       ///< item_knn: kept per item, >= 1
  double shrinkage = 10;     ///< item_knn: >= 0
  int profile = 50;          ///< item_knn, content: latest history rows used, >= 1
  std::vector<std::pair<double, Spec>> parts;  ///< blend: weight > 0 and part (not a blend)

  /// Equal specs fitted on the same log are the same ranker: parts are fitted once and shared.
  bool operator==(const Spec&) const = default;
};

/// Fits rankers on one log up to one time, each distinct spec once; blends share their parts. Not thread-safe; fits
/// made before stay valid after this object is gone.
class Fitter {
 public:
  /// `texts`, when given, is another fitter's texts() of the same catalogue.
  Fitter(const data::EventLog& log, const data::Items& items, data::Time until,
         std::shared_ptr<const TextMatrix> texts = nullptr);
  /// Throws invalid_argument for parameters the family does not take.
  data::Fitted fit(const Spec& spec);
  /// The catalogue's words, to hand to the next fitter; nullptr while nothing has needed them.
  std::shared_ptr<const TextMatrix> texts() const { return texts_; }

 private:
  const data::EventLog& log_;
  const data::Items& items_;
  data::Time until_;
  std::shared_ptr<const TextMatrix> texts_;
  std::vector<std::pair<Spec, data::Fitted>> done_;
};

}  // namespace tamis::recommend
