"""Writes PyTorch 2.13's modules at work: tests/oracle/modules.json.

    python tests/oracle/modules.py

An entry is made after manual_seed(7): its name (which tests/nn/reference_test.cpp maps to the same construction), its repr,
its state_dict (so, the default initialisation), its inputs, the output in training mode, the gradients of the sum of its
squares, weighted as in ops.py, with respect to floating inputs and parameters, the buffers after that pass, and the output in
evaluation mode.
"""

import json
import pathlib

import torch
import torch.nn as nn

from ops import Draw, encode, f, weight

HERE = pathlib.Path(__file__).parent

IMAGES = ([2, 2, 5, 6],)
FLAT = ([2, 3],)
INDEX = ("index 5",)

MODULES = {
    "Linear": (lambda: nn.Linear(3, 4), FLAT),
    "Linear without bias": (lambda: nn.Linear(3, 4, bias=False), FLAT),
    "Bilinear": (lambda: nn.Bilinear(3, 2, 4), ([5, 3], [5, 2])),
    "Identity": (lambda: nn.Identity(), FLAT),
    "Flatten": (lambda: nn.Flatten(), ([2, 3, 2],)),
    "Unflatten": (lambda: nn.Unflatten(1, (2, 2)), ([2, 4],)),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), ([2, 2, 5],)),
    "Conv2d": (lambda: nn.Conv2d(2, 3, 3), IMAGES),
    "Conv2d with options": (
        lambda: nn.Conv2d(2, 4, (3, 2), stride=2, padding=(1, 0), groups=2, bias=False), IMAGES),
    "Conv2d dilated": (lambda: nn.Conv2d(2, 3, 2, dilation=(2, 3)), IMAGES),
    "Conv2d same": (lambda: nn.Conv2d(2, 3, (3, 2), padding="same"), IMAGES),
    "Conv1d replicating": (lambda: nn.Conv1d(2, 3, 3, stride=2, padding=2, padding_mode="replicate"), ([2, 2, 5],)),
    "Conv2d reflecting": (lambda: nn.Conv2d(2, 3, 3, padding=(1, 2), bias=False, padding_mode="reflect"), IMAGES),
    "Conv2d circular": (
        lambda: nn.Conv2d(2, 3, (3, 2), padding="same", dilation=(1, 3), padding_mode="circular"), IMAGES),
    "Conv2d circular, valid": (lambda: nn.Conv2d(2, 3, 2, padding="valid", padding_mode="circular"), IMAGES),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 3, 3), ([2, 2, 5],)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2), IMAGES),
    "ConvTranspose2d dilated": (
        lambda: nn.ConvTranspose2d(2, 3, (3, 2), padding=1, dilation=2, bias=False), ([1, 2, 3, 3],)),
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), ([4, 3],)),
    "BatchNorm1d of sequences": (lambda: nn.BatchNorm1d(3), ([2, 3, 4],)),
    "BatchNorm1d untracked": (lambda: nn.BatchNorm1d(3, track_running_stats=False), ([4, 3],)),
    "BatchNorm1d averaging": (lambda: nn.BatchNorm1d(3, momentum=None), ([4, 3],)),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(2), IMAGES),
    "BatchNorm2d plain": (lambda: nn.BatchNorm2d(2, eps=1e-3, momentum=0.3, affine=False), IMAGES),
    "LayerNorm": (lambda: nn.LayerNorm(4), ([2, 3, 4],)),
    "LayerNorm of two": (lambda: nn.LayerNorm([3, 4], elementwise_affine=False), ([2, 3, 4],)),
    "LayerNorm without bias": (lambda: nn.LayerNorm(4, eps=1e-2, bias=False), ([2, 3, 4],)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), ([2, 4, 3],)),
    "GroupNorm plain": (lambda: nn.GroupNorm(4, 4, eps=1e-2, affine=False), ([2, 4, 3],)),
    "Embedding": (lambda: nn.Embedding(5, 3), INDEX),
    "Embedding padded": (lambda: nn.Embedding(5, 3, padding_idx=1), INDEX),
    "Embedding padded from the end": (lambda: nn.Embedding(5, 3, padding_idx=-2), INDEX),
    "ReLU": (lambda: nn.ReLU(), FLAT),
    "ReLU6": (lambda: nn.ReLU6(), FLAT),
    "Tanh": (lambda: nn.Tanh(), FLAT),
    "Sigmoid": (lambda: nn.Sigmoid(), FLAT),
    "LogSigmoid": (lambda: nn.LogSigmoid(), FLAT),
    "GELU": (lambda: nn.GELU(), FLAT),
    "GELU by tanh": (lambda: nn.GELU(approximate="tanh"), FLAT),
    "SiLU": (lambda: nn.SiLU(), FLAT),
    "Mish": (lambda: nn.Mish(), FLAT),
    "SELU": (lambda: nn.SELU(), FLAT),
    "Softsign": (lambda: nn.Softsign(), FLAT),
    "Tanhshrink": (lambda: nn.Tanhshrink(), FLAT),
    "ELU": (lambda: nn.ELU(), FLAT),
    "ELU with options": (lambda: nn.ELU(alpha=0.5), FLAT),
    "LeakyReLU": (lambda: nn.LeakyReLU(), FLAT),
    "LeakyReLU with options": (lambda: nn.LeakyReLU(0.3), FLAT),
    "Softplus": (lambda: nn.Softplus(), FLAT),
    "Softplus with options": (lambda: nn.Softplus(beta=2.0, threshold=1.0), FLAT),
    "Hardtanh": (lambda: nn.Hardtanh(), FLAT),
    "Hardtanh with options": (lambda: nn.Hardtanh(-0.5, 1.5), FLAT),
    "ReLU in place": (lambda: nn.ReLU(True), None),
    "ReLU6 in place": (lambda: nn.ReLU6(True), None),
    "SELU in place": (lambda: nn.SELU(True), None),
    "ELU in place": (lambda: nn.ELU(0.5, True), None),
    "LeakyReLU in place": (lambda: nn.LeakyReLU(0.2, True), None),
    "Hardtanh in place": (lambda: nn.Hardtanh(-2.0, 2.0, True), None),
    "CELU": (lambda: nn.CELU(), FLAT),
    "CELU with options": (lambda: nn.CELU(0.5), FLAT),
    "CELU in place": (lambda: nn.CELU(0.5, True), None),
    "GLU": (lambda: nn.GLU(), ([2, 4],)),
    "GLU with options": (lambda: nn.GLU(0), ([2, 3],)),
    "Hardshrink": (lambda: nn.Hardshrink(), FLAT),
    "Hardsigmoid": (lambda: nn.Hardsigmoid(), FLAT),
    "Hardswish": (lambda: nn.Hardswish(), FLAT),
    "PReLU": (lambda: nn.PReLU(), FLAT),
    "PReLU with options": (lambda: nn.PReLU(3, init=0.5), ([2, 3, 2],)),
    "RReLU": (lambda: nn.RReLU(), ([3, 5],)),
    "RReLU with options": (lambda: nn.RReLU(0.1, 0.5), ([4, 5],)),
    "RReLU in place": (lambda: nn.RReLU(0.1, 0.5, True), None),
    "Softmax2d": (lambda: nn.Softmax2d(), IMAGES),
    "Softmin": (lambda: nn.Softmin(dim=1), FLAT),
    "Softshrink": (lambda: nn.Softshrink(0.25), FLAT),
    "Threshold": (lambda: nn.Threshold(0.1, 20.0), FLAT),
    "Threshold in place": (lambda: nn.Threshold(0.1, 20.0, True), None),
    "Softmax": (lambda: nn.Softmax(dim=1), FLAT),
    "LogSoftmax": (lambda: nn.LogSoftmax(dim=0), FLAT),
    "MaxPool1d": (lambda: nn.MaxPool1d(2), ([2, 3, 5],)),
    "MaxPool1d with options": (lambda: nn.MaxPool1d(3, stride=2, padding=1, ceil_mode=True), ([2, 3, 6],)),
    "MaxPool2d": (lambda: nn.MaxPool2d(2), IMAGES),
    "MaxPool2d with options": (lambda: nn.MaxPool2d((3, 2), stride=2, padding=1, ceil_mode=True), IMAGES),
    "MaxPool2d dilated": (lambda: nn.MaxPool2d(2, stride=1, dilation=2), IMAGES),
    "AvgPool1d": (lambda: nn.AvgPool1d(2), ([2, 3, 5],)),
    "AvgPool1d with options": (
        lambda: nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), ([2, 3, 6],)),
    "AvgPool2d": (lambda: nn.AvgPool2d(2), IMAGES),
    "AvgPool2d with options": (
        lambda: nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), IMAGES),
    "AvgPool2d divided": (lambda: nn.AvgPool2d((2, 3), stride=1, divisor_override=3), IMAGES),
    "AdaptiveAvgPool1d": (lambda: nn.AdaptiveAvgPool1d(3), ([2, 3, 5],)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 3)), IMAGES),
    "AdaptiveMaxPool1d": (lambda: nn.AdaptiveMaxPool1d(2), ([2, 3, 5],)),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d(2), IMAGES),
    "ZeroPad1d": (lambda: nn.ZeroPad1d((1, 2)), ([2, 3, 5],)),
    "ReflectionPad1d": (lambda: nn.ReflectionPad1d((1, 2)), ([2, 3, 5],)),
    "ReplicationPad1d": (lambda: nn.ReplicationPad1d(1), ([2, 3, 5],)),
    "CircularPad1d": (lambda: nn.CircularPad1d((1, 2)), ([2, 3, 5],)),
    "ConstantPad1d": (lambda: nn.ConstantPad1d((1, 2), 0.5), ([2, 3, 5],)),
    "ZeroPad2d": (lambda: nn.ZeroPad2d((1, 0, 2, 1)), IMAGES),
    "ReflectionPad2d": (lambda: nn.ReflectionPad2d((1, 0, 2, 1)), IMAGES),
    "ReplicationPad2d": (lambda: nn.ReplicationPad2d(1), IMAGES),
    "CircularPad2d": (lambda: nn.CircularPad2d((1, 0, 2, 1)), IMAGES),
    "ConstantPad2d": (lambda: nn.ConstantPad2d((1, 0, 2, 1), 0.5), IMAGES),
    "Dropout that keeps all": (lambda: nn.Dropout(0.0), FLAT),
    "Dropout": (lambda: nn.Dropout(0.3), ([3, 4],)),
    "Dropout2d": (lambda: nn.Dropout2d(0.3), ([2, 3, 2, 2],)),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.3), ([3, 4],)),
    "FeatureAlphaDropout": (lambda: nn.FeatureAlphaDropout(0.3), ([2, 3, 2, 2],)),
    "InstanceNorm1d": (lambda: nn.InstanceNorm1d(3), ([2, 3, 4],)),
    "InstanceNorm1d of one": (lambda: nn.InstanceNorm1d(3, affine=True), ([3, 4],)),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(2, eps=1e-3, affine=True), IMAGES),
    "InstanceNorm2d tracking": (lambda: nn.InstanceNorm2d(2, momentum=0.3, track_running_stats=True), IMAGES),
    "Upsample": (lambda: nn.Upsample(scale_factor=2), IMAGES),
    "Upsample to a size": (lambda: nn.Upsample(size=(3, 7), mode="bilinear", align_corners=True), IMAGES),
    "Upsample by two factors": (lambda: nn.Upsample(scale_factor=(1.5, 2.0), mode="bilinear"), IMAGES),
    "Upsample lines": (lambda: nn.Upsample(size=7, mode="linear"), ([2, 2, 5],)),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), ([2, 4, 2, 3],)),
    "PixelUnshuffle": (lambda: nn.PixelUnshuffle(2), ([2, 1, 4, 6],)),
    "Sequential": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 2), nn.ReLU())), FLAT),
    "ModuleList": (lambda: nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()]), None),
    "ModuleDict": (lambda: nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.ReLU()}), None),
    "MSELoss": (lambda: nn.MSELoss(), ([2, 3], [2, 3])),
    "MSELoss each": (lambda: nn.MSELoss(reduction="none"), ([2, 3], [2, 3])),
    "MSELoss sum": (lambda: nn.MSELoss(reduction="sum"), ([2, 3], [2, 3])),
    "L1Loss": (lambda: nn.L1Loss(), ([2, 3], [2, 3])),
    "SmoothL1Loss": (lambda: nn.SmoothL1Loss(), ([2, 3], [2, 3])),
    "SmoothL1Loss with options": (lambda: nn.SmoothL1Loss(reduction="sum", beta=0.5), ([2, 3], [2, 3])),
    "HuberLoss": (lambda: nn.HuberLoss(), ([2, 3], [2, 3])),
    "HuberLoss with options": (lambda: nn.HuberLoss(reduction="none", delta=0.5), ([2, 3], [2, 3])),
    "SoftMarginLoss": (lambda: nn.SoftMarginLoss(), ([2, 3], "sign [2, 3]")),
    "KLDivLoss": (lambda: nn.KLDivLoss(reduction="batchmean"), ([2, 3], "unit [2, 3]")),
    "KLDivLoss of logarithms": (lambda: nn.KLDivLoss(reduction="sum", log_target=True), ([2, 3], [2, 3])),
    "KLDivLoss each": (lambda: nn.KLDivLoss(reduction="none"), ([2, 3], "unit [2, 3]")),
    "CosineEmbeddingLoss": (lambda: nn.CosineEmbeddingLoss(margin=0.1), ([4, 3], [4, 3], "sign [4]")),
    "MarginRankingLoss": (lambda: nn.MarginRankingLoss(margin=0.2), ([4], [4], "sign [4]")),
    "HingeEmbeddingLoss": (lambda: nn.HingeEmbeddingLoss(margin=0.5), ([4], "sign [4]")),
    "TripletMarginLoss": (lambda: nn.TripletMarginLoss(), ([4, 3], [4, 3], [4, 3])),
    "TripletMarginLoss with options": (
        lambda: nn.TripletMarginLoss(margin=2.0, p=1.0, eps=1e-3, swap=True, reduction="sum"), ([4, 3], [4, 3], [4, 3])),
    "PoissonNLLLoss": (lambda: nn.PoissonNLLLoss(), ([2, 3], "unit [2, 3]")),
    "PoissonNLLLoss with options": (
        lambda: nn.PoissonNLLLoss(log_input=False, full=True, eps=1e-2, reduction="none"), ("unit [2, 3]", "unit [2, 3]")),
    "GaussianNLLLoss": (lambda: nn.GaussianNLLLoss(full=True, eps=0.5, reduction="sum"), ([2, 3], [2, 3], "unit [2, 3]")),
    "MultiMarginLoss": (lambda: nn.MultiMarginLoss(), ([4, 3], "index 3 of 4")),
    "MultiMarginLoss with options": (
        lambda: nn.MultiMarginLoss(p=2, margin=0.5, weight=torch.tensor([0.5, 1, 2]), reduction="sum"),
        ([4, 3], "index 3 of 4")),
    "MultiLabelSoftMarginLoss": (
        lambda: nn.MultiLabelSoftMarginLoss(weight=torch.tensor([0.5, 1, 2])), ([4, 3], "unit [4, 3]")),
    "CosineSimilarity": (lambda: nn.CosineSimilarity(dim=0), ([4, 3], [4, 3])),
    "PairwiseDistance": (lambda: nn.PairwiseDistance(p=1.0, eps=1e-3, keepdim=True), ([4, 3], [4, 3])),
    "BCELoss": (lambda: nn.BCELoss(), ("unit [2, 3]", "unit [2, 3]")),
    "BCELoss weighted": (
        lambda: nn.BCELoss(weight=torch.tensor([0.5, 1, 2]), reduction="sum"), ("unit [2, 3]", "unit [2, 3]")),
    "BCEWithLogitsLoss": (lambda: nn.BCEWithLogitsLoss(), ([2, 3], "unit [2, 3]")),
    "BCEWithLogitsLoss weighted": (
        lambda: nn.BCEWithLogitsLoss(weight=torch.tensor([0.5, 1, 2]), pos_weight=torch.tensor([3.0, 1, 0.5]),
                                     reduction="none"), ([2, 3], "unit [2, 3]")),
    "NLLLoss": (lambda: nn.NLLLoss(), ([4, 3], "index 3 of 4")),
    "NLLLoss with options": (
        lambda: nn.NLLLoss(weight=torch.tensor([0.5, 1, 2]), ignore_index=1, reduction="sum"),
        ([4, 3], "index 3 of 4")),
    "CrossEntropyLoss": (lambda: nn.CrossEntropyLoss(), ([4, 3], "index 3 of 4")),
    "CrossEntropyLoss with options": (
        lambda: nn.CrossEntropyLoss(weight=torch.tensor([0.5, 1, 2]), ignore_index=0, label_smoothing=0.1),
        ([4, 3], "index 3 of 4")),
    "CrossEntropyLoss each": (lambda: nn.CrossEntropyLoss(reduction="none"), ([4, 3], "index 3 of 4")),
    "CrossEntropyLoss of probabilities": (lambda: nn.CrossEntropyLoss(), ([4, 3], "unit [4, 3]")),
}


