"""check_readme.py must be able to fail."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_readme  # noqa: E402


class CheckReadme(unittest.TestCase):
    def faults(self, english, chinese=None, test="$ tamis --version\n"):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tests" / "cli").mkdir(parents=True)
            (root / "README.md").write_text(f"# T\n```sh\n{english}\n```\n")
            (root / "README.zh-CN.md").write_text(f"# T\n```sh\n{chinese or english}\n```\n")
            (root / "Makefile").write_text("X := 1\ndemo: x\n\ttrue\n")
            (root / "tests" / "cli" / "a.test").write_text(test)
            return check_readme.check(root)[0]

    def test_tested_commands_pass(self):
        self.assertEqual(self.faults("make demo   # the demo\ntamis --version"), [])

    def test_the_languages_must_agree(self):
        self.assertEqual(len(self.faults("make demo", "make demo\ntamis --version")), 1)

    def test_a_target_must_exist(self):
        self.assertEqual(self.faults("make cake"), ["`make cake`: the Makefile has no target cake"])

    def test_a_command_must_be_run_by_a_test(self):
        self.assertEqual(self.faults("tamis sift x.toml"), ["`tamis sift x.toml`: no tests/cli/*.test runs it"])

    def test_other_programs_are_refused(self):
        self.assertEqual(len(self.faults("curl somewhere")), 1)


if __name__ == "__main__":
    unittest.main()
