#include "tamis/base/quarantine.h"

#include <algorithm>
#include <stdexcept>

#include "tamis/base/file.h"
#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;
using test::Scratch;

TEST(Quarantine, WritesEscapedRows) {
  const Scratch scratch;
  Quarantine q;
  q.write(scratch / "q.tsv");
  EXPECT_FALSE(std::filesystem::exists(scratch / "q.tsv"));
  EXPECT_EQ(q.first(), "");
  q.add("a.csv", 3, "too few", "x\ty\nz\r\\ \x01\xE9 \xC3\xA9");
  q.add("b.csv", 12, "bad", "");
  q.write(scratch / "q.tsv");
  EXPECT_EQ(read_file(scratch / "q.tsv"),
            "file\tline\treason\ttext\n"
            "a.csv\t3\ttoo few\tx\\ty\\nz\\r\\\\ \\x01\\xE9 \xC3\xA9\n"
            "b.csv\t12\tbad\t\n");
  EXPECT_EQ(q.first(), "a.csv line 3: too few");
}

TEST(Quarantine, CountsAllAndKeepsTheFirst) {
  const Scratch scratch;
  Quarantine q;
  // The cut at 1,000 bytes would fall inside the two bytes of an e with acute accent.
  for (std::uint64_t i = 1; i <= 10'003; ++i) q.add("a.csv", i, "bad", std::string(999, 'x') + "\xC3\xA9 and more");
  EXPECT_EQ(q.count(), 10'003U);
  q.write(scratch / "q.tsv");
  const std::string text = read_file(scratch / "q.tsv");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10'002);
  EXPECT_NE(text.find("a.csv\t10000\tbad\t" + std::string(999, 'x') + "…\n"), std::string::npos);
  EXPECT_NE(text.find("\n\t0\t3 more rows were counted and not kept\t\n"), std::string::npos);
}

TEST(Quarantine, ChecksTheShare) {
  Quarantine q;
  q.check(0, 0);
  q.add("a.csv", 7, "has 1 fields where 2 are needed", "x");
  q.check(1000, 0.001);
  EXPECT_EQ(message_of<std::runtime_error>([&] { q.check(999, 0.001); }),
            "[a.csv line 7] has 1 fields where 2 are needed; 1 of 999 rows could not be read, more than the share of "
            "0.001 that is let pass");
  EXPECT_THROW(q.check(10, 0), std::runtime_error);
}

}  // namespace
}  // namespace tamis
