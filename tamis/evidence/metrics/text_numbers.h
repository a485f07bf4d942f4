#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace tamis::metrics {

/// 32 bits of a text; equal texts have equal bits on one machine.
inline std::uint32_t hash_of(std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  constexpr std::size_t kWord = sizeof(std::uint64_t), kHalf = sizeof(std::uint32_t);
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t hash = text.size() * kOdd;
  std::uint64_t word = 0;
  if (text.size() >= kWord) {
    for (; static_cast<std::size_t>(end - at) > kWord; at += kWord) {
      std::memcpy(&word, at, kWord);
      hash = (hash ^ word) * kOdd;
      hash ^= hash >> 29;
    }
    std::memcpy(&word, end - kWord, kWord);  // may overlap the one before
  } else if (text.size() >= kHalf) {
    std::uint32_t first = 0, last = 0;
    std::memcpy(&first, at, kHalf);
    std::memcpy(&last, end - kHalf, kHalf);
    word = std::uint64_t{first} << 32 | last;
  } else {
    for (; at != end; ++at) word = word << 8 | static_cast<unsigned char>(*at);
  }
  hash = (hash ^ word) * kOdd;
  hash ^= hash >> 32;
  return static_cast<std::uint32_t>((hash * kOdd) >> 32);
}

/// Numbers texts 0, 1, 2 ... in the order in which they first come. The texts are not copied: they must live as long.
class TextNumbers {
 public:
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  TextNumbers() : slots_(kFewestSlots) {}

  /// Forgets all texts.
  void clear() {
    // A long list must not make the next ones clear its room.
    if (slots_.size() > kFewestSlots && 16 * size() < slots_.size()) slots_.resize(kFewestSlots);
    slots_.assign(slots_.size(), 0);
    texts_.clear();
    hashes_.clear();
  }

  /// True if the text is new: its number is then size() - 1. hash: hash_of(text).
  bool add(std::string_view text, std::uint32_t hash) {
    if (kRoom * size() >= slots_.size()) grow();
    const std::size_t slot = slot_of(text, hash);
    if (slots_[slot] != 0) return false;
    texts_.push_back(text);
    hashes_.push_back(hash);
    slots_[slot] = static_cast<std::uint32_t>(texts_.size());
    return true;
  }

  /// The number of a text, or kNone.
  std::uint32_t find(std::string_view text, std::uint32_t hash) const { return slots_[slot_of(text, hash)] - 1; }

  std::size_t size() const { return texts_.size(); }
  std::string_view operator[](std::size_t number) const { return texts_[number]; }

 private:
  static constexpr std::size_t kFewestSlots = 512;
  static constexpr std::size_t kRoom = 4;  // slots a text, at least

  // Where the text is, or the empty slot where it would be.
  std::size_t slot_of(std::string_view text, std::uint32_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
      if (slots_[slot] == 0) return slot;
      const std::uint32_t number = slots_[slot] - 1;
      if (hashes_[number] == hash && texts_[number] == text) return slot;
    }
  }
  void grow() {
    slots_.assign(2 * slots_.size(), 0);
    const std::size_t mask = slots_.size() - 1;
    for (std::uint32_t number = 0; number < size(); ++number) {
      std::size_t slot = hashes_[number] & mask;
      while (slots_[slot] != 0) slot = (slot + 1) & mask;
      slots_[slot] = number + 1;
    }
  }

  std::vector<std::uint32_t> slots_;  ///< number + 1, by hash; 0: empty; a power of two of them
  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> hashes_;
};

}  // namespace tamis::metrics
