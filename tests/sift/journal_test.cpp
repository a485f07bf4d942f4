#include "tamis/sift/journal.h"

#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis::sift {
namespace {

const std::string kHeading = R"({"data":"00ff","plan":"aa","seed":7,"version":"1.0"})";

class JournalTest : public testing::Test {
 protected:
  Journal open(bool resume, const std::string& heading = kHeading) { return Journal(path_, heading, resume); }

  /// Asks for a piece whose work gives `made`; counts how often the work was done.
  std::string ask(Journal& journal, const std::string& piece, const std::string& made) {
    return journal.once(piece, [&] {
      ++works_;
      return made;
    });
  }

  /// A journal with the pieces 0 .. n - 1.
  void fill(int n) {
    Journal journal = open(false);
    for (int i = 0; i < n; ++i) ask(journal, "piece" + std::to_string(i), "[" + std::to_string(i) + "]");
    works_ = 0;
  }

  std::vector<std::size_t> line_starts() const {
    const std::string bytes = read_file(path_);
    std::vector<std::size_t> starts = {0};
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
      if (bytes[i] == '\n') starts.push_back(i + 1);
    }
    return starts;
  }

  test::Scratch scratch_;
  std::filesystem::path path_ = scratch_ / "journal.jsonl";
  int works_ = 0;
};

TEST_F(JournalTest, APieceIsDoneOnce) {
  Journal journal = open(false);
  EXPECT_EQ(ask(journal, "a", "{\"x\":1}"), "{\"x\":1}");
  EXPECT_EQ(ask(journal, "a", "another"), "{\"x\":1}");
  EXPECT_EQ(works_, 1);
  EXPECT_EQ(journal.found(), 0U);
}

TEST_F(JournalTest, APieceIsOnTheDiskWhenOnceReturns) {
  Journal journal = open(false);
  ask(journal, "a", "{\"x\":1}");
  EXPECT_NE(read_file(path_).find("a\t{\"x\":1}\n"), std::string::npos);
}

TEST_F(JournalTest, ResumeFindsWhatWasDone) {
  fill(3);
  Journal journal = open(true);
  EXPECT_EQ(journal.found(), 3U);
  EXPECT_EQ(ask(journal, "piece2", "wrong"), "[2]");
  EXPECT_EQ(works_, 0);
  EXPECT_EQ(ask(journal, "piece3", "[3]"), "[3]");
  EXPECT_EQ(works_, 1);
}

TEST_F(JournalTest, WhatIsAddedAfterResumeIsFoundToo) {
  fill(2);
  {
    Journal journal = open(true);
    ask(journal, "late", "[9]");
  }
  Journal journal = open(true);
  EXPECT_EQ(journal.found(), 3U);
  EXPECT_EQ(ask(journal, "late", "wrong"), "[9]");
}

TEST_F(JournalTest, ManyPiecesAndOddNames) {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("replay/käse " + std::to_string(i) + " \"x\" \\");
  {
    Journal journal = open(false);
    for (const auto& name : names) ask(journal, name, "{\"text\":\"a\\tb\\n\",\"of\":\"" + name.substr(0, 6) + "\"}");
  }
  works_ = 0;
  Journal journal = open(true);
  EXPECT_EQ(journal.found(), names.size());
  for (const auto& name : names) {
    EXPECT_EQ(ask(journal, name, ""), "{\"text\":\"a\\tb\\n\",\"of\":\"" + name.substr(0, 6) + "\"}");
  }
  EXPECT_EQ(works_, 0);
}

TEST_F(JournalTest, CutAtAnyByteOfTheLastLineOnlyThatPieceIsDoneAgain) {
  fill(3);
  const std::string whole = read_file(path_);
  const std::size_t last = line_starts().back();
  for (std::size_t cut = last; cut < whole.size(); ++cut) {
    test::put(path_, whole.substr(0, cut));
    works_ = 0;
    {
      Journal journal = open(true);
      EXPECT_EQ(journal.found(), 2U) << cut;
      for (int i = 0; i < 3; ++i) ask(journal, "piece" + std::to_string(i), "[" + std::to_string(i) + "]");
    }
    EXPECT_EQ(works_, 1) << cut;
    EXPECT_EQ(read_file(path_), whole) << cut;
  }
}

