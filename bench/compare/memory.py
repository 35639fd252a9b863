"""The memory of a training step: what it adds, at its most, to a process that is set up."""
import hello


def rows(workers, names, rounds):
    """`workers` makes a fresh process of ours and one of libtorch."""
    result = []
    for name in names:
        pairs = []
        for _ in range(rounds):
            pair = []
            for worker in workers():
                worker.ask("threads 1")
                pair.append(float(worker.ask("memory\t" + name)))
                worker.process.kill()
                worker.process.wait()
            pairs.append(tuple(pair))
        result.append(hello.row(f"memory/{name.removeprefix('step/')}", "libtorch", pairs, "MB"))
    return result
