"""Writes classification.tsv beside this file: classification, curve and regression metrics as scikit-learn has them.

Made with python 3.11, numpy 2.4.6, scikit-learn 1.9.1:
    pip install numpy==2.4.6 scikit-learn==1.9.1 && python3 make_classification.py
Columns by the first one:
    binary      case  labels  scores  weights            a case of two classes; no weights: an empty cell
    multi       case  labels  probabilities  weights     three classes, row after row
    regression  case  targets  predictions  weights
    value       case  metric  parameter  value           nan: scikit-learn has no value or says nan
    roc, pr     case  x  y  thresholds                   drop_intermediate=False, in scikit-learn's order
"""

import pathlib
import random
import warnings

import numpy as np
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

warnings.simplefilter("ignore")
rng = random.Random(20240131)
rows = []


def text(x):
    return ",".join(repr(float(v)) if v != int(v) else str(int(v)) for v in x) if hasattr(x, "__iter__") else str(x)


def row(*cells):
    rows.append("\t".join(text(c) if not isinstance(c, str) else c for c in cells))


def value(case, metric, parameter, call):
    try:
        found = float(call())
    except ValueError:
        found = float("nan")
    rows.append("\t".join(["value", case, metric, str(parameter), repr(found)]))


def calibration(y, p, weights, strategy, bins):
    """Expected calibration error over the bins of calibration_curve, which has no weights."""
    if strategy == "uniform":
        edges = np.linspace(0, 1, bins + 1)
    else:
        edges = np.percentile(p, np.linspace(0, 1, bins + 1) * 100)
    ids = np.searchsorted(edges[1:-1], p)
    total = np.bincount(ids, weights=weights, minlength=bins)
    predicted = np.bincount(ids, weights=weights * p, minlength=bins)
    true = np.bincount(ids, weights=weights * y, minlength=bins)
    if np.all(weights == 1) and len(set(y)) == 2:
        seen = total > 0
        of_true, of_predicted = calibration_curve(y, p, n_bins=bins, strategy=strategy)
        assert np.allclose(of_true, true[seen] / total[seen]) and np.allclose(of_predicted, predicted[seen] / total[seen])
    return np.abs(predicted - true).sum() / total.sum()


def confusion_values(case, y, predicted, w, labels):
    value(case, "accuracy", "", lambda: sk.accuracy_score(y, predicted, sample_weight=w))
    value(case, "balanced_accuracy", "", lambda: sk.balanced_accuracy_score(y, predicted, sample_weight=w))
    value(case, "matthews", "", lambda: sk.matthews_corrcoef(y, predicted, sample_weight=w))
    averages = ["micro", "macro", "weighted"] + (["binary"] if len(labels) == 2 else [])
    for zero, name in ((np.nan, "null"), (0.0, "0"), (1.0, "1")):
        for average in averages:
            options = {"average": average, "sample_weight": w, "zero_division": zero}
            if average != "binary":
                options["labels"] = labels
            for metric, call in (("precision", sk.precision_score), ("recall", sk.recall_score), ("f1", sk.f1_score)):
                value(case, metric, f"{average},{name}", lambda: call(y, predicted, **options))
            for beta in (0.5, 2):
                value(case, f"f_{beta}", f"{average},{name}", lambda: sk.fbeta_score(y, predicted, beta=beta, **options))
        if len(labels) == 2:
            value(case, "specificity", f"binary,{name}",
                  lambda: sk.recall_score(y, predicted, pos_label=0, sample_weight=w, zero_division=zero))
    for c in labels:
        for beta in (1, 2):
            value(case, f"class_f_{beta}", c, lambda: sk.fbeta_score(
                y, predicted, beta=beta, labels=[c], average=None, sample_weight=w, zero_division=np.nan)[0])


def binary(case, y, p, weights):
    row("binary", case, y, p, weights if weights is not None else "")
    y, p = np.array(y), np.array(p, dtype=float)
    w = None if weights is None else np.array(weights, dtype=float)
    both = len(set(y)) == 2
    value(case, "auc", "", lambda: sk.roc_auc_score(y, p, sample_weight=w))
    for max_fpr in (0.1, 0.33, 1.0):
        value(case, "partial_auc", max_fpr, lambda: sk.roc_auc_score(y, p, sample_weight=w, max_fpr=max_fpr))
    value(case, "average_precision", "", lambda: sk.average_precision_score(y, p, sample_weight=w))
    precision, recall, thresholds = sk.precision_recall_curve(y, p, sample_weight=w, drop_intermediate=False)
    value(case, "pr_auc", "", lambda: sk.auc(recall, precision))
    if both:
        row("pr", case, recall, precision, thresholds)
        x, up, at = sk.roc_curve(y, p, sample_weight=w, drop_intermediate=False)
        row("roc", case, x, up, at[1:])
    if p.min() >= 0 and p.max() <= 1:
        ones = np.ones(len(y)) if w is None else w
        value(case, "log_loss", "", lambda: sk.log_loss(y, p, sample_weight=w, labels=[0, 1]))
        value(case, "brier", "", lambda: sk.brier_score_loss(y, p, sample_weight=w, pos_label=1))
        for bins in (10, 7):
            value(case, "ece", bins, lambda: calibration(y, p, ones, "uniform", bins))
        value(case, "ece_mass", 5, lambda: calibration(y, p, ones, "quantile", 5))
    confusion_values(case, y, (p >= 0.5).astype(int), w, [0, 1])


