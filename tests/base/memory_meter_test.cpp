#include "tamis/base/memory_meter.h"

#include <memory>

namespace tamis {
namespace {

TEST(MemoryMeter, SeesWhatIsHeldAndRemembersThePeak) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const std::uint64_t before = resident_bytes();
  ASSERT_GT(before, 0U);
  std::uint64_t held = 0;
  {
    std::vector<unsigned char> block(kBytes, 1);  // written, so that the pages are really there
    held = resident_bytes();
    EXPECT_EQ(block.back(), 1);
  }
  EXPECT_GE(held, before + kBytes * 9 / 10);
  EXPECT_GE(peak_resident_bytes(), before + kBytes * 9 / 10);
  EXPECT_GE(peak_resident_bytes(), resident_bytes());
}

}  // namespace
}  // namespace tamis
