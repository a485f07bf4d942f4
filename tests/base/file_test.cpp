#include "tamis/base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::Scratch;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Files larger than `bytes` cannot be written while it lives, as on a full disk.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(AtomicFile, PutsTheWholeFileInPlace) {
  const Scratch scratch;
  const fs::path target = scratch / "a.txt";
  write_file(target, "old");
  {
    AtomicFile file(target);
    file.write("new ");
    file.write("text");
    EXPECT_EQ(read_file(target), "old");
    file.commit();
  }
  EXPECT_EQ(read_file(target), "new text");
  EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(AtomicFile, LeavesTheOldFileWithoutCommit) {
  const Scratch scratch;
  write_file(scratch / "a", "old");
  { AtomicFile(scratch / "a").write("half"); }
  EXPECT_EQ(read_file(scratch / "a"), "old");
  EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(AtomicFile, TakesWhatALibraryWroteByPath) {
  const Scratch scratch;
  AtomicFile file(scratch / "a");
  fs::remove(file.temporary());
  std::ofstream(file.temporary()) << "by path";
  file.commit();
  EXPECT_EQ(read_file(scratch / "a"), "by path");
}

TEST(AtomicFile, TwoWritersOfOneTargetDoNotMeet) {
  const Scratch scratch;
  AtomicFile a(scratch / "a");
  AtomicFile b(scratch / "a");
  a.write("aaaa");
  b.write("b");
  a.commit();
  b.commit();
  EXPECT_EQ(read_file(scratch / "a"), "b");
}

TEST(AtomicFile, NamesTheTargetAndTheReason) {
  const Scratch scratch;
  const fs::path missing = scratch / "no/such/a.txt";
  EXPECT_EQ(message_of<std::runtime_error>([&] { AtomicFile file(missing); }),
            "[" + missing.string() + "] cannot be written: No such file or directory");
  EXPECT_EQ(message_of<std::runtime_error>([&] { AtomicFile file(scratch.path()); }),
            "[" + scratch.path().string() + "] is a folder; the path of a file is needed");
  EXPECT_EQ(message_of<std::runtime_error>([&] { write_file("/dev/null", "x"); }),
            "[/dev/null] is not a regular file; nothing is written over it");
  EXPECT_THROW(AtomicFile(""), std::invalid_argument);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFile) {
  const Scratch scratch;
  write_file(scratch / "a", "old");
  {
    const FileLimit limit(4096);
    EXPECT_EQ(message_of<std::runtime_error>([&] { write_file(scratch / "a", std::string(10000, 'x')); }),
              "[" + (scratch / "a").string() + "] cannot be written: File too large");
  }
  EXPECT_EQ(read_file(scratch / "a"), "old");
  EXPECT_EQ(entries(scratch.path()), 1U);
}

TEST(AtomicFile, ANoSpaceErrorIsTheWorlds) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  // A device cannot be a target, but a link to the temporary name can stand for a disk without room.
  const Scratch scratch;
  AtomicFile first(scratch / "a");
  std::string next = first.temporary().string();
  next.back() = static_cast<char>(next.back() + 1);
  if (next.back() > '9') GTEST_SKIP() << "the next temporary name is not known";
  fs::create_symlink("/dev/full", next);
  AtomicFile second(scratch / "a");
  EXPECT_EQ(message_of<std::runtime_error>([&] { second.write("x"); }),
            "[" + (scratch / "a").string() + "] cannot be written: No space left on device");
}

TEST(ReadFile, SaysWhatIsWrong) {
  const Scratch scratch;
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_file(scratch / "none"); }),
            "[" + (scratch / "none").string() + "] cannot be read: No such file or directory");
  EXPECT_EQ(message_of<std::runtime_error>([&] { read_file(scratch.path()); }),
            "[" + scratch.path().string() + "] cannot be read: Is a directory");
  write_file(scratch / "empty", "");
  EXPECT_EQ(read_file(scratch / "empty"), "");
  const std::string bytes = std::string("a\0b\n", 4) + std::string(200000, 'z');
  write_file(scratch / "bytes", bytes);
  EXPECT_EQ(read_file(scratch / "bytes"), bytes);
}

TEST(OutputFolder, IsMadeWithItsParents) {
  const Scratch scratch;
  make_output_folder(scratch / "a/b/c");
  EXPECT_TRUE(fs::is_directory(scratch / "a/b/c"));
  make_output_folder(scratch / "a/b/c/");
  EXPECT_EQ(entries(scratch / "a/b/c"), 0U);
}

TEST(OutputFolder, RefusesAFile) {
  const Scratch scratch;
  write_file(scratch / "f", "x");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { make_output_folder(scratch / "f"); }),
            "[" + (scratch / "f").string() + "] is a file; a folder, or a path where one can be made, is needed");
  EXPECT_EQ(message_of<std::invalid_argument>([&] { make_output_folder(scratch / "f/sub/deep"); }),
            "[" + (scratch / "f/sub/deep").string() + "] cannot be made: " + (scratch / "f").string() +
                " is a file; a folder, or a path where one can be made, is needed");
  EXPECT_THROW(make_output_folder(""), std::invalid_argument);
}

TEST(OutputFolder, RefusesWhatCannotBeWritten) {
  if (!fs::exists("/proc/self")) GTEST_SKIP() << "no /proc here";
  const std::string message = message_of<std::invalid_argument>([&] { make_output_folder("/proc/self/task"); });
  EXPECT_NE(message.find("[/proc/self/task] is not a folder that can be written: "), std::string::npos) << message;
  EXPECT_THROW(make_output_folder("/proc/self/nothing/here"), std::invalid_argument);
  if (::geteuid() == 0) return;
  const Scratch scratch;
  fs::create_directory(scratch / "locked");
  fs::permissions(scratch / "locked", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THROW(make_output_folder(scratch / "locked"), std::invalid_argument);
}

TEST(AppendFile, AddsLinesAndDropsATornOne) {
  const Scratch scratch;
  const fs::path path = scratch / "journal";
  {
    AppendFile file(path, 0);
    file.append("one");
    file.append("");
    EXPECT_EQ(read_file(path), "one\n\n");
  }
  std::ofstream(path, std::ios::app) << "tor";
  {
    AppendFile file(path, 5);
    file.append("two");
  }
  EXPECT_EQ(read_file(path), "one\n\ntwo\n");
}

TEST(AppendFile, RefusesAFileThatLostBytes) {
  const Scratch scratch;
  write_file(scratch / "j", "abc\n");
  EXPECT_EQ(
      message_of<std::runtime_error>([&] { AppendFile(scratch / "j", 9); }),
      "[" + (scratch / "j").string() + "] holds 4 bytes where 9 were to be kept; it was changed by somebody else");
  EXPECT_EQ(read_file(scratch / "j"), "abc\n");
  EXPECT_THROW(AppendFile(scratch / "none/j", 0), std::runtime_error);
  EXPECT_THROW(AppendFile(scratch.path(), 0), std::runtime_error);
}

TEST(AppendFile, AFullDiskLeavesWholeLines) {
  const Scratch scratch;
  AppendFile file(scratch / "j", 0);
  file.append("whole");
  {
    const FileLimit limit(10);
    EXPECT_EQ(message_of<std::runtime_error>([&] { file.append("does not fit any more"); }),
              "[" + (scratch / "j").string() + "] cannot be written: File too large");
    EXPECT_EQ(read_file(scratch / "j"), "whole\n");
    file.append("yes");
  }
  file.append("again");
  EXPECT_EQ(read_file(scratch / "j"), "whole\nyes\nagain\n");
}

}  // namespace
}  // namespace tamis
