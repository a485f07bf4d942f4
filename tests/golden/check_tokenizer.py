#!/usr/bin/env python3
"""Compares `tamis tokenize` with Hugging Face's `tokenizers`, id for id and offset for offset.

  check_tokenizer.py --tamis build/release/tamis --data ../shared/data [--random 100000]

Texts: every line of every text file below --data (.gz and .zip too, text columns of Parquet files where pyarrow is
installed), as it stands, in NFC and in NFD; every code point between letters; random strings over all of Unicode. Each
with the vocabularies of --data/vocab, cased and uncased, strip_accents unset, true and false, literal special tokens on
and off. Prints the number of differences and the first of each kind; ends with 1 if there is one. Needs `tokenizers`;
neither build nor tests do. Line ends part texts here; they are in the stored golden.
"""

import argparse
import gzip
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata
import zipfile

from tokenizers import Tokenizer

POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and c not in (0x0A, 0x0D)]
TEXT = {".txt", ".tsv", ".csv", ".md", ".json", ".item", ".user", ".data", ".genre", ".info", ".occupation", ".en", ".pl", ".r", ".base", ".test", ""}


def lines_of(path):
    name = path.name.lower()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for inside in archive.namelist():
                yield from io.TextIOWrapper(archive.open(inside), "utf-8", "replace", newline="\n")
    elif name.endswith(".gz"):
        data = gzip.decompress(path.read_bytes())
        if b"\0" not in data[:4096]:
            yield from data.decode("utf-8", "replace").split("\n")
    elif name.endswith(".parquet"):
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            return
        table = pyarrow.parquet.read_table(path)
        for column in table.columns:
            if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
                yield from (value for value in column.to_pylist() if value)
    elif path.suffix.lower() in TEXT:
        yield from path.read_bytes().decode("utf-8", "replace").split("\n")


def texts_of(data):
    seen = set()
    for path in sorted(data.rglob("*")):
        if path.is_file():
            for text in lines_of(path):
                for line in text.replace("\r", "\n").split("\n"):
                    if line:
                        seen.add(line)
    return sorted(seen)


def random_texts(count):
    random.seed(11)
    marks = ["a", "B", "é", "e\u0301", "\u0323", "\u0301", "中", "한", "각", "\u302e", "\U0001d165", "\u0344", "İ", "Σ", "!",
             " ", "\t", "\u200b", "[MASK]", "[UNK]", "##", "１", "\u1bf2", "\ua953", "\u0334", "\ufa30", "x" * 30]
    pools = [POINTS, POINTS[:0x3100], marks]
    for i in range(count):
        pool = pools[i % 3]
        yield "".join(chr(c) if isinstance(c, int) else c for c in random.choices(pool, k=random.randint(1, 40)))


def variants(path, folder):
    base = json.loads(path.read_text())
    base["truncation"] = base["padding"] = None
    for lowercase in (True, False):
        for strip in (None, True, False):
            base["normalizer"].update(lowercase=lowercase, strip_accents=strip)
            file = folder / f"{path.parent.name}_{lowercase}_{strip}.json"
            file.write_text(json.dumps(base))
            yield file


def ours(tamis, model, texts, literal):
    command = [tamis, "tokenize", "--model", str(model), "--out", "-", "--quiet"] + ["--literal-special"] * literal
    given = "".join(text + "\n" for text in texts).encode()
    out = subprocess.run(command, input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return [json.loads(line) for line in out.decode().splitlines()]


def bytes_of(offsets, text):
    if text.isascii():
        return [list(pair) for pair in offsets]
    place = [0]
    for c in text:
        place.append(place[-1] + len(c.encode()))
    return [[place[a], place[b]] for a, b in offsets]


def compare(tamis, model, texts, literal, what):
    tokenizer = Tokenizer.from_file(str(model))
    tokenizer.encode_special_tokens = not literal
    different = tokens = 0
    for begin in range(0, len(texts), 50000):
        part = texts[begin : begin + 50000]
        for text, row, encoding in zip(part, ours(tamis, model, part, literal), tokenizer.encode_batch(part), strict=True):
            tokens += len(encoding.ids)
            if row["ids"] != encoding.ids or row["offsets"] != bytes_of(encoding.offsets, text):
                different += 1
                if different <= 3:
                    print(f"  {text[:80]!r}: {row['ids'][:12]} is {encoding.ids[:12]}")
    print(f"{model.stem}, literal {literal}, {what}: {len(texts)} texts, {tokens} tokens, {different} differences", flush=True)
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", default="build/release/tamis")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"))
    parser.add_argument("--random", type=int, default=100000)
    arguments = parser.parse_args()
    plain = texts_of(arguments.data)
    forms = {"as they stand": plain}
    for form in ("NFC", "NFD"):
        forms[form] = [c for t in plain if (c := unicodedata.normalize(form, t)) != t]
    forms["every code point"] = ["ab" + chr(c) + "cd" + chr(c) * 2 + " " + chr(c) + "e" for c in POINTS]
    forms["random"] = list(random_texts(arguments.random))
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for vocabulary in sorted((arguments.data / "vocab").glob("*/tokenizer.json")):
            for i, model in enumerate(variants(vocabulary, pathlib.Path(folder))):
                for what, texts in forms.items():
                    # Everything with the tokenizer as it came; the other settings on what they change.
                    if i == 0 or not (what == "as they stand" and all(t.isascii() for t in texts)):
                        different += compare(arguments.tamis, model, texts, False, what)
                    if what == "random":
                        different += compare(arguments.tamis, model, texts, True, what)
    print(f"{different} differences in all")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
