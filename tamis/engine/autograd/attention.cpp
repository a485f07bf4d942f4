#include "tamis/engine/tensor/attention.h"

#include "tamis/engine/autograd/saved.h"

namespace tamis::engine {

Variable attention(const Variable& qkv, const Tensor& offsets, std::int64_t heads, const Dropout& dropout) {
  const Attended attended = attention(qkv.value(), offsets, heads, dropout);
  return record("attention", attended.y, {qkv},
                [qkv_value = qkv.value(), offsets, heads, probabilities = attended.probabilities, dropout](
                    const Tensor& g, Sink& sink) {
                  sink.add(0, attention_backward(g, qkv_value, offsets, heads, probabilities, dropout));
                });
}

}  // namespace tamis::engine
