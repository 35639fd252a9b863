"""Writes PyTorch 2.13's answers for every row of the op table to tests/oracle/ops/<family>.json.

    python tests/oracle/ops.py [family …]

A file maps each op to its cases. A case is an object with
  in     inputs: {"d": dtype (f d l i b), "s": shape, "v": values in row order}, or null for an
         argument that is left out
  kw     keyword parameters, if any
  out    outputs, in the form of inputs
  fn     the name, as printed, of the first differentiable output's grad_fn, if there is one
  g      gradients, one entry an input: values, or null where nothing flows
  throws true in place of `out` where PyTorch refuses the inputs
Gradients are those of sum(weight · output) over the floating outputs, where element k of output j
has the weight ((k + 3 j) mod 7 − 2) / 2 + 1/4, exact in every floating type. NaN and infinities are
strings. Inputs come from a generator seeded by the op's name, so a new op changes no other.
"""

import itertools
import json
import pathlib
import sys
import zlib

import numpy
import torch

import odd

HERE = pathlib.Path(__file__).parent
f, d, l, i, b = torch.float32, torch.float64, torch.int64, torch.int32, torch.bool
LETTER = {f: "f", d: "d", l: "l", i: "i", b: "b"}
nan, inf = float("nan"), float("inf")

FAMILIES = {}
refused = []


class Draw:
    """Inputs of one op, from a generator seeded by its name."""

    def __init__(self, op):
        self.generator = numpy.random.default_rng(zlib.crc32(op.encode()))

    def __call__(self, shape, dtype=f, low=-2.0, high=2.0):
        if dtype == b:
            return torch.from_numpy(self.generator.integers(0, 2, shape)).reshape(shape).bool()
        if dtype in (l, i):
            low = int(numpy.ceil(low))
            high = max(int(numpy.floor(high)), low)
            values = self.generator.integers(low, high + 1, shape)
            return torch.as_tensor(values).reshape(shape).to(dtype)
        values = numpy.round(self.generator.uniform(low, high, shape), 3)
        return torch.as_tensor(values).reshape(shape).to(dtype)

    def index(self, shape, high):
        return torch.as_tensor(self.generator.integers(0, high, shape)).reshape(shape)


def weight(out, j):
    k = torch.arange(out.numel(), dtype=torch.float64)
    return (((k + 3 * j) % 7 - 2) / 2 + 0.25).to(out.dtype).reshape(out.shape)


def number(x, dtype):
    if dtype in (f, d):
        if x != x:
            return "nan"
        if abs(x) == inf:
            return "inf" if x > 0 else "-inf"
        text = repr(float(x)) if dtype == d else str(numpy.float32(x))
        return int(float(text)) if float(text) == int(float(text)) and abs(x) < 1e6 and not (
            x == 0 and numpy.signbit(x)) else float(text)
    return int(x)


def encode(x):
    if x is None:
        return None
    x = x.detach()
    return {"d": LETTER[x.dtype], "s": list(x.shape),
            "v": [number(v, x.dtype) for v in x.reshape(-1).tolist()]}


def keyword(value):
    if isinstance(value, torch.dtype):
        return LETTER[value]
    return str(value) if isinstance(value, float) and abs(value) == inf else value


def as_list(out):
    return [out] if isinstance(out, torch.Tensor) else list(out)


def case(call, inputs, kw, gradients=True):
    record = {"in": [encode(x) for x in inputs]}
    if kw:
        record["kw"] = {k: keyword(v) for k, v in kw.items()}
    arguments = [x.clone().requires_grad_(True) if x is not None and x.is_floating_point() else x
                 for x in inputs]
    try:
        out = as_list(call(*arguments, **kw))
    except (RuntimeError, IndexError, ValueError, TypeError, AssertionError):
        record["throws"] = True
        return record
    record["out"] = [encode(x) for x in out]
    names = [type(x.grad_fn).__name__ for x in out if x.grad_fn is not None]
    if not gradients or not names or "NotImplemented" in names[0]:
        return record
    record["fn"] = names[0]
    total = sum((x * weight(x, j)).sum() for j, x in enumerate(out) if x.requires_grad)
    leaves = [x for x in arguments if x is not None and x.requires_grad]
    try:
        found = iter(torch.autograd.grad(total, leaves, allow_unused=True))
    except RuntimeError as error:
        print(f"no gradient: {error}")
        del record["fn"]
        return record
    record["g"] = []
    for x in arguments:
        g = next(found) if x is not None and x.requires_grad else None
        record["g"].append(None if g is None else encode(g)["v"])
    return record


def op(family, name, call, cases, throws=()):
    """Adds a row: `cases(draw)` yields (inputs, keywords[, gradients])."""
    rows = FAMILIES.setdefault(family, {})
    assert name not in rows, name
    rows[name] = []
    entries = list(cases(Draw(name)))

    def answer(entry):
        return case(call, entry[0], entry[1] if len(entry) > 1 else {}, entry[2] if len(entry) > 2 else True)

    for entry in entries:
        record = answer(entry)
        if "throws" in record:  # PyTorch has no kernel for the type, which is no promise to keep
            refused.append((name, "".join(x["d"] for x in record["in"] if x)))
            continue
        rows[name].append(record)
    for kind in odd.missing(name, entries):
        accepted = (record for record in map(answer, kind) if "throws" not in record)
        rows[name].extend(itertools.islice(accepted, 1))
    for entry in throws:
        record = answer(entry)
        assert "throws" in record, (name, record)
        rows[name].append(record)


def write(family):
    rows = FAMILIES[family]
    folder = HERE / "ops"
    folder.mkdir(exist_ok=True)
    lines = []
    for name in sorted(rows):
        body = ",\n ".join(json.dumps(c, separators=(",", ":")) for c in rows[name])
        lines.append(f"{json.dumps(name)}:[\n {body}]")
    text = "{" + ",\n".join(lines) + "}\n"
    (folder / f"{family}.json").write_text(text)
    print(f"{family}: {len(rows)} ops, {sum(map(len, rows.values()))} cases, {len(text)} bytes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.path.insert(0, str(HERE))
    sys.modules["ops"] = sys.modules["__main__"]
    import ops_elementwise, ops_layout, ops_reduce, ops_index, ops_matmul, ops_nn, ops_functional, ops_linalg

    for family in sys.argv[1:] or sorted(FAMILIES):
        write(family)
    print("refused:", *(f"{name}({types})" for name, types in refused))
