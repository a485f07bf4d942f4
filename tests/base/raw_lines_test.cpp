#include "tamis/base/raw_lines.h"

#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;
using test::put;
using test::Scratch;

std::vector<std::string> all(const std::filesystem::path& path, std::size_t lines = 1000, std::size_t bytes = 1 << 20) {
  RawLines raw(path);
  std::vector<std::string> result;
  while (true) {
    const auto window = raw.next(lines, bytes);
    if (window.empty()) break;
    EXPECT_LE(window.size(), lines);
    result.insert(result.end(), window.begin(), window.end());
  }
  EXPECT_EQ(raw.lines(), result.size());
  return result;
}

using Lines = std::vector<std::string>;

TEST(RawLines, PassesBytesAsTheyAre) {
  const Scratch scratch;
  const std::string odd("a\0b", 3);
  put(scratch / "t", odd + "\n\n\xFF\xFE\r\n\r\n\xEF\xBB\xBFx\ny\rz\nlast");
  EXPECT_EQ(all(scratch / "t"), (Lines{odd, "", "\xFF\xFE", "", "\xEF\xBB\xBFx", "y\rz", "last"}));
  put(scratch / "mark", "\xFF\xFE\nb\n");
  EXPECT_EQ(all(scratch / "mark"), (Lines{"\xFF\xFE", "b"}));
  put(scratch / "returned", "a\r");
  EXPECT_EQ(all(scratch / "returned"), (Lines{"a"}));
}

TEST(RawLines, NothingIsNoLine) {
  const Scratch scratch;
  put(scratch / "none", "");
  EXPECT_EQ(all(scratch / "none"), Lines{});
  put(scratch / "one", "\n");
  EXPECT_EQ(all(scratch / "one"), Lines{""});
}

TEST(RawLines, GivesTheSameLinesInWindowsOfAnySize) {
  const Scratch scratch;
  Lines lines;
  std::string text;
  for (std::size_t i = 0; i < 3000; ++i) {
    lines.emplace_back(i * 7919 % 1500, static_cast<char>('a' + i % 26));
    text += lines.back() + "\n";
  }
  put(scratch / "t", text);
  for (const std::size_t most_lines : {1, 7, 5000})
    for (const std::size_t most_bytes : {1, 1000, 10'000'000})
      EXPECT_EQ(all(scratch / "t", most_lines, most_bytes), lines) << most_lines << " " << most_bytes;
}

TEST(RawLines, ReadsALineLongerThanItsBuffer) {
  const Scratch scratch;
  const std::string longest(9'000'000, 'x');
  put(scratch / "t", "a\n" + longest + "\nb\n");
  EXPECT_EQ(all(scratch / "t", 1000, 100), (Lines{"a", longest, "b"}));
}

TEST(RawLines, RefusesWhatIsNoText) {
  const Scratch scratch;
  put(scratch / "packed", "\x1F\x8B\x08 and so on");
  EXPECT_EQ(message_of<std::runtime_error>([&] { all(scratch / "packed"); }),
            test::tag(scratch / "packed") + "holds gzip, not text; name it with .gz at the end");
  put(scratch / "wide", std::string("\xFF\xFEh\0i\0", 6));
  EXPECT_EQ(message_of<std::runtime_error>([&] { all(scratch / "wide"); }),
            test::tag(scratch / "wide") + "holds UTF-16, not text; save it as UTF-8");
  put(scratch / "cut.gz", "\x1F\x8B\x08");
  EXPECT_THROW(all(scratch / "cut.gz"), std::runtime_error);
  put(scratch / "no.gz", "");
  EXPECT_THROW(all(scratch / "no.gz"), std::runtime_error);
  EXPECT_THROW(all(scratch / "missing"), std::runtime_error);
  EXPECT_THROW(all(scratch.path()), std::runtime_error);
}

}  // namespace
}  // namespace tamis
