"""What `tamis bench vectors` is measured against: scikit-learn, FAISS and NumPy on the same rows.

  vectors_peers.py --task kmeans --rows FILE.npy --clusters 256 --iterations 20
  vectors_peers.py --task whiten --rows FILE.npy --dimensions 256
  vectors_peers.py --task hnsw --rows FILE.npy --queries FILE.npy --links M --build E --breadth E --k 10

Every one gets --threads threads, and its best of --times runs counts. Variables that tell OpenBLAS which processor to
take this one for are taken away first: it then chooses by itself, as it does for anyone. FAISS's own OpenBLAS is an old
one that takes new processors for very old ones; FAISS is therefore timed once more with the best it can be told.
Prints one JSON object: `seconds` by way, `figures` (inertia, recall, largest difference from the identity) by the same
names.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

MISLEADING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
STARTED = "TAMIS_VECTORS_PEERS_STARTED"


def start_again(core):
    """OpenBLAS reads its variables when it is loaded: a new process alone is sure to see what we want it to."""
    wanted = core or "found by itself"
    if os.environ.get(STARTED) == wanted:
        return
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    kept[STARTED] = wanted
    if core:
        kept["OPENBLAS_CORETYPE"] = core
    os.execve(sys.executable, [sys.executable] + sys.argv, kept)


def best_core():
    """What OpenBLAS of FAISS's age calls the newest processor that this one can pass for."""
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "SkylakeX" if " avx512f" in flags else "Haswell" if " avx2" in flags else None


def best_of(call, times):
    """Seconds of the fastest of so many calls, and the last one's result."""
    shortest, result = float("inf"), None
    for _ in range(times):
        begun = time.perf_counter()
        result = call()
        shortest = min(shortest, time.perf_counter() - begun)
    return shortest, result


def inertia_of(rows, centres):
    """Sum of squared distances to the nearest centre, in f64."""
    import numpy as np

    total, c = 0.0, centres.astype(np.float64)
    for begin in range(0, len(rows), 4096):
        x = rows[begin : begin + 4096].astype(np.float64)
        d = (x * x).sum(1)[:, None] - 2 * x @ c.T + (c * c).sum(1)[None]
        total += float(np.maximum(d.min(1), 0).sum())
    return total


def kmeans(arguments, rows):
    start = rows[: arguments.clusters].copy()
    if arguments.core:
        return kmeans_faiss(arguments, rows, start)
    seconds, figures = kmeans_sklearn(arguments, rows, start)
    ways = [kmeans_faiss(arguments, rows, start)]
    core = best_core()
    if core:
        told = subprocess.run([sys.executable] + sys.argv + ["--core", core], check=True, stdout=subprocess.PIPE)
        result = json.loads(told.stdout)
        ways.append((result["seconds"], result["figures"]))
    for more_seconds, more_figures in ways:
        seconds.update(more_seconds)
        figures.update(more_figures)
    return seconds, figures


def kmeans_sklearn(arguments, rows, start):
    import warnings

    import sklearn
    from sklearn.cluster import KMeans

    warnings.simplefilter("ignore")  # that it has not converged
    seconds, figures = {}, {}
    for algorithm in ("lloyd", "elkan"):
        name = f"scikit-learn {sklearn.__version__} {algorithm}"

        def fit():
            return KMeans(arguments.clusters, init=start, n_init=1, max_iter=arguments.iterations, tol=0,
                          algorithm=algorithm).fit(rows)

        seconds[name], model = best_of(fit, arguments.times)
        figures[name] = inertia_of(rows, model.cluster_centers_)
    return seconds, figures


def kmeans_faiss(arguments, rows, start):
    import faiss

    name = f"FAISS {faiss.__version__}" + (f", told {arguments.core}" if arguments.core else "")

    def train():
        model = faiss.Kmeans(rows.shape[1], arguments.clusters, niter=arguments.iterations, nredo=1, seed=1,
                             max_points_per_centroid=len(rows), min_points_per_centroid=1)
        model.train(rows, init_centroids=start)
        return model

    taken, model = best_of(train, arguments.times)
    return {name: taken}, {name: inertia_of(rows, model.centroids)}


def off_identity(rows):
    """How far the rows' covariance, over N, is from the identity: the largest component."""
    import numpy as np

    x = rows.astype(np.float64)
    x -= x.mean(0)
    return float(np.abs(x.T @ x / len(x) - np.eye(x.shape[1])).max())


def whiten(arguments, rows):
    import numpy as np

    def published():
        """As arXiv:2103.15316's code does it."""
        mean = rows.mean(axis=0, keepdims=True, dtype=np.float64)
        u, s, _ = np.linalg.svd(np.cov(rows.T))
        return (rows - mean) @ (u @ np.diag(1 / np.sqrt(s)))[:, : arguments.dimensions]

    def best():
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = rows - mean
        values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
        first = slice(None, -arguments.dimensions - 1, -1)  # the largest: values come in ascending order
        kernel = (vectors[:, first] / np.sqrt(values[first])).astype(np.float32)
        return (rows - mean.astype(np.float32)) @ kernel

    seconds, figures = {}, {}
    for name, way in (("as published", published), ("at its best", best)):
        name = f"NumPy {np.__version__} {name}"
        seconds[name], result = best_of(way, arguments.times)
        figures[name] = off_identity(result)
    return seconds, figures


def hnsw(arguments, rows):
    import faiss
    import numpy as np

    queries = np.load(arguments.queries)
    exact = faiss.IndexFlatIP(rows.shape[1])
    exact.add(rows)
    truth = exact.search(queries, arguments.k)[1]
    index = faiss.IndexHNSWFlat(rows.shape[1], arguments.links, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = arguments.build
    built, _ = best_of(lambda: index.add(rows), 1)
    index.hnsw.efSearch = arguments.breadth
    searched, found = best_of(lambda: index.search(queries, arguments.k)[1], 5)
    hits = sum(len(np.intersect1d(a, b)) for a, b in zip(truth, found))
    name = f"FAISS {faiss.__version__}"
    recall = hits / truth.size
    return {f"{name} build": built, f"{name} search": searched}, {f"{name} build": recall, f"{name} search": recall}


TASKS = {"kmeans": kmeans, "whiten": whiten, "hnsw": hnsw}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--rows", required=True)
    parser.add_argument("--queries")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="not used: --times says how often")
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--clusters", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--links", type=int, default=32)
    parser.add_argument("--build", type=int, default=100)
    parser.add_argument("--breadth", type=int, default=64)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--core", help="kmeans: FAISS alone, whose OpenBLAS is told this processor")
    arguments = parser.parse_args()
    start_again(arguments.core)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)

    import numpy as np
    from threadpoolctl import threadpool_limits

    if arguments.task != "whiten":
        import faiss

        faiss.omp_set_num_threads(arguments.threads)
    with threadpool_limits(arguments.threads):
        seconds, figures = TASKS[arguments.task](arguments, np.load(arguments.rows))
    print(json.dumps({"peer": "scikit-learn, FAISS, NumPy", "threads": arguments.threads, "seconds": seconds,
                      "figures": figures}))


if __name__ == "__main__":
    main()
