#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tamis/engine/tensor/tensor.h"

namespace tamis::engine {

/// Where the shards of a batch meet in the middle of their networks. Made by run_shards.
class Meeting {
 public:
  ~Meeting();
  int shards() const;
  /// Every shard calls this the same number of times in the same order; each waits until all have come and receives
  /// what all gave, in shard order. Throws runtime_error in the others if one shard's body has thrown.
  std::vector<std::vector<Tensor>> meet(int shard, std::vector<Tensor> mine);

 private:
  friend void run_shards(int, bool, const std::function<void(int, Meeting*)>&);
  struct Inside;
  explicit Meeting(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

/// Calls body(shard, meeting) for shards 0 .. shards - 1, at most threads() (tamis/base/parallel.h) at a time. Each
/// shard goes through the network on one thread; what a shard computes cannot depend on how many run at once. With
/// `meets` every shard has a thread of its own, which waits in meetings while others work; else `meeting` is nullptr.
/// The exception of the lowest shard that threw on its own account reaches the caller.
void run_shards(int shards, bool meets, const std::function<void(int shard, Meeting* meeting)>& body);

}  // namespace tamis::engine
