// Faults planted on purpose: under a sanitizer each must be seen, or its silence elsewhere would mean nothing.
#include <climits>
#include <cstdio>
#include <string>
#include <vector>

#include "tamis/base/parallel.h"

namespace {

/// Threads add to one number with nothing between them.
int race() {
  int sum = 0;
  tamis::set_threads(4);
  tamis::parallel_for(10000, [&](std::size_t) { ++sum; });
  return sum;
}

int overflow_of_a_block(int argc) {
  std::vector<int> block(static_cast<std::size_t>(argc), 1);
  return block.data()[argc];
}

int overflow_of_an_integer(int argc) {
  return INT_MAX - 1 + argc;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string which = argc > 1 ? argv[1] : "";
  const int result = which == "race"    ? race()
                     : which == "block" ? overflow_of_a_block(argc)
                                        : overflow_of_an_integer(argc);
  std::printf("nothing was seen: %d\n", result);
  return 0;
}
