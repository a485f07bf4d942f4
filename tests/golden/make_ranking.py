"""Writes ranking.tsv beside this file: metrics of graded lists as trec_eval and ranx have them, ties and edges among them.

Made with python 3.11, numpy 2.4.6, pytrec_eval-terrier 0.5.11, ranx 0.3.21:
    pip install numpy==2.4.6 pytrec_eval-terrier==0.5.11 ranx==0.3.21 && python3 make_ranking.py
A line `case NAME JUDGMENTS RUN` (document:grade and document:score, commas between, in the order of the file) stands
before the lines `tool METRIC VALUE` that hold for it; a case ends with the lowest grade that is relevant. Metrics are
named as by tamis, with ndcg_exponential for gains of 2^grade - 1, and map@k divided by all relevant documents.
trec_eval breaks ties by id and compares scores as floats; ranx sorts by score alone, so its lists have no ties. ranx
weighs rbp by the grade, so that it can exceed 1: it is given 0 and 1 for grades there.
"""

import pathlib
import random

import numpy as np
import pytrec_eval
from ranx import Qrels, Run, evaluate

rng = random.Random(20260107)
lines = []
trec_names = {"map": "map", "map@3": "map_cut_3", "map@10": "map_cut_10", "mrr": "recip_rank", "ndcg": "ndcg",
              "ndcg@1": "ndcg_cut_1", "ndcg@5": "ndcg_cut_5", "ndcg@10": "ndcg_cut_10", "recall@2": "recall_2",
              "recall@20": "recall_20", "precision@1": "P_1", "precision@5": "P_5", "precision@20": "P_20",
              "hit@1": "success_1", "hit@5": "success_5", "r_precision": "Rprec", "bpref": "bpref"}
families = {"map", "map_cut.3,10", "recip_rank", "ndcg", "ndcg_cut.1,5,10", "recall.2,20", "P.1,5,20", "success.1,5",
            "Rprec", "bpref"}
ranx_names = {"map": "map", "map@3": "map@3", "mrr": "mrr", "mrr@3": "mrr@3", "ndcg@5": "ndcg@5", "ndcg": "ndcg",
              "ndcg_exponential@5": "ndcg_burges@5", "ndcg_exponential": "ndcg_burges", "recall@20": "recall@20",
              "precision@5": "precision@5", "hit@5": "hit_rate@5", "r_precision": "r-precision", "rbp@0.5": "rbp.50",
              "rbp@0.8": "rbp.80", "rbp@0.95": "rbp.95"}


def case(name, qrel, run, level=1, ranx=False):
    lines.append("\t".join(["case", name, ",".join(f"{d}:{g}" for d, g in qrel.items()),
                            ",".join(f"{d}:{s!r}" for d, s in run.items()), str(level)]))
    evaluator = pytrec_eval.RelevanceEvaluator({"q": qrel}, families, relevance_level=level)
    measured = evaluator.evaluate({"q": run})["q"]
    for ours, theirs in trec_names.items():
        lines.append("\t".join(["trec_eval", ours, repr(float(measured[theirs]))]))
    if not ranx:
        return
    graded, ranked = Qrels({"q": qrel}), Run({"q": run})
    binary = Qrels({"q": {d: min(g, 1) for d, g in qrel.items()}})
    for ours, theirs in ranx_names.items():
        qrels = binary if ours.startswith("rbp") else graded
        lines.append("\t".join(["ranx", ours, repr(float(evaluate(qrels, ranked, theirs)))]))


def ids(n):
    return [f"d{i}" for i in rng.sample(range(200), n)]


for trial in range(14):  # no two scores the same
    pool = ids(rng.choice([3, 8, 20, 40]))
    retrieved = rng.sample(pool, rng.randrange(2, len(pool) + 1))
    run = {d: v / 64 for d, v in zip(retrieved, rng.sample(range(-900, 900), len(retrieved)))}
    judged = rng.sample(pool, max(1, len(pool) * 2 // 3))
    qrel = {d: rng.choice([0, 0, 1, 1, 2, 3, 4]) for d in judged}
    case(f"distinct{trial}", qrel, run, ranx=any(g > 0 for g in qrel.values()))

for trial in range(10):  # ties, by id; grades below 0 and a level above 1 among them
    pool = ids(rng.choice([5, 12, 60]))
    run = {d: rng.randrange(4) / 4 for d in rng.sample(pool, len(pool) * 4 // 5)}
    low = -2 if trial % 2 else 0
    qrel = {d: rng.randint(low, 3) for d in rng.sample(pool, len(pool) // 2)}
    case(f"tied{trial}", qrel, run, level=1 + trial % 3 // 2)

many = [f"d{i}" for i in range(70)]
case("many", {d: i % 4 for i, d in enumerate(many[:64])}, {d: (i * 37 % 101) / 8 for i, d in enumerate(many)})
case("many_tied", {d: i % 3 for i, d in enumerate(many)}, {d: i % 5 for i, d in enumerate(many[:66])})
case("as_floats", {"a": 1, "b": 0, "c": 2}, {"a": 16777217.0, "b": 16777216.0, "c": 16777216.5, "d": 3.0})
case("beyond_floats", {"a": 1, "b": 0}, {"a": 1e300, "b": 2e300, "c": -1e300, "d": -2e300})
case("bytes_of_ids", {"d10": 1, "d9": 0, "D9": 2, "d": 1, "é": 1}, {"d9": 1.0, "d10": 1.0, "D9": 1.0, "d": 1.0, "é": 1.0})
case("one", {"a": 1}, {"a": 0.5})
case("nothing_relevant_retrieved", {"a": 1, "b": 2}, {"c": 1.0, "d": 0.5})
case("nothing_retrieved", {"a": 1}, {})
case("nothing_relevant", {"a": 0, "b": 0}, {"a": 1.0, "b": 0.5})
case("only_negative", {"a": -1, "b": -2}, {"a": 1.0, "b": 0.5})
case("clicks", {"a": 1, "b": 0, "c": 0, "d": 1, "e": 1, "f": 1},
     {"a": 6.0, "b": 5.0, "c": 4.0, "d": 3.0, "e": 2.0, "f": 1.0}, ranx=True)

(pathlib.Path(__file__).parent / "ranking.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
