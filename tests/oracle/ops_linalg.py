"""Rows of linalg. Where a factor is only defined up to signs, the row returns what is not."""

import torch
from torch import linalg

from ops import b, d, f, i, inf, l, nan, op

L = "linalg"
FLOATS = (f, d)


def square(draw, shape, t):
    """Well conditioned: a draw plus twice the identity."""
    return draw(shape, t, -1, 1) + 2 * torch.eye(shape[-1], dtype=t)


def definite(draw, shape, t):
    A = draw(shape, torch.float64, -1, 1)
    return torch.round(A @ A.mT * 8 + 4 * torch.eye(shape[-1], dtype=d)).to(t) / 8


def with_gaps(draw, shape, t):
    """Symmetric with well separated eigenvalues."""
    A = draw(shape, t, -1, 1)
    return A + A.mT + torch.diag(torch.arange(shape[-1]) * 4.0).to(t)


def symmetric(A):
    return (A + A.mT) / 2


SQUARES = ([3, 3], [1, 1], [2, 3, 3], [0, 0], [5, 5], [2, 0, 3, 3])
singular = torch.tensor([[1.0, 2.0], [2.0, 4.0]])
op(L, "solve", lambda A, B, left=True: linalg.solve(A, B, left=left), lambda draw: [
    ([square(draw, s, t), draw(r, t)], kw) for t in FLOATS for s, r, kw in (
        ([3, 3], [3, 2], {}), ([3, 3], [3], {}), ([3, 3], [2, 3], {"left": False}), ([2, 3, 3], [2, 3, 2], {}),
        ([2, 3, 3], [3, 2], {}), ([2, 3, 3], [2, 3], {}), ([0, 0], [0, 2], {}), ([1, 1], [1, 1], {}),
        ([3, 3], [2, 3, 2], {}))],
   throws=[([singular, torch.ones(2, 1)],), ([torch.ones(2, 3), torch.ones(2, 1)],),
           ([torch.eye(2), torch.ones(3, 1)],)])
op(L, "inv", linalg.inv, lambda draw: [([square(draw, s, t)], {}) for t in FLOATS for s in SQUARES],
   throws=[([singular],), ([torch.ones(2, 3)],)])
op(L, "det", linalg.det, lambda draw: [([square(draw, s, t)], {}) for t in FLOATS for s in SQUARES] + [
    ([singular], {}, False)])
op(L, "slogdet", linalg.slogdet, lambda draw: [([square(draw, s, t)], {}) for t in FLOATS for s in SQUARES] + [
    ([singular], {}, False), ([-torch.eye(3)], {})])
op(L, "cholesky", lambda A, upper=False: linalg.cholesky(symmetric(A), upper=upper), lambda draw: [
    ([definite(draw, s, t)], kw) for t in FLOATS for s, kw in (
        ([3, 3], {}), ([3, 3], {"upper": True}), ([2, 3, 3], {}), ([1, 1], {}), ([0, 0], {}))],
   throws=[([-torch.eye(2)],)])
op(L, "cholesky_solve", lambda B, L: torch.cholesky_solve(B, L.tril()), lambda draw: [
    ([draw([3, 2], t), square(draw, [3, 3], t)], {}) for t in FLOATS])
op(L, "solve_triangular", lambda A, B, upper, left=True, unitriangular=False: linalg.solve_triangular(
    A, B, upper=upper, left=left, unitriangular=unitriangular), lambda draw: [
    ([square(draw, [3, 3], t), draw(s, t)], dict(kw, upper=u)) for t in FLOATS for u in (True, False)
    for s, kw in (([3, 2], {}), ([2, 3], {"left": False}), ([3, 2], {"unitriangular": True}))])
op(L, "lu", lambda A: linalg.lu(A), lambda draw: [
    ([square(draw, s, t)], {}) for t in FLOATS for s in ([3, 3], [2, 3, 3])])
op(L, "lu_solve", lambda A, B: linalg.lu_solve(*linalg.lu_factor(A), B), lambda draw: [
    ([square(draw, [3, 3], t), draw([3, 2], t)], {}) for t in FLOATS])
