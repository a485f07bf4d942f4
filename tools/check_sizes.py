#!/usr/bin/env python3
"""Holds headers to 250 lines, sources to 400 and functions to 60, on code that clang-format has laid out.

tools/size_exceptions.txt lists what may be larger: `path limit reason` for a file, `path:function limit reason` for a
function. An exception that is not needed is a fault too.
"""

import argparse
import pathlib
import re
import sys

HEADER_LINES, SOURCE_LINES, FUNCTION_LINES = 250, 400, 60
NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#(?:\\\n|[^\n])*',
    re.DOTALL | re.MULTILINE)
CONTAINER = re.compile(r"^(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b", re.DOTALL)
BODY = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|&|\s)*(?:->\s*[\w:<>,*&\s]+)?$")
CONSTRUCTOR = re.compile(r"\)\s*(?:noexcept\s*)?:\s[^?]*[)}]\s*$", re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def kind_of(head, stack):
    """What a brace opens, from the text since the last statement: container, function, or value (an initialiser)."""
    if any(kind != "container" for kind, _, _ in stack):
        return "inner"
    if CONTAINER.match(head) and not BODY.search(head):
        return "container"
    if "(" in head and (BODY.search(head) or CONSTRUCTOR.search(head)):
        return "function"
    return "value"


def name_of(head):
    before = head.split("(")[0].split()
    test = re.match(r"(TEST\w*)\s*\(\s*(\w+)\s*,\s*(\w+)", head)
    if test:
        return f"{test.group(2)}.{test.group(3)}"
    return before[-1].lstrip("*&") if before else "?"


def functions(text):
    """(name, first line, number of lines) of every function defined in the text."""
    text = NOISE.sub(blank, text)
    stack, head, head_line, line = [], "", None, 1
    for char in text:
        if char == "{":
            stack.append((kind_of(head.strip(), stack), head, head_line or line))
            if stack[-1][0] != "value":
                head, head_line = "", None
        elif char == "}" and stack:
            kind, opened, first = stack.pop()
            if kind == "function":
                yield name_of(opened.strip()), first, line - first + 1
            head, head_line = (opened + "}", first) if kind == "value" else ("", None)
        elif char == ";" or (char == ":" and head.strip() in ("public", "private", "protected")):
            head, head_line = "", None
        elif not (stack and stack[-1][0] == "value"):
            if head_line is None and not char.isspace():
                head_line = line
            head += char
        line += char == "\n"
    if stack:
        raise ValueError("braces do not match")


def read_exceptions(path):
    exceptions = {}
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            parts = line.split(None, 2)
            if len(parts) < 3 or not parts[1].isdigit():
                sys.exit(f"{path} line {number}: expected `path limit reason` or `path:function limit reason`")
            exceptions[parts[0]] = int(parts[1])
    return exceptions


def check(root):
    exceptions = read_exceptions(root / "tools" / "size_exceptions.txt")
    faults, unused, files = [], set(exceptions), 0

    def measure(name, where, lines, limit):
        if lines <= limit:
            return
        allowed = exceptions.get(name, limit)
        unused.discard(name)
        if lines > allowed:
            faults.append(f"{where}: {lines} lines, at most {allowed}")

    for folder in ("tamis", "cli", "bench", "tests"):
        for path in sorted((root / folder).rglob("*")):
            # An environment of the benchmarks' peers holds headers that are not ours.
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            if hidden or path.suffix not in (".h", ".cpp"):
                continue
            files += 1
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            measure(name, name, text.count("\n"), HEADER_LINES if path.suffix == ".h" else SOURCE_LINES)
            try:
                for function, first, lines in functions(text):
                    measure(f"{name}:{function}", f"{name}:{first} {function}", lines, FUNCTION_LINES)
            except ValueError as error:
                faults.append(f"{name}: {error}")
    faults += [f"tools/size_exceptions.txt: {name} needs no exception" for name in sorted(unused)]
    return faults, files


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
