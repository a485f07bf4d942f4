#include "tamis/base/error.h"

#include <cerrno>
#include <stdexcept>

namespace tamis {
namespace {

template <typename Error, typename Work>
std::string said(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Error, TheCallersFaultIsAnInvalidArgumentWithItsPlace) {
  EXPECT_EQ(said<std::invalid_argument>([] { fail_caller("plan.toml line 3", "no incumbent"); }),
            "[plan.toml line 3] no incumbent");
}

TEST(Error, TheWorldsFaultIsARuntimeErrorWithItsPlace) {
  EXPECT_EQ(said<std::runtime_error>([] { fail_world("u.data", "truncated"); }), "[u.data] truncated");
}

TEST(Error, SystemMessagesAreWords) {
  EXPECT_EQ(system_message(ENOENT), "No such file or directory");
  EXPECT_EQ(system_message(ENOSPC), "No space left on device");
}

}  // namespace
}  // namespace tamis
