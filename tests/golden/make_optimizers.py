"""Writes optimizers.json beside this file: 200 steps of every optimizer, schedule and option in f64.

Made with python 3.11, torch 2.15.0 (CPU), numpy 2.4.6:
    pip install torch==2.15.0 numpy==2.4.6 && python3 make_optimizers.py
Two parameters, weight [2, 3] and bias [2]: eight numbers θ, numbered through. Their gradient is a formula that both
sides compute, g = A θ + 0.3 sin(0.7 i + 0.13 t) with step t counted from 0, so that no random numbers are shared.
A case holds
    rule, settings, groups, schedule, clip   what tamis::optim is given
    reference   "torch", or "formula" where PyTorch has no such option or differs
    theta       {step: the eight numbers after so many steps}
    drift       largest |θ32 - θ64| / max |θ64| over those steps when the same is run in f32 (only for "torch")
and `rates` holds some learning rates of each schedule. Numbers are stored to 13 digits.
"""

import json
import math
import pathlib

import numpy
import torch

STEPS = 200
STORED = (1, 2, 20, 200)
RATES_AT = (0, 1, 2, 10, 14, 15, 16, 19, 20, 21, 29, 30, 31, 49, 50, 59, 60, 61, 100, 140, 179, 180, 181, 198, 199)
A = numpy.array([[(1.0 + 0.5 * i if i == j else 0.0) + 0.2 * math.cos(i + 2 * j) for j in range(8)] for i in range(8)])
START = [0.8, -1.1, 0.4, 1.7, -0.6, 0.9, -1.5, 0.3]


def short(values):
    return [float(f"{v:.13g}") for v in values]


def gradient(theta, step):
    return A @ theta + 0.3 * numpy.sin(0.7 * numpy.arange(8) + 0.13 * step)


# --- schedules ------------------------------------------------------------------------------------------------------
SCHEDULES = {
    "constant": {"kind": "constant"},
    "step": {"kind": "step", "period": 30, "factor": 0.5},
    "exponential": {"kind": "exponential", "factor": 0.98},
    "cosine": {"kind": "cosine", "period": 50, "low": 0.001},
    "cosine_growing": {"kind": "cosine", "period": 20, "period_factor": 2, "low": 0},
    "warmup_linear": {"kind": "warmup_linear", "warmup": 20, "total": 180, "low": 0.002},
    "warmup_cosine": {"kind": "warmup_cosine", "warmup": 20, "total": 180, "low": 0.002},
    "cosine_once": {"kind": "warmup_cosine", "warmup": 0, "total": 200, "low": 0},
    "cyclic": {"kind": "cyclic", "period": 15, "low": 0.001},
    "one_cycle": {"kind": "one_cycle", "warmup": 60, "total": 199, "start_divisor": 25, "end_divisor": 1e4},
}


def torch_schedule(optimizer, schedule, base):
    s, lr = schedule, torch.optim.lr_scheduler
    kind = s["kind"]
    if kind == "constant":
        return lr.ConstantLR(optimizer, factor=1)
    if kind == "step":
        return lr.StepLR(optimizer, s["period"], s["factor"])
    if kind == "exponential":
        return lr.ExponentialLR(optimizer, s["factor"])
    if kind == "cosine":
        return lr.CosineAnnealingWarmRestarts(optimizer, s["period"], s.get("period_factor", 1), s["low"])
    if kind == "cyclic":
        return lr.CyclicLR(optimizer, s["low"], base, s["period"], cycle_momentum=False)
    if kind == "one_cycle":
        # PyTorch's phases end at pct_start * total_steps - 1 and at total_steps - 1.
        total = s["total"] + 1
        return lr.OneCycleLR(optimizer, base, total, pct_start=(s["warmup"] + 1) / total, div_factor=s["start_divisor"],
                             final_div_factor=s["end_divisor"], cycle_momentum=False)
    after = s["total"] - s["warmup"]
    if kind == "warmup_linear":
        down = lr.LinearLR(optimizer, 1, s["low"] / base, after)
    else:
        down = lr.CosineAnnealingLR(optimizer, after, s["low"])
    if s["warmup"] == 0:
        return down
    # The first step has base / warmup, the last of the warm-up has base.
    up = lr.LinearLR(optimizer, 1 / s["warmup"], 1, s["warmup"] - 1)
    return lr.SequentialLR(optimizer, [up, down], [s["warmup"]])


def rates(schedule, base):
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64, requires_grad=True)], lr=base)
    scheduler = torch_schedule(optimizer, schedule, base)
    values = []
    for step in range(STEPS):
        values.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        # PyTorch's cosine turns up again after its end; ours stays at `low`.
        if schedule["kind"] in ("constant", "step", "exponential", "cosine", "cyclic") or step + 1 <= schedule["total"]:
            scheduler.step()
    return values


