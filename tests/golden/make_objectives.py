#!/usr/bin/env python3
"""Writes objectives.json beside itself: losses, gradients and one AdamW step of SimCSE and SBERT on the BERT of
tests/golden/bert, in float64 with dropout, by PyTorch.

    python make_objectives.py        torch 2.15.0, safetensors 0.8.0

The dropout masks are those the library draws: Philox 4x32-10 addressed by (key of "dropout.PATH.VARIANT", step,
position). Gradients and stepped weights are stored as one number a parameter, sum over i of x_i cos(i + 1).
"""
import json
import pathlib

import numpy
import torch
from safetensors.torch import load_file

FOLDER = pathlib.Path(__file__).parent
SEED, STEP, RATE, HEADS, POSITIONS = 7, 3, 0.1, 2, 20
TEXTS = {"a": [[2, 5, 6, 3], [2, 9, 8, 7, 30, 3], [2, 17, 3], [2, 22, 23, 24, 25, 26, 3]],
         "b": [[2, 5, 7, 3], [2, 9, 8, 31, 3], [2, 17, 18, 19, 3], [2, 22, 24, 3]],
         "n": [[2, 33, 3], [2, 30, 7, 8, 9, 3], [2, 12, 13, 3], [2, 39, 38, 37, 3]]}
SCORES, LABELS = [0.9, 0.1, 0.55, 0.3], [0, 2, 1, 1]
M64 = (1 << 64) - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & M64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M64
    return x ^ (x >> 31)


def key_of(seed, purpose):
    h = 0xCBF29CE484222325
    for byte in purpose.encode():
        h = ((h ^ byte) * 0x100000001B3) & M64
    key = mix(mix(seed) ^ h)
    return key & 0xFFFFFFFF, key >> 32


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def factors(path, variant, first, count):
    """Factors of `count` elements from position `first`."""
    key = key_of(SEED, f"dropout.{path}.{variant}")
    above = int(numpy.ceil(RATE * 2**32)) - 1
    out = []
    for position in range(first, first + count):
        block = position // 4
        words = philox([block & 0xFFFFFFFF, block >> 32, STEP & 0xFFFFFFFF, STEP >> 32], key)
        out.append(1 / (1 - RATE) if words[position % 4] > above else 0.0)
    return torch.tensor(out, dtype=torch.float64)


