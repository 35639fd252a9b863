"""Rows of nn::functional: that each option reaches its function under libtorch's name."""

import torch.nn.functional as F

from ops import d, f, op

IMAGE, LINE, FLAT, SCORES = [2, 2, 5, 4], [2, 2, 6], [2, 3], [4, 3]


def row(name, call, *shapes, low=-2, high=2, target=None):
    """One case for each type, of real inputs of these shapes; a target is (shape, low, high) or (shape, classes)."""
    def inputs(draw, t):
        found = [draw(s, t, low, high) for s in shapes]
        if target:
            found.insert(1, draw.index(*target) if len(target) == 2 else draw(target[0], t, *target[1:]))
        return found
    op("functional", name, call, lambda draw: [(inputs(draw, t),) for t in (f, d)])


row("conv1d", lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1, dilation=2, groups=2), LINE, [4, 1, 2], [4])
row("conv2d", lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=(1, 0), dilation=(1, 2), groups=2),
    IMAGE, [4, 1, 3, 2], [4])
row("max_pool1d", lambda x: F.max_pool1d(x, 3, stride=2, padding=1, ceil_mode=True), LINE)
row("max_pool2d", lambda x: F.max_pool2d(x, 2, stride=1, padding=(0, 1), dilation=(2, 1), ceil_mode=True), IMAGE)
row("avg_pool1d", lambda x: F.avg_pool1d(x, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), LINE)
row("avg_pool2d", lambda x: F.avg_pool2d(x, 2, stride=3, padding=(0, 1), ceil_mode=True, count_include_pad=False), IMAGE)
row("avg_pool2d.divisor", lambda x: F.avg_pool2d(x, 2, divisor_override=3), IMAGE)
row("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (2, 3)), IMAGE)
row("pad", lambda x: F.pad(x, (1, -1, 2, 0), value=0.5), FLAT)
row("pad.reflect", lambda x: F.pad(x, (1, 2), mode="reflect"), FLAT)
row("batch_norm.training", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=0.01), SCORES, [3], [3])
row("batch_norm.eval", lambda x, mean, w, b, var: F.batch_norm(x, mean.detach(), var.detach().square(), w, b),
    SCORES, [3], [3], [3], [3])
row("normalize", lambda x: F.normalize(x, p=3, dim=0, eps=0.5), FLAT)
# Where eps replaces a norm, PyTorch's gradient is not the derivative.
op("functional", "cosine_similarity", lambda x, y: F.cosine_similarity(x, y, dim=0, eps=2), lambda draw: [
    ([draw(FLAT, t), draw(FLAT, t)], {}, False) for t in (f, d)])
row("layer_norm", lambda x, w, b: F.layer_norm(x, (3,), w, b, eps=0.01), FLAT, [3], [3])
row("embedding", lambda w, i: F.embedding(i, w, padding_idx=1), [3, 2], target=([4], 3))
row("mse_loss", lambda x, y: F.mse_loss(x, y, reduction="sum"), FLAT, FLAT)
row("l1_loss", lambda x, y: F.l1_loss(x, y, reduction="none"), FLAT, FLAT)
row("smooth_l1_loss", lambda x, y: F.smooth_l1_loss(x, y, reduction="sum", beta=0.5), FLAT, FLAT)
row("huber_loss", lambda x, y: F.huber_loss(x, y, reduction="sum", delta=0.5), FLAT, FLAT)
row("kl_div", lambda x, y: F.kl_div(x, y, reduction="batchmean", log_target=True), FLAT, FLAT)
row("binary_cross_entropy", lambda x, y, w: F.binary_cross_entropy(x, y.detach(), w.detach(), reduction="sum"),
    FLAT, [3], low=0.05, high=0.95, target=(FLAT, 0, 1))
row("binary_cross_entropy_with_logits", lambda x, y, w, p: F.binary_cross_entropy_with_logits(
    x, y.detach(), w.detach(), pos_weight=p.detach(), reduction="sum"), FLAT, [3], [3], target=(FLAT, 0, 1))
row("nll_loss", lambda x, y, w: F.nll_loss(x, y, w.detach(), ignore_index=1, reduction="sum"), SCORES, [3], target=([4], 3))
row("cross_entropy", lambda x, y, w: F.cross_entropy(
    x, y, w.detach(), ignore_index=1, reduction="sum", label_smoothing=0.2), SCORES, [3], target=([4], 3))
row("group_norm", lambda x, w, b: F.group_norm(x, 2, w, b, eps=0.01), IMAGE, [2], [2])


def some(x):
    assert x.numel() > 0, "what is empty has no statistics"
    return x


row("instance_norm", lambda x, w, b: F.instance_norm(some(x), weight=w, bias=b, eps=0.01), IMAGE, [2], [2])
row("instance_norm.running", lambda x, mean, var: F.instance_norm(
    some(x), mean.detach(), var.detach().square(), use_input_stats=False, eps=0.01), IMAGE, [2], [2])
row("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (2, 3)), IMAGE)
row("interpolate", lambda x: F.interpolate(x, scale_factor=(1.5, 2.0), mode="bilinear", align_corners=True), IMAGE)
row("interpolate.recomputed", lambda x: F.interpolate(x, scale_factor=1.7, mode="linear", recompute_scale_factor=True), LINE)
row("softmax.type", lambda x: F.softmax(x, 1, dtype=d), FLAT)
row("triplet_margin_loss", lambda x, y, z: F.triplet_margin_loss(x, y, z, margin=3, p=1, eps=0.1, swap=True, reduction="none"),
    FLAT, FLAT, FLAT)
row("conv_transpose1d", lambda x, w, b: F.conv_transpose1d(
    x, w, b, stride=2, padding=1, output_padding=1, groups=2, dilation=2), LINE, [2, 2, 3], [4])
row("conv_transpose2d", lambda x, w, b: F.conv_transpose2d(
    x, w, b, stride=2, padding=(1, 0), output_padding=1, groups=2, dilation=2), IMAGE, [2, 1, 3, 2], [2])