op(L, "qr", lambda A, mode="reduced": linalg.qr(A, mode), lambda draw: [
    ([draw(s, t) + torch.eye(s[-2], s[-1], dtype=t) * 2], kw) for t in FLOATS for s, kw in (
        ([3, 3], {}), ([4, 2], {}), ([2, 3, 3], {}), ([2, 3], {}), ([3, 3], {"mode": "complete"}))])
op(L, "eigh", lambda A, UPLO="L": (lambda w, V: (w, V * V))(*linalg.eigh(symmetric(A), UPLO)), lambda draw: [
    ([with_gaps(draw, s, t)], {}) for t in FLOATS for s in ([3, 3], [2, 3, 3], [1, 1], [0, 0])])
op(L, "eigvalsh", lambda A: linalg.eigvalsh(symmetric(A)), lambda draw: [
    ([with_gaps(draw, s, t)], {}) for t in FLOATS for s in ([3, 3], [2, 3, 3])])


def svd_parts(A):
    U, S, Vh = linalg.svd(A, full_matrices=False)
    return U * U, S, Vh * Vh


def singular_gaps(draw, s, t):
    return draw(s, t, -1, 1) + torch.diag(torch.arange(1, 20.0) * 3)[:s[-2], :s[-1]].to(t)


op(L, "svd", svd_parts, lambda draw: [
    ([singular_gaps(draw, s, t)], {}) for t in FLOATS for s in ([3, 3], [4, 2], [2, 4], [2, 3, 3], [1, 1])])
op(L, "svdvals", linalg.svdvals, lambda draw: [
    ([singular_gaps(draw, s, t)], {}) for t in FLOATS for s in ([3, 3], [4, 2], [2, 3, 3])])
op(L, "pinv", linalg.pinv, lambda draw: [
    ([singular_gaps(draw, s, t)], {}) for t in FLOATS for s in ([3, 3], [4, 2], [2, 4])])
op(L, "lstsq", lambda A, B: linalg.lstsq(A, B).solution, lambda draw: [
    ([singular_gaps(draw, [4, 2], t), draw([4, 2], t)], {}) for t in FLOATS])
op(L, "matrix_exp", linalg.matrix_exp, lambda draw: [
    ([draw(s, t, -1, 1)], {}) for t in FLOATS for s in ([3, 3], [2, 3, 3], [1, 1], [5, 5], [0, 0])] + [
    ([draw([3, 3], t, -9, 9)], {}) for t in FLOATS])
op(L, "matrix_power", linalg.matrix_power, lambda draw: [
    ([square(draw, [3, 3], t)], {"n": n}) for t in FLOATS for n in (1, 2, 3, 5, -1, -2)] + [
    ([square(draw, [3, 3], f)], {"n": 0}, False)])
op(L, "householder_product", linalg.householder_product, lambda draw: [
    ([draw([4, 3], t, -1, 1), draw([3], t, 0.2, 1)], {}) for t in FLOATS])
op(L, "vector_norm", lambda x, ord=2, dim=None, keepdim=False: linalg.vector_norm(x, ord, dim, keepdim), lambda draw: [
    ([draw([2, 3], t)], kw) for t in FLOATS for kw in (
        {}, {"ord": 1}, {"ord": inf}, {"ord": -inf}, {"ord": 0}, {"ord": 3, "dim": [1]}, {"ord": 2, "dim": [0], "keepdim": True})])
op(L, "matrix_norm", lambda x, ord="fro": linalg.matrix_norm(x, ord), lambda draw: [
    ([singular_gaps(draw, s, t)], {"ord": o}) for t in FLOATS for s in ([3, 3], [2, 3, 2])
    for o in ("fro", "nuc", 1, -1, 2, -2, inf, -inf)])
op(L, "norm", lambda x: linalg.norm(x), lambda draw: [([draw(s, t)], {}) for t in FLOATS for s in ([2, 3], [4])])
op(L, "cond", lambda x: linalg.cond(x), lambda draw: [([singular_gaps(draw, [3, 3], t)], {}) for t in FLOATS])
op(L, "matrix_rank", linalg.matrix_rank, lambda draw: [([singular], {}, False), ([torch.eye(3)], {}, False)])
