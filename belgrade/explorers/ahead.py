"""Draw ahead: what a reader is likely to choose next is drawn while nothing else is to be done.

From the moment an explorer is shown, what one key press can choose is drawn in the kernel's event
loop, in short steps between which the kernel answers as usual; after a control was moved, what is
likely then. The next move stops what is still to be drawn, and what other explorers have to draw
waits. Nothing is drawn ahead where no loop runs (a script, a test), while cells run, or, before a
reader has moved something, where nobody reads (nbval, nbclient, grading).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from belgrade.forms import in_turn

PAUSE_S = 0.01
REST_S = 0.5  # since the last cell ended: the page sends the next one within a moment
# Processor seconds that one explorer may take from one move to the next.
MOST_S = 2.0
FAR = 8


def neighbours(options: Sequence[Any], before: Any, now: Any, far: int = FAR) -> list[Any]:
    """Return the options that are likely to follow `now`, the likeliest first.

    `before` is the option chosen before `now`, if any; the two give the direction, in which the
    keyboard may go up to `far` options on; at an end of the list it can only turn back.
    """
    if now not in options:
        return []
    at = options.index(now)
    is_under_way = before in options
    is_downwards = is_under_way and options.index(before) > at > 0
    step = -1 if is_downwards or at == len(options) - 1 else 1
    first = (1, 2, -1) if is_under_way else (1, -1, 2)
    reach = [steps for steps in (*first, *range(3, far + 1)) if abs(steps) <= far]
    places = [at + step * steps for steps in reach]
    return [options[place] for place in places if 0 <= place < len(options)]


def is_read() -> bool:
    """Tell whether somebody looks at this kernel's notebook: a Jupyter server has opened it."""
    return "JPY_SESSION_NAME" in os.environ and not os.environ.get("BELGRADE_EXAM")


def later(seconds: float, act: Callable[[], Any]) -> asyncio.TimerHandle | None:
    """Call `act` in turn after so long, if a loop is running here."""
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop().call_later(seconds, in_turn(act))
    return None


class Ahead:
    """What the explorers of a kernel have to draw, worked off step by step while it rests."""

    def __init__(self) -> None:
        self._waiting: asyncio.TimerHandle | None = None
        self._queues: dict[Any, Iterator[None]] = {}
        self._spent: dict[Any, float] = {}
        self._ran = -REST_S  # when the last cell ended, in seconds
        self._watches = False

    def stop(self, owner: Any) -> None:
        """Leave what `owner` has not drawn yet, and let the others wait."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        self._queues.pop(owner, None)

    def start(self, owner: Any, drawings: Sequence[Callable[[], Iterator[None]]]) -> None:
        """Begin to draw: each is called for an iterator, and each of whose steps takes a while.

        What others have to draw comes after.
        """
        self.stop(owner)
        if sys.platform == "emscripten":  # slow there, and a step cannot be interrupted
            return
        steps = (step for drawing in drawings for step in drawing())
        self._queues = {owner: steps, **self._queues}
        self._spent[owner] = 0.0
        self._soon()

    def when_shown(self, owner: Any, drawings: Sequence[Callable[[], Iterator[None]]]) -> None:
        """Begin to draw once all cells have run; what was shown before comes first."""
        if not is_read():
            return
        self._watch()
        before = self._queues
        self.start(owner, drawings)
        self._queues = {**before, **self._queues}

    def _watch(self) -> None:
        """Note when cells run."""
        from IPython import get_ipython

        shell = get_ipython()
        if self._watches or shell is None:
            return
        self._watches = True
        self._ran = time.monotonic()

        def begins(*_: Any) -> None:
            self._ran = float("inf")

        def ends(*_: Any) -> None:
            self._ran = time.monotonic()

        # In turn: a step that another thread has begun is ended before a cell begins.
        shell.events.register("pre_run_cell", in_turn(begins))
        shell.events.register("post_run_cell", ends)

    def _soon(self, seconds: float = PAUSE_S) -> None:
        made = self._waiting = later(seconds, lambda: self._step(made))

    def _step(self, made: asyncio.TimerHandle | None = None) -> None:
        if made is not self._waiting:  # it was stopped while it waited for its turn
            return
        self._waiting = None
        if time.monotonic() - self._ran < REST_S:
            self._soon(REST_S)
            return
        if not self._queues:
            return
        owner, steps = next(iter(self._queues.items()))
        began = time.thread_time()
        # Whatever fails here fails again, and is shown, when the reader chooses it.
        try:
            ended = next(steps, self) is self
        except Exception:
            ended = True
        self._spent[owner] = self._spent.get(owner, 0.0) + time.thread_time() - began
        if ended or self._spent[owner] > MOST_S:
            del self._queues[owner], self._spent[owner]
        self._soon()
