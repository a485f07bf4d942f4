"""Writes the folder `data` here: pairs with scores and labelled pairs, of words that make_model.py's vocabulary has.

The score is the share of words that two sentences have in common.
"""

import pathlib
import random

rng = random.Random(2)
WORDS = "the man woman dog plays guitar runs cat a".split()
data = pathlib.Path("data")


def sentence():
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 9)))


def pair():
    first = sentence()
    second = " ".join(rng.choice(WORDS) if rng.random() < 0.4 else word for word in first.split())
    a, b = set(first.split()), set(second.split())
    return first, second, 5 * len(a & b) / len(a | b)


def write(name, lines):
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


for part, rows in (("train", 160), ("dev", 60), ("test", 60)):
    write(f"stsbenchmark/sts-{part}.csv", [
        "\t".join(["main", rng.choice("xy"), "2012", str(i), f"{score:.2f}", first, second])
        for i, (first, second, score) in ((i, pair()) for i in range(rows))])
for part in ("train", "test_annotated"):
    write(f"sick/SICK_{part}.txt", ["pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment"] + [
        f"{i}\t{first}\t{second}\t{score:.1f}\tNEUTRAL" for i, (first, second, score) in ((i, pair()) for i in range(60))])
for part in ("validation", "test"):
    lines = ["premise\thypothesis\tlabel"]
    for _ in range(80):
        first, second, _score = pair()
        lines += [f"{first}\t{second}\t0", f"{first}\t{sentence()}\t2", f"{first}\t{sentence()}\t1"]
    write(f"snli/{part}.tsv", lines)
