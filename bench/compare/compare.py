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
import memory
import plot
import report

HERE = os.path.dirname(os.path.abspath(__file__))
REST = 0.02  # seconds in which the threads of the peer that was just timed go to sleep
PATIENCE = 0.2  # seconds to wait for as many idle cores as a visit needs


class Worker:
    """A process that answers one line to each line."""

    def __init__(self, peer, command, most_threads=math.inf):
        self.peer = peer
        self.most_threads = most_threads
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


def wait_for_idle_cores(threads):
    """Have other programs left us the cores we need, at the latest when patience ends?"""
    end = time.monotonic() + PATIENCE
    while True:
        with open("/proc/loadavg") as file:
            others = int(file.read().split()[3].split("/")[0]) - 1
        if others + threads <= os.cpu_count():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.01)


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
    present = [w for w in workers if name in w.names and threads <= w.most_threads]
    times = {w.peer: [] for w in present}
    for worker in present:
        worker.ask(f"threads {threads}")
    crowded = 0
    for _ in range(rounds):
        for worker in present:
            if threads > 1:
                time.sleep(REST)
            crowded += not wait_for_idle_cores(threads)
            times[worker.peer].append(worker.least_time(name, seconds))
    rows = []
    for worker in present[1:]:
        ratios = [theirs / ours for theirs, ours in zip(times[worker.peer], times[present[0].peer])]
        ratio, noise = statistics.median(ratios), noise_of(ratios)
        rows.append({
            "work": name, "peer": worker.peer, "threads": threads, "unit": "ns",
            "ours": statistics.median(times[present[0].peer]), "theirs": statistics.median(times[worker.peer]),
            "ratio": ratio, "spread": noise, "crowded": 2 * crowded > rounds * len(present),
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

    def compiled():
        return [Worker("pullback", [f"{options.build}/bench/compare/compare_pullback"]),
                Worker("libtorch", [f"{options.build}/bench/compare/compare_libtorch"])]

    workers = compiled() + [
        Worker("PyTorch eager", [sys.executable, f"{HERE}/eager.py"]),
    ]
    if importlib.util.find_spec("jax"):
        workers.append(Worker("jax.jit", [sys.executable, f"{HERE}/compiled.py"], most_threads=1))
    if importlib.util.find_spec("geotorch"):
        workers.append(Worker("GeoTorch", [sys.executable, f"{HERE}/geometry.py"]))
    about = machine(workers)
    print(report.about(about), flush=True)
    rows = []
    for name in workers[0].names:
        if options.only not in name or (report.on_request(name) and not report.on_request(options.only)):
            continue
        measured = []
        for threads in options.threads:
            measured += measure(workers, name, threads, options.rounds, options.seconds)
        add_errors(workers, measured)
        rows += measured
        print("\n".join(report.line(row) for row in measured), flush=True)
    if options.only in "memory of a step":
        steps = [name for name in workers[0].names if name.startswith("step/")]
        rows += memory.rows(compiled, steps, rounds=3)
    if options.only in "hello world":
        rows += hello.rows(options.build, options.rounds)
    with open(options.json, "w") as file:
        json.dump({"machine": about, "rows": rows}, file, indent=1)
    with open(options.plot, "w") as file:
        file.write(plot.ratios([row for row in rows if not report.on_request(row["work"])]))
    print("\n" + report.tables(rows))


if __name__ == "__main__":
    main()
