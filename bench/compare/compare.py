"""Times each workload in Pullback and in its peers, in turn, and prints a table of ratios.

Every peer is a process of its own, which waits on a pipe while another one works: two pools of spinning
threads in one process wreck each other. A round visits all of them; the figure of a visit is the
least time of several groups of calls, the figure of a peer the median over the rounds, and the ratio
the median of the rounds' ratios, so that a drifting clock cancels.
"""
import argparse
import importlib.util
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time

import hello
import plot

HERE = os.path.dirname(os.path.abspath(__file__))
REST = 0.02  # seconds in which the threads of the peer that was just timed go to sleep


class Worker:
    """A process that answers one line to each line."""

    def __init__(self, peer, command):
        self.peer = peer
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self.ask("version")
        self.names = [name for name in self.ask("list").split("\t") if name]

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer and self.process.poll() is not None:
            raise RuntimeError(f"{self.peer} ended with {self.process.returncode} at: {line}")
        if answer.startswith("error: "):
            raise RuntimeError(f"{self.peer}: {line}: {answer}")
        return answer

    def least_time(self, name, seconds):
        return float(self.ask(f"time {seconds}\t{name}").split()[0])


def noise_of(ratios):
    """Half the distance between the quartiles, relative to the median."""
    low, middle, high = quartiles(ratios)
    return (high - low) / 2 / middle


def quartiles(values):
    values = sorted(values)
    at = lambda q: values[round(q * (len(values) - 1))]
    return at(0.25), statistics.median(values), at(0.75)


def measure(workers, name, threads, rounds, seconds):
    """The rows of one workload: ours against each peer that has it."""
    present = [w for w in workers if name in w.names]
    times = {w.peer: [] for w in present}
    for worker in present:
        worker.ask(f"threads {threads}")
    for _ in range(rounds):
        for worker in present:
            time.sleep(REST)
            times[worker.peer].append(worker.least_time(name, seconds))
    rows = []
    for worker in present[1:]:
        ratios = [theirs / ours for theirs, ours in zip(times[worker.peer], times[present[0].peer])]
        ratio, noise = statistics.median(ratios), noise_of(ratios)
        rows.append({
            "work": name, "peer": worker.peer, "threads": threads, "unit": "ns",
            "ours": statistics.median(times[present[0].peer]), "theirs": statistics.median(times[worker.peer]),
            "ratio": ratio, "spread": noise,
        })
    return rows


def add_errors(workers, rows):
    """Error against float64 of both libraries, in the rows of libtorch."""
    ours, theirs = workers[0], next((w for w in workers if w.peer == "libtorch"), None)
    for row in rows:
        if theirs and row["peer"] == "libtorch":
            row["our_error"] = float(ours.ask("error\t" + row["work"]))
            row["their_error"] = float(theirs.ask("error\t" + row["work"]))
    for worker in workers:
        worker.ask("drop")


def duration(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def ratio_text(row):
    """The ratio, unless the noise is larger than the difference it tells of."""
    if abs(math.log(row["ratio"])) <= row["spread"]:
        return "within noise of 1"
    return f"{row['ratio']:.2f}"


def table(rows):
    """A Markdown table: a line for each workload and peer."""
    lines = ["| work | peer | threads | ours | theirs | ratio | spread | error: ours / theirs |",
             "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        error = f"{row['our_error']:.1e} / {row['their_error']:.1e}" if "our_error" in row else ""
        lines.append(f"| {row['work']} | {row['peer']} | {row['threads']} | {amount(row, row['ours'])} | "
                     f"{amount(row, row['theirs'])} | {ratio_text(row)} | {100 * row['spread']:.0f} % | {error} |")
    return "\n".join(lines)


def amount(row, value):
    return f"{value:.3g} MB" if row["unit"] == "MB" else duration(value)


def cpu_name():
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def machine(workers):
    return {
        "cpu": cpu_name(), "cores": os.cpu_count(), "fma_peak_gf_per_core": float(workers[0].ask("peak")),
        "kernel": platform.release(), "versions": {w.peer: w.version for w in workers},
        "date": time.strftime("%Y-%m-%d"),
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], prog="script/bench compare")
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="per visit")
    parser.add_argument("--json", default="build/compare.json", help="where the figures are saved")
    parser.add_argument("--plot", default="build/compare.svg", help="where the ratios are drawn")
    parser.add_argument("--build", required=True, help="build folder with the workers")
    return parser.parse_args()


def main():
    options = arguments()
    workers = [
        Worker("pullback", [f"{options.build}/bench/compare/compare_pullback"]),
        Worker("libtorch", [f"{options.build}/bench/compare/compare_libtorch"]),
        Worker("PyTorch eager", [sys.executable, f"{HERE}/eager.py"]),
    ]
    if importlib.util.find_spec("jax"):
        workers.append(Worker("jax.jit", [sys.executable, f"{HERE}/compiled.py"]))
    about = machine(workers)
    print(f"{about['cpu']}, {about['cores']} cores, FMA peak {about['fma_peak_gf_per_core']:.0f} GF a core; "
          + ", ".join(about["versions"].values()), flush=True)
    rows = []
    for name in workers[0].names:
        if options.only not in name:
            continue
        measured = []
        for threads in options.threads:
            measured += measure(workers, name, threads, options.rounds, options.seconds)
        add_errors(workers, measured)
        rows += measured
        print("\n".join(table(measured).split("\n")[2:]), flush=True)
    if options.only in "hello world":
        rows += hello.rows(options.build, options.rounds)
    with open(options.json, "w") as file:
        json.dump({"machine": about, "rows": rows}, file, indent=1)
    with open(options.plot, "w") as file:
        file.write(plot.ratios(rows))
    print("\n" + table(rows))


if __name__ == "__main__":
    main()
