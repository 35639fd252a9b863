"""Draws the ratios of a comparison as SVG: a bar for each workload, on a logarithmic axis."""
import html
import json
import math
import sys

WIDTH, LABELS, BAR = 900, 340, 16
COLOURS = {"faster": "#2a7f62", "slower": "#b5483a"}
TICKS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64]


def ratios(rows, peer="libtorch", threads=1):
    """One peer's rows, without those that are within their noise of 1; to the right of 1 Pullback is faster."""
    rows = [row for row in rows if row["peer"] == peer and row["threads"] == threads
            and abs(math.log(row["ratio"])) > row["spread"]]
    height = BAR * len(rows) + 50
    bars = "\n".join(bar(row, 30 + BAR * i) for i, row in enumerate(rows))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
<text x="{LABELS}" y="12">time of {peer} / time of Pullback, {threads} thread</text>
{axis(height)}
{bars}
</svg>
"""


def place(ratio):
    """Horizontal position of a ratio; what leaves the axis is drawn at its end."""
    low, high = math.log(TICKS[0]), math.log(TICKS[-1])
    share = (min(max(math.log(ratio), low), high) - low) / (high - low)
    return LABELS + share * (WIDTH - LABELS - 50)


def axis(height):
    return "\n".join(
        f'<line x1="{place(t):.1f}" y1="26" x2="{place(t):.1f}" y2="{height - 18}" '
        f'stroke="{"#444" if t == 1 else "#ddd"}"/>'
        f'<text x="{place(t):.1f}" y="{height - 4}" text-anchor="middle">{t:g}</text>' for t in TICKS)


def bar(row, y):
    ratio, start, end = row["ratio"], place(1), place(row["ratio"])
    colour = COLOURS["faster" if ratio >= 1 else "slower"]
    return (f'<text x="{LABELS - 8}" y="{y + 11}" text-anchor="end">{html.escape(row["work"])}</text>'
            f'<rect x="{min(start, end):.1f}" y="{y + 2}" width="{abs(end - start):.1f}" height="{BAR - 4}" fill="{colour}"/>'
            f'<text x="{max(start, end) + 4:.1f}" y="{y + 11}">{ratio:.3g}</text>')


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(ratios(json.load(file)["rows"]), end="")
