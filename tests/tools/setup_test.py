"""tools/setup.sh on made-up machines: commands of the same names, put first in PATH, stand in for the real ones."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("bash", "env", "awk", "grep", "sed", "cmp", "cp", "cat", "mkdir", "dirname", "xargs", "sleep", "rm", "tr", "touch")


@unittest.skipUnless(shutil.which("dpkg"), "there is no dpkg to compare versions with")
class Setup(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tamis_setup_"))
        self.addCleanup(shutil.rmtree, self.root)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        (self.root / "tools").mkdir()
        for name in ("tools/setup.sh", "tools/packages.txt", "tools/packages-test.txt", "requirements.txt", "package.json"):
            shutil.copy(ROOT / name, self.root / name)
        for name in TOOLS:
            os.symlink(shutil.which(name), self.bin / name)
        self.fake("id", "echo ${FAKE_ID:-0}")
        self.fake("dpkg", "exec " + (shutil.which("dpkg") or "false") + ' "$@"')
        self.fake("apt-get", 'echo "apt-get $*" >>calls; [[ $* == *update* ]] || exit ${FAKE_APT:-0}')
        self.fake("npm", 'echo "npm $*" >>calls; exit ${FAKE_NPM:-0}')
        self.installed(without=())
        (self.root / ".venv/bin").mkdir(parents=True)
        (self.root / ".venv/bin/python").write_text('#!/bin/bash\n[[ $* == "-c " ]] || echo "python $*" >>calls; exit 0\n')
        (self.root / ".venv/bin/python").chmod(0o755)
        shutil.copy(self.root / "requirements.txt", self.root / ".venv/requirements.installed")
        echarts = self.root / "node_modules/echarts"
        (echarts / "dist").mkdir(parents=True)
        (echarts / "dist/echarts.min.js").write_text("")
        (echarts / "package.json").write_text('{"name": "echarts", "version": "5.6.0"}')
        (self.root / "node_modules/.package-lock.json").write_text("{}")

    def fake(self, name, body):
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text("#!/bin/bash\n" + body + "\n")
        (self.bin / name).chmod(0o755)

    def installed(self, without, versions=None):
        lines = []
        for name in ("packages.txt", "packages-test.txt"):
            for line in (ROOT / "tools" / name).read_text().splitlines():
                if line and not line.startswith("#"):
                    package, least = line.split()
                    if package not in without:
                        lines.append(f"{package}:amd64 installed {(versions or {}).get(package, least)}")
        self.fake("dpkg-query", "cat <<'END'\n" + "\n".join(lines) + "\nEND")

    def run_setup(self, *arguments, **environment):
        done = subprocess.run([self.root / "tools/setup.sh", *arguments], capture_output=True, text=True, check=False, cwd="/",
                              env={"PATH": str(self.bin), "TAMIS_SETUP_PAUSE": "0", **environment})
        calls = self.root / "calls"
        return done.returncode, done.stderr, calls.read_text().splitlines() if calls.exists() else []

    def test_a_machine_that_has_it_all_is_left_alone(self):
        for arguments in ((), ("demo",), ("test",)):
            self.assertEqual(self.run_setup(*arguments), (0, "", []))

    def test_what_is_missing_or_too_old_is_installed_and_nothing_else(self):
        self.installed(without=("ninja-build",), versions={"cmake": "3.18.4-2"})
        code, _, calls = self.run_setup("demo")
        self.assertEqual(code, 0)
        self.assertEqual(len(calls), 2)
        self.assertTrue(calls[0].endswith(" update"), calls)
        self.assertTrue(calls[1].endswith(" install --no-install-recommends cmake ninja-build"), calls)

    def test_the_demo_does_not_ask_for_what_only_tests_take(self):
        self.installed(without=("libgtest-dev",))
        self.assertEqual(self.run_setup("demo"), (0, "", []))
        self.assertTrue(self.run_setup("test")[2][-1].endswith(" libgtest-dev"))

    def test_npm_is_installed_only_where_there_is_none(self):
        (self.bin / "npm").unlink()
        self.assertTrue(self.run_setup("demo")[2][-1].endswith(" npm"))

    def test_neither_root_nor_sudo_gets_the_exact_line(self):
        self.installed(without=("g++", "libfmt-dev"))
        code, said, calls = self.run_setup("demo", FAKE_ID="1000")
        self.assertEqual((code, calls), (1, []))
        self.assertTrue(said.endswith("let an administrator run: apt-get install --no-install-recommends g++ libfmt-dev\n"), said)

    def test_not_root_goes_through_sudo(self):
        self.installed(without=("g++",))
        self.fake("sudo", 'echo sudo >>calls; exec "$@"')
        code, _, calls = self.run_setup("demo", FAKE_ID="1000")
        self.assertEqual((code, calls.count("sudo")), (0, 2))

    def test_a_network_that_fails_twice_is_one_line(self):
        self.installed(without=("g++",))
        code, said, calls = self.run_setup("demo", FAKE_APT="100")
        self.assertEqual(code, 1)
        self.assertEqual(sum(" install " in call for call in calls), 2)
        self.assertIn("tools/setup.sh: could not install the Debian packages (see build/setup.log)", said.splitlines()[-1])

    def test_another_pin_is_installed(self):
        (self.root / "requirements.txt").write_text("pyarrow==99.0\n")
        self.assertEqual(self.run_setup("demo")[2], ["python -m pip install --quiet --disable-pip-version-check -r requirements.txt"])
        self.assertEqual(self.run_setup("demo")[1], "")

    def test_an_interrupted_npm_is_done_again(self):
        (self.root / "node_modules/.package-lock.json").unlink()
        code, said, calls = self.run_setup("demo", FAKE_NPM="1")
        self.assertEqual(calls, ["npm ci --no-audit --no-fund --ignore-scripts"] * 2)
        self.assertEqual((code, said.splitlines()[-1]),
                         (1, "tools/setup.sh: could not install ECharts from npm (see build/setup.log); check the network"))

    def test_an_unknown_argument_is_refused(self):
        code, said, _ = self.run_setup("everything")
        self.assertEqual((code, said), (1, 'tools/setup.sh: unknown argument "everything"; accepted: demo, test\n'))


if __name__ == "__main__":
    unittest.main()
