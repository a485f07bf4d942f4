"""Writes comparisons.tsv beside this file: paired tests, bootstrap constants, intervals of shares and effect sizes.

Made with python 3.11, numpy 2.4.6, scipy 1.17.1, statsmodels 0.15.0:
    pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 && python3 make_comparisons.py
Columns by the first one:
    wilcoxon     zero_method  method  correction  p  T+  T-  d      scipy.stats.wilcoxon (T+, T- of its statistic)
    permutation  p  a  b                                            scipy.stats.permutation_test, samples, all of them
    cluster_t    p  estimate  se  low95  high95  cluster  d         statsmodels OLS, cov_type="cluster", t
    bca          estimate  z0  a  low95  high95  low80  high80  d  replicates   scipy's BCa on these replicates
    bonferroni   p-values  adjusted                                 statsmodels multipletests(method="bonferroni")
    beta, wilson successes  trials  alpha  low  high                statsmodels proportion_confint
    ratio        estimate  se  x  y                                 numpy.cov in the delta method's formula
    covariance   covariance  var_x  var_y  x  y                     numpy.cov
    effect       dz  g  rank_biserial  cliff  a  b                  their formulas; gamma of scipy.special
    hedges       degrees  correction                                scipy.special.gammaln
    credible     a  b  alpha  low  high                             scipy.stats.beta.ppf
    greater      a1  b1  a2  b2  P(x > y)                           the finite sum for whole numbers, in fractions
"""

import math
import pathlib
import random
from fractions import Fraction

import numpy as np
import statsmodels.api as sm
from scipy import special, stats
from scipy.stats import _resampling
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = random.Random(20240229)
rows = []


def text(x):
    if isinstance(x, str):
        return x
    return ",".join(repr(float(v)) for v in x) if hasattr(x, "__iter__") else repr(float(x))


def row(kind, *cells):
    rows.append("\t".join([kind] + [text(c) for c in cells]))


def normals(n, mean=0.0, deviation=1.0, digits=6):
    return [round(rng.gauss(mean, deviation), digits) for _ in range(n)]


def wilcoxon_rows():
    samples = [normals(n, 0.3) for n in (3, 8, 20, 50, 51, 300)]
    samples += [[round(v) for v in normals(n, 0.4, 2)] for n in (6, 12, 30, 200)]
    samples += [[round(v, 1) for v in normals(40, 0.1)], [0, 0, 0, 1, -2, 3, 3], [5, 5, 5, 5], [0, 0, 7, 0]]
    for d in samples:
        d = [float(v) for v in d]
        plain = 0 not in d and len(set(map(abs, d))) == len(d)
        for zeros in ("wilcox", "pratt", "zsplit"):
            plus, minus = signed_sums(d, zeros)
            for correction in (False, True):
                p = stats.wilcoxon(d, zero_method=zeros, correction=correction, method="asymptotic").pvalue
                row("wilcoxon", zeros, "approximate", correction, p, plus, minus, d)
            if plain and len(d) <= 50:
                row("wilcoxon", zeros, "exact", 0, stats.wilcoxon(d, zero_method=zeros, method="exact").pvalue, plus,
                    minus, d)
            elif len(d) <= 12:
                method = stats.PermutationMethod(n_resamples=np.inf)
                row("wilcoxon", zeros, "exact", 0, stats.wilcoxon(d, zero_method=zeros, method=method).pvalue, plus,
                    minus, d)


def signed_sums(d, zeros):
    low = stats.wilcoxon(d, zero_method=zeros, alternative="greater", method="asymptotic").statistic
    high = stats.wilcoxon([-v for v in d], zero_method=zeros, alternative="greater", method="asymptotic").statistic
    return low, high


def permutation_rows():
    for n in (2, 5, 9, 12):
        for digits in (1, 6):
            a, b = normals(n, 0.8, 1, digits), normals(n, 0, 1, digits)
            result = stats.permutation_test((a, b), lambda x, y, axis: np.mean(x, axis) - np.mean(y, axis),
                                            permutation_type="samples", vectorized=True, n_resamples=np.inf)
            row("permutation", result.pvalue, a, b)


def cluster_rows():
    for clusters, most in ((5, 4), (30, 3), (12, 40)):
        ids, d = [], []
        for c in range(clusters):
            shift = rng.gauss(0.2, 1)
            for _ in range(rng.randint(1, most)):
                ids.append(c)
                d.append(round(shift + rng.gauss(0, 1), 6))
        fit = sm.OLS(d, np.ones(len(d))).fit(cov_type="cluster", cov_kwds={"groups": ids}, use_t=True)
        low, high = fit.conf_int(0.05)[0]
        row("cluster_t", fit.pvalues[0], fit.params[0], fit.bse[0], low, high, ids, d)