def multi(case, y, p, weights):
    row("multi", case, y, [v for line in p for v in line], weights if weights is not None else "")
    y, p = np.array(y), np.array(p)
    w = None if weights is None else np.array(weights, dtype=float)
    labels = [0, 1, 2]
    for average in ("macro", "weighted"):
        value(case, "auc_ovr", average,
              lambda: sk.roc_auc_score(y, p, multi_class="ovr", average=average, sample_weight=w))
        if w is None:
            value(case, "auc_ovo", average, lambda: sk.roc_auc_score(y, p, multi_class="ovo", average=average))
    value(case, "log_loss", "", lambda: sk.log_loss(y, p, sample_weight=w, labels=labels))
    value(case, "brier", "", lambda: sk.brier_score_loss(y, p, sample_weight=w, labels=labels))
    confusion_values(case, y, p.argmax(axis=1), w, labels)


def regression(case, y, f, weights):
    row("regression", case, y, f, weights if weights is not None else "")
    w = None if weights is None else np.array(weights, dtype=float)
    value(case, "rmse", "", lambda: sk.root_mean_squared_error(y, f, sample_weight=w))
    value(case, "mae", "", lambda: sk.mean_absolute_error(y, f, sample_weight=w))
    value(case, "mape", "", lambda: sk.mean_absolute_percentage_error(y, f, sample_weight=w))
    value(case, "r2", "", lambda: sk.r2_score(y, f, sample_weight=w))
    for q in (0.1, 0.5, 0.9):
        value(case, "quantile_loss", q, lambda: sk.mean_pinball_loss(y, f, alpha=q, sample_weight=w))


def weigh(n, kind):
    return None if kind == 0 else [round(rng.uniform(0.1, 3), 2) if rng.random() < 0.8 else 0 for _ in range(n)]


def drawn(n, share, digits):
    y = [int(rng.random() < share) for _ in range(n)]
    y[0], y[1] = 1, 0
    return y, [round(min(1, max(0, rng.gauss(0.35 + 0.3 * label, 0.25))), digits) for label in y]


for i in range(6):
    y, p = drawn(rng.randint(5, 40), (0.5, 0.2, 0.8)[i % 3], 6)
    binary(f"random{i}", y, p, weigh(len(y), i % 2))
for i in range(6):
    y, p = drawn(rng.randint(8, 50), (0.5, 0.3)[i % 2], 1)
    binary(f"tied{i}", y, p, weigh(len(y), i // 3))
for i in range(4):
    y, p = drawn(30, 0.4, 3)
    binary(f"margins{i}", y, [round(8 * (v - 0.5), 3) for v in p], weigh(30, i % 2))
binary("all tied", [1, 0, 0, 1, 0], [0.5] * 5, None)
binary("perfect", [0, 0, 0, 1, 1], [0, 0.1, 0.2, 0.9, 1], None)
binary("reversed", [1, 1, 0, 0], [0, 0.25, 0.75, 1], [1, 2, 3, 4])
binary("two", [0, 1], [0.7, 0.3], None)
binary("all positive", [1, 1, 1], [0.2, 0.6, 0.9], None)
binary("all negative", [0, 0, 0], [0.2, 0.6, 0.9], None)
binary("none predicted", [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], [0.5, 1, 2, 1])
binary("all predicted", [0, 1, 0, 1], [0.9, 0.8, 0.7, 0.6], None)
binary("negative none predicted", [0, 0], [0.1, 0.2], None)
binary("edges of bins", [0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1], [i / 10 for i in range(11)], None)

for i in range(6):
    n = rng.randint(12, 40)
    y = [k % 3 if k < 3 else rng.randrange(3) for k in range(n)]
    p = []
    for label in y:
        a = [rng.random() ** 2 + (0.4 if k == label else 0) for k in range(3)]
        digits = 4 if i % 2 == 0 else 1
        first, second = (round(v / sum(a) * 0.999, digits) for v in a[:2])
        second = min(second, round(1 - first, digits))
        p.append([first, second, round(1 - first - second, digits)])
    multi(f"three{i}", y, p, weigh(n, i // 3))
multi("one class never predicted", [0, 1, 2, 1], [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.3, 0.4, 0.3], [0.1, 0.8, 0.1]], None)
multi("one class never true", [0, 1, 0, 1], [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.3, 0.1, 0.6], [0.1, 0.8, 0.1]], None)

for i in range(5):
    n = rng.randint(2, 40)
    y = [round(rng.gauss(10 * i, 3), 3) for _ in range(n)]
    regression(f"line{i}", y, [round(v + rng.gauss(0.2, 1), 3) for v in y], weigh(n, i % 2))
regression("zero target", [0, 1, 2], [0.5, 1, 1.5], [1, 2, 1])
regression("equal targets", [2, 2, 2], [1, 2, 3], None)

path = pathlib.Path(__file__).with_name("classification.tsv")
path.write_text("\n".join(rows) + "\n")
