"""Rows that move, repeat, join and cut."""

import torch

from ops import b, d, f, i, l, op

ALL = (f, d, l, b)
FLOATS = (f, d)


def shape(name, call, variants, types=ALL, throws=()):
    """`variants`: (sizes of the input, keywords)."""
    op("layout", name, call,
       lambda draw: [([draw(s, t)], kw) for t in types for s, kw in (variants if t == f else variants[:3])],
       throws=throws)


x23 = torch.arange(6.0).reshape(2, 3)
shape("view", lambda x, sizes: x.view(sizes),
      [([2, 6], {"sizes": [3, 4]}), ([2, 6], {"sizes": [-1]}), ([], {"sizes": [1, 1]}),
       ([0, 3], {"sizes": [3, 0]}), ([4], {"sizes": [2, -1]})], throws=[([x23], {"sizes": [4, 2]})])
shape("reshape", lambda x, sizes: x.reshape(sizes),
      [([2, 6], {"sizes": [3, 4]}), ([2, 6], {"sizes": [-1]}), ([], {"sizes": [1, 1]}),
       ([0, 3], {"sizes": [3, 0]}), ([4], {"sizes": [2, -1]})], throws=[([x23], {"sizes": [4, 2]})])
shape("flatten", torch.flatten, [([2, 3, 2], {}), ([2, 3, 2], {"start_dim": 1}),
                                 ([2, 3, 2, 2], {"start_dim": 1, "end_dim": 2}), ([], {})])
shape("unflatten", lambda x, dim, sizes: x.unflatten(dim, sizes), [([2, 6], {"dim": 1, "sizes": [3, -1]}),
                                                                 ([4], {"dim": 0, "sizes": [2, 2]})])
shape("ravel", torch.ravel, [([2, 3], {}), ([], {})])
shape("expand", lambda x, sizes: x.expand(sizes),
      [([3], {"sizes": [2, 3]}), ([2, 1], {"sizes": [2, 3]}), ([], {"sizes": [2, 2]}),
       ([2, 1], {"sizes": [3, -1, 2]}), ([1], {"sizes": [0]})], throws=[([x23], {"sizes": [2, 4]})])
shape("broadcast_to", torch.broadcast_to, [([3], {"size": [2, 3]}), ([2, 1], {"size": [2, 3]})])
shape("permute", torch.permute, [([2, 3, 2], {"dims": [2, 0, 1]}), ([2, 3], {"dims": [-1, 0]}),
                                 ([], {"dims": []})], throws=[([x23], {"dims": [0, 0]})])
shape("transpose", lambda x, dim0, dim1: x.transpose(dim0, dim1),
      [([2, 3, 2], {"dim0": 0, "dim1": 2}), ([2, 3], {"dim0": -1, "dim1": -2}), ([], {"dim0": 0, "dim1": -1})],
      throws=[([x23], {"dim0": 0, "dim1": 2})])
shape("swapaxes", lambda x, dim0, dim1: x.swapaxes(dim0, dim1), [([2, 3, 2], {"dim0": 0, "dim1": 2})])
shape("movedim", lambda x, source, destination: x.movedim(source, destination),
      [([2, 3, 2], {"source": 0, "destination": 2}), ([2, 3, 4], {"source": -1, "destination": 0})])
shape("movedim.list", lambda x, source, destination: x.movedim(source, destination),
      [([2, 3, 4], {"source": [0, 1], "destination": [1, 2]}),
       ([2, 1, 3, 2], {"source": [3, 0], "destination": [0, 1]})])
shape("t", torch.t, [([2, 3], {}), ([3], {}), ([], {})], throws=[([torch.ones(2, 2, 2)],)])
shape("T", lambda x: x.T, [([2, 3], {})])
shape("mT", lambda x: x.mT, [([2, 3], {}), ([2, 2, 3], {})])
shape("squeeze", torch.squeeze, [([2, 1, 3, 1], {}), ([2, 1, 3, 1], {"dim": 1}), ([2, 1, 3], {"dim": 0}),
                                 ([], {}), ([1], {"dim": 0})])
shape("unsqueeze", torch.unsqueeze, [([2, 3], {"dim": 0}), ([2, 3], {"dim": -1}), ([], {"dim": 0})],
      throws=[([x23], {"dim": 4})])
shape("narrow", torch.narrow, [([3, 4], {"dim": 1, "start": 1, "length": 2}),
                               ([3, 4], {"dim": -2, "start": 0, "length": 0}),
                               ([5], {"dim": 0, "start": -2, "length": 2})],
      throws=[([x23], {"dim": 1, "start": 2, "length": 2})])


def slice_(x, dim, start=None, end=None, step=1):
    return torch.ops.aten.slice(x, dim, start, end, step)


shape("slice", slice_, [([5, 3], {"dim": 0, "start": 1, "end": 4}), ([5, 3], {"dim": 0, "step": 2}),
                        ([3, 5], {"dim": 1, "start": -3, "end": -1}), ([4], {"dim": 0, "start": 3, "end": 1})])
