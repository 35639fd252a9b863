"""Reductions, scans, sorting and the softmax family."""

import torch
import torch.nn.functional as F

from ops import b, d, f, i, inf, l, nan, op

R = "reduce"
EVERY = [([2, 3], {}), ([], {}), ([0, 3], {}), ([1], {}), ([33], {})]
DIMS = [([2, 3], {"dim": 0}), ([2, 3], {"dim": -1, "keepdim": True}), ([2, 3, 4], {"dim": 1}), ([0, 3], {"dim": 0}),
        ([], {"dim": 0}), ([1, 1], {"dim": 0})]
LISTS = [([2, 3, 4], {"dim": [0, 2]}), ([2, 3, 4], {"dim": [-1, 1], "keepdim": True}), ([2, 3], {"dim": [0]}),
         ([0, 3], {"dim": [0]})]
FLOATS, NUMBERS = (f, d), (f, d, l, i)


def reduce(name, call, variants, types=FLOATS, low=-2.0, high=2.0, extra=(), throws=()):
    op(R, name, call, lambda draw: [
        ([draw(s, t, low, high)], kw) for t in types for s, kw in (variants if t in (f, types[0]) else variants[:3])
    ] + [tuple(e) for e in extra], throws=throws)


NAN = ([torch.tensor([[1.0, nan, 2.0], [3.0, -inf, 4.0]])], {"dim": 1}, False)
x23 = torch.arange(6.0).reshape(2, 3)
bad = [([x23], {"dim": 2})]
reduce("sum", torch.sum, EVERY, NUMBERS + (b,), extra=[([x23], {"dtype": d}), ([x23.long()], {"dtype": f})])
reduce("sum.dim", torch.sum, DIMS[:2] + LISTS + DIMS[2:], NUMBERS + (b,), extra=[NAN], throws=bad)
reduce("mean", torch.mean, EVERY, throws=[([x23.long()],)])
reduce("mean.dim", torch.mean, DIMS[:2] + LISTS + DIMS[2:], extra=[NAN], throws=bad)
reduce("prod", torch.prod, EVERY, NUMBERS + (b,), extra=[([torch.tensor([2.0, 0.0, 3.0])], {}),
                                                         ([torch.tensor([0.0, 0.0, 3.0])], {})])
reduce("prod.dim", torch.prod, DIMS, NUMBERS, extra=[([torch.tensor([[2.0, 0.0], [3.0, 4.0]])], {"dim": 1})])
for name in ("var", "std"):
    fn = getattr(torch, name)
    reduce(name, lambda x, unbiased=True, fn=fn: fn(x, unbiased=unbiased),
           [([2, 3], {}), ([2, 3], {"unbiased": False}), ([7], {})])
    reduce(name + ".dim", lambda x, dim, unbiased=True, keepdim=False, fn=fn: fn(
        x, dim=dim, unbiased=unbiased, keepdim=keepdim),
           [([3, 4], {"dim": [0]}), ([3, 4], {"dim": [1], "unbiased": False, "keepdim": True}),
            ([2, 3, 2], {"dim": [0, 2]})])
reduce("norm", lambda x, p=2: torch.norm(x, p),
       [([2, 3], {}), ([2, 3], {"p": 1}), ([2, 3], {"p": 3}), ([5], {"p": inf}), ([], {}), ([0], {}), ([4], {"p": 0}),
        ([4], {"p": -inf}), ([4], {"p": 1.5})])
reduce("norm.dim", lambda x, p, dim, keepdim=False: torch.norm(x, p, dim, keepdim),
       [([2, 3], {"p": 2, "dim": [0]}), ([2, 3], {"p": 1, "dim": [-1], "keepdim": True}), ([2, 3, 2], {"p": 2, "dim": [0, 2]}),
        ([2, 3], {"p": inf, "dim": [1]}), ([2, 3], {"p": 3, "dim": [1]})])
for name in ("max", "min"):
    fn = getattr(torch, name)
    reduce(name, fn, [EVERY[0], EVERY[1], EVERY[3], EVERY[4]], NUMBERS + (b,), extra=[
        ([torch.tensor([1.0, nan, 2.0])], {}, False), ([torch.tensor([2.0, 1.0, 2.0, 1.0])], {})],
           throws=[([torch.ones(0)],)])
    reduce(name + ".dim", fn, DIMS[:3] + DIMS[4:], NUMBERS + (b,), extra=[
        NAN, ([torch.tensor([[2, 1, 2], [1, 1, 0]])], {"dim": 1})], throws=bad)
for name in ("amax", "amin"):
    reduce(name, getattr(torch, name), LISTS[:3] + EVERY[:2] + DIMS[:2], NUMBERS, extra=[
        NAN, ([torch.tensor([[2.0, 1.0, 2.0], [1.0, 1.0, 0.0]])], {"dim": [1]})])
for name in ("argmax", "argmin"):
    reduce(name, getattr(torch, name), [EVERY[0], DIMS[0], DIMS[1], EVERY[1]], NUMBERS, extra=[
        ([torch.tensor([1.0, nan, 2.0])], {})])
