"""Looks at vectors that `tamis embed` wrote, without numpy: python3 vectors.py QUESTION FILES..."""

import json
import struct
import sys


def read(name):
    data = open(name, "rb").read()
    if name.endswith(".jsonl"):
        return [json.loads(line)["vector"] for line in data.decode().splitlines()]
    head = data[10:128].decode()
    assert data[:8] == b"\x93NUMPY\x01\x00" and head.endswith("\n"), head
    rows, width = (int(n) for n in head.split("(")[1].split(")")[0].split(","))
    assert len(data) == 128 + 4 * rows * width, (len(data), rows, width)
    return [list(struct.unpack_from(f"<{width}f", data, 128 + 4 * width * row)) for row in range(rows)]


def near(name, wanted, tolerance):
    """The first components of each row are those of the file of JSON rows."""
    found, rows = read(name), json.load(open(wanted))
    assert len(found) == len(rows), (len(found), len(rows))
    for row, (ours, theirs) in enumerate(zip(found, rows)):
        worst = max(abs(a - b) for a, b in zip(ours, theirs))
        assert worst <= float(tolerance), (row, worst)


def permuted(first, second):
    """The rows of the second file are those of the first, last first, bit for bit."""
    assert read(first) == read(second)[::-1]


def same(first, second):
    """As numbers of f32, bit for bit."""
    pack = [[struct.pack(f"<{len(row)}f", *row) for row in read(name)] for name in (first, second)]
    assert pack[0] == pack[1]


def unit(name, width):
    for row in read(name):
        assert len(row) == int(width) and abs(sum(x * x for x in row) - 1) < 1e-5, (len(row), row)


{"near": near, "permuted": permuted, "same": same, "unit": unit}[sys.argv[1]](*sys.argv[2:])
