"""Writes cnn_steps.tsv beside this file: twenty steps of gradient descent of a small convolutional network in f64.

Made with python 3.11, torch 2.15.0 (CPU):
    pip install torch && python3 make_cnn_steps.py
The network: image 9x9 -> convolution 3x3, stride 2, one channel -> relu -> max-pool 2x2 -> flatten -> linear to 3 ->
softmax cross-entropy with soft labels, mean over the batch of 4. Inputs, labels and first weights are formulas below,
so that nothing has to be stored. One channel: flattening channels first or last is the same.
Columns: step  loss before the step  then, after it: kernel (9, row by row)  bias  linear weight (3x4)  linear bias (3)
"""

import math
import pathlib

import torch

BATCH, RATE, STEPS = 4, 0.1, 20


def wave(count, scale, frequency, phase):
    """scale * sin(frequency * i + phase) for i = 0 .. count - 1."""
    values = [scale * math.sin(frequency * i + phase) for i in range(count)]
    return torch.tensor(values, dtype=torch.float64)


x = wave(BATCH * 81, 1.5, 1.7, 0.3).reshape(BATCH, 1, 9, 9)
labels = torch.tensor([[0.3, 0.5, 0.2], [1, 0, 0], [0.1, 0.1, 0.8], [0.25, 0.75, 0]], dtype=torch.float64)
kernel = wave(9, 0.6, 2.3, 0.5).reshape(1, 1, 3, 3).requires_grad_()
bias = torch.tensor([0.05], dtype=torch.float64, requires_grad=True)
weight = wave(12, 0.7, 1.1, 0.9).reshape(3, 4).requires_grad_()
linear_bias = wave(3, 0.1, 1.3, 0.2).requires_grad_()
parameters = [kernel, bias, weight, linear_bias]
optimizer = torch.optim.SGD(parameters, lr=RATE)

lines = []
for step in range(STEPS):
    z = torch.nn.functional.conv2d(x, kernel, bias, stride=2)
    a = torch.nn.functional.max_pool2d(torch.relu(z), 2)
    logits = torch.nn.functional.linear(a.flatten(1), weight, linear_bias)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    cells = [",".join(repr(v) for v in p.detach().flatten().tolist()) for p in parameters]
    lines.append("\t".join([str(step), repr(loss.item())] + cells))

(pathlib.Path(__file__).parent / "cnn_steps.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
