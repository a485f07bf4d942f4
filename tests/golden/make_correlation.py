"""Writes correlation.tsv beside this file: correlations and ranks as scipy has them.

Made with python 3.11, numpy 2.4.6, scipy 1.17.1:
    pip install numpy==2.4.6 scipy==1.17.1 && python3 make_correlation.py
Columns by the first one:
    pair   spearman  pearson  x  y      scipy.stats.spearmanr, scipy.stats.pearsonr
    ranks  ranks  values                scipy.stats.rankdata (average)
"""

import pathlib
import random

from scipy import stats

rng = random.Random(20240131)
rows = []


def text(x):
    return ",".join(repr(float(v)) for v in x) if hasattr(x, "__iter__") else repr(float(x))


def row(kind, *cells):
    rows.append("\t".join([kind] + [text(c) for c in cells]))


def pair(x, y):
    row("pair", stats.spearmanr(x, y).statistic, stats.pearsonr(x, y).statistic, x, y)


pair([1, 2], [5, 3])
pair([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
pair([1, 1, 2, 2, 3], [0, 1, 0, 1, 1])
pair([1e9 + 1, 1e9 + 2, 1e9 + 4], [1e-9, 3e-9, 2e-9])
for n in (3, 10, 50, 300):
    for slope in (-2, 0, 0.7):
        x = [round(rng.gauss(0, 1), 4) for _ in range(n)]
        pair(x, [round(slope * v + rng.gauss(0, 1), 4) for v in x])
        # Gold in steps and scores in coarse ones: ties on both sides.
        gold = [float(rng.randrange(6)) for _ in range(n)]
        gold[0], gold[1] = 0.0, 5.0
        score = [round(slope * v + rng.gauss(0, 2)) for v in gold]
        score[0], score[1] = -3.0, 4.0
        pair(gold, score)

for values in ([3], [2, 2, 2], [10, 20, 20, 5], [rng.randrange(8) for _ in range(40)], [-1.5, 0, -0.0, 1e300, -1e300]):
    row("ranks", stats.rankdata(values), values)

pathlib.Path(__file__).with_name("correlation.tsv").write_text("\n".join(rows) + "\n")
