#pragma once

#include <cstdint>

namespace tamis {

/// Bytes of memory this process holds now; 0 where the system does not tell.
std::uint64_t resident_bytes();

/// The most bytes of memory this process has held so far; 0 where the system does not tell.
std::uint64_t peak_resident_bytes();

}  // namespace tamis
