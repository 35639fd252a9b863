"""Writes PyTorch 2.13's random numbers: tests/oracle/random.json.

    python tests/oracle/random_numbers.py

Each entry names a sequence of calls after manual_seed(seed) and what they gave. Uniform values, integers and
permutations are bit for bit; float32 normals of 16 elements or more within 2e-6, as PyTorch's vectorised logarithm and
cosine differ from libm's in the last bits. Bernoulli masks are those of the default path, which draws a 53-bit uniform an
element; an Intel processor's MKL would draw from another generator, so they are computed from that rule.
"""

import json
import pathlib

import torch
import torch.nn as nn

from ops import d, encode, f, i, l

HERE = pathlib.Path(__file__).parent
ENTRIES = []


def entry(name, make, seeds=(0, 1234), **arguments):
    for seed in seeds:
        torch.manual_seed(seed)
        out = make(**arguments)
        out = out if isinstance(out, (list, tuple)) else [out]
        ENTRIES.append({"name": name, "seed": seed, **{k: ("f" if v is f else "d" if v is d else v) for k, v in arguments.items()},
                        "out": [encode(x) for x in out]})


if __name__ == "__main__":
    for n in (1, 5, 16, 17, 40):
        for dtype in (f, d):
            entry("rand", lambda n, dtype: torch.rand(n, dtype=dtype), n=n, dtype=dtype)
            entry("randn", lambda n, dtype: torch.randn(n, dtype=dtype), n=n, dtype=dtype)
            entry("uniform_", lambda n, dtype, low, high: torch.empty(n, dtype=dtype).uniform_(low, high),
                  n=n, dtype=dtype, low=-0.37, high=1.9)
            entry("normal_", lambda n, dtype, mean, std: torch.empty(n, dtype=dtype).normal_(mean, std),
                  n=n, dtype=dtype, mean=2.5, std=0.75)
    entry("randint", lambda low, high, n: torch.randint(low, high, (n,)), low=0, high=10, n=12)
    entry("randint", lambda low, high, n: torch.randint(low, high, (n,)), low=-5, high=1000000, n=12)
    entry("randint", lambda low, high, n: torch.randint(low, high, (n,)), low=0, high=2 ** 40, n=6)
    entry("randint", lambda low, high, n: torch.randint(low, high, (n,)), low=0, high=2 ** 28, n=6)
    for n in (1, 2, 10, 100):
        entry("randperm", lambda n: torch.randperm(n), n=n)
    # A scalar normal leaves a second value behind, which the next one takes, whatever its type.
    entry("randn in turn", lambda: [torch.randn(1), torch.randn(20), torch.randn(1, dtype=d), torch.randn(3), torch.rand(2)])
    entry("exponential_", lambda n: torch.empty(n, dtype=d).exponential_(1.5), n=5)
    entry("multinomial", lambda: torch.multinomial(torch.tensor([0.1, 0.2, 0.3, 0.4]), 8, replacement=True))
    entry("multinomial distinct", lambda: torch.multinomial(torch.tensor([0.1, 0.2, 0.3, 0.4]), 3))
    entry("bernoulli_", lambda n, p: (torch.rand(n, dtype=d) < p).float(), n=20, p=0.3)
    entry("Linear", lambda: [p.detach() for p in nn.Linear(3, 2).parameters()])
    entry("Linear without bias", lambda: [p.detach() for p in nn.Linear(5, 4, bias=False).parameters()])
    entry("Conv2d", lambda: [p.detach() for p in nn.Conv2d(2, 3, 3).parameters()])
    entry("Embedding", lambda: [p.detach() for p in nn.Embedding(4, 5).parameters()])
    lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in ENTRIES)
    (HERE / "random.json").write_text("[\n" + lines + "\n]\n")
    print(len(ENTRIES), "entries", len(lines), "bytes")
