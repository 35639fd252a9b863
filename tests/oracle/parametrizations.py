"""Writes PyTorch 2.13's built-in parametrizations at work: tests/oracle/parametrizations.json.

    python tests/oracle/parametrizations.py

An entry is a float64 layer made after manual_seed(7) and its registration: name, repr and state_dict; then the value, the
gradients of the sum of its weighted squares (the weights of ops.py) with respect to the originals, the value in evaluation
mode after a step of 0.1 against them, and the one after the first value was assigned again. An error has its class's name.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn.utils import parametrizations as p

from ops import encode, weight

HERE = pathlib.Path(__file__).parent


def linear(rows, columns):
    return lambda: nn.Linear(columns, rows)


SQUARE, TALL, WIDE = linear(4, 4), linear(5, 3), linear(3, 5)
CONV, TRANSPOSED = lambda: nn.Conv2d(2, 3, 2), lambda: nn.ConvTranspose2d(2, 3, 2)
KINDS = {"square": SQUARE, "tall": TALL, "wide": WIDE, "conv": CONV, "transposed conv": TRANSPOSED}
ORTHOGONAL = [
    (kind, {"orthogonal_map": m, "use_trivialization": t})
    for kind in ("square", "tall", "wide") for m in ("matrix_exp", "cayley", "householder") for t in (True, False)
] + [("square", {}), ("tall", {}), ("wide", {}), ("conv", {})]
WEIGHT_NORM = [(kind, {"dim": dim}) for kind in ("tall", "conv") for dim in (0, 1, -1, None)] + [
    ("conv", {"dim": 3}), ("conv", {"dim": 4})]
SPECTRAL_NORM = [(kind, {}) for kind in ("square", "wide", "conv", "transposed conv")] + [
    ("tall", {"n_power_iterations": 3}), ("conv", {"dim": 1}), ("conv", {"dim": -1, "eps": 1e-3}),
    ("tall", {"name": "bias"}), ("tall", {"dim": 2}), ("tall", {"n_power_iterations": 0}),
    ("tall", {"name": "absent"})]
ERRORS = [("orthogonal", "tall", {"name": "bias"}), ("orthogonal", "tall", {"name": "absent"}),
          ("orthogonal", "tall", {"orthogonal_map": "givens"})]


def entry(function, kind, options):
    torch.manual_seed(7)
    layer = KINDS[kind]().double()
    record = {"function": function, "layer": kind, "options": options}
    name = options.get("name", "weight")
    try:
        getattr(p, function)(layer, **options)
    except Exception as error:
        return dict(record, error=type(error).__name__)
    state = {key: encode(value) for key, value in layer.state_dict().items()}
    value = getattr(layer, name)
    record |= {"repr": repr(layer), "state": state, "value": encode(value), "grad_fn": value.grad_fn.name()}
    (value * value * weight(value, 0)).sum().backward()
    originals = list(layer.parametrizations[name].parameters(recurse=False))
    record["gradients"] = [encode(original.grad) for original in originals]
    with torch.no_grad():
        for original in originals:
            original -= 0.1 * original.grad
    layer.eval()
    record["after"] = encode(getattr(layer, name))
    try:
        setattr(layer, name, value.detach())
        record["assigned"] = encode(getattr(layer, name))
    except NotImplementedError:
        record["assigned"] = None
    return record


def main():
    cases = [("orthogonal", *c) for c in ORTHOGONAL] + [("weight_norm", *c) for c in WEIGHT_NORM]
    cases += [("spectral_norm", *c) for c in SPECTRAL_NORM] + ERRORS
    lines = [json.dumps(entry(*case), separators=(",", ":")) for case in cases]
    (HERE / "parametrizations.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(len(lines), "entries")


main()
