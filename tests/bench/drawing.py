"""What drawing costs: processor time of each explorer's picture, ours beside `savefig`.

    python tests/bench/drawing.py [--times 6]

Both draw the same figure of the explorer's defaults at the same resolution, in turns. The least of
several is taken, in milliseconds of processor time, which other programs disturb little.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from belgrade import explorers, figures


def by_savefig(fig: Any) -> None:
    """Make a PNG as matplotlib does by itself."""
    fig.savefig(BytesIO(), format="png", dpi=figures.PIXELS_PER_INCH)


def cpu_ms(explorer: Any, finish: Callable[[Any], Any]) -> float:
    """Return the milliseconds of processor time that drawing and finishing a figure took."""
    start = time.process_time()
    with figures.style():
        finish(explorer.view(explorer.data, **explorer.defaults)[0])
    return 1000 * (time.process_time() - start)


def main() -> None:
    """Measure all explorers and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=6, help="how often to repeat (default: 6)")
    times = parser.parse_args().times
    finishers = (lambda fig: None, figures.png, by_savefig)
    print("| explorer | figure made | and painted | and `savefig` | times as fast |")
    print("|---|---|---|---|---|")
    for name in explorers.EXPLORERS:
        explorer = getattr(explorers, name)()
        cpu_ms(explorer, figures.png)
        runs = [[cpu_ms(explorer, finish) for finish in finishers] for _ in range(times)]
        drawn, png, usual = map(min, zip(*runs, strict=True))
        cells = [name, *(f"{ms:.0f}" for ms in (drawn, png, usual)), f"{usual / png:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
