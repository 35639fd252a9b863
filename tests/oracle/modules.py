"""Writes PyTorch 2.13's modules at work: tests/oracle/modules.json.

    python tests/oracle/modules.py

An entry is made after manual_seed(7): its name (which the C++ test maps to the same construction), repr, state_dict after
construction (so, the default initialisation), an input, the output in training mode, the gradients of the sum of squares
of the output with respect to the parameters, the buffers after that pass, and the output in evaluation mode.
"""

import json
import pathlib

import torch
import torch.nn as nn

from ops import Draw, encode, f

HERE = pathlib.Path(__file__).parent

MODULES = {
    "Linear": (lambda: nn.Linear(3, 4), [2, 3]),
    "Linear without bias": (lambda: nn.Linear(3, 4, bias=False), [2, 3]),
    "Bilinear": (lambda: nn.Bilinear(3, 3, 2), None),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), [2, 2, 5]),
    "Conv2d": (lambda: nn.Conv2d(2, 3, 3), [2, 2, 5, 5]),
    "Conv2d with options": (lambda: nn.Conv2d(2, 4, (3, 2), stride=2, padding=(1, 0), groups=2, bias=False), [1, 2, 5, 4]),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), [4, 3]),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), [2, 3, 2, 2]),
    "BatchNorm2d plain": (lambda: nn.BatchNorm2d(3, eps=1e-3, momentum=0.3, affine=False), [2, 3, 2, 2]),
    "BatchNorm1d untracked": (lambda: nn.BatchNorm1d(3, track_running_stats=False), [4, 3]),
    "LayerNorm": (lambda: nn.LayerNorm(4), [2, 3, 4]),
    "LayerNorm of two": (lambda: nn.LayerNorm([3, 4], elementwise_affine=False), [2, 3, 4]),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), [2, 4, 3]),
    "Embedding": (lambda: nn.Embedding(5, 3), "index"),
    "Embedding padded": (lambda: nn.Embedding(5, 3, padding_idx=1), "index"),
    "ReLU": (lambda: nn.ReLU(), [2, 3]),
    "Tanh": (lambda: nn.Tanh(), [2, 3]),
    "Sigmoid": (lambda: nn.Sigmoid(), [2, 3]),
    "GELU": (lambda: nn.GELU(), [2, 3]),
    "SiLU": (lambda: nn.SiLU(), [2, 3]),
    "ELU": (lambda: nn.ELU(), [2, 3]),
    "LeakyReLU": (lambda: nn.LeakyReLU(), [2, 3]),
    "Softplus": (lambda: nn.Softplus(), [2, 3]),
    "Softmax": (lambda: nn.Softmax(1), [2, 3]),
    "LogSoftmax": (lambda: nn.LogSoftmax(1), [2, 3]),
    "Identity": (lambda: nn.Identity(), [2, 3]),
    "Flatten": (lambda: nn.Flatten(), [2, 3, 2]),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 2)), [2, 4]),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), [1, 2, 4, 5]),
    "MaxPool2d with options": (lambda: nn.MaxPool2d(3, stride=2, padding=1), [1, 2, 4, 5]),
    "AvgPool2d": (lambda: nn.AvgPool2d(2), [1, 2, 4, 5]),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), [1, 2, 4, 5]),
    "Dropout in evaluation": (lambda: nn.Dropout(0.3), None),
    "Sequential": (lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 2), nn.ReLU())), [2, 3]),
    "ModuleList": (lambda: nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()]), None),
    "ModuleDict": (lambda: nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.ReLU()}), None),
    "MSELoss": (lambda: nn.MSELoss(), None),
    "CrossEntropyLoss": (lambda: nn.CrossEntropyLoss(), None),
}


def entries():
    for name, (make, shape) in MODULES.items():
        torch.manual_seed(7)
        module = make()
        record = {"name": name, "repr": repr(module),
                  "state": {k: encode(v) for k, v in module.state_dict().items()}}
        if shape is not None:
            draw = Draw(name)
            x = draw.index([2, 3], 5) if shape == "index" else draw(shape, f)
            record["in"] = encode(x)
            y = module(x)
            record["out"] = encode(y)
            parameters = dict(module.named_parameters())
            if parameters:
                y.square().sum().backward()
                record["gradients"] = {k: encode(p.grad) for k, p in parameters.items()}
            record["buffers"] = {k: encode(v) for k, v in module.named_buffers()}
            module.eval()
            record["eval"] = encode(module(x))
        yield record


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries())
    (HERE / "modules.json").write_text("[\n" + lines + "\n]\n")
    print(len(MODULES), "entries", len(lines), "bytes")
