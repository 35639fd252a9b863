"""The workloads in eager PyTorch, as Python users write them; answers what worker.cpp answers."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from serve import serve


def waves(*sizes, phase=0.0):
    x = torch.sin(torch.arange(math.prod(sizes), dtype=torch.float64) * 1.7 + phase)
    return x.float().reshape(sizes)


def chain_of(x):
    y = x
    for _ in range(1000):
        y = y + 1
    return y


def chain_forward():
    x = waves(4).requires_grad_()
    return lambda: chain_of(x)


def chain_backward():
    x = waves(4).requires_grad_()
    return lambda: chain_of(x).sum().backward()


def smallest_backward():
    x = torch.full((), 0.7, requires_grad=True)
    return lambda: (x * x).backward()


def one_op():
    x, y = waves(4), waves(4, phase=1)
    return lambda: x + y


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.one, self.two, self.three = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        h = F.max_pool2d(F.relu(self.conv1(x)), 2)
        h = F.max_pool2d(F.relu(self.conv2(h)), 2).flatten(1)
        return self.three(F.relu(self.two(F.relu(self.one(h)))))


def training_step(model, optimizer, loss_of):
    def step():
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
    return step


def moons():
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    x, y = waves(100, 2), (torch.arange(100) % 2).float()
    return training_step(model, torch.optim.SGD(model.parameters(), lr=0.1),
                         lambda m: F.binary_cross_entropy_with_logits(m(x).squeeze(1), y))


def mlp():
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    x, y = waves(64, 784), torch.arange(64) % 10
    return training_step(model, torch.optim.Adam(model.parameters()), lambda m: F.cross_entropy(m(x), y))


def lenet():
    model = LeNet()
    x, y = waves(64, 1, 28, 28), torch.arange(64) % 10
    return training_step(model, torch.optim.SGD(model.parameters(), lr=0.01), lambda m: F.cross_entropy(m(x), y))


class Skew(nn.Module):
    def forward(self, x):
        triangle = x.tril(-1)
        return triangle - triangle.mT


class Cayley(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.register_buffer("eye", torch.eye(n))

    def forward(self, a):
        return torch.linalg.solve(self.eye - a, self.eye + a)


def cayley(n):
    def set_up():
        layer = nn.Linear(n, n)
        parametrize.register_parametrization(layer, "weight", Skew())
        parametrize.register_parametrization(layer, "weight", Cayley(n))
        x = waves(32, n)

        def step():
            layer.zero_grad()
            layer(x).pow(2).mean().backward()
        return step
    return set_up


def mapped(constrain, n, twice=False, caching=False):
    def set_up():
        layer = nn.Linear(n, n)
        with torch.no_grad():
            layer.weight.copy_(torch.eye(n))
        constrain(layer)
        x = waves(32, n)

        def step():
            layer.zero_grad()
            y = layer(x)
            (layer(y) if twice else y).pow(2).mean().backward()

        def cached_step():
            with parametrize.cached():
                step()
        return cached_step if caching else step
    return set_up


MAPS = {
    "no map": lambda layer: layer,
    "matrix_exp": lambda layer: parametrizations.orthogonal(layer, orthogonal_map="matrix_exp"),
    "householder": lambda layer: parametrizations.orthogonal(layer, orthogonal_map="householder"),
    "spectral_norm": parametrizations.spectral_norm,
    "weight_norm": parametrizations.weight_norm,
}

# name: (set up, items per call)
WORKLOADS = {
    "chain/one op, no graph": (one_op, 1),
    "chain/forward": (chain_forward, 1000),
    "chain/forward and backward": (chain_backward, 1000),
    "chain/smallest backward": (smallest_backward, 1),
    "step/moons 2-16-16-1 SGD": (moons, 1),
    "step/MLP 784-256-10 Adam": (mlp, 1),
    "step/LeNet SGD": (lenet, 1),
    "cayley/Linear n = 8": (cayley(8), 1),
    "cayley/Linear n = 64": (cayley(64), 1),
    "cayley/Linear n = 256": (cayley(256), 1),
}
for name, constrain in MAPS.items():
    for n in (8, 64, 256):
        WORKLOADS[f"map/{name} n = {n}"] = (mapped(constrain, n), 1)
    WORKLOADS[f"map/{name} n = 64, read twice"] = (mapped(constrain, 64, twice=True), 1)
    WORKLOADS[f"map/{name} n = 64, read twice, cached"] = (mapped(constrain, 64, twice=True, caching=True), 1)


if __name__ == "__main__":
    serve(WORKLOADS, "PyTorch " + torch.__version__, torch.set_num_threads)
