#!/usr/bin/env python3
"""Holds the source to the ladder of ARCHITECTURE.md: who may include whom, no cycles, heavy headers in sources only.

The ladder is read from the table of ARCHITECTURE.md itself, so that document cannot drift from the code.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
HEAVY = re.compile(r"^(arrow/|parquet/|hwy/|dnnl|oneapi/|toml\+\+|toml\.hpp|nlohmann/(?!json_fwd)|faiss/|fmt/|spdlog/|CLI/)")
ROW = re.compile(r"^\|[^|]*\|([^|]*)\|([^|]*)\|")


def read_ladder(path):
    """{folder: set of room names it may include, or None for every room below}, from rows | rung | folder | uses |."""
    ladder = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = ROW.match(line)
        if not row:
            continue
        folders = re.findall(r"`((?:tamis/)?\w+)/`", row.group(1))
        uses = set(re.findall(r"`(\w+)`", row.group(2)))
        for folder in folders:
            ladder[folder] = None if "all below" in row.group(2) else uses
    if not ladder:
        sys.exit(f"{path}: no table with rows | rung | `folder/` | uses | was found")
    return ladder


def room_of(path):
    """The folder on the ladder that a file or an include belongs to: tamis/base, cli, ..., or None for tests."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "tamis":
        return "/".join(parts[:2])
    return parts[0]


def source_files(root):
    for folder in ("tamis", "cli", "bench", "tests"):
        found = (p for p in (root / folder).rglob("*") if p.suffix in (".h", ".cpp"))
        # An environment of the benchmarks' peers holds headers that are not ours.
        yield from sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))


def may_include(ladder, own, other):
    if own == other:
        return True
    uses = ladder[own]
    if uses is None:  # "all below": the rows of the table stand from top to bottom
        order = list(ladder)
        return other in ladder and order.index(other) > order.index(own)
    return other.removeprefix("tamis/") in uses


def find_cycle(graph):
    """A list of files that include each other in a ring, or None."""
    done, stack, on_stack = set(), [], set()

    def visit(node):
        stack.append(node)
        on_stack.add(node)
        for following in graph.get(node, ()):
            if following in on_stack:
                return stack[stack.index(following):] + [following]
            if following not in done:
                ring = visit(following)
                if ring:
                    return ring
        on_stack.discard(stack.pop())
        done.add(node)
        return None

    for node in sorted(graph):
        if node not in done:
            ring = visit(node)
            if ring:
                return ring
    return None


def check_file(name, text, ladder, faults):
    """Adds what is wrong with one file's includes; returns the project's files it includes."""
    own = room_of(name)
    if own == "tests":  # the tests of a room see what the room sees
        parts = pathlib.PurePosixPath(name).parts
        own = "tamis/" + parts[1]
        own = own if own in ladder else None
    elif own not in ladder:
        faults.append(f"{name}: its folder is not on the ladder of ARCHITECTURE.md")
        return []
    included = []
    for quote, target in INCLUDE.findall(text):
        if name.endswith(".h") and not name.startswith("tests/") and HEAVY.match(target):
            faults.append(f"{name}: includes {target}; heavy headers belong in sources only")
        if quote == '"' and target.split("/")[0] in ("tamis", "cli", "bench", "tests"):
            included.append(target)
            other = room_of(target)
            if other == "tests" and not name.startswith("tests/"):
                faults.append(f"{name}: includes {target}, which is a test's")
            elif other != "tests" and own is not None and not may_include(ladder, own, other):
                faults.append(f"{name}: includes {target}, but {own} may not use {other}")
    return included


def check(root):
    ladder = read_ladder(root / "ARCHITECTURE.md")
    faults, graph = [], {}
    for path in source_files(root):
        name = path.relative_to(root).as_posix()
        graph[name] = check_file(name, path.read_text(encoding="utf-8"), ladder, faults)
    ring = find_cycle(graph)
    if ring:
        faults.append("include cycle: " + " -> ".join(ring))
    return faults, len(graph)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    faults, files = check(parser.parse_args().root)
    for fault in faults:
        print(fault)
    print(f"{files} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
