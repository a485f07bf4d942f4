"""What `tamis bench evidence` is measured against, on the same files: scikit-learn and pandas, pytrec_eval and ranx,
DuckDB.

  evidence_peers.py --task auc --predictions FILE.parquet
  evidence_peers.py --task rankings --judgments QRELS --run RUN
  evidence_peers.py --task joins --labels FILE.parquet --facts FILE.parquet

Every one gets --threads threads where it can use them, and its best of --times runs counts (ranx after a run in which
it compiles itself). Prints one JSON object: `seconds` by "WORKLOAD: WHO" and `figures` by the same names.
"""

import argparse
import json
import os
import sys
import time
import warnings

seconds, figures = {}, {}


def best_of(call, times):
    """Seconds of the fastest of so many calls, and the last one's result."""
    shortest, result = float("inf"), None
    for _ in range(times):
        begun = time.perf_counter()
        result = call()
        shortest = min(shortest, time.perf_counter() - begun)
    return shortest, result


def measure(name, call, times):
    seconds[name], figure = best_of(call, times)
    figures[name] = float(figure)


def auc(arguments):
    import pandas
    import sklearn
    from sklearn.metrics import roc_auc_score

    def whole():
        table = pandas.read_parquet(arguments.predictions, columns=["label", "score"])
        return roc_auc_score(table["label"].to_numpy(), table["score"].to_numpy())

    table = pandas.read_parquet(arguments.predictions)
    label, score = table["label"].to_numpy(), table["score"].to_numpy()
    measure(f"auc: scikit-learn {sklearn.__version__}", lambda: roc_auc_score(label, score), arguments.times)
    measure(f"auc parquet: pandas {pandas.__version__}, scikit-learn", whole, arguments.times)


def rankings(arguments):
    import importlib.metadata

    import pytrec_eval

    who = "pytrec_eval-terrier " + importlib.metadata.version("pytrec_eval-terrier")
    wanted = {"ndcg_cut.10", "map_cut.100", "recip_rank"}

    def read():
        with open(arguments.judgments) as judgments, open(arguments.run) as run:
            return pytrec_eval.parse_qrel(judgments), pytrec_eval.parse_run(run)

    def mean_sum(results):
        # trec_eval -c: a judged query without a list counts as 0; every query has one here.
        names = ("ndcg_cut_10", "map_cut_100", "recip_rank")
        return sum(sum(one[name] for one in results.values()) for name in names) / len(results)

    begun = time.perf_counter()
    judgments, run = read()
    parsing = time.perf_counter() - begun
    evaluator = pytrec_eval.RelevanceEvaluator(judgments, wanted)
    measure(f"rankings: {who}", lambda: mean_sum(evaluator.evaluate(run)), arguments.times)
    making, _ = best_of(lambda: pytrec_eval.RelevanceEvaluator(judgments, wanted), 1)
    name = f"rankings trec: {who}"
    seconds[name] = parsing + making + seconds[f"rankings: {who}"]
    figures[name] = figures[f"rankings: {who}"]
    del evaluator
    rankings_ranx(arguments, judgments, run)


def rankings_ranx(arguments, judgments, run):
    """ranx leaves no grade 0 behind and averages over the queries of the judgments, as we do."""
    import importlib.metadata

    import ranx

    who = "ranx " + importlib.metadata.version("ranx")
    wanted = ["ndcg@10", "map@100", "mrr"]
    few = list(judgments)[:100]
    small = ranx.Qrels({q: judgments[q] for q in few}), ranx.Run({q: run[q] for q in few})
    ranx.evaluate(*small, wanted, return_mean=True, save_results_in_run=False)
    del judgments, run
    begun = time.perf_counter()
    qrels = ranx.Qrels.from_file(arguments.judgments, kind="trec")
    runs = ranx.Run.from_file(arguments.run, kind="trec")
    parsing = time.perf_counter() - begun
    call = lambda: sum(ranx.evaluate(qrels, runs, wanted, save_results_in_run=False).values())
    measure(f"rankings: {who}", call, arguments.times)
    name = f"rankings trec: {who}"
    seconds[name] = parsing + seconds[f"rankings: {who}"]
    figures[name] = figures[f"rankings: {who}"]


def joins(arguments):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {arguments.threads}")
    query = (
        f"SELECT avg(f.value) FROM '{arguments.labels}' l ASOF JOIN '{arguments.facts}' f "
        "ON l.user = f.user AND l.time >= f.event_time"
    )
    measure(
        f"join one clock: DuckDB {duckdb.__version__}", lambda: connection.execute(query).fetchone()[0], arguments.times
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=["auc", "rankings", "joins"], required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--times", type=int, default=3)
    for name in ("predictions", "judgments", "run", "labels", "facts"):
        parser.add_argument("--" + name)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")  # numba's, about whole numbers that are far from any limit
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    try:
        {"auc": auc, "rankings": rankings, "joins": joins}[arguments.task](arguments)
    except ImportError as error:
        print(f"evidence_peers.py: {error}; bench/peers/setup.sh installs the peers", file=sys.stderr)
    json.dump({"peer": "", "seconds": seconds, "figures": figures}, sys.stdout)


if __name__ == "__main__":
    main()