def drawn(draw, kind):
    """A tensor of a shape, or "index n", "index n of m", "sign shape" or "unit shape"."""
    if isinstance(kind, list):
        return draw(kind, f)
    what, _, rest = kind.partition(" ")
    if what == "index":
        high, _, count = rest.partition(" of ")
        return draw.index([int(count)] if count else [2, 3], int(high))
    shape = json.loads(rest)
    return draw(shape, f).sign() if what == "sign" else draw(shape, f, 0.05, 0.95)


def entries():
    for name, (make, kinds) in MODULES.items():
        torch.manual_seed(7)
        module = make()
        record = {"name": name, "repr": repr(module),
                  "state": {k: encode(v) for k, v in module.state_dict().items()}}
        if kinds is not None:
            draw = Draw(name)
            inputs = [drawn(draw, kind) for kind in kinds]
            record["in"] = [encode(x) for x in inputs]
            for x, kind in zip(inputs, kinds):
                x.requires_grad_(isinstance(kind, list) or kind.startswith("unit") and x is inputs[0])
            y = module(*inputs)
            record["out"] = encode(y)
            leaves = {str(i): x for i, x in enumerate(inputs) if x.requires_grad} | dict(module.named_parameters())
            if y.requires_grad:
                y.square().backward(weight(y, 0))
                record["gradients"] = {k: encode(x.grad) for k, x in leaves.items()}
            record["buffers"] = {k: encode(v) for k, v in module.named_buffers()}
            module.eval()
            record["eval"] = encode(module(*inputs))
        yield record


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries())
    (HERE / "modules.json").write_text("[\n" + lines + "\n]\n")
    print(len(MODULES), "entries", len(lines), "bytes")
