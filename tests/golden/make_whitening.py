#!/usr/bin/env python3
"""Writes whitening.json beside itself: W W^T of the whitening of some rows (signs of eigenvectors are free, W W^T has
none), over N and over N - 1, by numpy.

    python make_whitening.py        numpy 2.4
"""
import json
import pathlib

import numpy

ROWS, COLUMNS, KEPT = 60, 7, 4


def main():
    i, j = numpy.meshgrid(numpy.arange(ROWS), numpy.arange(COLUMNS), indexing="ij")
    x = numpy.cos(i * (j + 1) * 0.37) + 0.1 * (j + 1) * numpy.sin(i * 1.3 + j)
    out = {"rows": ROWS, "columns": COLUMNS, "kept": KEPT, "mean": x.mean(0).tolist()}
    for name, bias in (("over_n", True), ("over_n_less_1", False)):
        u, s, _ = numpy.linalg.svd(numpy.cov(x.T, bias=bias))
        w = u @ numpy.diag(1 / numpy.sqrt(s))
        out[name] = {"eigenvalues": s.tolist(), "all": (w @ w.T).ravel().tolist(),
                     "kept": (w[:, :KEPT] @ w[:, :KEPT].T).ravel().tolist()}
    pathlib.Path(__file__).with_name("whitening.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