for name in ("all", "any"):
    reduce(name, getattr(torch, name), EVERY, (f, d, l, i, b))
    reduce(name + ".dim", getattr(torch, name), DIMS, (f, l, b))
reduce("count_nonzero", torch.count_nonzero, [([2, 3], {}), ([2, 3], {"dim": 0}), ([0], {})], (f, l, b))
reduce("median", torch.median, [([5], {}), ([2, 3], {}), ([6], {})], NUMBERS)
reduce("median.dim", torch.median, [([3, 5], {"dim": 1}), ([4, 2], {"dim": 0, "keepdim": True})], NUMBERS)
reduce("mode", torch.mode, [([2, 7], {}), ([5, 2], {"dim": 0, "keepdim": True})], (l, i))
reduce("kthvalue", torch.kthvalue, [([2, 5], {"k": 2}), ([4, 2], {"k": 3, "dim": 0, "keepdim": True})], NUMBERS[:2])
reduce("logsumexp", torch.logsumexp, [([2, 3], {"dim": [1]}), ([2, 3], {"dim": [0], "keepdim": True}),
                                      ([2, 3, 2], {"dim": [0, 2]})],
       extra=[([torch.tensor([[-inf, -inf], [inf, 0.0], [1000.0, 1000.0]])], {"dim": [1]}, False)])
reduce("cumsum", torch.cumsum, [([2, 3], {"dim": 0}), ([2, 3], {"dim": -1}), ([], {"dim": 0}), ([0, 3], {"dim": 0})],
       NUMBERS + (b,))
reduce("cumprod", torch.cumprod, [([2, 3], {"dim": 0}), ([2, 3], {"dim": -1}), ([], {"dim": 0}), ([0, 3], {"dim": 0})],
       NUMBERS, extra=[([torch.tensor([2.0, 0.0, 3.0, 4.0])], {"dim": 0})])
SORTS = [([2, 5], {}), ([5, 2], {"dim": 0, "descending": True}), ([], {}), ([0, 2], {})]
STABLE = ([torch.tensor([3.0, 1.0, nan, 1.0, 3.0, -inf])], {}, False)
reduce("sort", lambda x, dim=-1, descending=False: torch.sort(x, dim=dim, descending=descending), SORTS,
       NUMBERS + (b,), extra=[STABLE])
reduce("argsort", lambda x, dim=-1, descending=False: torch.argsort(x, dim=dim, descending=descending, stable=True),
       SORTS[:2], FLOATS)
reduce("topk", torch.topk, [([2, 5], {"k": 3}), ([5, 2], {"k": 2, "dim": 0, "largest": False}), ([4], {"k": 4})],
       FLOATS, throws=[([x23], {"k": 4})])
reduce("histc", torch.histc, [([20], {"bins": 4, "min": -2, "max": 2}), ([10], {"bins": 3})])
op(R, "bincount", lambda x, weights=None, minlength=0: torch.bincount(x, weights, minlength), lambda draw: [
    ([draw([7], l, 0, 4)], {}), ([draw([7], l, 0, 4)], {"minlength": 8}), ([draw([5], l, 0, 3), draw([5], d).detach()], {}, False)])

S = "softmax"
SOFT = [([2, 3], {"dim": 1}), ([2, 3], {"dim": 0}), ([], {"dim": 0}), ([2, 3, 2], {"dim": -2}), ([0, 3], {"dim": 1}),
        ([3, 1], {"dim": 1}), ([2, 17], {"dim": -1})]
for name in ("softmax", "log_softmax", "softmin"):
    op(S, name, getattr(F, name) if name == "softmin" else getattr(torch, name), lambda draw: [
        ([draw(s, t, -3, 3)], kw) for t in FLOATS for s, kw in SOFT] + [
        ([torch.tensor([[1000.0, 1000.0, -inf], [0.0, -1000.0, 5.0]])], {"dim": 1}, False)],
       throws=[([x23], {"dim": 2})])
op(S, "softmax.dtype", lambda x, dim, dtype: torch.softmax(x, dim, dtype=dtype), lambda draw: [
    ([draw([2, 3], f)], {"dim": 1, "dtype": d}), ([draw([2, 3], l)], {"dim": 0, "dtype": f})])
op(S, "dist", lambda x, y, p=2: torch.dist(x, y, p), lambda draw: [
    ([draw([2, 3], t), draw(s, t)], kw) for t in FLOATS for s in ([2, 3], [3])
    for kw in ({}, {"p": 1}, {"p": 3}, {"p": inf})] + [([x23, x23], {})])

for name in ("nansum", "nanmean"):
    reduce(name, getattr(torch, name), EVERY[:2] + [([33], {})], extra=[([NAN[0][0]], {}, False)])
    reduce(name + ".dim", getattr(torch, name), DIMS[:2] + LISTS[:3], extra=[NAN], throws=bad)
reduce("aminmax", torch.aminmax, [([2, 3], {}), ([33], {})], NUMBERS, extra=[([torch.tensor([1.0, 2.0, 1.0, 2.0])], {})])
reduce("aminmax.dim", torch.aminmax, [([2, 3], {"dim": 1}), ([2, 3], {"dim": 0, "keepdim": True})], NUMBERS, throws=bad)
