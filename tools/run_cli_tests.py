#!/usr/bin/env python3
"""Runs tests of the command, written as text (tests/cli/README.md describes the format). Exits 77 when skipped."""

import argparse
import json
import operator
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEP = re.compile(r"\[(\w+)=([^\]]*)\]|\[(\d+)\]|([^.\[\]]+)")
COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
           ">=": operator.ge}


class Skip(Exception):
    pass


class Broken(Exception):
    """The test file itself is wrong."""


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


def parse_json(text):
    return json.loads(text, parse_constant=refuse_constant)


def look_up(value, path):
    """candidates[name=random].stages.0.decision; `length` counts."""
    for key, wanted, index, word in STEP.findall(path):
        if key:
            value = next(entry for entry in value if str(entry[key]) == wanted)
        elif index or (word.isdigit() and isinstance(value, list)):
            value = value[int(index or word)]
        elif word == "length" and not (isinstance(value, dict) and "length" in value):
            value = len(value)
        else:
            value = value[word]
    return value


def check_json(text, condition):
    """None, or what is wrong with `path op value` in this JSON text."""
    parts = re.match(r"(.+?)\s+(==|!=|<=|>=|<|>)\s+(.+)$", condition)
    exists = re.match(r"(.+?)\s+exists$", condition)
    if not parts and not exists:
        raise Broken(f"expected `path == value` or `path exists`, not: {condition}")
    path = (parts or exists).group(1)
    try:
        found = look_up(parse_json(text), path)
    except (KeyError, IndexError, TypeError, StopIteration):
        return f"the JSON has no {path}"
    except ValueError as error:
        return f"not JSON: {error}"
    if exists:
        return None
    try:
        wanted = parse_json(parts.group(3))
    except ValueError as error:
        raise Broken(f"the value {parts.group(3)} is not JSON: {error}") from error
    try:
        holds = COMPARE[parts.group(2)](found, wanted)
    except TypeError:
        holds = False
    return None if holds else f"{path} is {json.dumps(found)}"


def without(value, keys):
    if isinstance(value, dict):
        return {key: without(inner, keys) for key, inner in value.items() if key not in keys}
    if isinstance(value, list):
        return [without(inner, keys) for inner in value]
    return value


