"""The workloads of `tamis bench engine`, in PyTorch: the same networks, batches, optimizers and counting.

Prints one JSON object: seconds of the best repetition by workload. PyTorch is given every choice that makes it faster
and leaves the result alone: fused optimizers, and for images the better of both memory layouts.
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F


def best(step, repeats, seconds):
    """The shortest time of a call, after two to warm up; at least `repeats` calls, then as many as fit in `seconds`."""
    step()
    step()
    shortest, begun, done = float("inf"), time.perf_counter(), 0
    while done < repeats or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        step()
        shortest = min(shortest, time.perf_counter() - start)
        done += 1
    return shortest


def cnn_step(layout):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(32 * 12 * 12, 128), nn.ReLU(), nn.Linear(128, 10)).to(memory_format=layout)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    images = torch.randn(64, 1, 28, 28).contiguous(memory_format=layout)
    labels = torch.randint(0, 10, (64,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


class Encoder(nn.Module):
    def __init__(self, vocabulary, width, layers, heads, inner, tokens):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(tokens, width)
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(0.1)
        layer = nn.TransformerEncoderLayer(width, heads, inner, 0.1, "gelu", batch_first=True)
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, ids):
        x = self.words(ids) + self.positions.weight[None, : ids.shape[1]]
        return self.layers(self.drop(self.norm(x))).mean(1)


def encoder_step():
    torch.manual_seed(0)
    model = Encoder(30522, 384, 6, 12, 1536, 32)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    ids = torch.randint(0, 30522, (128, 32))
    target = torch.arange(64)

    def step():
        optimizer.zero_grad(set_to_none=True)
        vectors = F.normalize(model(ids)).view(64, 2, 384)
        F.cross_entropy(vectors[:, 0] @ vectors[:, 1].T / 0.05, target).backward()
        optimizer.step()

    return step


def matmul_step(m, k, n):
    a, b = torch.randn(m, k), torch.randn(k, n)
    out = torch.empty(m, n)
    return lambda: torch.mm(a, b, out=out)


def optimizer_step(parameters):
    weight = nn.Parameter(torch.randn(parameters))
    weight.grad = torch.randn(parameters)
    optimizer = torch.optim.AdamW([weight], lr=1e-3, fused=True)
    return optimizer.step


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, default=3, help="time for each workload")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plain = best(cnn_step(torch.contiguous_format), 10, options.seconds)
    last = best(cnn_step(torch.channels_last), 10, options.seconds)
    seconds = {
        "matmul": best(matmul_step(1024, 1024, 1024), 10, options.seconds),
        "optimizer": best(optimizer_step(16 << 20), 5, options.seconds),
        "cnn": min(plain, last),
        "encoder": best(encoder_step(), 3, options.seconds),
    }
    print(json.dumps({"peer": "PyTorch " + torch.__version__, "threads": options.threads, "seconds": seconds}))


if __name__ == "__main__":
    main()
