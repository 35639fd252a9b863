"""Elementwise rows: one operand, two operands, comparisons, and the rest."""

import torch
import torch.nn.functional as F

from ops import b, d, f, i, inf, l, nan, op

SPECIAL = [nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 100.0, -100.0]


def unary(name, low=-2.0, high=2.0, integers=True, special=True, call=None, floats=True, kw={},
          family="unary", doubles=True):
    call = call or getattr(torch, name)

    def cases(draw):
        if floats:
            for shape in ([2, 3], [], [0, 3], [1]):
                yield [draw(shape, f, low, high)], kw
            for shape in ([2, 3], []):
                yield [draw(shape, d, low, high)], kw, doubles
            yield [draw([19], f, low, high)], kw
        if special:
            yield [torch.tensor(SPECIAL, dtype=f)], kw, False
        if integers:
            for dtype in (l, i, b) if integers is True else integers:
                yield [draw([2, 3], dtype, max(low, -4), max(high, 4))], kw

    op(family, name, call, cases)


for name in ("neg", "sign"):
    unary(name, integers=(l, i))
for name in ("square",):
    unary(name, integers=(l, i))
unary("abs", integers=(l, i))
for name in ("exp", "exp2", "expm1", "sin", "cos", "tanh", "sigmoid", "erf", "erfc", "sinh", "cosh",
             "atan", "asinh", "sinc"):
    unary(name)
unary("tan", -1.2, 1.2)
for name in ("asin", "acos", "atanh"):
    unary(name, -0.9, 0.9, integers=(l, b))
unary("acosh", 1.1, 4)
for name in ("sqrt", "rsqrt", "log", "log2", "log10", "reciprocal"):
    unary(name, 0.2, 4)
unary("log1p", -0.7, 3)
unary("erfinv", -0.9, 0.9, integers=False)
unary("lgamma", 0.3, 4, special=False)
# PyTorch's trigamma is only good to nine digits.
unary("digamma", 0.3, 4, special=False, doubles=False)
for name in ("floor", "ceil", "round", "trunc"):
    unary(name, integers=(l, i))
unary("frac", integers=False, special=False)
unary("relu", integers=(l, i))
for name in ("isnan", "isinf", "isfinite", "signbit", "logical_not"):
    unary(name)
unary("bitwise_not", floats=False, special=False)

UNIT = dict(integers=False, family="activation")
unary("softplus", call=F.softplus, **UNIT)
op("activation", "softplus.parameters", F.softplus,
   lambda draw: [([draw([7], d, -3, 3)], {"beta": 2.0, "threshold": 3.0})])
unary("leaky_relu", call=F.leaky_relu, kw={"negative_slope": 0.2}, **UNIT)
unary("elu", call=F.elu, kw={"alpha": 1.5}, **UNIT)
unary("selu", call=F.selu, **UNIT)
unary("silu", call=F.silu, **UNIT)
unary("mish", call=F.mish, **UNIT)
# At infinity PyTorch's vectorised gelu gives NaN, its scalar one infinity, which is right.
unary("gelu", call=F.gelu, special=False, **UNIT)
unary("gelu.tanh", call=lambda x: F.gelu(x, approximate="tanh"), **UNIT)
unary("relu6", -2, 8, call=F.relu6, **UNIT)
unary("hardtanh", call=F.hardtanh, kw={"min_val": -0.5, "max_val": 1.0}, **UNIT)
unary("logsigmoid", call=F.logsigmoid, **UNIT)
unary("softsign", call=F.softsign, **UNIT)
unary("threshold", call=F.threshold, kw={"threshold": 0.25, "value": -3.0}, **UNIT)
unary("celu", call=F.celu, kw={"alpha": 0.5}, **UNIT)
unary("tanhshrink", call=F.tanhshrink, **UNIT)
# PyTorch multiplies hardsigmoid's gradient by a sixth of single precision.
unary("hardsigmoid", -5, 5, call=F.hardsigmoid, doubles=False, **UNIT)
for name, kw in (("hardswish", {}), ("hardshrink", {"lambd": 0.7}), ("softshrink", {"lambd": 0.7})):
    unary(name, -5, 5, call=getattr(F, name), kw=kw, **UNIT)
# At a kink PyTorch chooses a slope.
op("activation", "kinks", lambda x: (F.hardsigmoid(x), F.hardswish(x), F.hardshrink(x, 3), F.softshrink(x, 3)),
   lambda draw: [([torch.tensor([-3.0, 3.0, 0.0])],)])
op("activation", "glu", F.glu, lambda draw: [
    ([draw(s, t)], kw) for t in (f, d) for s, kw in (([2, 4], {}), ([4, 3], {"dim": 0}), ([2, 6, 1], {"dim": 1}), ([0, 2], {}))],
   throws=[([torch.ones(3)],), ([torch.tensor(1.0)],), ([torch.ones(2, 2)], {"dim": 2})])