shape("select", lambda x, dim, index: x.select(dim, index),
      [([3, 4], {"dim": 0, "index": 1}), ([3, 4], {"dim": -1, "index": -2}), ([3], {"dim": 0, "index": 2})],
      throws=[([x23], {"dim": 0, "index": 2})])
shape("diagonal", torch.diagonal, [([3, 4], {}), ([3, 4], {"offset": 1}), ([4, 3], {"offset": -2}),
                                   ([2, 3, 3], {"dim1": 1, "dim2": 2}),
                                   ([2, 3, 2], {"offset": -1, "dim1": -1, "dim2": 0})])
shape("unfold", lambda x, dim, size, step: x.unfold(dim, size, step),
      [([7], {"dim": 0, "size": 3, "step": 2}), ([2, 5], {"dim": 1, "size": 2, "step": 1}),
       ([4, 3], {"dim": 0, "size": 2, "step": 2})])
shape("as_strided", lambda x, sizes, strides, offset: x.as_strided(sizes, strides, offset),
      [([8], {"sizes": [2, 3], "strides": [1, 2], "offset": 1})])
shape("unbind", torch.unbind, [([2, 3], {}), ([2, 3], {"dim": -1})])
shape("split", torch.split, [([5, 2], {"split_size_or_sections": 2}),
                             ([2, 4], {"split_size_or_sections": 2, "dim": 1})])
shape("split.sizes", torch.split, [([5, 2], {"split_size_or_sections": [1, 3, 1]}),
                                   ([2, 4], {"split_size_or_sections": [3, 1], "dim": -1})],
      throws=[([x23], {"split_size_or_sections": [1, 2]})])
shape("chunk", torch.chunk, [([5, 2], {"chunks": 2}), ([2, 5], {"chunks": 3, "dim": 1})])
shape("tensor_split", lambda x, indices_or_sections, dim=0: torch.tensor_split(x, indices_or_sections, dim), [([5, 2], {"indices_or_sections": 3}),
                                           ([2, 5], {"indices_or_sections": 2, "dim": 1})])
shape("tensor_split.indices",
      lambda x, indices_or_sections, dim=0: torch.tensor_split(x, indices_or_sections, dim),
      [([5, 2], {"indices_or_sections": [1, 4]}),
                                                   ([2, 5], {"indices_or_sections": [0, 2], "dim": 1})])
shape("repeat", lambda x, repeats: x.repeat(repeats),
      [([2, 3], {"repeats": [2, 1]}), ([3], {"repeats": [2, 2]}), ([], {"repeats": [3]})])
shape("tile", torch.tile, [([2, 3], {"dims": [2]}), ([3], {"dims": [2, 2]})])
shape("repeat_interleave", torch.repeat_interleave, [([2, 3], {"repeats": 2}), ([2, 3], {"repeats": 2, "dim": 0}),
                                                     ([2, 3], {"repeats": 3, "dim": 1})])
shape("flip", torch.flip, [([2, 3], {"dims": [0]}), ([2, 3], {"dims": [0, -1]}), ([0, 3], {"dims": [1]})])
shape("roll", torch.roll, [([2, 3], {"shifts": [1], "dims": [1]}), ([2, 3], {"shifts": [1, -1], "dims": [0, 1]}),
                           ([2, 3], {"shifts": [2]})])
shape("tril", torch.tril, [([3, 3], {}), ([3, 4], {"diagonal": 1}), ([2, 3, 3], {"diagonal": -1}),
                           ([0, 3], {}), ([1, 1], {"diagonal": -1})], throws=[([torch.ones(3)],)])
shape("triu", torch.triu, [([3, 3], {}), ([3, 4], {"diagonal": 1}), ([2, 3, 3], {"diagonal": -1}),
                           ([0, 3], {}), ([1, 1], {"diagonal": 1})], throws=[([torch.ones(3)],)])
shape("diag", torch.diag, [([3], {}), ([3, 3], {}), ([2], {"diagonal": 1}), ([3, 4], {"diagonal": -1})])
shape("diag_embed", torch.diag_embed, [([2, 3], {}), ([3], {"offset": 1}),
                                       ([2, 3], {"offset": -1, "dim1": 0, "dim2": 2})])
shape("trace", torch.trace, [([3, 3], {}), ([2, 4], {})], types=(f, d, l))
shape("clone", torch.clone, [([2, 3], {}), ([], {})])
shape("contiguous", lambda x: x.contiguous(), [([2, 3], {})], types=(l,))
shape("meshgrid", lambda x: torch.meshgrid(x, x * 2, indexing="ij"), [([3], {})], types=FLOATS)

