"""Prints a comparison: a line per measurement as it goes, and a table of a line per workload."""
import json
import math
import sys

GRIDS = ("every/", "shapes/")  # families of hundreds of rows, timed on request only


def duration(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def amount(row, value):
    return f"{value:.0f} MB" if row["unit"] == "MB" else duration(value)


def ratio(row):
    """The ratio, unless the noise is larger than the difference it tells of, or other programs had the cores: a
    barrier of several threads then waits for the scheduler."""
    if row is None:
        return ""
    if row.get("crowded") and row["threads"] > 1:
        return "machine busy"
    noise = f"±{100 * row['spread']:.0f} %"
    if abs(math.log(row["ratio"])) <= row["spread"]:
        return f"within {noise}"
    return f"{row['ratio']:.2f} {noise}"


def errors(row):
    return f"{row['our_error']:.0e} / {row['their_error']:.0e}" if row and "our_error" in row else ""


def line(row):
    return (f"{row['work']}, {row['peer']}, threads {row['threads']}: {amount(row, row['ours'])} against "
            f"{amount(row, row['theirs'])}: {ratio(row)}  {errors(row)}")


def table(rows):
    """Markdown. A ratio is the peer's time by ours; the times are those of one thread."""
    found = {(row["work"], row["peer"], row["threads"]): row for row in rows}
    peers = list(dict.fromkeys(row["peer"] for row in rows if row["peer"] != "libtorch"))
    head = ["work", "ours", "libtorch", "ratio", "ratio, 2 threads"] + [f"ratio, {peer}" for peer in peers]
    head.append("error: ours / libtorch")
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for work in dict.fromkeys(row["work"] for row in rows):
        one = found.get((work, "libtorch", 1))
        ours = one or next((found[key] for peer in peers if (key := (work, peer, 1)) in found), None)
        if ours is None:
            continue
        cells = [work, amount(ours, ours["ours"]), amount(one, one["theirs"]) if one else "", ratio(one),
                 ratio(found.get((work, "libtorch", 2)))]
        cells += [ratio(found.get((work, peer, 1))) for peer in peers]
        lines.append("| " + " | ".join(cells + [errors(one)]) + " |")
    return "\n".join(lines)


def grid(rows):
    """Markdown for such a family: the ratios of one operation by size and pass in a line."""
    cells = {}
    for row in rows:
        name, size, direction = row["work"].split("/", 1)[1].rsplit(", ", 2)
        sure = abs(math.log(row["ratio"])) > row["spread"]
        cells.setdefault(name, {})[direction, size] = f"{row['ratio']:.2g}" if sure else "≈ 1"
    columns = list(dict.fromkeys(key for one in cells.values() for key in one))
    columns.sort(key=lambda key: key[0], reverse=True)
    head = ["operation"] + [f"{direction}, {size}" for direction, size in columns]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, one in cells.items():
        lines.append("| " + " | ".join([name] + [one.get(key, "") for key in columns]) + " |")
    return "\n".join([means(rows, columns), ""] + lines)


def means(rows, columns):
    """A sentence for each column of the grid: the geometric mean, and how many fall behind."""
    sentences = []
    for direction, size in columns:
        ratios = [row["ratio"] for row in rows if row["work"].endswith(f", {size}, {direction}")]
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        behind = sum(ratio < 0.9 for ratio in ratios)
        sentences.append(f"{direction}, {size}: geometric mean of {len(ratios)} ratios {mean:.2f}, {behind} below 0.9.")
    return "\n".join(sentences)


def on_request(work):
    return work.startswith(GRIDS)


def tables(rows):
    parts = [table(others)] if (others := [row for row in rows if not on_request(row["work"])]) else []
    parts += [grid(some) for family in GRIDS if (some := [row for row in rows if row["work"].startswith(family)])]
    return "\n\n".join(parts)


def print_saved(path):
    with open(path) as file:
        comparison = json.load(file)
    print(about(comparison["machine"]) + "\n\n" + tables(comparison["rows"]))


def about(machine):
    return (f"{machine['cpu']}, {machine['cores']} cores, measured FMA peak "
            f"{machine['fma_peak_gf_per_core']:.0f} GF/s a core (float32); " + ", ".join(machine["versions"].values()))


if __name__ == "__main__":
    print_saved(sys.argv[1])
