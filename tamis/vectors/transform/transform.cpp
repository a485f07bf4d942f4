#include "tamis/vectors/transform/transform.h"

#include <fmt/format.h>

#include <memory>

#include "tamis/base/error.h"
#include "tamis/engine/train/checkpoint.h"
#include "tamis/vectors/transform/flow.h"
#include "tamis/vectors/transform/whitening.h"

namespace tamis::transform {

Transform read_transform(const std::filesystem::path& path) {
  const auto texts = train::read_checkpoint(path).texts;
  const auto kind = texts.find("kind");
  if (kind != texts.end() && kind->second == "whitening") {
    const auto whitening = std::make_shared<const Whitening>(read_whitening(path));
    return {"whitening", whitening->model, whitening->inputs, whitening->outputs,
            [whitening](std::span<const float> rows, std::span<float> out) { whitening->apply(rows, out); }};
  }
  if (kind != texts.end() && kind->second == "flow") {
    const auto flow = std::make_shared<const FittedFlow>(read_flow(path));
    return {"flow", flow->model, flow->flow->dimensions(), flow->flow->dimensions(),
            [flow](std::span<const float> rows, std::span<float> out) { flow->flow->apply(rows, out); }};
  }
  fail_world(path.string(), "is no transform; tamis whiten and tamis flow make them");
}

}  // namespace tamis::transform