op("activation", "prelu", F.prelu, lambda draw: [
    ([draw(s, t), draw(w, t)], {}) for t in (f, d)
    for s, w in (([2, 3], [1]), ([2, 3], [3]), ([2, 3, 2], [3]), ([4], [1]), ([], [1]), ([2, 3], []), ([0, 3], [3]))],
   throws=[([torch.ones(2, 3), torch.ones(2)],), ([torch.ones(2, 3), torch.ones(3, 1)],), ([torch.ones(4), torch.ones(4)],)])
unary("rrelu", call=F.rrelu, kw={"lower": 0.1, "upper": 0.4}, **UNIT)
op("activation", "softmin", F.softmin, lambda draw: [([draw([2, 3], t)], {"dim": k}) for t in (f, d) for k in (0, 1)])
SHAPES = (([2, 3], [2, 3]), ([2, 3], [3]), ([2, 1], [1, 3]), ([], [2, 3]), ([2, 3], []), ([0, 3], [3]),
          ([1], [2, 3]), ([], []))
MIXED = ((l, l), (i, i), (f, l), (l, f), (f, d), (d, f), (i, l), (b, b), (b, l), (b, f), (i, f))
LOGICAL = ((l, l), (i, i), (b, b), (b, l), (i, l))


def binary(name, a=(-2.0, 2.0), c=(-2.0, 2.0), mixed=MIXED, call=None, kw={}, floats=True, special=True,
           scalars=(1.5, 2), scalar_types=(f, d, l, b), zero_dim=True):
    call = call or getattr(torch, name)

    def cases(draw):
        if floats:
            for first, second in SHAPES:
                yield [draw(first, f, *a), draw(second, f, *c)], kw
            yield [draw([2, 3], d, *a), draw([3], d, *c)], kw
            yield [draw([3, 1], d, *a), draw([2], d, *c)], kw
            yield [draw([17], f, *a), draw([17], f, *c)], kw
        if floats and special:
            yield ([torch.tensor(SPECIAL, dtype=f).repeat_interleave(9), torch.tensor(SPECIAL).repeat(9)],
                   kw, False)
        for s, t in mixed:
            big = lambda r, u: (-4.0 if r[0] < 0 else 1.0, 4.0) if u in (l, i) else r
            yield [draw([2, 3], s, *big(a, s)), draw([2, 3], t, *big(c, t))], kw
        if zero_dim:
            for s, t in ((f, d), (l, f), (l, i), (i, l)):
                if (s, t) in mixed or (t, s) in mixed:
                    yield [draw([3], s, *(a if s == f else (1, 4))), draw([], t, *(1, 2))], kw

    op("binary", name, call, cases, throws=[([torch.ones(2, 3), torch.ones(2, 4)], kw)] if floats else ())
    if scalars:
        op("binary", name + ".scalar", lambda x, other, **more: call(x, other, **more),
           lambda draw: [([draw([2, 3], t, *(a if t in (f, d) else (1, 4) if a[0] > 0 else (-4, 4)))],
                          dict(kw, other=v)) for t in scalar_types for v in scalars])


binary("add")
binary("add.alpha", call=torch.add, kw={"alpha": 2}, mixed=((l, l), (f, l)))
binary("sub", mixed=tuple(p for p in MIXED if p != (b, b)), scalar_types=(f, d, l, i))
binary("mul")
binary("div", c=(0.3, 2))
for mode in ("floor", "trunc"):
    binary("div." + mode, call=torch.div, kw={"rounding_mode": mode}, c=(0.3, 2), special=False,
           mixed=((l, l), (i, i), (f, l)), scalar_types=(f, l))
binary("floor_divide", c=(0.3, 2), mixed=((l, l), (i, i), (f, l)), scalar_types=(f, l), special=False)
binary("remainder", c=(0.3, 2), mixed=((l, l), (i, i), (f, l)), scalar_types=(f, l), special=False)
binary("fmod", c=(0.3, 2), mixed=((l, l), (i, i), (f, l)), scalar_types=(f, l), special=False)
binary("pow", a=(0.3, 2), mixed=((l, l), (f, l), (l, f), (f, d)), scalar_types=(f, d, l),
       scalars=(2, 3, 0.5, 1, 0))
for name in ("maximum", "minimum"):
    binary(name, scalars=())
for name in ("fmax", "fmin"):
    binary(name, scalars=(), mixed=((l, l), (f, l)))
binary("atan2", scalars=(), mixed=((l, l), (f, l)))
binary("hypot", scalars=(), mixed=((f, d),), special=False, zero_dim=False)
binary("logaddexp", scalars=(), mixed=((f, d),), zero_dim=False)
binary("copysign", scalars=(), mixed=((f, d),), special=False)
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    binary(name)
for name in ("logical_and", "logical_or", "logical_xor"):
    binary(name, scalars=())
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    binary(name, mixed=LOGICAL, floats=False, scalars=(3,), scalar_types=(l, i), zero_dim=False)
for name in ("bitwise_left_shift", "bitwise_right_shift"):
    binary(name, a=(1, 4), c=(1, 4), mixed=((l, l), (i, i)), floats=False, scalars=(2,), scalar_types=(l, i),
           zero_dim=False)
