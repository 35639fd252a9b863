"""Rows of the functions behind modules: linear, convolution, pooling, normalisation, losses."""

import torch
import torch.nn.functional as F

from ops import b, d, f, i, inf, l, nan, op

FLOATS = (f, d)
C, P, N, S = "conv", "pool", "nnorm", "loss"

op(C, "linear", F.linear, lambda draw: [
    ([draw(s, t), draw([4, 3], t), draw([4], t) if bias else None], {}) for t in FLOATS
    for s in ([2, 3], [3], [2, 2, 3], [0, 3]) for bias in (True, False)],
   throws=[([torch.ones(2, 3), torch.ones(4, 2)],)])
op(C, "embedding", F.embedding, lambda draw: [
    ([draw.index(s, 5), draw([5, 3], t)], kw) for t in FLOATS for s in ([4], [2, 3], []) for kw in ({}, {"padding_idx": 1})])

CUT = [torch.ones(2, 3)]
op(C, "pad", F.pad, lambda draw: [
    ([draw(s, t)], dict(pad=p)) for t in FLOATS
    for s, p in (([3], [1, 2]), ([2, 3], [0, 1]), ([2, 3], [-1, 1, 2, -1]), ([2, 1, 3], [1, -2, 0, 0, 1, 1]), ([0, 2], [1, 1, 2, 0]))] + [
    ([draw(s, t)], dict(pad=[1, 2], value=v)) for t in (f, d, l, i, b) for s in ([3], [2, 0]) for v in (0, 1)] + [
    ([draw(s, t)], dict(pad=p, mode=m)) for t in FLOATS for m in ("reflect", "replicate")
    for s, p in (([2, 3], [1, 2]), ([1, 2, 4], [3, -1]), ([2, 3, 4], [1, 2, 2, 0]), ([1, 2, 3, 4], [0, 1, -1, 2]),
                 ([1, 2, 2, 3, 2], [1, 0, 1, 1, 0, 1]))] + [
    ([draw([1, 2, 2], t)], dict(pad=[4, 3], mode="replicate")) for t in FLOATS],
   throws=[(CUT, {"pad": [1]}), (CUT, {"pad": [1] * 6}), (CUT, {"pad": [-2, -2]}), (CUT, {"pad": [-4, 5]}),
           (CUT, {"pad": [3, 0], "mode": "reflect"}), (CUT, {"pad": [1, 1, 1, 1], "mode": "replicate"}),
           ([torch.ones(2, 0)], {"pad": [1, 1], "mode": "replicate"})])
op(C, "pad.circular", lambda x, pad: F.pad(x, pad, mode="circular"), lambda draw: [
    ([draw(s, t)], dict(pad=p)) for t in FLOATS + (l,)
    for s, p in (([2, 3], [1, 2]), ([1, 2, 4], [3, 4]), ([2, 3, 4], [1, 2, 2, 0]), ([1, 2, 3, 4], [0, 1, -1, 2]))],
   throws=[(CUT, {"pad": [4, 0]})])
op(C, "one_hot", F.one_hot, lambda draw: [
    ([draw.index(s, 4)], kw) for s in ([5], [2, 3], [], [1]) for kw in ({}, {"num_classes": 6})] + [
    ([draw.index([0, 2], 4)], {"num_classes": 3})],
   throws=[([torch.tensor([3])], {"num_classes": 3}), ([torch.tensor([-1])],), ([torch.tensor([1.0])],),
           ([torch.tensor([1], dtype=i)],), ([torch.zeros(0, dtype=l)],)])


def conv(name, call, variants):
    op(C, name, call, lambda draw: [
        ([draw(s, t), draw(w, t), draw([k], t) if k else None], kw) for t in FLOATS for s, w, k, kw in variants])


conv("conv1d", F.conv1d, [([2, 3, 7], [4, 3, 3], 4, {}), ([1, 2, 6], [2, 2, 2], 0, {"stride": 2, "padding": 1}),
                          ([1, 4, 6], [4, 2, 3], 4, {"groups": 2, "dilation": 2, "padding": 2}), ([2, 6], [3, 2, 3], 3, {})])
