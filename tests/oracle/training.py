"""Writes PyTorch 2.13's initialisers, optimizers and schedulers at work: tests/oracle/{init,optim}.json.

    python tests/oracle/training.py
"""

import json
import pathlib

import torch
import torch.nn as nn

from ops import d, encode, f

HERE = pathlib.Path(__file__).parent


def write(name, entries):
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries)
    (HERE / name).write_text("[\n" + lines + "\n]\n")
    print(name, len(entries), "entries", len(lines), "bytes")


def initialisers():
    init = nn.init
    calls = {
        "xavier_uniform_": ({}, {"gain": 2.0}), "xavier_normal_": ({},), "uniform_": ({}, {"a": -1.0, "b": 2.0}),
        "kaiming_uniform_": ({}, {"a": 0.3}, {"mode": "fan_out"}, {"nonlinearity": "relu"}), "normal_": ({"mean": 1.0, "std": 0.5},),
        "kaiming_normal_": ({}, {"mode": "fan_out", "nonlinearity": "tanh"}), "zeros_": ({},), "ones_": ({},),
        "constant_": ({"val": 1.5},), "eye_": ({},), "orthogonal_": ({}, {"gain": 2.0}),
        "trunc_normal_": ({}, {"mean": 0.5, "std": 0.3, "a": 0.0, "b": 1.0}, {"a": 1.0, "b": 3.0}), "dirac_": ({},),
    }
    for name, variants in calls.items():
        for kw in variants:
            for shape in ([4, 5], [5, 4], [4, 2, 3, 3]):
                if (name == "eye_" and len(shape) > 2) or (name == "dirac_" and len(shape) == 2):
                    continue
                torch.manual_seed(3)
                x = getattr(init, name)(torch.empty(shape, dtype=d if name == "orthogonal_" else f), **kw)
                yield {"name": name, "kw": kw, "out": encode(x)}
    for name, value in (("linear", None), ("conv2d", None), ("sigmoid", None), ("tanh", None), ("relu", None),
                        ("leaky_relu", None), ("leaky_relu", 0.3), ("selu", None)):
        yield {"name": "calculate_gain", "nonlinearity": name, "param": value, "gain": init.calculate_gain(name, value)}


def optimizers():
    """Ten steps of each on one problem: f(w, v) = Σ (w − t)⁴ / 4 + Σ w² v² + Σ w², float64, from fixed values."""
    variants = [
        ("SGD", {"lr": 0.05}), ("SGD", {"lr": 0.01, "momentum": 0.9}), ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
        ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}), ("SGD", {"lr": 0.001, "maximize": True}),
        ("Adam", {"lr": 0.05}), ("Adam", {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-6}), ("Adam", {"lr": 0.05, "weight_decay": 0.1}),
        ("Adam", {"lr": 0.05, "amsgrad": True}), ("AdamW", {"lr": 0.05}), ("AdamW", {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True}),
        ("RMSprop", {"lr": 0.05}), ("RMSprop", {"lr": 0.05, "momentum": 0.9, "centered": True, "weight_decay": 0.1, "alpha": 0.9}),
        ("Adagrad", {"lr": 0.05}), ("Adagrad", {"lr": 0.05, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
        ("LBFGS", {"lr": 0.5, "max_iter": 4}), ("LBFGS", {"lr": 1.0, "max_iter": 5, "line_search_fn": "strong_wolfe"}),
    ]
    for dtype in (d, f):
        for name, kw in variants:
            w = torch.tensor([0.5, -1.25, 2.0], dtype=dtype, requires_grad=True)
            v = torch.tensor([[1.0], [-0.5]], dtype=dtype, requires_grad=True)
            t = torch.tensor([1.0, 0.25, -0.5], dtype=dtype)
            arguments = {k: tuple(x) if isinstance(x, list) else x for k, x in kw.items()}
            optimizer = getattr(torch.optim, name)([w, v], **arguments)

            def closure():
                optimizer.zero_grad()
                loss = (w - t).pow(4).sum() / 4 + (w * v).square().sum() + w.square().sum()
                loss.backward()
                return loss

            path = []
            for _ in range(10):
                if name == "LBFGS":
                    optimizer.step(closure)
                else:
                    closure()
                    optimizer.step()
                path.append([w.tolist(), v.flatten().tolist()])
            yield {"name": name, "dtype": "d" if dtype == d else "f", "kw": kw, "path": [path[0], path[1], path[4], path[9]]}


def schedulers():
    S = torch.optim.lr_scheduler
    made = {
        "StepLR": lambda o: S.StepLR(o, step_size=3, gamma=0.5),
        "ExponentialLR": lambda o: S.ExponentialLR(o, gamma=0.9),
        "CosineAnnealingLR": lambda o: S.CosineAnnealingLR(o, T_max=8, eta_min=0.01),
        "LambdaLR": lambda o: S.LambdaLR(o, lambda epoch: 1 / (epoch + 1)),
        "OneCycleLR": lambda o: S.OneCycleLR(o, max_lr=0.5, total_steps=12),
    }
    for name, make in made.items():
        w = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
        scheduler = make(optimizer)
        rates = [optimizer.param_groups[0]["lr"]]
        for _ in range(11):
            optimizer.step()
            scheduler.step()
            rates.append(optimizer.param_groups[0]["lr"])
        yield {"name": name, "rates": rates}
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = S.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    rates = [0.1]
    losses = [1.0, 0.9, 0.95, 0.91, 0.92, 0.5, 0.6, 0.6, 0.6, 0.6]
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    yield {"name": "ReduceLROnPlateau", "losses": losses, "rates": rates}


if __name__ == "__main__":
    write("init.json", list(initialisers()))
    write("optim.json", list(optimizers()))
    write("schedulers.json", list(schedulers()))
