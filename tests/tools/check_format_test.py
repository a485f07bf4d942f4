"""check_format.py must be able to fail, and must say so when it cannot look."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check_format.py"


class CheckFormat(unittest.TestCase):
    def run_on(self, text, path=None):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "tamis").mkdir()
            (root / ".clang-format").write_text("BasedOnStyle: Google\n")
            (root / "tamis" / "x.cpp").write_text(text)
            environment = os.environ | ({"PATH": path} if path is not None else {})
            done = subprocess.run([sys.executable, CHECK, "--root", root], capture_output=True, text=True, check=False,
                                  env=environment)
            return done.returncode, done.stdout

    @unittest.skipUnless(shutil.which("clang-format-14"), "clang-format-14 is not installed")
    def test_good_layout_passes_and_bad_fails(self):
        self.assertEqual(self.run_on("int f() { return 1; }\n")[0], 0)
        self.assertEqual(self.run_on("int f( ){return 1;}\n")[0], 1)

    def test_without_the_tool_it_is_skipped_not_passed(self):
        code, said = self.run_on("int f( ){return 1;}\n", path="/nowhere")
        self.assertEqual((code, said), (77, "SKIPPED: clang-format-14 is not installed\n"))


if __name__ == "__main__":
    unittest.main()
