#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace tamis::engine {

/// Things that are dear to make, kept by a key of numbers for all threads. (Not thread-local: teams of threads come and
/// go.) Keys are spread over shards with a mutex each, so that threads rarely wait for each other.
template <typename Value, std::size_t KeySize>
class ShardedCache {
 public:
  using Key = std::array<std::int64_t, KeySize>;

  /// The value of the key; the first to ask makes it, while others who ask for it wait.
  template <typename Make>
  std::shared_ptr<const Value> get(const Key& key, const Make& make) {
    std::uint64_t hash = 0;
    for (const std::int64_t number : key) hash = (hash + static_cast<std::uint64_t>(number)) * 0x9e3779b97f4a7c15ULL;
    Shard& shard = shards_[hash >> 60];
    const std::lock_guard lock(shard.guard);
    const auto found = shard.values.find(key);
    if (found != shard.values.end()) return found->second;
    // Packed batches bring ever new sizes: a full shard starts afresh. Values in use live on with their users.
    if (shard.values.size() >= kMost) shard.values.clear();
    return shard.values.emplace(key, std::make_shared<const Value>(make())).first->second;
  }

 private:
  static constexpr std::size_t kMost = 64;
  struct alignas(64) Shard {
    std::mutex guard;
    std::map<Key, std::shared_ptr<const Value>> values;
  };
  std::array<Shard, 16> shards_;
};

}  // namespace tamis::engine
