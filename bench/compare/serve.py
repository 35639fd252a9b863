"""Answers the commands of worker.cpp with workloads written in Python."""
import statistics
import sys
import time


def nanoseconds(step, count):
    start = time.perf_counter_ns()
    for _ in range(count):
        step()
    return time.perf_counter_ns() - start


def measure(step, seconds, items):
    """Groups of at least 2 ms, three at least; the least and the median time per item."""
    count = 1
    while nanoseconds(step, count) < 2e6:
        count *= 2
    times, passed = [], 0
    while passed < seconds * 1e9 or len(times) < 3:
        group = nanoseconds(step, count)
        passed += group
        times.append(group / count / items)
    return f"{min(times)} {statistics.median(times)}"


def serve(workloads, version, set_num_threads):
    """Answers the commands of worker.cpp."""
    current, step = None, None
    for line in sys.stdin:
        command, _, name = line.rstrip("\n").partition("\t")
        command, _, value = command.partition(" ")
        if command == "list":
            answer = "\t".join(workloads)
        elif command == "version":
            answer = version
        elif command == "threads":
            set_num_threads(int(value))
            answer = "ok"
        elif command == "time":
            set_up, items = workloads[name]
            if current != name:
                current, step = name, set_up()
                step()
            answer = measure(step, float(value), items)
        else:
            current, step, answer = None, None, "ok"
        print(answer, flush=True)
