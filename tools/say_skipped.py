#!/usr/bin/env python3
"""Lists what the last test run of each build folder skipped, and why. Always exits 0: it only tells."""

import pathlib
import sys
import xml.etree.ElementTree as xml


def skipped_in(folder):
    for path in sorted((folder / "results").glob("*.xml")):
        for case in xml.parse(path).iter("testcase"):
            for skip in case.iter("skipped"):
                reason = [line for line in skip.get("message", "").splitlines() if line.strip()]
                yield f"{case.get('classname')}.{case.get('name')}", reason[-1] if reason else "no reason given"
    ctest = folder / "ctest.xml"
    if ctest.exists():
        for case in xml.parse(ctest).iter("testcase"):
            if case.find("skipped") is not None:
                said = [line for line in (case.findtext("system-out") or "").splitlines() if line.strip()]
                yield case.get("name"), said[-1].removeprefix("SKIPPED: ") if said else "no reason given"


def main():
    for folder in map(pathlib.Path, sys.argv[1:]):
        found = list(skipped_in(folder))
        print(f"{folder.name}: {len(found)} skipped")
        for name, reason in found:
            print(f"  {name}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