def hidden_states(w, texts, variant):
    """Outputs of every layer, one [n, C] a text."""
    linear = lambda x, name: torch.nn.functional.linear(x, w[name + ".weight"], w[name + ".bias"])
    norm = lambda x, name: torch.nn.functional.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], 1e-12)
    states, row = [], 0
    for b, ids in enumerate(texts):
        n, t = len(ids), torch.tensor(ids)
        x = w["embeddings.word_embeddings.weight"][t] + w["embeddings.token_type_embeddings.weight"][0]
        x = norm(x + w["embeddings.position_embeddings.weight"][:n], "embeddings.LayerNorm")
        C = x.shape[1]
        drop = lambda x, path: x * factors(path, variant, row * C, n * C).view(n, C)
        x = drop(x, "bert.embeddings.dropout")
        layers = [x]
        for i in range(2):
            at, path = f"encoder.layer.{i}.", f"bert.layer.{i}."
            split = lambda y: y.view(n, HEADS, C // HEADS).transpose(0, 1)
            q, k, v = (split(linear(x, at + "attention.self." + part)) for part in ("query", "key", "value"))
            p = torch.softmax(q @ k.transpose(1, 2) / (C // HEADS) ** 0.5, -1)
            p = p * factors(path + "attention", variant, b << 32, HEADS * n * n).view(HEADS, n, n)
            y = linear((p @ v).transpose(0, 1).reshape(n, C), at + "attention.output.dense")
            x = norm(x + drop(y, path + "attention_dropout"), at + "attention.output.LayerNorm")
            y = torch.nn.functional.gelu(linear(x, at + "intermediate.dense"))
            y = linear(y, at + "output.dense")
            x = norm(x + drop(y, path + "output_dropout"), at + "output.LayerNorm")
            layers.append(x)
        states.append(layers)
        row += n
    return states


def vectors(w, name, variant, pooling):
    states = hidden_states(w, TEXTS[name], variant)
    if pooling == "cls":
        return torch.stack([s[-1][0] for s in states])
    if pooling == "max":
        return torch.stack([s[-1].max(0).values for s in states])
    if pooling == "first-last":
        return torch.stack([((s[1] + s[-1]) / 2).mean(0) for s in states])
    return torch.stack([s[-1].mean(0) for s in states])


def simcse(both, negatives, pooling):
    def loss(w):
        unit = lambda x: torch.nn.functional.normalize(x)
        a, b = unit(vectors(w, "a", 0, pooling)), unit(vectors(w, "b", 1, pooling))
        rows = [b] + ([unit(vectors(w, "n", 2, pooling))] if negatives else [])
        B = len(a)
        if not both:
            return torch.nn.functional.cross_entropy(a @ torch.cat(rows).T / 0.05, torch.arange(B))
        every = torch.cat([a] + rows)
        logits = torch.cat([a, b]) @ every.T / 0.05
        logits[torch.arange(2 * B), torch.arange(2 * B)] = -1e30
        return torch.nn.functional.cross_entropy(logits, torch.cat([torch.arange(B) + B, torch.arange(B)]))
    return loss


def classes(width):
    return torch.cos(torch.arange(3 * 3 * width, dtype=torch.float64) * 0.7).view(3, 3 * width) * 0.3


def sbert(objective, pooling):
    def loss(w):
        u, v = vectors(w, "a", 0, pooling), vectors(w, "b", 1, pooling)
        if objective == "classification":
            return torch.nn.functional.cross_entropy(torch.cat([u, v, (u - v).abs()], 1) @ w["classes"].T,
                                                     torch.tensor(LABELS))
        if objective == "regression":
            cosine = torch.nn.functional.cosine_similarity(u, v)
            return ((cosine - torch.tensor(SCORES, dtype=torch.float64)) ** 2).mean()
        n = vectors(w, "n", 2, pooling)
        return torch.relu((u - v).norm(dim=1) - (u - n).norm(dim=1) + 1).mean()
    return loss


def projection(x):
    flat = x.detach().flatten()
    return float((flat * torch.cos(torch.arange(1, len(flat) + 1, dtype=torch.float64))).sum())


def run(loss, with_classes):
    w = {k: v.double().requires_grad_() for k, v in load_file(FOLDER / "bert" / "bert" / "model.safetensors").items()
         if not k.startswith("pooler")}
    if with_classes:
        w["classes"] = classes(16).requires_grad_()
    plain = [v for k, v in w.items() if k.endswith("bias") or "LayerNorm" in k]
    decayed = [v for k, v in w.items() if not (k.endswith("bias") or "LayerNorm" in k)]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0}],
                                  lr=1e-3)
    value = loss(w)
    value.backward()
    gradients = {k: projection(v.grad) for k, v in w.items()}
    optimizer.step()
    return {"loss": float(value.detach()), "gradients": gradients, "weights": {k: projection(v) for k, v in w.items()}}


def main():
    out = {"seed": SEED, "step": STEP, "dropout": RATE, "texts": TEXTS, "scores": SCORES, "labels": LABELS, "cases": []}
    cases = [("simcse one-side", simcse(False, False, "cls"), "cls"),
             ("simcse one-side negatives", simcse(False, True, "mean"), "mean"),
             ("simcse both", simcse(True, False, "mean"), "mean"),
             ("simcse both negatives", simcse(True, True, "first-last"), "first-last"),
             ("sbert classification", sbert("classification", "mean"), "mean"),
             ("sbert regression", sbert("regression", "max"), "max"),
             ("sbert triplet", sbert("triplet", "cls"), "cls")]
    for name, loss, pooling in cases:
        out["cases"].append({"name": name, "pooling": pooling, **run(loss, "classification" in name)})
    (FOLDER / "objectives.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