# --- PyTorch --------------------------------------------------------------------------------------------------------
def torch_optimizer(case, parameters):
    s = case["settings"]
    lr = case["schedule"]["base"]
    adam = {"betas": (s.get("beta1", 0.9), s.get("beta2", 0.999)), "eps": s.get("epsilon", 1e-8)}
    decay = "weight_decay" if case["rule"] == "adamw" else "l2"
    groups = [{"params": [p], "weight_decay": g.get(decay, 0)} for p, g in zip(parameters, case["groups"])]
    optim = torch.optim
    return {
        "sgd": lambda: optim.SGD(groups, lr=lr),
        "momentum": lambda: optim.SGD(groups, lr=lr, momentum=s.get("momentum", 0.9)),
        "nag": lambda: optim.SGD(groups, lr=lr, momentum=s.get("momentum", 0.9), nesterov=True),
        "adagrad": lambda: optim.Adagrad(groups, lr=lr, eps=s.get("epsilon", 1e-8),
                                         initial_accumulator_value=s.get("initial_sum", 0)),
        "rmsprop": lambda: optim.RMSprop(groups, lr=lr, alpha=s.get("alpha", 0.99), eps=s.get("epsilon", 1e-8),
                                         centered=s.get("centered", False)),
        "adam": lambda: optim.Adam(groups, lr=lr, **adam),
        "adamw": lambda: optim.AdamW(groups, lr=lr, **adam),
    }[case["rule"]]()


def run_torch(case, dtype):
    start = torch.tensor(START, dtype=dtype)
    parameters = [start[:6].reshape(2, 3).clone().requires_grad_(), start[6:].clone().requires_grad_()]
    optimizer = torch_optimizer(case, parameters)
    values = rates(case["schedule"], case["schedule"]["base"])
    stored = {}
    for step in range(STEPS):
        theta = torch.cat([p.detach().reshape(-1) for p in parameters])
        g = torch.from_numpy(gradient(theta.to(torch.float64).numpy(), step)).to(dtype)
        parameters[0].grad, parameters[1].grad = g[:6].reshape(2, 3).clone(), g[6:].clone()
        for group, options in zip(optimizer.param_groups, case["groups"]):
            group["lr"] = values[step] * options.get("rate_factor", 1)
        if case["clip"].get("value"):
            torch.nn.utils.clip_grad_value_(parameters, case["clip"]["value"])
        if case["clip"].get("norm"):
            torch.nn.utils.clip_grad_norm_(parameters, case["clip"]["norm"])
        optimizer.step()
        if step + 1 in STORED:
            stored[step + 1] = torch.cat([p.detach().reshape(-1) for p in parameters]).double().tolist()
    return stored


# --- the textbook's formulas ----------------------------------------------------------------------------------------
def run_formula(case):
    s, rule = case["settings"], case["rule"]

    def each(option, default):
        values = [g.get(option, default) for g in case["groups"]]
        return numpy.array([values[0]] * 6 + [values[1]] * 2)

    l2, decay, factor = each("l2", 0.0), each("weight_decay", 0.0), each("rate_factor", 1.0)
    mu, dampening, eps = s.get("momentum", 0.9), s.get("dampening", 0.0), s.get("epsilon", 1e-8)
    beta1, beta2, alpha = s.get("beta1", 0.9), s.get("beta2", 0.999), s.get("alpha", 0.99)
    theta = numpy.array(START)
    v, m = numpy.zeros(8), numpy.zeros(8)
    q = numpy.full(8, s.get("initial_sum", 0.0))
    values = rates(case["schedule"], case["schedule"]["base"])
    stored = {}
    for step in range(STEPS):
        gamma = values[step] * factor
        at = theta - gamma * mu * v if rule == "nag_lookahead" else theta
        g = gradient(at, step) + l2 * at
        theta = theta - gamma * decay * theta
        if rule == "sgd":
            theta = theta - gamma * g
        elif rule in ("momentum", "nag_lookahead"):
            v = mu * v + (1 - dampening) * g
            theta = theta - gamma * v
        elif rule == "nag":
            v = mu * v + g
            theta = theta - gamma * (g + mu * v)
        elif rule == "adagrad":
            q = q + g**2
            theta = theta - gamma * g / (numpy.sqrt(q) + eps)
        elif rule == "rmsprop":
            q = alpha * q + (1 - alpha) * g**2
            m = alpha * m + (1 - alpha) * g
            variance = q - m**2 if s.get("centered", False) else q
            theta = theta - gamma * g / (numpy.sqrt(variance) + eps)
        else:
            m = beta1 * m + (1 - beta1) * g
            q = beta2 * q + (1 - beta2) * g**2
            corrected = s.get("bias_correction", True)
            m_hat = m / (1 - beta1 ** (step + 1)) if corrected else m
            q_hat = q / (1 - beta2 ** (step + 1)) if corrected else q
            theta = theta - gamma * m_hat / (numpy.sqrt(q_hat) + eps)
        if step + 1 in STORED:
            stored[step + 1] = theta.tolist()
    return stored


