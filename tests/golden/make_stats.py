"""Writes stats.tsv beside this file: tests, intervals and corrections as scipy and statsmodels have them.

Made with python 3.11, numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0:
    pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 && python3 make_stats.py
Columns by the first one:
    welch       p  degrees  low95  high95  low99  high99  a  b      scipy.stats.ttest_ind(equal_var=False)
    one_sample  p  degrees  low95  high95  low99  high99  a         scipy.stats.ttest_1samp
    chi_squared p  counts  shares                                   scipy.stats.chisquare
    holm        p-values  adjusted                                  statsmodels multipletests(method="holm")
    bh          p-values  adjusted                                  statsmodels multipletests(method="fdr_bh")
"""

import pathlib
import random

from scipy import stats
from statsmodels.stats.multitest import multipletests

rng = random.Random(20240131)
rows = []


def text(x):
    return ",".join(repr(float(v)) for v in x) if hasattr(x, "__iter__") else repr(float(x))


def row(kind, *cells):
    rows.append("\t".join([kind] + [text(c) for c in cells]))


def sample(n, mean, deviation, skewed):
    draw = (lambda: rng.expovariate(1 / deviation)) if skewed else (lambda: rng.gauss(0, deviation))
    return [round(mean + draw(), 6) for _ in range(n)]


def interval_cells(result):
    low95, high95 = result.confidence_interval(0.95)
    low99, high99 = result.confidence_interval(0.99)
    return [result.pvalue, result.df, low95, high95, low99, high99]


shapes = [(2, 2, 0, 1, 1), (3, 9, 0.5, 1, 4), (20, 20, 0, 1, 1), (50, 12, -0.3, 2, 0.1), (200, 150, 0.2, 1, 1),
          (10, 300, 1, 30, 0.5), (40, 40, 5, 1, 1), (5, 7, 1000, 1e-3, 1e-3)]
for n, m, shift, da, db in shapes:
    for skewed in (False, True):
        a, b = sample(n, shift, da, skewed), sample(m, 0, db, skewed)
        row("welch", *interval_cells(stats.ttest_ind(a, b, equal_var=False)), a, b)
        row("one_sample", *interval_cells(stats.ttest_1samp(a, 0)), a)

for counts, shares in [([500, 500], [1, 1]), ([521, 479], [1, 1]), ([10201, 9799], [1, 1]), ([90, 10], [0.9, 0.1]),
                       ([30, 20, 50], [0.25, 0.25, 0.5]), ([1000, 1100, 900, 1000], [2, 2, 2, 2]), ([5, 0], [1, 3])]:
    expected = [sum(counts) * s / sum(shares) for s in shares]
    row("chi_squared", stats.chisquare(counts, expected).pvalue, counts, shares)

vectors = [[0.01], [0.04, 0.01, 0.03, 0.005], [0.05, 0.05, 0.05], [0, 1, 0.5], [1, 1, 1], [0.9, 0.0001, 0.02, 0.02]]
vectors += [[round(rng.random() ** 3, 6) for _ in range(n)] for n in (2, 5, 12, 29)]
for p in vectors:
    row("holm", p, multipletests(p, method="holm")[1])
    row("bh", p, multipletests(p, method="fdr_bh")[1])

(pathlib.Path(__file__).parent / "stats.tsv").write_text("\n".join(rows) + "\n")
