"""Rows that pick and place elements by index or mask."""

import torch

from ops import b, d, f, i, inf, l, nan, op

X = "index"
FLOATS, ALL = (f, d), (f, d, l)

op(X, "gather", lambda x, index, dim: torch.gather(x, dim, index), lambda draw: [
    ([draw([3, 4], t), draw.index(s, n)], {"dim": dim}) for t in ALL
    for s, n, dim in (([2, 4], 3, 0), ([3, 6], 4, 1), ([3, 0], 4, -1))],
   throws=[([torch.ones(2, 2), torch.tensor([[5]])], {"dim": 0})])
op(X, "scatter", lambda x, index, source, dim: x.scatter(dim, index, source), lambda draw: [
    ([draw([3, 4], t), torch.tensor([[0, 1, 2, 0], [1, 2, 0, 1]]), draw([2, 4], t)], {"dim": 0}) for t in ALL])
op(X, "scatter.value", lambda x, index, dim, value: x.scatter(dim, index, value), lambda draw: [
    ([draw([3, 4], t), draw.index([3, 2], 4)], {"dim": 1, "value": 7}) for t in ALL])
op(X, "scatter_add", lambda x, index, source, dim: x.scatter_add(dim, index, source), lambda draw: [
    ([draw([3, 4], t), draw.index([3, 5], 4), draw([3, 5], t)], {"dim": 1}) for t in ALL] + [
    ([draw([3, 2], t), draw.index([4, 2], 3), draw([4, 2], t)], {"dim": 0}) for t in FLOATS])
op(X, "scatter_reduce", lambda x, index, source, dim, reduce, include_self=True: x.scatter_reduce(
    dim, index, source, reduce, include_self=include_self), lambda draw: [
    ([draw([3, 3], t), draw.index([3, 5], 3), draw([3, 5], t)], dict(dim=1, reduce=r, include_self=s))
    for t in FLOATS for r in ("sum", "prod", "mean", "amax", "amin") for s in (True, False)])
op(X, "index_select", lambda x, index, dim: x.index_select(dim, index), lambda draw: [
    ([draw([3, 4], t), draw.index([n], 3)], {"dim": dim}) for t in ALL for n, dim in ((5, 0), (2, 1), (0, 0))],
   throws=[([torch.ones(2, 2), torch.tensor([5])], {"dim": 0})])
op(X, "index_add", lambda x, index, source, dim, alpha=1: x.index_add(dim, index, source, alpha=alpha),
   lambda draw: [([draw([3, 4], t), draw.index([5], 3), draw([5, 4], t)], kw) for t in ALL
                 for kw in ({"dim": 0}, {"dim": 0, "alpha": 2})])
op(X, "index_copy", lambda x, index, source, dim: x.index_copy(dim, index, source), lambda draw: [
    ([draw([4, 2], t), torch.tensor([2, 0, 3]), draw([3, 2], t)], {"dim": 0}) for t in ALL])
op(X, "index_fill", lambda x, index, dim, value: x.index_fill(dim, index, value), lambda draw: [
    ([draw([3, 4], t), torch.tensor([2, 0])], {"dim": 1, "value": 5}) for t in ALL])
op(X, "take_along_dim", lambda x, index, dim=None: torch.take_along_dim(x, index, dim), lambda draw: [
    ([draw([3, 4], t), draw.index([3, 2], 4)], {"dim": 1}) for t in ALL] + [
    ([draw([3, 4], t), draw.index([1, 4], 3)], {"dim": 0}) for t in FLOATS] + [
    ([draw([2, 3], f), draw.index([4], 6)], {})])
op(X, "masked_select", torch.masked_select, lambda draw: [
    ([draw([2, 3], t), draw(s, b)], {}) for t in ALL for s in ([2, 3], [3], [2, 1])])
op(X, "masked_scatter", lambda x, mask, source: x.masked_scatter(mask, source), lambda draw: [
    ([draw([2, 3], t), draw([2, 3], b), draw([8], t)], {}) for t in ALL])
op(X, "nonzero", torch.nonzero, lambda draw: [
    ([draw(s, t)], {}) for t in (f, l, b) for s in ([2, 3], [5], [0, 2])])
op(X, "searchsorted", lambda sorted, values, right=False: torch.searchsorted(sorted, values, right=right), lambda draw: [
    ([torch.sort(draw([6], t))[0].detach(), draw([2, 3], t)], kw, False) for t in (f, l) for kw in ({}, {"right": True})])
op(X, "bucketize", lambda x, boundaries, right=False: torch.bucketize(x, boundaries, right=right), lambda draw: [
    ([draw([2, 3], f), torch.tensor([-1.0, 0.0, 1.0])], kw, False) for kw in ({}, {"right": True})])

# The brackets: each variant has the name that the C++ row knows it by.
BRACKETS = {
    "integer": lambda x, *_: x[1],
    "negative": lambda x, *_: x[-1, -2],
    "slices": lambda x, *_: x[1:, ::2],
    "none": lambda x, *_: x[None, :, None],
    "ellipsis": lambda x, *_: x[..., 1],
    "true": lambda x, *_: x[True],
    "mask": lambda x, mask, *_: x[mask],
    "rows": lambda x, _, rows: x[rows],
    "columns": lambda x, _, rows: x[:, rows],
    "pairs": lambda x, _, rows: x[rows, rows],
    "mixed": lambda x, _, rows: x[1:, rows],
    "apart": lambda x, _, rows: x[None, rows, ..., 0],
}


def brackets(x, mask, rows, how):
    return BRACKETS[how](x, mask, rows)


def bracket_cases(draw):
    for t in (f, d, l):
        for how in BRACKETS:
            yield [draw([3, 4], t), draw([3, 4], b), torch.tensor([2, 0, 2])], {"how": how}


op(X, "brackets", brackets, bracket_cases)


def put(x, mask, rows, value, how, accumulate=False):
    y = x.clone()
    index = {"integer": (1,), "slices": (slice(1, None), slice(None, None, 2)), "mask": (mask,), "rows": (rows,),
             "pairs": (rows, rows), "columns": (slice(None), rows)}[how]
    if how in ("integer", "slices"):
        y[index] = value
    else:
        y.index_put_([torch.arange(3)[:, None], rows] if how == "columns" else list(index), value, accumulate)
    return y


def put_cases(draw):
    for t in (f, d, l):
        for how in ("integer", "slices", "mask", "rows", "pairs", "columns"):
            yield [draw([3, 4], t), draw([3, 4], b), torch.tensor([2, 0, 1]), draw([], t)], {"how": how}
        yield [draw([3, 4], t), draw([3, 4], b), torch.tensor([2, 0, 1]), draw([3, 4], t)], {"how": "rows"}
        yield [draw([3, 4], t), draw([3, 4], b), torch.tensor([2, 0, 1]), draw([4], t)], {"how": "integer"}


op(X, "brackets.put", put, put_cases)