conv("conv2d", F.conv2d, [
    ([2, 2, 4, 4], [3, 2, 3, 3], 3, {}), ([1, 1, 5, 4], [2, 1, 3, 3], 0, {"padding": 1}),
    ([1, 2, 5, 5], [2, 2, 3, 2], 2, {"stride": [2, 1], "padding": [1, 0]}),
    ([1, 2, 5, 5], [2, 1, 2, 2], 2, {"groups": 2, "dilation": 2}), ([1, 3, 3, 3], [2, 3, 1, 1], 2, {}),
    ([2, 4, 4], [2, 2, 3, 3], 2, {"padding": 1}), ([1, 4, 6, 6], [4, 4, 3, 3], 4, {"padding": 1})])
conv("conv_transpose1d", F.conv_transpose1d, [([1, 2, 4], [2, 3, 3], 3, {"stride": 2, "padding": 1, "output_padding": 1})])
conv("conv_transpose2d", F.conv_transpose2d, [
    ([1, 2, 3, 3], [2, 2, 2, 2], 2, {}), ([1, 2, 3, 3], [2, 1, 3, 3], 2, {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2})])

# A window whose entries are all different, so that gradients of maxima are unambiguous.
for n, shape in ((1, [2, 2, 7]), (2, [2, 2, 5, 6])):
    one = [({"kernel_size": 2}), ({"kernel_size": 3, "stride": 2, "padding": 1}), ({"kernel_size": 2, "stride": 1})]
    op(P, f"max_pool{n}d", getattr(F, f"max_pool{n}d"), lambda draw, shape=shape: [
        ([draw(s, t)], kw) for t in FLOATS for s in (shape, shape[1:])
        for kw in one + [{"kernel_size": 2, "dilation": 2}, {"kernel_size": 2, "stride": 2, "ceil_mode": True}]])
    op(P, f"avg_pool{n}d", getattr(F, f"avg_pool{n}d"), lambda draw, shape=shape: [
        ([draw(s, t)], kw) for t in FLOATS for s in (shape, shape[1:])
        for kw in one + [{"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False},
                         {"kernel_size": 2, "stride": 2, "ceil_mode": True}]])
    for kind in ("avg", "max"):
        name = f"adaptive_{kind}_pool{n}d"
        op(P, name, getattr(F, name), lambda draw, shape=shape, n=n: [
            ([draw(shape, t)], {"output_size": k}) for t in FLOATS for k in ([1] * n, [3] * n, [2] * n)])

op(N, "_weight_norm", torch._weight_norm, lambda draw: [
    ([draw(v, t), draw(g, t)], {"dim": dim}) for t in FLOATS
    for v, g, dim in (([3, 4], [3, 1], 0), ([3, 4], [1, 4], 1), ([2, 3, 2], [2, 1, 1], 0), ([2, 3, 2], [1, 3, 1], 1), ([2, 3, 2], [1, 1, 2], 2),
                      ([3, 20], [3, 1], 0), ([1, 1], [1, 1], 0), ([4], [4], 0), ([2, 3], [], -1))])
op(N, "norm_except_dim", torch.norm_except_dim, lambda draw: [
    ([draw(v, t)], {"pow": p, "dim": dim}) for t in FLOATS for p in (2, 1) for v, dim in (([3, 4], 0), ([3, 4], 1), ([2, 3, 2], 1), ([2, 3], -1))])
op(N, "layer_norm", lambda x, w, c, normalized_shape, eps=1e-5: F.layer_norm(x, normalized_shape, w, c, eps), lambda draw: [
    ([draw([2, 3, 4], t), draw(n, t) if w else None, draw(n, t) if w else None], {"normalized_shape": n})
    for t in FLOATS for n in ([4], [3, 4]) for w in (True, False)])
op(N, "group_norm", lambda x, w, c, num_groups: F.group_norm(x, num_groups, w, c), lambda draw: [
    ([draw([2, 4, 3], t), draw([4], t), draw([4], t)], {"num_groups": g}) for t in FLOATS for g in (2, 4)])
op(N, "batch_norm.training", lambda x, mean, var, w, c: (F.batch_norm(x, mean.detach(), var.detach(), w, c, training=True),), lambda draw: [
    ([draw(s, t), torch.zeros(3, dtype=t), torch.ones(3, dtype=t), draw([3], t) if w else None, draw([3], t) if w else None], {})
    for t in FLOATS for s in ([4, 3], [2, 3, 4], [2, 3, 2, 2]) for w in (True, False)])


def running(x, mean, var, momentum):
    mean, var = mean.detach().clone(), var.detach().clone()
    F.batch_norm(x.detach(), mean, var, training=True, momentum=momentum)
    return mean, var


op(N, "batch_norm.running", running, lambda draw: [
    ([draw([4, 3, 2], t), draw([3], t), draw([3], t, 0.5, 2)], {"momentum": m}) for t in FLOATS for m in (0.1, 0.5)])
op(N, "batch_norm.eval", lambda x, mean, var, w, c: F.batch_norm(x, mean.detach(), var.detach(), w, c), lambda draw: [
    ([draw(s, t), draw([3], t), draw([3], t, 0.5, 2), draw([3], t), draw([3], t)], {}) for t in FLOATS
    for s in ([4, 3], [2, 3, 2, 2])])
op(N, "normalize", F.normalize, lambda draw: [
    ([draw([2, 3], t)], kw) for t in FLOATS for kw in ({}, {"p": 1.0}, {"p": 3.0, "dim": 0}, {"p": inf, "dim": -1})] + [
    ([torch.zeros(2, 3)], {})])
op(N, "cosine_similarity", F.cosine_similarity, lambda draw: [
    ([draw(s, t), draw([2, 3], t)], kw) for t in FLOATS for s in ([2, 3], [1, 3], [4, 1, 3]) for kw in ({}, {"dim": -1}, {"dim": 0})] + [
    ([torch.zeros(2, 3), draw([2, 3])], {})])
op(N, "instance_norm", lambda x: F.instance_norm(x), lambda draw: [([draw([2, 3, 4], t)], {}) for t in FLOATS])

REDUCTIONS = ("none", "mean", "sum")


def loss(name, target=(-2.0, 2.0), source=(-2.0, 2.0), kws=({},), call=None):
    op(S, name, call or getattr(F, name), lambda draw: [
        ([draw(s, t, *source), draw(s, t, *target)], dict(kw, reduction=r))
        for t in FLOATS for s in ([2, 3], []) for r in REDUCTIONS for kw in kws])


loss("mse_loss")
loss("l1_loss")
loss("smooth_l1_loss", kws=({}, {"beta": 0.5}))
loss("huber_loss", kws=({}, {"delta": 0.5}))
loss("soft_margin_loss", call=lambda x, y, reduction: F.soft_margin_loss(x, y.detach(), reduction=reduction))
loss("kl_div", target=(0.1, 1), source=(-3, -0.1), kws=({}, {"log_target": True}))
op(S, "binary_cross_entropy", F.binary_cross_entropy, lambda draw: [
    ([draw([2, 3], t, 0.05, 0.95), draw([2, 3], t, 0, 1)] + ([draw([3], t, 0.5, 2)] if w else []), {"reduction": r})
    for t in FLOATS for r in REDUCTIONS for w in (False,)] + [
    ([torch.tensor([0.0, 1.0, 0.5]), torch.tensor([1.0, 0.0, 1.0])], {"reduction": "none"}, False)])


def bce_logits(x, y, weight=None, pos_weight=None, reduction="mean"):
    return F.binary_cross_entropy_with_logits(x, y.detach(), None if weight is None else weight.detach(),
                                              pos_weight=None if pos_weight is None else pos_weight.detach(),
                                              reduction=reduction)


op(S, "binary_cross_entropy_with_logits", bce_logits, lambda draw: [
    ([draw([2, 3], t), draw([2, 3], t, 0, 1), draw([3], t, 0.5, 2) if w else None, draw([3], t, 0.5, 2) if p else None],
     {"reduction": r}) for t in FLOATS for r in REDUCTIONS for w in (False, True) for p in (False, True)])


def nll(x, y, weight=None, **kw):
    return F.nll_loss(x, y, weight=None if weight is None else weight.detach(), **kw)


def cross(x, y, weight=None, **kw):
    return F.cross_entropy(x, y, weight=None if weight is None else weight.detach(), **kw)


CLASS = ({}, {"ignore_index": 1})
op(S, "nll_loss", nll, lambda draw: [
    ([draw(s, t), draw.index(s[:1] + s[2:] if len(s) > 1 else [], s[1] if len(s) > 1 else s[0]),
      draw([s[1] if len(s) > 1 else s[0]], t, 0.5, 2) if w else None], dict(kw, reduction=r))
    for t in FLOATS for s in ([5, 3], [2, 3, 2, 2]) for r in REDUCTIONS for w in (False, True) for kw in CLASS])
op(S, "cross_entropy", cross, lambda draw: [
    ([draw(s, t), draw.index(s[:1] + s[2:], s[1]), draw([s[1]], t, 0.5, 2) if w else None], dict(kw, reduction=r))
    for t in FLOATS for s in ([5, 3], [2, 3, 2, 2]) for r in REDUCTIONS for w in (False, True)
    for kw in CLASS + ({"label_smoothing": 0.1},)] + [
    ([draw([3], f), torch.tensor(1), None], {}), ([torch.tensor([[1000.0, 0.0]]), torch.tensor([1]), None], {})],
   throws=[([torch.ones(2, 3), torch.tensor([0, 3])],), ([torch.ones(2, 3), torch.tensor([0, 1, 2])],)])
op(S, "cross_entropy.probabilities", F.cross_entropy, lambda draw: [
    ([draw([4, 3], t), draw([4, 3], t, 0, 1)], dict(reduction=r, label_smoothing=s)) for t in FLOATS for r in REDUCTIONS
    for s in (0.0, 0.1)])
op(S, "cosine_embedding_loss", lambda x, y, t: F.cosine_embedding_loss(x, y, t.detach()), lambda draw: [
    ([draw([2, 3], t), draw([2, 3], t), torch.tensor([1.0, -1.0], dtype=t)], {}) for t in FLOATS])
op(S, "margin_ranking_loss", lambda x, y, t: F.margin_ranking_loss(x, y, t.detach(), margin=0.3), lambda draw: [
    ([draw([3], t), draw([3], t), torch.tensor([1.0, -1.0, 1.0], dtype=t)], {}) for t in FLOATS])


def signs(draw, shape, dtype):
    return torch.where(draw(shape, b), 1.0, -1.0).to(dtype)


op(N, "pairwise_distance", F.pairwise_distance, lambda draw: [
    ([draw(s, t), draw(u, t)], kw) for t in FLOATS for s, u in (([2, 3], [2, 3]), ([3], [3]), ([2, 1, 3], [4, 3]))
    for kw in ({}, {"p": 1.0}, {"p": 3.0, "eps": 0.1, "keepdim": True})])
op(S, "hinge_embedding_loss", lambda x, y, **kw: F.hinge_embedding_loss(x, y.detach(), **kw), lambda draw: [
    ([draw(s, t), signs(draw, s, t)], dict(kw, reduction=r)) for t in FLOATS for s in ([2, 3], [], [0]) for r in REDUCTIONS
    for kw in ({}, {"margin": 0.5})])
op(S, "triplet_margin_loss", F.triplet_margin_loss, lambda draw: [
    ([draw(s, t), draw(s, t), draw(s, t)], dict(kw, reduction=r)) for t in FLOATS for s in ([2, 3], [3]) for r in REDUCTIONS
    for kw in ({}, {"margin": 3.0, "p": 1.0, "swap": True}, {"margin": 2.0, "eps": 0.1})],
   throws=[([torch.ones(2, 3), torch.ones(2, 3), torch.ones(3)],)])
op(S, "multi_margin_loss", lambda x, y, w=None, **kw: F.multi_margin_loss(x, y, weight=None if w is None else w.detach(), **kw),
   lambda draw: [
    ([draw(s, t), draw.index(s[:-1], 3)] + ([draw([3], t, 0.5, 2)] if w else []), dict(kw, reduction=r))
    for t in FLOATS for s in ([4, 3], [3]) for r in REDUCTIONS for w in (False, True) for kw in ({}, {"p": 2, "margin": 0.5})],
   throws=[([torch.ones(2, 3), torch.tensor([0, 3])],), ([torch.ones(2, 3), torch.tensor([0])],),
           ([torch.ones(2, 3), torch.tensor([0, 1])], {"p": 3}), ([torch.ones(2, 3), torch.tensor([0, 1]), torch.ones(2)],)])
op(S, "multilabel_soft_margin_loss", lambda x, y, w=None, **kw: F.multilabel_soft_margin_loss(
    x, y.detach(), weight=None if w is None else w.detach(), **kw), lambda draw: [
    ([draw(s, t), draw(s, t, 0, 1)] + ([draw([3], t, 0.5, 2)] if w else []), {"reduction": r})
    for t in FLOATS for s in ([4, 3], [3]) for r in REDUCTIONS for w in (False, True)])
op(S, "poisson_nll_loss", lambda x, y, **kw: F.poisson_nll_loss(x, y.detach(), **kw), lambda draw: [
    ([draw(s, t, 0.1, 2), draw(s, t, 0, 4)], dict(kw, reduction=r)) for t in FLOATS for s in ([2, 3], []) for r in REDUCTIONS
    for kw in ({}, {"log_input": False, "eps": 0.01}, {"full": True})])
op(S, "gaussian_nll_loss", F.gaussian_nll_loss, lambda draw: [
    ([draw([2, 3], t), draw([2, 3], t), draw(s, t, 0.2, 2)], dict(kw, reduction=r)) for t in FLOATS
    for s in ([2, 3], [2, 1], [2]) for r in REDUCTIONS for kw in ({}, {"full": True, "eps": 0.1})] + [
    ([draw([3]), draw([3]), torch.tensor([0.0, 0.05, 1.0])], {"eps": 0.1})],
   throws=[([torch.ones(2, 3), torch.ones(2, 3), torch.ones(3, 3)],), ([torch.ones(2), torch.ones(2), -torch.ones(2)],)])


def pictures(mode, *variants):
    shapes = {"linear": ([2, 2, 5],), "bilinear": ([1, 2, 3, 4],), "trilinear": ([1, 1, 2, 3, 2],)}
    for shape in shapes.get(mode, sum(shapes.values(), ())):
        n = len(shape) - 2
        for kw in ({"size": [7, 2, 5][:n]}, {"size": [3]}, {"scale_factor": 2}, {"scale_factor": 1.7}, *variants):
            yield shape, dict(kw, mode=mode)


def interpolated(x, size=None, scale_factor=None, **kw):
    size = size[0] if size is not None and len(size) == 1 else size
    return F.interpolate(x, size, None if scale_factor is None else float(scale_factor), **kw)


for mode in ("nearest", "nearest-exact", "linear", "bilinear", "trilinear"):
    corners = () if "nearest" in mode else ({"size": [4], "align_corners": True}, {"size": [1], "align_corners": True},
                                            {"scale_factor": 1.7, "recompute_scale_factor": True})
    op(C, f"interpolate.{mode}", interpolated, lambda draw, mode=mode, corners=corners: [
        ([draw(s, t)], kw) for t in FLOATS for s, kw in pictures(mode, *corners)],
       throws=[([torch.ones(2, 3)], {"mode": mode, "size": [2]}), ([torch.ones(1, 1, 2, 2, 2)], {"mode": mode}),
               ([torch.ones(1, 1, 2, 2, 2)], {"mode": mode, "size": [0]}),
               ([torch.ones(1, 1, 2, 2, 2)], {"mode": mode, "size": [2, 2]})])
op(C, "pixel_shuffle", F.pixel_shuffle, lambda draw: [
    ([draw(s, t)], {"upscale_factor": r}) for t in FLOATS for s, r in (([2, 4, 2, 3], 2), ([9, 1, 2], 3), ([1, 2, 2, 2], 1), ([0, 4, 1, 1], 2))],
   throws=[([torch.ones(3, 2, 2)], {"upscale_factor": 2}), ([torch.ones(2, 2)], {"upscale_factor": 1})])


def unshuffled(x, downscale_factor):
    assert x.numel() > 0, "PyTorch keeps the size of an empty image"
    return F.pixel_unshuffle(x, downscale_factor)


op(C, "pixel_unshuffle", unshuffled, lambda draw: [
    ([draw(s, t)], {"downscale_factor": r}) for t in FLOATS for s, r in (([2, 1, 4, 6], 2), ([2, 3, 6], 3))],
   throws=[([torch.ones(1, 3, 2)], {"downscale_factor": 2})])
