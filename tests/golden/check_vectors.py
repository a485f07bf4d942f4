#!/usr/bin/env python3
"""Holds `tamis embed` against sentence-transformers on 5,000 sentences: short, long, Chinese, emoji, empty.

Run by hand in an environment of its own (python 3.11, sentence-transformers 6.2, numpy 2.4):
    pip install sentence-transformers==6.2.0 && python3 tests/golden/check_vectors.py
Sentences come from ../shared/data, read in place. Prints the worst cosine and the largest absolute difference, with the
sentences they belong to, and fails unless they are at least 0.99999 and at most 2e-5.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy
from sentence_transformers import SentenceTransformer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧", "🇩🇪", "❤️", "🧑🏿‍🚀", "…", "№5", "½", "ﬁn"]


def rows(path, *columns):
    for line in path.read_text(encoding="utf-8").split("\n"):
        cells = line.rstrip("\r").split("\t")
        yield from (cells[c] for c in columns if c < len(cells))


def sentences(data, count):
    rng = random.Random(5)
    short = sorted(set(rows(data / "stsbenchmark/sts-test.csv", 5, 6)) | set(rows(data / "stsbenchmark/sts-train.csv", 5, 6)))
    chinese = sorted(set(rows(data / "sts-zh/STS-B/STS-B.test.data", 0, 1)) | set(rows(data / "sts-zh/LCQMC/LCQMC.test.data", 0, 1)))
    wiki = [line.strip() for line in (data / "sentences/wikitext-2/test.txt").read_text(encoding="utf-8").split("\n")]
    wiki = [line for line in wiki if len(line) > 400]
    chosen = rng.sample(short, 2400) + rng.sample(chinese, 1200) + rng.sample(wiki, min(600, len(wiki)))
    chosen += [" ".join(rng.sample(wiki, 3)) for _ in range(100)]
    chosen += ["".join(rng.choices(EMOJI, k=rng.randrange(1, 6))) + " " + rng.choice(short + chinese) for _ in range(500)]
    chosen += ["", " ", "\t \t", "\u200b", "\u0301", "a", "?", "[MASK] [CLS]", "x" * 150, "\ufeff"]
    chosen += rng.choices(EMOJI, k=20)
    chosen += rng.sample([text for text in short if text not in set(chosen)], count - len(chosen))
    rng.shuffle(chosen)
    assert len(chosen) == count and not any("\n" in text or "\r" in text for text in chosen)
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tamis", default=str(ROOT / "build/release/tamis"))
    parser.add_argument("--model", default=str(ROOT / "models/minilm"))
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "../shared/data")
    parser.add_argument("--count", type=int, default=5000)
    options = parser.parse_args()
    texts = sentences(options.data, options.count)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "vectors.npy"
        lines = pathlib.Path(folder) / "lines.txt"
        lines.write_bytes("".join(text + "\n" for text in texts).encode())
        subprocess.run([options.tamis, "embed", "--model", options.model, "--input", str(lines), "--out", str(out),
                        "--quiet"], check=True, stdout=subprocess.DEVNULL)
        ours = numpy.load(out).astype("f8")
    # Text by itself: its special tokens are words like any other, as in `tamis embed` without --literal-special.
    model = SentenceTransformer(options.model, device="cpu")
    plain = [text.replace("[", "[ ").replace("]", " ]") if "[MASK]" in text else text for text in texts]
    theirs = model.encode(plain, batch_size=1, convert_to_numpy=True).astype("f8")
    cosine = (ours * theirs).sum(axis=1) / numpy.linalg.norm(ours, axis=1) / numpy.linalg.norm(theirs, axis=1)
    apart = numpy.abs(ours - theirs).max(axis=1)
    print(f"{len(texts)} sentences, {ours.shape[1]} components")
    print(f"worst cosine {cosine.min():.9f}: {texts[cosine.argmin()][:80]!r}")
    print(f"largest absolute difference {apart.max():.3g}: {texts[apart.argmax()][:80]!r}")
    print(f"mean cosine {cosine.mean():.12f}, mean largest difference {apart.mean():.3g}")
    good = cosine.min() >= 0.99999 and apart.max() <= 2e-5
    print("within the bounds" if good else "BEYOND THE BOUNDS: cosine at least 0.99999, difference at most 2e-5")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