op("binary", "rsub.scalar", lambda x, other: other - x,
   lambda draw: [([draw([2, 3], t)], {"other": v}) for t in (f, d, l) for v in (1.5, 2)])
op("binary", "rdiv.scalar", lambda x, other: other / x,
   lambda draw: [([draw([2, 3], t, 1, 3)], {"other": v}) for t in (f, d, l) for v in (1.5, 2)])
op("binary", "rpow.scalar", lambda x, other: torch.pow(other, x),
   lambda draw: [([draw([2, 3], t, 0.2, 3)], {"other": v}) for t in (f, d, l) for v in (1.5, 2)])
op("binary", "isclose", torch.isclose, lambda draw: [
    ([torch.tensor([1., 2., nan, inf]), torch.tensor([1.00001, 2.1, nan, inf])], {}),
    ([torch.tensor([1., 2., nan, inf]), torch.tensor([1.01, 2.1, nan, -inf])],
     {"rtol": 0.02, "atol": 0.0, "equal_nan": True}),
    ([torch.tensor([1, 2]), torch.tensor([1, 3])], {})])

T = "ternary"
op(T, "clamp", torch.clamp, lambda draw: [
    ([draw(s, t)], kw) for t in (f, d) for s in ([2, 3], [], [0])
    for kw in ({"min": -0.5, "max": 1.0}, {"min": 0.1}, {"max": 0.3}, {"min": -1, "max": 1})] + [
    ([torch.tensor([nan, inf, -inf])], {"min": -1.0, "max": 2.0}, False),
    ([draw([5], l, -5, 5)], {"min": -2, "max": 3}), ([draw([5], l, -5, 5)], {"min": -1.5})])
for name in ("clamp_min", "clamp_max"):
    op(T, name, lambda x, value, fn=getattr(torch, name): fn(x, value), lambda draw: [
        ([draw([2, 3], t)], {"value": 0.5}) for t in (f, d)] + [([draw([4], l, -4, 4)], {"value": 1})])
op(T, "clamp.tensor", lambda x, low, high: torch.clamp(x, low, high), lambda draw: [
    ([draw([2, 3], t), draw([3], t, -1, 0), draw([2, 1], t, 0.1, 1)], {}) for t in (f, d)])
op(T, "nan_to_num", torch.nan_to_num, lambda draw: [
    ([torch.tensor([nan, inf, -inf, 1.5], dtype=t)], kw)
    for t in (f, d) for kw in ({}, {"nan": 0.5, "posinf": 2.0, "neginf": -3.0})] + [([draw([3], l)], {})])
op(T, "lerp", torch.lerp, lambda draw: [
    ([draw([2, 3], t), draw(s, t), draw(w, t, 0, 1)], {})
    for t in (f, d) for s, w in (([2, 3], [2, 3]), ([3], []), ([2, 1], [3]))])
op(T, "lerp.scalar", lambda x, y, weight: torch.lerp(x, y, weight), lambda draw: [
    ([draw([2, 3], t), draw(s, t)], {"weight": w})
    for t in (f, d) for s in ([2, 3], [3]) for w in (0.25, 0.75)])
for name in ("addcmul", "addcdiv"):
    op(T, name, getattr(torch, name), lambda draw: [
        ([draw([2, 3], t), draw(s, t), draw(u, t, 0.5, 2)], kw) for t in (f, d)
        for s, u in (([2, 3], [2, 3]), ([3], [2, 1])) for kw in ({}, {"value": 0.5})])
op(T, "where", torch.where, lambda draw: [
    ([draw(c, b), draw(s, t), draw(u, v)], {})
    for c, s, u in (([2, 3], [2, 3], [2, 3]), ([3], [2, 1], []), ([2, 1], [], [3]), ([0, 3], [3], [3]))
    for t, v in ((f, f), (d, d), (f, d), (l, l), (l, f), (b, b), (i, l))])
op(T, "masked_fill", lambda x, mask, value: x.masked_fill(mask, value), lambda draw: [
    ([draw([2, 3], t), draw(s, b)], {"value": 2}) for t in (f, d, l, b) for s in ([2, 3], [3], [])])
op(T, "masked_fill.tensor", lambda x, mask, value: x.masked_fill(mask, value), lambda draw: [
    ([draw([2, 3], t), draw([3], b), draw([], t)], {}) for t in (f, d)])
op(T, "type.promotion", lambda x, y: x + y, lambda draw: [
    ([draw(s, t), draw(u, v)], {}) for t in (f, d, l, i, b) for v in (f, d, l, i, b)
    for s, u in (([2], [2]), ([2], []), ([], []))])
op(T, "to", lambda x, dtype: x.to(dtype), lambda draw: [
    ([draw([2, 3], s, -3, 3)], {"dtype": t}) for s in (f, d, l, i, b) for t in (f, d, l, i, b)])