op("layout", "cat", lambda *xs, dim=0: torch.cat(xs, dim), lambda draw: [
    ([draw(s, t) for s in sizes], kw) for t in ALL for sizes, kw in (
        (([2, 3], [1, 3]), {}), (([2, 1], [2, 2], [2, 3]), {"dim": -1}), (([0], [2]), {}), (([2],), {}))] + [
    ([draw([2], f), draw([2], d)], {}), ([draw([2], l), draw([1], f)], {}), ([draw([2], b), draw([1], i)], {})],
   throws=[([torch.ones(2, 3), torch.ones(2, 4)],)])
op("layout", "stack", lambda *xs, dim=0: torch.stack(xs, dim), lambda draw: [
    ([draw(s, t), draw(s, t), draw(s, t)], kw) for t in ALL for s, kw in (
        ([2, 3], {}), ([2, 3], {"dim": -1}), ([], {}), ([2], {"dim": 1}))],
   throws=[([torch.ones(2, 3), torch.ones(3)],)])
op("layout", "broadcast_tensors", lambda *xs: torch.broadcast_tensors(*xs), lambda draw: [
    ([draw([2, 1], t), draw([3], t)], {}) for t in (f, d)])
op("layout", "tril_indices", lambda row, col, offset=0: torch.tril_indices(row, col, offset), lambda draw: [
    ([], {"row": 3, "col": 4}), ([], {"row": 4, "col": 3, "offset": -1}), ([], {"row": 2, "col": 3, "offset": 1})])
op("layout", "triu_indices", lambda row, col, offset=0: torch.triu_indices(row, col, offset), lambda draw: [
    ([], {"row": 3, "col": 4}), ([], {"row": 4, "col": 3, "offset": -1}), ([], {"row": 2, "col": 3, "offset": 1})])

op("factory", "arange", lambda start, end, step=1, **kw: torch.arange(start, end, step, **kw), lambda draw: [
    ([], {"start": 0, "end": 5}), ([], {"start": 2, "end": 10, "step": 3}), ([], {"start": 0.0, "end": 1.0, "step": 0.1}),
    ([], {"start": 5, "end": 0, "step": -2}), ([], {"start": 0, "end": 3, "dtype": d})],
   throws=[([], {"start": 0, "end": 5, "step": -1})])
op("factory", "linspace", lambda start, end, steps, **kw: torch.linspace(start, end, steps, **kw), lambda draw: [
    ([], {"start": 0.0, "end": 1.0, "steps": 7}), ([], {"start": -1.0, "end": 2.0, "steps": 5, "dtype": d}),
    ([], {"start": 3.0, "end": 3.5, "steps": 1}), ([], {"start": 0.0, "end": 1.0, "steps": 0})])
op("factory", "logspace", lambda start, end, steps, base, **kw: torch.logspace(start, end, steps, base, **kw),
   lambda draw: [([], {"start": 0.0, "end": 2.0, "steps": 5, "base": 10.0, "dtype": d}),
                 ([], {"start": -1.0, "end": 3.0, "steps": 5, "base": 2.0})])
op("factory", "eye", lambda n, m: torch.eye(n, m), lambda draw: [
    ([], {"n": 3, "m": 3}), ([], {"n": 2, "m": 4}), ([], {"n": 0, "m": 2})])
op("factory", "full", lambda sizes, value, **kw: torch.full(sizes, value, **kw), lambda draw: [
    ([], {"sizes": [2, 2], "value": 1.5}), ([], {"sizes": [3], "value": 2}), ([], {"sizes": [], "value": True}),
    ([], {"sizes": [2], "value": 2, "dtype": d})])

for name, sizes in (("hstack", (([2, 3], [2, 2]), ([3], [2]), ([], [2]))),
                    ("vstack", (([2, 3], [1, 3]), ([3], [3]), ([], [1]))),
                    ("dstack", (([2, 3], [2, 3]), ([3], [3]), ([2, 3, 1], [2, 3, 2]))),
                    ("column_stack", (([2, 3], [2, 1]), ([3], [3]), ([3], [3, 2])))):
    op("layout", name, lambda *parts, fn=getattr(torch, name): fn(parts),
       lambda draw, sizes=sizes: [([draw(s, t) for s in case], {}) for t in ALL for case in sizes],
       throws=[([torch.ones(2, 3), torch.ones(3, 2, 2)],)])
shape("fliplr", torch.fliplr, [([2, 3], {}), ([0, 2], {})], throws=[([torch.ones(3)],)])
shape("flipud", torch.flipud, [([2, 3], {}), ([3], {})], throws=[([torch.tensor(1.0)],)])
shape("rot90", torch.rot90, [([2, 3], {}), ([2, 3], {"k": 2}), ([2, 3], {"k": -1}), ([2, 3, 4], {"k": 7, "dims": [2, 0]}),
                             ([2, 3], {"k": 4}), ([0, 3], {})],
      throws=[([torch.ones(3)],), ([x23], {"dims": [0, 0]})])
shape("diff", torch.diff, [([5], {}), ([3, 4], {"n": 2, "dim": 0}), ([2, 3], {"n": 4}), ([2, 3], {"n": 0}), ([0], {})],
      throws=[([torch.tensor(1.0)],), ([x23], {"n": -1})])
