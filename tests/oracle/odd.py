"""Odd inputs for every row of the op table, made from its cases: empty, 0-d and size-1 tensors, and integers and booleans.

A kind that no case of the row has is added if PyTorch accepts a variant of one of the cases. So no row can lack an odd shape
or type which PyTorch takes.
"""

import torch

TYPES = {"l": torch.int64, "i": torch.int32, "b": torch.bool}

# What PyTorch accepts and Pullback does not, or where PyTorch's answer is one of many.
LEFT_OUT = {
    **{name: "li" for name in ("conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "max_pool2d", "avg_pool1d",
                               "avg_pool2d", "avg_pool2d.divisor")},  # layers compute in floating point
    **{f"batch_norm.{name}": ["empty"] for name in ("training", "running", "eval")},  # nothing has no mean
    "kthvalue": "li", "topk": "li",  # which of the equal ones
    "eigh": "b",  # which basis of the null space
    "index_add": ["empty"],  # an index out of range
    "_weight_norm": ["empty"],  # PyTorch 2.13 dies of a division by zero
    "mT": ["0-d"],  # deprecated
    "movedim": ["0-d"],  # another name for no change
    "square": "b",  # becomes int64
}


def has(kind, inputs):
    tensors = [x for x in inputs if x is not None]
    if kind in TYPES:
        return any(x.dtype == TYPES[kind] for x in tensors)
    if kind == "0-d":
        return any(x.dim() == 0 for x in tensors)
    return any((0 if kind == "empty" else 1) in x.shape for x in tensors)


def cast(x, dtype):
    return x > 0 if dtype == torch.bool else x.to(dtype)


def cut(x, dim, size, length):
    """x with `length` of the first places along dim, if that has the size."""
    return x.narrow(dim, 0, length) if x is not None and -x.dim() <= dim < x.dim() and x.shape[dim] == size else x


def variants(kind, inputs):
    first = next((x for x in inputs if x is not None), None)
    if first is None:
        return
    if kind in TYPES:
        if all(x is None or x.numel() for x in inputs):
            yield [cast(x, TYPES[kind]) if x is not None and x.is_floating_point() else x for x in inputs]
    elif kind == "0-d":
        if all(x is None or x.numel() for x in inputs):
            yield [x if x is None else x.reshape(-1)[0] for x in inputs]
            yield [first.reshape(-1)[0], *inputs[1:]]
    else:
        length = 0 if kind == "empty" else 1
        for dim in (0, -1, 1):
            if -first.dim() <= dim < first.dim() and first.shape[dim] > length:
                yield [cut(x, dim, first.shape[dim], length) for x in inputs]
                yield [cut(first, dim, first.shape[dim], length), *inputs[1:]]


def missing(name, entries):
    """Lists of cases, one list for each kind that the row lacks, to be tried until PyTorch accepts one."""
    usual = sorted(entries, key=lambda e: not any(x is not None and x.dtype == torch.float64 for x in e[0]))
    for kind in (*TYPES, "empty", "0-d", "size-1"):
        if kind not in LEFT_OUT.get(name, "") and not any(has(kind, e[0]) for e in entries):
            yield [([x if x is None else x.clone() for x in inputs], *e[1:]) for e in usual for inputs in variants(kind, e[0])]
