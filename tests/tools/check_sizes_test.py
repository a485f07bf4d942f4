"""check_sizes.py must be able to fail, and must see functions where they are."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_sizes  # noqa: E402

SOURCE = '''#include <map>
#define BRACES { {
namespace tamis {

constexpr int kTable[] = {
    1,
    2,
};

class Thing {
 public:
  Thing() : a_(1), b_{2} {
    a_ = 3;  // an unmatched { in a comment
  }
  int get() const { return a_; }
  static constexpr char kOpen = '{';
};

const char* text() {
  return R"({{{)" "}}";
}

std::vector<int> Thing::many(int n,
                             int m) const {
  const auto inner = [&](int i) {
    return std::vector<int>{i, m};
  };
  if (n > 0) {
    return inner(n);
  }
  return {};
}

TEST(Suite, Name) {
  run();
}

}  // namespace tamis
'''


class CheckSizes(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return check_sizes.check(root)[0]

    def test_finds_functions_and_their_lengths(self):
        self.assertEqual(list(check_sizes.functions(SOURCE)),
                         [("Thing", 12, 3), ("get", 15, 1), ("text", 19, 3), ("Thing::many", 23, 10), ("Suite.Name", 34, 3)])

    def test_files_at_the_limit_pass_and_above_it_fail(self):
        self.assertEqual(self.check({"tamis/a.h": "\n" * 250, "tamis/a.cpp": "\n" * 400}), [])
        self.assertEqual(self.check({"tamis/a.h": "\n" * 251}), ["tamis/a.h: 251 lines, at most 250"])
        self.assertEqual(self.check({"tests/a.cpp": "\n" * 401}), ["tests/a.cpp: 401 lines, at most 400"])

    def test_functions_at_the_limit_pass_and_above_it_fail(self):
        self.assertEqual(self.check({"cli/a.cpp": "void f() {\n" + "  g();\n" * 58 + "}\n"}), [])
        self.assertEqual(self.check({"cli/a.cpp": "void f() {\n" + "  g();\n" * 59 + "}\n"}),
                         ["cli/a.cpp:1 f: 61 lines, at most 60"])

    def test_an_exception_raises_the_limit_and_no_further(self):
        exception = {"tools/size_exceptions.txt": "# why\ntamis/a.h 300 a table of the standard\n"}
        self.assertEqual(self.check(exception | {"tamis/a.h": "\n" * 300}), [])
        self.assertEqual(self.check(exception | {"tamis/a.h": "\n" * 301}), ["tamis/a.h: 301 lines, at most 300"])

    def test_an_exception_nobody_needs_is_a_fault(self):
        self.assertEqual(self.check({"tools/size_exceptions.txt": "tamis/a.h 300 old\n", "tamis/a.h": ""}),
                         ["tools/size_exceptions.txt: tamis/a.h needs no exception"])

    def test_an_exception_without_a_reason_is_refused(self):
        with self.assertRaises(SystemExit):
            self.check({"tools/size_exceptions.txt": "tamis/a.h 300\n"})

    def test_unmatched_braces_are_a_fault(self):
        self.assertEqual(self.check({"tamis/a.cpp": "void f() {\n"}), ["tamis/a.cpp: braces do not match"])


if __name__ == "__main__":
    unittest.main()
