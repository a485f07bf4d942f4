"""Writes nn.json beside this file: layers and losses as PyTorch has them in f64, with the gradients of sum(g y).

Made with python 3.11, torch 2.15.0:
    pip install torch==2.15.0 && python3 make_nn.py
Images and weights are permuted to channels last. A layer's case has `options`, `training`, `offsets` (packed tokens),
`x`, `g`, `parameters` and `buffers` as set before, `y`, `dx` and `gradients` of the parameters, and `buffers_after`. A
loss's case has its `inputs`, `options`, `y` and `gradients` of the inputs that have one.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(20240131)
torch.set_default_dtype(torch.float64)
layers, losses = [], []


def draw(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).mul(100).round().div(100)


def stored(t):
    return {"shape": list(t.shape), "values": [float(f"{v:.13g}") for v in t.detach().reshape(-1).tolist()]}


def last(t):  # channels last, of images and of kernels
    return t.permute(0, 2, 3, 1).contiguous() if t.dim() == 4 else t


def layer(kind, module, x, options, names=None, forward=None, channels=True, training=True, offsets=None):
    """names: our parameter name for each of PyTorch's."""
    order = last if channels else (lambda t: t)
    for p in module.parameters():
        p.data = draw(*p.shape, scale=0.5)
    module.train(training)
    x = x.clone().requires_grad_()
    before = {k: v.clone() for k, v in module.named_buffers() if v.dtype == torch.float64}
    y = (forward or module)(x)
    g = draw(*y.shape)
    (y * g).sum().backward()
    own = {(names or {}).get(k, k): p for k, p in module.named_parameters()}
    case = {"kind": kind, "options": options, "training": training, "x": stored(order(x)), "g": stored(order(g)),
            "y": stored(order(y)), "dx": stored(order(x.grad)),
            "parameters": {k: stored(order(p)) for k, p in own.items()},
            "gradients": {k: stored(order(p.grad)) for k, p in own.items()}}
    if before:
        case["buffers"] = {k: stored(v) for k, v in before.items()}
        case["buffers_after"] = {k: stored(v) for k, v in module.named_buffers() if v.dtype == torch.float64}
    if offsets:
        case["offsets"] = offsets
    layers.append(case)


def loss(kind, inputs, options, function, with_gradient):
    given = {k: v.clone() for k, v in inputs.items()}
    for k in with_gradient:
        given[k].requires_grad_()
    y = function(**given)
    y.sum().backward()
    losses.append({"kind": kind, "options": options, "y": stored(y),
                   "inputs": {k: stored(v) for k, v in given.items()},
                   "gradients": {k: stored(given[k].grad) for k in with_gradient}})


layer("linear", nn.Linear(5, 3), draw(4, 5), {"in": 5, "out": 3})
layer("conv2d", nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2), draw(2, 4, 6, 5),
      {"in": 4, "out": 6, "kernel": [3, 2], "stride": [2, 1], "padding": [1, 0], "dilation": 1, "groups": 2, "bias": True})
layer("conv2d", nn.Conv2d(3, 2, 3, dilation=2, bias=False), draw(1, 3, 7, 6),
      {"in": 3, "out": 2, "kernel": [3, 3], "stride": [1, 1], "padding": [0, 0], "dilation": 2, "groups": 1, "bias": False})
layer("conv_transpose2d", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), draw(2, 4, 3, 4),
      {"in": 4, "out": 6, "kernel": [3, 3], "stride": [2, 2], "padding": [1, 1], "dilation": 1, "groups": 2, "bias": True,
       "out_pad": 1})
layer("max_pool2d", nn.MaxPool2d(3, 2, padding=1), draw(2, 3, 5, 6), {"window": 3, "stride": 2, "padding": 1})
layer("avg_pool2d", nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), draw(2, 3, 5, 6),
      {"window": 3, "stride": 2, "padding": 1})
layer("global_avg_pool", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), draw(2, 3, 4, 5), {})
for slope in (0.01, 0.2):
    layer("leaky_relu", nn.LeakyReLU(slope), draw(3, 7), {"slope": slope})
for kind, module in (("relu", nn.ReLU()), ("tanh", nn.Tanh()), ("sigmoid", nn.Sigmoid())):
    layer(kind, module, draw(3, 7), {})
layer("gelu", nn.GELU(), draw(3, 9, scale=2), {"form": "exact"})
layer("gelu", nn.GELU(approximate="tanh"), draw(3, 9, scale=2), {"form": "tanh"})

for training in (True, False):
    norm = nn.BatchNorm2d(3)
    norm(draw(4, 3, 2, 2) * 2 + 1)  # so that the running statistics are not those of the start
    layer("batch_norm", norm, draw(3, 3, 4, 2, scale=3) + 1, {"channels": 3}, training=training)