TEST_F(JournalTest, CutInTheHeadingBeginsAfresh) {
  fill(1);
  const std::string whole = read_file(path_);
  for (const std::size_t cut : {std::size_t{0}, std::size_t{5}, line_starts()[1] - 1}) {
    test::put(path_, whole.substr(0, cut));
    Journal journal = open(true);
    EXPECT_EQ(journal.found(), 0U);
    EXPECT_EQ(read_file(path_), whole.substr(0, whole.find('\n') + 1));
  }
}

TEST_F(JournalTest, ADamagedLastLineIsDoneAgain) {
  fill(3);
  std::string bytes = read_file(path_);
  bytes[bytes.size() - 3] ^= 1;
  test::put(path_, bytes);
  Journal journal = open(true);
  EXPECT_EQ(journal.found(), 2U);
}

TEST_F(JournalTest, ADamagedMiddleLineIsRefusedWithItsPlace) {
  fill(3);
  const std::string whole = read_file(path_);
  const std::size_t start = line_starts()[2];
  for (const std::size_t at : {start, start + 16, start + 18, line_starts()[3] - 2}) {
    std::string bytes = whole;
    bytes[at] ^= 4;
    test::put(path_, bytes);
    const auto message = test::message_of<std::runtime_error>([&] { open(true); });
    EXPECT_EQ(message.find("[" + path_.string() + " line 3]"), 0U) << message;
    EXPECT_NE(message.find("without --resume"), std::string::npos) << message;
    EXPECT_EQ(read_file(path_), bytes) << "a refused journal must stay as it is";
  }
}

TEST_F(JournalTest, AnEmptyLineInTheMiddleIsDamage) {
  fill(2);
  std::string bytes = read_file(path_);
  bytes.insert(line_starts()[1], "\n");
  test::put(path_, bytes);
  EXPECT_THROW(open(true), std::runtime_error);
}

TEST_F(JournalTest, AnotherHeadingIsRefusedNamingThePart) {
  fill(2);
  const std::string whole = read_file(path_);
  const std::pair<const char*, const char*> other[] = {
      {"data", R"({"data":"00fe","plan":"aa","seed":7,"version":"1.0"})"},
      {"plan", R"({"data":"00ff","plan":"ab","seed":7,"version":"1.0"})"},
      {"seed", R"({"data":"00ff","plan":"aa","seed":8,"version":"1.0"})"},
      {"version", R"({"data":"00ff","plan":"aa","seed":7,"version":"1.1"})"}};
  for (const auto& [part, heading] : other) {
    const auto message = test::message_of<std::invalid_argument>([&, wanted = heading] { open(true, wanted); });
    EXPECT_NE(message.find(std::string("another ") + part), std::string::npos) << message;
    EXPECT_NE(message.find(path_.string()), std::string::npos) << message;
  }
  EXPECT_EQ(read_file(path_), whole);
}

TEST_F(JournalTest, AFileThatIsNoJournalIsRefused) {
  test::put(path_, "some notes\nof mine\nand more\n");
  EXPECT_THROW(open(true), std::runtime_error);
  EXPECT_EQ(read_file(path_), "some notes\nof mine\nand more\n");
}

TEST_F(JournalTest, WithoutResumeTheOldOneIsSetAside) {
  fill(2);
  const std::string old = read_file(path_);
  Journal journal = open(false);
  EXPECT_EQ(journal.found(), 0U);
  EXPECT_EQ(read_file(scratch_ / "journal.old.jsonl"), old);
  EXPECT_EQ(ask(journal, "piece0", "[100]"), "[100]");
}

TEST_F(JournalTest, ResumeWithoutAFileBeginsOne) {
  Journal journal = open(true);
  EXPECT_EQ(journal.found(), 0U);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(JournalTest, WorkThatFailsLeavesNothing) {
  {
    Journal journal = open(false);
    EXPECT_THROW(journal.once("a", []() -> std::string { throw std::runtime_error("no"); }), std::runtime_error);
    EXPECT_EQ(ask(journal, "a", "[1]"), "[1]");
  }
  EXPECT_EQ(open(true).found(), 1U);
}

}  // namespace
}  // namespace tamis::sift
