#include "tamis/base/object_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "tests/base/scratch.h"

namespace tamis {
namespace {

using test::message_of;
using test::put;
using test::Scratch;
using test::tag;

std::vector<std::string> paths(const std::vector<StoredFile>& files) {
  std::vector<std::string> names;
  for (const StoredFile& file : files) names.push_back(file.path);
  return names;
}

TEST(ObjectStore, KeepsWholeFilesUnderARoot) {
  const Scratch scratch;
  const auto store = open_store((scratch / "root").string(), true);
  EXPECT_TRUE(store->list("").empty());
  store->write("b/two/x", "12345");
  store->write("a/one", "");
  store->write("b/two/x", "1234");
  EXPECT_EQ(store->read("b/two/x"), "1234");
  EXPECT_EQ(paths(store->list("")), (std::vector<std::string>{"a/one", "b/two/x"}));
  EXPECT_EQ(store->list("b")[0].bytes, 4U);
  EXPECT_TRUE(store->list("c").empty());
  EXPECT_EQ(store->folders(""), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(store->holds("a/one"));
  EXPECT_FALSE(store->holds("a/two"));
  store->remove("a/one");
  store->remove("a/one");
  EXPECT_FALSE(store->holds("a/one"));
  EXPECT_EQ(store->where("a/one"), (scratch / "root/a/one").string());
  EXPECT_EQ(message_of<std::runtime_error>([&] { static_cast<void>(store->read("a/one")); }),
            tag(scratch / "root/a/one") + "cannot be read: No such file or directory");
}

TEST(ObjectStore, RefusesWhatIsNoRoot) {
  const Scratch scratch;
  put(scratch / "file", "");
  const auto open = [&](const std::string& root, bool create) { static_cast<void>(open_store(root, create)); };
  EXPECT_THROW(open("", true), std::invalid_argument);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { open("gs://bucket", false); }),
            "[gs://] is no kind of root; a folder or s3://BUCKET/PREFIX is needed");
  EXPECT_EQ(message_of<std::runtime_error>([&] { open((scratch / "none").string(), false); }),
            tag(scratch / "none") + "is not a folder that is there");
  EXPECT_THROW(open((scratch / "file").string(), true), std::invalid_argument);
  EXPECT_EQ(message_of<std::invalid_argument>([&] { open("s3://?region=x", false); }),
            "[s3://] names no bucket; s3://BUCKET/PREFIX is needed");
}

TEST(ObjectStore, ALockIsHeldByOne) {
  const Scratch scratch;
  const auto store = open_store(scratch.path().string(), true);
  {
    const auto lock = store->lock("day");
    EXPECT_EQ(message_of<std::runtime_error>([&] { static_cast<void>(store->lock("day")); }).substr(0, 60),
              (tag(scratch / "day") + "is being built by process " + std::to_string(::getpid())).substr(0, 60));
    static_cast<void>(store->lock("other"));
  }
  static_cast<void>(store->lock("day"));
  EXPECT_TRUE(store->list("day").empty());
}

TEST(ObjectStore, ALockDiesWithItsProcess) {
  const Scratch scratch;
  const auto store = open_store(scratch.path().string(), true);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = store->lock("day");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_NE(message_of<std::runtime_error>([&] {
              static_cast<void>(store->lock("day"));
            }).find("is being built by process " + std::to_string(child) + ";"),
            std::string::npos);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(paths(store->list("day")), std::vector<std::string>{"day/.lock"});
  static_cast<void>(store->lock("day"));
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace tamis
