#!/usr/bin/env python3
"""Holds README.md and README.zh-CN.md together and to what is tested.

Both must give the same commands in the same order (the lines of ```sh blocks). `make X` must be a target of the
Makefile, and every `tamis` command must stand, letter for letter, after `$ ` in a test of tests/cli, which runs it.
"""

import argparse
import pathlib
import re
import sys

READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def commands(text):
    lines = (line.split(" # ")[0].strip() for block in BLOCK.findall(text) for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def check(root):
    first, second = (commands((root / name).read_text(encoding="utf-8")) for name in READMES)
    faults = []
    if first != second:
        faults.append(f"{READMES[0]} and {READMES[1]} differ in their commands:\n  {first}\n  {second}")
    if not first:
        faults.append(f"{READMES[0]} has no ```sh block")
    targets = set(re.findall(r"^([\w./-]+):(?!=)", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    tested = set()
    for path in sorted((root / "tests" / "cli").glob("*.test")):
        tested |= {line[2:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("$ ")}
    for command in dict.fromkeys(first + second):
        words = command.split()
        if words[0] == "make":
            faults += [f"`{command}`: the Makefile has no target {word}" for word in words[1:] if word not in targets]
        elif words[0] in ("tamis", "build/release/tamis"):
            if command not in tested:
                faults.append(f"`{command}`: no tests/cli/*.test runs it")
        elif words[0] not in ("git", "cd"):
            faults.append(f"`{command}`: expected make, tamis, git or cd")
    return faults, first


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    faults, found = check(parser.parse_args().root)
    for fault in faults:
        print(fault)
    print(f"{len(found)} commands, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
