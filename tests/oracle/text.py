"""Writes how PyTorch 2.13 prints tensors: tests/oracle/printing.json.

    python tests/oracle/text.py

Each entry has the tensor (type, shape, values as in ops.py), whether it requires a gradient, print options that
differ from the defaults, and the text of repr().
"""

import json
import pathlib

import torch

from ops import b, d, encode, f, i, inf, l, nan

HERE = pathlib.Path(__file__).parent
ENTRIES = []


def entry(values, dtype=f, shape=None, grad=False, **options):
    x = torch.tensor(values, dtype=dtype)
    if shape is not None:
        x = x.reshape(shape)
    torch.set_printoptions(profile="default", sci_mode=None)
    if options:
        torch.set_printoptions(**options)
    text = repr(x.requires_grad_() if grad else x)
    torch.set_printoptions(profile="default", sci_mode=None)
    record = dict(encode(x), text=text)
    if grad:
        record["grad"] = True
    if options:
        record["options"] = options
    ENTRIES.append(record)


def counted(n, dtype=f, scale=1):
    return [k * scale for k in range(n)]


if __name__ == "__main__":
    for dtype in (f, d, l, i, b):
        entry([], dtype)
        entry([], dtype, [0, 3])
        entry([], dtype, [2, 0])
        entry([1], dtype, [])
        entry([0, 1, 1, 0, 1, 1], dtype, [2, 3])
        entry([0, 1, 1, 0, 1, 1, 0, 0], dtype, [2, 2, 2])
        entry([1, 0], dtype, [1, 2, 1])
    for dtype in (f, d):
        entry(3.14159265, dtype)
        entry(-0.0, dtype)
        entry([1.5, -2.25, 100], dtype)
        entry([1.0, 2.0, 3.0], dtype, grad=True)
        entry([1e-5, 1.0], dtype)
        entry([1e-8, 2e-8], dtype)
        entry([1e8, 1.5], dtype)
        entry([123456789.0, 1.0], dtype)
        entry([1e5, 2e5], dtype)
        entry([99999.0, 1.25], dtype)
        entry([1e10], dtype)
        entry([0.1, nan, inf, -inf], dtype)
        entry([1.0, nan], dtype)
        entry([nan, nan], dtype)
        entry([inf], dtype)
        entry([0.0, 0.0], dtype)
        entry([0.33333, 1000.5], dtype)
        entry([0.001, 0.9], dtype)
        entry([0.0009, 0.9], dtype)
        entry([1e-40, 1], dtype)
        entry([-1.0, 10.0, -100.0], dtype)
        entry([0.99999, 1.00001], dtype)
        entry([1 / 3] * 6, dtype, [2, 3], precision=2)
        entry([1 / 3] * 6, dtype, [2, 3], precision=8)
        entry([1.0, 20000.0], dtype, sci_mode=True)
        entry([1e-9, 1.0], dtype, sci_mode=False)
        entry(counted(1001), dtype)
        entry(counted(1001, scale=0.37), dtype)
        entry(counted(40, scale=0.5), dtype)
        entry(counted(40, scale=1000.25), dtype, [2, 20])
        entry(counted(24), dtype, [2, 3, 4])
        entry(counted(1200), dtype, [3, 400])
        entry(counted(1200), dtype, [40, 30])
        entry(counted(1200), dtype, [10, 12, 10])
        entry(counted(60), dtype, [60], linewidth=40)
        entry(counted(20), dtype, [20], threshold=10, edgeitems=2)
    entry([1, -2, 300], l)
    entry([10 ** 12, 5], l)
    entry(counted(1500), l)
    entry(counted(50), i)
    entry([True] * 30, b)
    # Lengths around which what follows the numbers goes to a line of its own.
    for dtype in (f, d):
        for n in range(4, 9):
            entry([0.5 * k for k in range(n)], dtype, grad=True)
            entry([0.5 * k for k in range(n)], dtype)
            entry([-1000.0 - k for k in range(n)], dtype, grad=True)
    lines = ",\n".join(json.dumps(e, separators=(",", ":"), ensure_ascii=False) for e in ENTRIES)
    (HERE / "printing.json").write_text("[\n" + lines + "\n]\n")
    print(len(ENTRIES), "entries", len(lines), "bytes")