def bca_rows():
    for n, skewed in ((5, False), (20, True), (60, True)):
        d = np.array([round(rng.expovariate(1) if skewed else rng.gauss(1, 1), 6) for _ in range(n)])
        draws = np.array([[rng.randrange(n) for _ in range(n)] for _ in range(400)])
        replicates = d[draws].mean(axis=1)
        mean = lambda x, axis: np.mean(x, axis=axis)
        ends = []
        for alpha in (0.025, 0.1):
            one, two, a = _resampling._bca_interval((d,), mean, -1, alpha, replicates, None, np)
            ends += [np.quantile(replicates, one), np.quantile(replicates, two)]
        share = ((replicates < d.mean()).mean() + (replicates <= d.mean()).mean()) / 2
        row("bca", d.mean(), special.ndtri(share), a, *np.ravel(ends), d, replicates)


def proportion_rows():
    for k, n in ((0, 10), (10, 10), (1, 10), (5, 10), (46, 10000), (69, 10000), (1, 1), (299, 300), (123456, 1000000)):
        for alpha in (0.05, 0.01):
            row("beta", k, n, alpha, *proportion_confint(k, n, alpha, method="beta"))
            row("wilson", k, n, alpha, *proportion_confint(k, n, alpha, method="wilson"))


def ratio_rows():
    for n in (2, 7, 60):
        y = [float(rng.randint(1, 9)) for _ in range(n)]
        x = [round(v * rng.random(), 6) for v in y]
        cov = np.cov(x, y)
        mx, my = np.mean(x), np.mean(y)
        ratio = mx / my
        variance = (cov[0, 0] / my**2 - 2 * mx * cov[0, 1] / my**3 + mx**2 * cov[1, 1] / my**4) / n
        row("ratio", ratio, math.sqrt(variance), x, y)
        row("covariance", cov[0, 1], cov[0, 0], cov[1, 1], x, y)


def hedges(degrees):
    return math.exp(special.gammaln(degrees / 2) - special.gammaln((degrees - 1) / 2)) / math.sqrt(degrees / 2)


def effect_rows():
    for n, digits in ((3, 6), (10, 1), (80, 6), (80, 0)):
        a, b = normals(n, 0.5, 1, digits), normals(n, 0, 2, digits)
        d = np.subtract(a, b)
        dz = d.mean() / d.std(ddof=1)
        plus, minus = signed_sums(d, "wilcox")
        signs = np.sign(np.subtract.outer(a, b))
        row("effect", dz, dz * hedges(n - 1), (plus - minus) / (plus + minus), signs.mean(), a, b)
    for degrees in (2, 3, 9, 98, 5000):
        row("hedges", degrees, hedges(degrees))


def beta_function(a, b):
    return Fraction(math.factorial(a - 1) * math.factorial(b - 1), math.factorial(a + b - 1))


def greater(a1, b1, a2, b2):
    """P(x > y), x of Beta(a1, b1), y of Beta(a2, b2), by Miller's sum over a1."""
    total = sum(beta_function(a2 + i, b1 + b2) / ((b1 + i) * beta_function(1 + i, b1) * beta_function(a2, b2))
                for i in range(a1))
    return float(total)


def posterior_rows():
    for a, b in ((1, 1), (0.5, 0.5), (2, 9), (47, 9955), (500, 500)):
        for alpha in (0.05, 0.2):
            row("credible", a, b, alpha, *stats.beta.ppf([alpha / 2, 1 - alpha / 2], a, b))
    for four in ((1, 1, 1, 1), (3, 2, 2, 3), (47, 954, 70, 932), (1, 9, 1, 2), (400, 100, 300, 200), (5, 1, 1, 5)):
        row("greater", *four, greater(*four))


wilcoxon_rows()
permutation_rows()
cluster_rows()
bca_rows()
for p in ([0.01], [0.04, 0.01, 0.03, 0.005], [0.9, 0.0001, 0.02, 0.02], [round(rng.random() ** 3, 6) for _ in range(20)]):
    row("bonferroni", p, multipletests(p, method="bonferroni")[1])
proportion_rows()
ratio_rows()
effect_rows()
posterior_rows()
(pathlib.Path(__file__).parent / "comparisons.tsv").write_text("\n".join(rows) + "\n")
