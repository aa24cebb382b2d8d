"""What drawing ahead gains and costs, in processor time, whatever else the machine does.

    python tests/bench/ahead.py [--presses 12] [--slower 2.5] [NAME ...]

An explorer is shown and moved as by keys, in this process and without a page: each control, the
longest first, from its first option on and back. Between two presses it may draw ahead for so much
processor time as a reader leaves: 0.6 s at leisure, 0.08 s in haste; on a machine that is so many
times slower than a usual one, `--slower` makes all pauses as many times longer. What is measured is
the processor time from a change to the bundle that goes to the page. A page adds what a picture
that was shown before takes (`tests/bench/explorers.py`, which needs a quiet machine).
"""

from __future__ import annotations

import argparse
import statistics
import time
from types import SimpleNamespace

from belgrade import explorers
from belgrade.explorers import explorer as module
from belgrade.explorers.ahead import Ahead

PAUSES = {"at leisure": 0.6, "in haste": 0.08}
REST_S = 1.5


class TimedAhead(Ahead):
    """Draws when told to, and notes the processor seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds, self.longest = 0.0, 0.0

    def _wake(self) -> None:
        pass

    def draw(self, seconds: float) -> None:
        """Draw ahead for so long; a step that was begun is ended."""
        start = time.thread_time()
        while self._queues and time.thread_time() - start < seconds:
            step_start = time.thread_time()
            self._step()
            self.longest = max(self.longest, time.thread_time() - step_start)
        self.seconds += time.thread_time() - start


def session(name: str, presses: int, pause: float, rest: float) -> dict[str, float]:
    """Move an explorer; return what was found ready, the times, and what was drawn for nothing.

    `pause` lies between two presses, `rest` before the first of a control: processor seconds.
    """
    ahead = module.AHEAD = TimedAhead()
    explorer = getattr(explorers, name)()
    explorer.inputs = {
        key: getattr(each, "value_widget", each)
        for key, each in ((key, control.widget()) for key, control in explorer.controls.items())
    }
    explorer._handle = SimpleNamespace(update=lambda *_, **__: None)
    explorer.bundle()
    for control in explorer.inputs.values():
        control.observe(explorer._update, "value")
    ahead.start(explorer._owner, explorer._likely(explorer.defaults))
    ahead.draw(rest)
    new, ready, seen = [], 0, {explorer._key(explorer.defaults)}

    def choose(control: str, value: object, counts: bool = True) -> None:
        nonlocal ready
        key = explorer._key(explorer._chosen() | {control: value})
        is_ready = key in explorer._drawn
        start = time.thread_time()
        explorer.inputs[control].value = value
        elapsed = time.thread_time() - start
        if counts and key not in seen:
            new.append(1000 * elapsed)
            ready += is_ready
        seen.add(key)

    options = {key: control.values() for key, control in explorer.controls.items()}
    for control in sorted(options, key=lambda key: -len(options[key])):
        choose(control, options[control][0], counts=False)
        ahead.draw(rest)
        steps = options[control][1 : 1 + presses - len(new)]
        for value in [*steps, *[options[control][0], *steps][-2::-1]]:
            choose(control, value)
            ahead.draw(pause)
        if len(new) >= presses:
            break
    ahead.draw(10 * rest)
    drawn = len(explorer._drawn)
    unused_share = len(explorer._unseen) / max(drawn - len(new) + ready, 1)
    return {
        "ready": ready / max(len(new), 1),
        "median": statistics.median(new),
        "worst": statistics.quantiles(new, n=20, method="inclusive")[-1],
        "seconds": ahead.seconds,
        "nothing": ahead.seconds * min(unused_share, 1),
        "longest": 1000 * ahead.longest,
    }


def main() -> None:
    """Measure the explorers named, or all, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(explorers.EXPLORERS))
    parser.add_argument("--presses", type=int, default=12)
    parser.add_argument("--slower", type=float, default=1.0, metavar="TIMES")
    options = parser.parse_args()
    columns = ("found ready, %", "ms, median / p95", "s drawn ahead, for nothing")
    head = " | ".join(f"{pace}: {column}" for pace in PAUSES for column in columns)
    print(f"| explorer | {head} | longest step, ms |\n|{'---|' * 8}")
    for name in options.names:
        cells, longest = [], 0.0
        for pause in PAUSES.values():
            slower = options.slower
            result = session(name, options.presses, slower * pause, slower * REST_S)
            cells += [
                f"{100 * result['ready']:.0f}",
                f"{result['median']:.0f} / {result['worst']:.0f}",
                f"{result['seconds']:.1f}, {result['nothing']:.1f}",
            ]
            longest = max(longest, result["longest"])
        print(f"| {name} | {' | '.join(cells)} | {longest:.0f} |", flush=True)


if __name__ == "__main__":
    main()
