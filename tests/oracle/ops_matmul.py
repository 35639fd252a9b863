"""Rows of the matrix product family."""

import torch

from ops import b, d, f, i, inf, l, nan, op

M = "matmul"
FLOATS, ALL = (f, d), (f, d, l)


def product(name, shapes, call=None, types=ALL, kws=({},), throws=()):
    op(M, name, call or getattr(torch, name), lambda draw: [
        ([draw(s, t) for s in sizes], kw) for t in types for sizes in (shapes if t == f else shapes[:4])
        for kw in (kws if t != l else kws[:1])], throws=throws)


o = torch.ones
product("matmul", [([2, 3], [3, 4]), ([3], [3]), ([2, 3], [3]), ([3], [3, 2]), ([2, 2, 3], [3, 2]), ([2, 3], [2, 3, 2]),
                   ([2, 1, 2, 3], [3, 3, 2]), ([2, 2, 3], [3]), ([3], [2, 3, 2]), ([0, 3], [3, 2]), ([2, 0], [0, 2]),
                   ([1, 1], [1, 1]), ([9, 17], [17, 5])],
        throws=[([o(2, 3), o(2, 2)],), ([o(2), o(3)],), ([torch.tensor(1.0), o(3)],)])
product("mm", [([2, 3], [3, 4]), ([1, 3], [3, 1]), ([0, 3], [3, 2]), ([2, 0], [0, 2])],
        throws=[([o(2, 3), o(2, 2)],), ([o(2), o(2, 2)],), ([o(2, 2), o(2, 2).double()],)])
product("bmm", [([2, 2, 3], [2, 3, 2]), ([0, 2, 3], [0, 3, 2])], throws=[([o(2, 2, 3), o(3, 3, 2)],)])
product("mv", [([2, 3], [3]), ([2, 0], [0])], throws=[([o(2, 3), o(2)],)])
product("dot", [([4], [4]), ([0], [0])], throws=[([o(2), o(3)],), ([o(2, 2), o(2, 2)],)])
product("outer", [([2], [3]), ([0], [3])])
product("kron", [([2, 2], [2, 3]), ([2], [3])])
product("addmm", [([2, 4], [2, 3], [3, 4]), ([4], [2, 3], [3, 4]), ([], [2, 3], [3, 4]), ([2, 1], [2, 3], [3, 4])],
        kws=({}, {"beta": 0.5, "alpha": 2.0}, {"beta": 0.0}))
product("addmv", [([2], [2, 3], [3])], kws=({}, {"beta": 0.5, "alpha": 2.0}))
product("addbmm", [([2, 2], [3, 2, 3], [3, 3, 2])], kws=({}, {"beta": 0.5, "alpha": 2.0}))
product("baddbmm", [([3, 2, 2], [3, 2, 3], [3, 3, 2]), ([2], [3, 2, 3], [3, 3, 2])], kws=({}, {"beta": 0.5, "alpha": 2.0}))
op(M, "einsum", lambda *xs, equation: torch.einsum(equation, *xs), lambda draw: [
    ([draw(s, t) for s in sizes], {"equation": e}) for t in FLOATS for e, sizes in (
        ("ij,jk->ik", ([2, 3], [3, 2])), ("ij,jk", ([2, 3], [3, 2])), ("ii->i", ([3, 3],)), ("ii", ([3, 3],)),
        ("ij->ji", ([2, 3],)), ("bij,bjk->bik", ([2, 2, 3], [2, 3, 2])), ("i,j->ij", ([2], [3])), ("ij->", ([2, 3],)),
        ("...ij,...jk->...ik", ([2, 2, 3], [3, 2])), ("bn,anm,bm->ba", ([2, 3], [2, 3, 2], [2, 2])), ("ij,ij->j", ([2, 3], [2, 3])))])
op(M, "linalg.multi_dot", lambda *xs: torch.linalg.multi_dot(xs), lambda draw: [
    ([draw([2, 3], t), draw([3, 4], t), draw([4, 2], t)], {}) for t in FLOATS])
op(M, "cross", lambda x, y, dim: torch.linalg.cross(x, y, dim=dim), lambda draw: [
    ([draw([2, 3], t), draw([2, 3], t)], {"dim": -1}) for t in FLOATS] + [
    ([draw([3, 2], f), draw([3, 1], f)], {"dim": 0})])