layer("layer_norm", nn.LayerNorm(7), draw(5, 7, scale=3), {"channels": 7, "epsilon": 1e-5})
layer("layer_norm", nn.LayerNorm(6, eps=1e-12), draw(4, 6), {"channels": 6, "epsilon": 1e-12})

offsets = [0, 3, 4, 9]


def packed(run):
    return lambda x: torch.cat([run(x[None, a:b])[0] for a, b in zip(offsets, offsets[1:])])


attention_names = {"in_proj_weight": "qkv.weight", "in_proj_bias": "qkv.bias", "out_proj.weight": "output.weight",
                   "out_proj.bias": "output.bias"}
attention = nn.MultiheadAttention(6, 2, batch_first=True)
layer("attention", attention, draw(9, 6), {"width": 6, "heads": 2}, attention_names,
      packed(lambda s: attention(s, s, s, need_weights=False)[0]), offsets=offsets)
names = {"self_attn." + k: "attention." + v for k, v in attention_names.items()}
for theirs, ours in {"linear1": "up", "linear2": "down", "norm1": "attention_norm", "norm2": "output_norm"}.items():
    names |= {f"{theirs}.{k}": f"{ours}.{k}" for k in ("weight", "bias")}
for pre_norm in (False, True):
    for form in ("exact", "tanh"):
        block = nn.TransformerEncoderLayer(6, 3, 10, dropout=0, batch_first=True, norm_first=pre_norm,
                                           activation=lambda x, form=form: F.gelu(
                                               x, approximate="tanh" if form == "tanh" else "none"))
        layer("transformer_layer", block, draw(9, 6), {"width": 6, "heads": 3, "feed_forward": 10, "form": form,
                                                       "epsilon": 1e-5, "pre_norm": pre_norm},
              names, packed(block), offsets=offsets)

logits, labels = draw(5, 4, scale=2), torch.tensor([3, 0, 1, 1, 2])
for smoothing in (0.0, 0.1):
    for reduction in ("mean", "sum", "none"):
        loss("cross_entropy", {"logits": logits, "labels": labels}, {"smoothing": smoothing, "reduction": reduction},
             lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction=reduction),
             ["logits"])
soft = torch.rand(5, 4).mul(100).round().div(100)  # rows that do not sum to 1
loss("soft_cross_entropy", {"logits": logits, "labels": soft}, {"reduction": "mean"},
     lambda logits, labels: F.cross_entropy(logits, labels), ["logits"])
a, b, c, d = draw(5, 4), draw(5, 4), draw(5, 4), draw(8, 4)
for reduction in ("mean", "sum", "none"):
    options = {"reduction": reduction}
    loss("binary_logistic", {"logits": logits, "targets": soft}, options,
         lambda logits, targets: F.binary_cross_entropy_with_logits(logits, targets, reduction=reduction), ["logits"])
    loss("mse", {"x": a, "target": b}, options, lambda x, target: F.mse_loss(x, target, reduction=reduction),
         ["x", "target"])
    loss("mae", {"x": a, "target": b}, options, lambda x, target: F.l1_loss(x, target, reduction=reduction),
         ["x", "target"])
    loss("cosine", {"a": a, "b": b}, options,
         lambda a, b: F.cosine_embedding_loss(a, b, torch.ones(5), reduction=reduction), ["a", "b"])
    loss("triplet", {"a": a, "b": b, "c": c}, options | {"margin": 0.5},
         lambda a, b, c: F.triplet_margin_loss(a, b, c, margin=0.5, eps=0, reduction=reduction), ["a", "b", "c"])


def contrast(a, all_b, first, temperature, normalize):
    if normalize:
        a, all_b = F.normalize(a), F.normalize(all_b)
    return F.cross_entropy(a @ all_b.T / temperature, torch.arange(first, first + len(a)))


for normalize in (True, False):
    loss("info_nce", {"a": a, "b": d}, {"temperature": 0.2, "normalize": normalize, "first": 2},
         lambda a, b: contrast(a, b, 2, 0.2, normalize), ["a", "b"])
loss("symmetric_info_nce", {"a": a, "b": b}, {"temperature": 0.5},
     lambda a, b: (contrast(a, b, 0, 0.5, True) + contrast(b, a, 0, 0.5, True)) / 2, ["a", "b"])

pathlib.Path(__file__).with_name("nn.json").write_text(
    json.dumps({"layers": layers, "losses": losses}, separators=(",", ":")).replace('},{"kind"', '},\n{"kind"') + "\n")
