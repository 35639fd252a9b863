"""The first program: process start to first gradient, resident memory, and what compiling it takes."""
import importlib.util
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EAGER = """
import torch
x = torch.full((), 3.0, requires_grad=True)
(x * x + 1).backward()
print(x.grad.item())
print(*[line for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""


def run(command):
    """Seconds and peak resident megabytes of a program that prints its own peak."""
    start = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - start, int(output.split("VmHWM:")[1].split()[0]) / 1024


def compile_once(command):
    """Seconds and peak resident megabytes of the compiler (this process is smaller by far)."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def compilation(build, flags, source="hello.cpp"):
    return ["g++", "-std=c++20", "-O0", "-c", f"{HERE}/{source}", "-o", f"{build}/hello.o"] + flags


def rows(build, rounds):
    package = os.path.dirname(importlib.util.find_spec("torch").origin)
    libtorch = ["-DPEER_LIBTORCH", f"-I{package}/include", f"-I{package}/include/torch/csrc/api/include"]
    programs = f"{build}/bench/compare"
    ours = {"run": [f"{programs}/hello_pullback"], "compile": compilation(build, [f"-I{build}/include"])}
    peers = {
        "libtorch": {"run": [f"{programs}/hello_libtorch"], "compile": compilation(build, libtorch)},
        "PyTorch eager": {"run": [sys.executable, "-c", EAGER]},
        "standard headers alone": {"compile": compilation(build, [], "headers.cpp")},
    }
    names = {"run": ("process start to first gradient", "resident memory"),
             "compile": ("compiling at -O0", "compiler's memory")}
    result = []
    for peer, commands in peers.items():
        for what, command in commands.items():
            once, repeats = (compile_once, 5) if what == "compile" else (run, rounds)
            pairs = [(once(ours[what]), once(command)) for _ in range(repeats)]
            result.append(row(f"hello/{names[what][0]}", peer, [(a[0] * 1e9, b[0] * 1e9) for a, b in pairs], "ns"))
            result.append(row(f"hello/{names[what][1]}", peer, [(a[1], b[1]) for a, b in pairs], "MB"))
    return result


def row(name, peer, pairs, unit):
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    spread = (ratios[3 * len(ratios) // 4] - ratios[len(ratios) // 4]) / 2 / statistics.median(ratios)
    return {"work": name, "peer": peer, "threads": 1, "unit": unit,
            "ours": statistics.median(a for a, _ in pairs), "theirs": statistics.median(b for _, b in pairs),
            "ratio": statistics.median(ratios), "spread": spread}
