#!/usr/bin/env python3
"""Holds every .h and .cpp to .clang-format. Exits 77 (skipped) where there is no clang-format 14."""

import argparse
import pathlib
import shutil
import subprocess
import sys


def files_of(root):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cpp"], cwd=root,
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [name for name in sorted(set(listed.stdout.split())) if (root / name).exists()]
    found = (p for folder in ("tamis", "cli", "bench", "tests") for p in (root / folder).rglob("*"))
    return sorted(p.relative_to(root).as_posix() for p in found if p.suffix in (".h", ".cpp"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--fix", action="store_true", help="lay the files out instead of checking them")
    options = parser.parse_args()
    if shutil.which("clang-format-14") is None:
        print("SKIPPED: clang-format-14 is not installed")
        return 77
    files = files_of(options.root)
    if not files:
        print(f"no .h or .cpp under {options.root}")
        return 1
    mode = ["-i"] if options.fix else ["--dry-run", "--Werror"]
    done = subprocess.run(["clang-format-14", *mode, *files], cwd=options.root, check=False)
    print(f"{len(files)} files" + ("" if done.returncode == 0 else "; `make format` lays them out"))
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
