"""run_cli_tests.py must be able to fail: every kind of line is given what it must refuse."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import run_cli_tests  # noqa: E402

FAKE = """#!/bin/bash
case $1 in
  json) echo '{"a": [{"name": "x y", "n": 3}, {"name": "z", "n": null}], "ship": null}' ;;
  nan) echo '{"a": NaN}' ;;
  two) echo '{}'; echo '{}' ;;
  say) shift; printf '%b' "$*" ;;
  fault) shift; code=$1; shift; printf '%b' "$*" >&2; exit "$code" ;;
esac
"""


class RunCliTests(unittest.TestCase):
    def run_text(self, text):
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder) / "fake"
            fake.write_text(FAKE)
            fake.chmod(0o755)
            test = pathlib.Path(folder) / "made_up.test"
            test.write_text(text)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                code = run_cli_tests.run_file(test, fake)
            return code, said.getvalue()

    def passes(self, text):
        code, said = self.run_text(text)
        self.assertEqual(code, 0, said)

    def fails(self, text, because):
        code, said = self.run_text(text)
        self.assertEqual(code, 1, text)
        self.assertIn(because, said)

    def test_exit_codes(self):
        self.passes("$ tamis say hello\n")
        self.passes("$ tamis fault 2 'bad plan\\n'\nexit 2\n")
        self.fails("$ tamis fault 1 'x\\n'\n", "exit 1, expected 0")
        self.fails("$ tamis say hello\nexit 2\n", "exit 0, expected 2")

    def test_a_fault_says_one_line(self):
        self.fails("$ tamis fault 2 'one\\ntwo\\n'\nexit 2\n", "stderr has 2 lines, expected 1")
        self.fails("$ tamis fault 1\nexit 1\n", "stderr has 0 lines, expected 1")
        self.passes("$ tamis fault 1 'one\\ntwo\\n'\nexit 1\nstderr lines: 2\n")
        self.passes("$ tamis fault 1 'one\\ntwo\\n'\nexit 1\nstderr lines: any\n")

    def test_texts(self):
        self.passes("$ tamis say 'line 12 of it'\nstdout contains: line 12\nstdout lacks: 13\nstdout matches: ^line \\d+\n")
        self.fails("$ tamis say x\nstdout contains: y\n", "stdout lacks: y")
        self.fails("$ tamis say x\nstdout lacks: x\n", "stdout has: x")
        self.fails("$ tamis say x\nstdout matches: ^y\n", "stdout lacks: ^y")
        self.fails("$ tamis fault 1 'x\\n'\nexit 1\nstderr contains: y\n", "stderr lacks: y")

    def test_json(self):
        self.passes("$ tamis json --json\nstdout json: a.0.n == 3\nstdout json: a[name=x y].n >= 3\n"
                    "stdout json: a.length == 2\nstdout json: ship == null\nstdout json: a[1].name == \"z\"\n"
                    "stdout json: ship exists\n")
        self.fails("$ tamis json\nstdout json: a.0.n == 4\n", "a.0.n is 3")
        self.fails("$ tamis json\nstdout json: b == 4\n", "the JSON has no b")
        self.fails("$ tamis json\nstdout json: a.1.n > 4\n", "a.1.n is null")
        self.fails("$ tamis json\nstdout json: a ~ 4\n", "expected `path == value`")
        self.fails("$ tamis nan --json\n", "NaN is not JSON")
        self.fails("$ tamis two --json\n", "stdout is not one JSON object")

    def test_files(self):
        self.passes("write a/x.toml <<END\nkeep = 3\nEND\nfile exists: a/x.toml\nfile missing: y\nfile a/x.toml contains: keep\n")
        self.fails("file exists: y\n", "y is not there")
        self.fails("write x <<END\nEND\nfile missing: x\n", "x is there")
        self.fails("file y contains: z\n", "y is not there")
        self.fails("write x <<END\nabc\n", "no line END")

    def test_same(self):
        files = "write a <<END\n{\"x\": 1, \"t\": 2}\nEND\nwrite b <<END\n{\"x\": 1, \"t\": 3}\nEND\n"
        self.passes(files + "same a a\nsame json: a b except t\n")
        self.fails(files + "same a b\n", "a and b differ")
        self.fails(files + "same json: a b except x\n", "a and b differ")
        self.fails(files + "same a c\n", "No such file")

    def test_shell_lines_and_the_places_they_see(self):
        self.passes("run: test -e $SOURCE/Makefile && test \"$PWD\" = \"$TMP\" && test -e examples/\n$ build/release/tamis say x\n")
        self.fails("run: echo why; false\n", "why")

    def test_skipping_is_not_passing(self):
        code, said = self.run_text("skip unless exists: no/such/folder\n$ tamis fault 1\n")
        self.assertEqual((code, said), (77, "SKIPPED: no/such/folder is not there\n"))

    def test_a_shell_line_may_skip_the_rest_but_not_hide_a_fault(self):
        code, said = self.run_text("$ tamis say x\nrun: echo SKIPPED: no browser; exit 77\n$ tamis fault 1\n")
        self.assertEqual((code, said), (77, "SKIPPED: no browser\n"))
        self.fails("$ tamis fault 1\nrun: exit 77\n", "exit 1, expected 0")

    def test_a_line_it_does_not_know_is_a_fault(self):
        self.fails("$ tamis say x\nstdout has: x\n", "not a line this format knows")
        self.fails("exit 2\n", "no command stands above")


if __name__ == "__main__":
    unittest.main()
