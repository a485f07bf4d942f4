#include "tamis/base/memory_meter.h"

#include <fstream>
#include <string>
#include <string_view>

namespace tamis {

namespace {

/// The field of /proc/self/status, which the kernel gives in units of 1,024 bytes and calls kB.
std::uint64_t status_field(std::string_view name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::string rest;
  while (status >> word) {
    std::uint64_t kibibytes = 0;
    if (word == name && status >> kibibytes) return kibibytes * 1024;
    std::getline(status, rest);
  }
  return 0;
}

}  // namespace

std::uint64_t resident_bytes() {
  return status_field("VmRSS:");
}

std::uint64_t peak_resident_bytes() {
  return status_field("VmHWM:");
}

}  // namespace tamis