class Test:
    def __init__(self, path, tamis, folder):
        self.path, self.folder = path, folder
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.at, self.faults = 0, []
        self.command = self.result = None
        self.exit, self.stderr_lines = 0, None
        self.environment = dict(os.environ, TMP=str(folder), TMPDIR=str(folder), SOURCE=str(ROOT),
                                PATH=f"{folder}/.bin:{os.environ['PATH']}", LC_ALL="C.UTF-8")
        for link in (".bin/tamis", "build/release/tamis"):
            (folder / link).parent.mkdir(parents=True, exist_ok=True)
            (folder / link).symlink_to(tamis)
        (folder / "examples").symlink_to(ROOT / "examples")

    def expand(self, text):
        return text.replace("$TMP", str(self.folder)).replace("$SOURCE", str(ROOT))

    def file(self, name):
        return self.folder / self.expand(name)

    def fault(self, line, message):
        self.faults.append(f"{self.path.name} line {line}: {message}")

    def shell(self, command):
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, errors="replace", stdin=subprocess.DEVNULL, check=False)

    def run(self):
        while self.at < len(self.lines):
            line, number = self.lines[self.at], self.at + 1
            self.at += 1
            if line.strip() and not line.startswith("#"):
                try:
                    self.step(line, number)
                except Broken as error:
                    self.fault(number, str(error))
        self.finish_command()
        return self.faults

    def step(self, line, number):
        for start, work in (("$ ", self.begin_command), ("run: ", self.run_shell), ("write ", self.write),
                            ("skip unless exists: ", self.skip_unless), ("link ", self.link)):
            if line.startswith(start):
                self.finish_command()
                work(line[len(start):].strip(), number)
                return
        if self.result is None and not line.startswith(("file ", "same ")):
            raise Broken(f"no command stands above: {line}")
        self.expect(line, number)

    def begin_command(self, command, number):
        self.command, self.command_line = command, number
        self.result = self.shell(command)
        self.exit, self.stderr_lines = 0, None

    def finish_command(self):
        """What holds for every command: its exit code, one line of stderr on a fault, one object for --json."""
        if self.command is None:
            return
        before, result = len(self.faults), self.result
        if result.returncode != self.exit:
            self.fault(self.command_line, f"exit {result.returncode}, expected {self.exit}")
        lines = len(result.stderr.splitlines())
        wanted = self.stderr_lines if self.stderr_lines is not None else 1 if self.exit in (1, 2) else "any"
        if wanted != "any" and lines != int(wanted):
            self.fault(self.command_line, f"stderr has {lines} lines, expected {wanted}")
        if self.exit == 0 and re.search(r"\s--json(\s|$)", self.command):
            try:
                if not isinstance(parse_json(result.stdout), dict):
                    self.fault(self.command_line, "stdout is not one JSON object")
            except ValueError as error:
                self.fault(self.command_line, f"stdout is not one JSON object: {error}")
        if len(self.faults) > before:
            self.show()
        self.command = None

    def show(self):
        for name in ("stdout", "stderr"):
            text = getattr(self.result, name)
            self.faults.append(f"  {name}: " + (text[-1500:].rstrip().replace("\n", "\n    ") or "(nothing)"))

    def run_shell(self, command, number):
        done = self.shell(command)
        if done.returncode == 77 and not self.faults:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise Skip(said[-1].removeprefix("SKIPPED: ") if said else f"exit 77 of: {command}")
        if done.returncode != 0:
            self.fault(number, f"exit {done.returncode} of: {command}\n  {(done.stdout + done.stderr)[-1500:]}")

    def write(self, rest, number):
        parts = re.match(r"(\S+)\s+<<(\w+)$", rest)
        if not parts:
            raise Broken("expected `write NAME <<END`")
        begin = self.at
        while self.at < len(self.lines) and self.lines[self.at] != parts.group(2):
            self.at += 1
        if self.at == len(self.lines):
            raise Broken(f"no line {parts.group(2)} ends the text that begins at line {number}")
        target = self.file(parts.group(1))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("".join(self.expand(text) + "\n" for text in self.lines[begin:self.at]), encoding="utf-8")
        self.at += 1

    def skip_unless(self, name, _):
        if not (ROOT / self.expand(name)).exists():
            raise Skip(f"{name} is not there")

    def link(self, rest, _):
        name, target = rest.split(" -> ")
        self.file(name).parent.mkdir(parents=True, exist_ok=True)
        self.file(name).symlink_to((ROOT / self.expand(target)).resolve())

    def expect(self, line, number):
        if match := re.match(r"exit (\d+)$", line):
            self.exit = int(match.group(1))
        elif match := re.match(r"stderr lines: (\d+|any)$", line):
            self.stderr_lines = match.group(1)
        elif match := re.match(r"(stdout|stderr) (contains|lacks|matches|json): (.+)$", line):
            self.expect_text(match.group(1), getattr(self.result, match.group(1)), match.group(2), match.group(3), number)
        elif match := re.match(r"file (exists|missing): (\S+)$", line):
            if self.file(match.group(2)).exists() != (match.group(1) == "exists"):
                self.fault(number, f"{match.group(2)} is {'not ' if match.group(1) == 'exists' else ''}there")
        elif match := re.match(r"file (\S+) (contains|lacks|matches|json): (.+)$", line):
            path = self.file(match.group(1))
            if not path.is_file():
                self.fault(number, f"{match.group(1)} is not there")
            else:
                text = path.read_text(encoding="utf-8", errors="replace")
                self.expect_text(match.group(1), text, match.group(2), match.group(3), number)
        elif match := re.match(r"same (json: )?(\S+) (\S+)(?: except (.+))?$", line):
            self.expect_same(*match.groups(), number)
        else:
            raise Broken(f"not a line this format knows: {line}")

    def expect_text(self, name, text, how, wanted, number):
        if how == "json":
            wrong = check_json(text, wanted)
        else:
            wanted = self.expand(wanted)
            there = re.search(wanted, text, re.MULTILINE) if how == "matches" else wanted in text
            wrong = None if bool(there) == (how != "lacks") else f"{name} {'has' if there else 'lacks'}: {wanted}"
        if wrong:
            self.fault(number, wrong)
            if name in ("stdout", "stderr"):
                self.show()

    def expect_same(self, as_json, first, second, except_keys, number):
        try:
            texts = [self.file(name).read_bytes() for name in (first, second)]
            if as_json:
                keys = set((except_keys or "").split())
                texts = [without(parse_json(text.decode()), keys) for text in texts]
        except (OSError, ValueError) as error:
            self.fault(number, str(error))
            return
        if texts[0] != texts[1]:
            self.fault(number, f"{first} and {second} differ")


def run_file(path, tamis):
    """0 passed, 1 failed, 77 skipped."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"tamis_{path.stem}_"))
    try:
        faults = Test(path, tamis, folder).run()
    except Skip as reason:
        print(f"SKIPPED: {reason}")
        return 77
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(faults) if faults else f"{path.name}: passed")
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tamis", type=pathlib.Path, default=ROOT / "build/release/tamis", help="the command to test")
    parser.add_argument("tests", nargs="*", type=pathlib.Path, help="default: every tests/cli/*.test")
    options = parser.parse_args()
    if not options.tamis.exists():
        print(f"{options.tamis} is not there: run make first")
        return 1
    tests = options.tests or sorted((ROOT / "tests/cli").glob("*.test"))
    codes = [run_file(path, options.tamis.resolve()) for path in tests]
    return 1 if 1 in codes else 77 if codes and all(code == 77 for code in codes) else 0


if __name__ == "__main__":
    sys.exit(main())
