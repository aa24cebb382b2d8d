"""The pictures of the class report. Each is a dict: data (a PNG in base64), width, height, alt."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from belgrade import figures
from belgrade.checks.words import STATUS

TENTHS = [f"{low} to {low + 10}%" if low == 90 else f"{low} to under {low + 10}%"
          for low in range(0, 100, 10)]  # fmt: skip


def in_tenths(shares_pct: Iterable[float]) -> list[int]:
    """Return how many shares lie in each tenth from 0 to 100 percent; the last holds 100."""
    counts = [0] * 10
    for share in shares_pct:
        counts[min(max(int(share // 10), 0), 9)] += 1
    return counts


def distribution(counts: list[int]) -> dict[str, Any]:
    """Return the picture of how many students have which share of the points."""
    with figures.style():
        fig, ax = figures.new(2.8)
        bars = ax.bar(range(10), counts, width=0.92, color=figures.colour("Russia"))
        ax.bar_label(bars, [n or "" for n in counts], padding=2)
        ax.set_xticks([i - 0.5 for i in range(11)], [f"{i * 10}%" for i in range(11)])
        ax.set_xlabel("Share of the points that are marked so far")
        ax.set_ylabel("Students")
        ax.margins(y=0.15)
        ax.yaxis.get_major_locator().set_params(integer=True)
        top = max(counts)
        where = [TENTHS[i] for i, n in enumerate(counts) if n == top]
        alt = (
            f"Bars: {sum(counts)} students by their share of the points, in tenths. Most, {top}, "
            f"lie at {' and '.join(where)}. Below half: {sum(counts[:5])}."
        )
        return _drawn(fig, alt)


def stacked(counts: Mapping[str, Mapping[str, int]], present: list[str]) -> dict[str, Any]:
    """Return the picture of each question's answers by status, in the order given."""
    from matplotlib.patches import Patch

    names = list(counts)
    with figures.style():
        fig, ax = figures.new(1.4 + 0.42 * len(names))
        left = [0.0] * len(names)
        for key in present:
            sign, _, back, edge = STATUS[key]
            shares = [100 * counts[q][key] / sum(counts[q].values()) for q in names]
            bars = ax.barh(names, shares, left=left, color=back, edgecolor=edge, linewidth=1.2)
            labels = [
                f"{sign} {counts[q][key]}" if share >= 7 else ""
                for q, share in zip(names, shares, strict=True)
            ]
            ax.bar_label(bars, labels, label_type="center", fontsize=9)
            left = [a + b for a, b in zip(left, shares, strict=True)]
        ax.invert_yaxis()
        ax.set_xlim(0, 100)
        ax.xaxis.set_major_formatter("{x:g}%")
        ax.set_xlabel("Share of the answers")
        ax.set_ylabel("Question")
        fig.legend(
            handles=[Patch(facecolor=STATUS[k][2], edgecolor=STATUS[k][3],
                           label=f"{STATUS[k][0]} {STATUS[k][1]}") for k in present],
            loc="outside upper left", ncols=3, fontsize=9,
        )  # fmt: skip
        known = [q for q in names if not counts[q]["pending"]] or names
        first, last = known[0], known[-1]
        alt = (
            f"Stacked bars: the answers to {len(names)} questions by result, the hardest on top. "
            f"Fewest are right in {first} ({_right(counts, first)}), most in {last} "
            f"({_right(counts, last)})."
        )
        return _drawn(fig, alt)


def _right(counts: Mapping[str, Mapping[str, int]], question: str) -> str:
    return f"{counts[question]['right']} of {sum(counts[question].values())}"


def _drawn(fig: Any, alt: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font does not have
        data = figures.png(fig)
    return {
        "data": data, "alt": alt,
        "width": round(fig.get_figwidth() * figures.CSS_PIXELS_PER_INCH),
        "height": round(fig.get_figheight() * figures.CSS_PIXELS_PER_INCH),
    }  # fmt: skip
