"""Writes metrics.tsv beside this file: ranking metrics as trec_eval and scikit-learn have them.

Made with python 3.11, numpy 2.4.6, scikit-learn 1.9.1, pytrec_eval-terrier 0.5.11:
    pip install numpy==2.4.6 scikit-learn==1.9.1 pytrec_eval-terrier==0.5.11 && python3 make_metrics.py
Columns: metric, value, scores, relevant (1 or 0). Scores are multiples of 1/64, so float holds them exactly. Lists of
trec_eval metrics have no ties (it breaks them by item name); those of auc do. map@k with k below the number of
relevant items is left out: trec_eval divides by all of them there.
"""

import pathlib
import random

import pytrec_eval
from sklearn.metrics import roc_auc_score

rng = random.Random(20240131)
trec = {"map": "map", "mrr": "recip_rank", "ndcg@1": "ndcg_cut_1", "ndcg@5": "ndcg_cut_5", "ndcg@10": "ndcg_cut_10",
        "recall@5": "recall_5", "recall@20": "recall_20", "precision@5": "P_5", "precision@10": "P_10",
        "hit@1": "success_1", "hit@5": "success_5", "map@10": "map_cut_10"}
families = {"map", "recip_rank", "ndcg_cut.1,5,10", "recall.5,20", "P.5,10", "success.1,5", "map_cut.10"}
rows = []


def row(metric, value, scores, relevant):
    rows.append("\t".join([metric, repr(float(value)), ",".join(map(repr, scores)), ",".join(map(str, relevant))]))


for n in (2, 3, 5, 8, 12, 30, 60):
    for share in (0.15, 0.5):
        scores = [v / 64 for v in rng.sample(range(-640, 640), n)]
        relevant = [int(rng.random() < share) for _ in range(n)]
        relevant[rng.randrange(n)] = 1
        qrel = {"q": {f"d{i}": relevant[i] for i in range(n)}}
        run = {"q": {f"d{i}": scores[i] for i in range(n)}}
        measured = pytrec_eval.RelevanceEvaluator(qrel, families).evaluate(run)["q"]
        for ours, theirs in trec.items():
            if ours == "map@10" and sum(relevant) > 10:
                continue
            row(ours, measured[theirs], scores, relevant)

for n in (2, 5, 10, 40, 100):
    for levels in (2, 5, 1000):
        scores = [rng.randrange(levels) / 64 for _ in range(n)]
        relevant = [1, 0] + [int(rng.random() < 0.3) for _ in range(n - 2)]
        rng.shuffle(relevant)
        row("auc", roc_auc_score(relevant, scores), scores, relevant)

(pathlib.Path(__file__).parent / "metrics.tsv").write_text("\n".join(rows) + "\n")