# --- cases ----------------------------------------------------------------------------------------------------------
BASE = {"sgd": 0.02, "momentum": 0.01, "nag": 0.01, "nag_lookahead": 0.01, "adagrad": 0.1, "rmsprop": 0.01,
        "adam": 0.03, "adamw": 0.03}
cases = []


def case(name, rule, settings=None, groups=None, schedule="constant", clip=None, reference="torch"):
    result = {"name": name, "reference": reference, "rule": rule, "settings": settings or {},
              "groups": groups or [{}, {}], "schedule": dict(SCHEDULES[schedule], base=BASE[rule]), "clip": clip or {}}
    if reference == "formula":
        result["theta"] = run_formula(result)
    else:
        result["theta"] = run_torch(result, torch.float64)
        single = run_torch(result, torch.float32)
        far = [numpy.abs(numpy.array(single[k]) - result["theta"][k]).max() / numpy.abs(result["theta"][k]).max()
               for k in STORED]
        result["drift"] = float(f"{max(far):.3g}")
    result["theta"] = {step: short(theta) for step, theta in result["theta"].items()}
    cases.append(result)


L2 = [{"l2": 0.05}, {}]
DECAY = [{"weight_decay": 0.05}, {}]
BOTH = [{"l2": 0.03, "weight_decay": 0.07, "rate_factor": 0.5}, {"rate_factor": 2}]
for rule in BASE:
    has_torch = rule != "nag_lookahead"
    case(rule, rule, reference="torch" if has_torch else "formula")
    case(f"{rule}_l2", rule, groups=L2, reference="torch" if has_torch and rule != "adamw" else "formula")
    case(f"{rule}_decay", rule, groups=DECAY, reference="torch" if rule == "adamw" else "formula")
    case(f"{rule}_groups_both", rule, groups=BOTH, reference="formula")
for rule in ("sgd", "adam"):
    for schedule in SCHEDULES:
        if schedule != "constant":
            case(f"{rule}_{schedule}", rule, schedule=schedule)
case("lookahead_one_cycle", "nag_lookahead", schedule="one_cycle", reference="formula")
case("momentum_half", "momentum", {"momentum": 0.5})
case("momentum_dampening", "momentum", {"dampening": 0.4}, reference="formula")
case("adagrad_initial", "adagrad", {"initial_sum": 0.1, "epsilon": 1e-10})
case("rmsprop_centered", "rmsprop", {"centered": True})
case("rmsprop_centered_decay", "rmsprop", {"centered": True, "alpha": 0.97}, DECAY, reference="formula")
case("rmsprop_alpha", "rmsprop", {"alpha": 0.97, "epsilon": 1e-3})
case("adam_betas", "adam", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4})
case("adam_uncorrected", "adam", {"bias_correction": False}, reference="formula")
case("adamw_uncorrected", "adamw", {"bias_correction": False}, DECAY, reference="formula")
case("adamw_groups_one_cycle", "adamw", {}, [{"weight_decay": 0.1, "rate_factor": 0.3}, {}], "one_cycle")
case("sgd_clip_value", "sgd", clip={"value": 0.2})
case("sgd_clip_norm", "sgd", clip={"norm": 0.5})
case("adam_clip_norm", "adam", clip={"norm": 0.5})
case("momentum_clip_value", "momentum", clip={"value": 0.5}, groups=L2)

stored_rates = []
for schedule in SCHEDULES.values():
    all_rates = rates(schedule, 0.05)
    stored_rates.append({"schedule": dict(schedule, base=0.05), "steps": RATES_AT,
                         "rates": short(all_rates[step] for step in RATES_AT)})
lines = ['{"start": ' + json.dumps(START) + ",", ' "rates": [']
lines.append(",\n".join("  " + json.dumps(r) for r in stored_rates) + "],")
lines.append(' "cases": [')
lines.append(",\n".join("  " + json.dumps(c) for c in cases) + "]}")
(pathlib.Path(__file__).parent / "optimizers.json").write_text("\n".join(lines) + "\n")
