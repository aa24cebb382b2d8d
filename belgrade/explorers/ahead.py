"""Draw ahead: what a reader is likely to choose next is drawn while nothing else is to be done.

After a control was moved, the next two options in the same direction and the one on its other side
are drawn in the kernel's event loop, in short steps between which the kernel answers as usual. The
next move stops what is still to be drawn. Nothing is drawn ahead where no loop runs (a script, a
test), nor before a reader has moved something.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from belgrade.forms import in_turn

PAUSE_S = 0.02


def neighbours(options: Sequence[Any], before: Any, now: Any) -> list[Any]:
    """Return the options that are likely to follow `now`, the likeliest first.

    `before` is the option chosen before `now`; the two give the direction.
    """
    if now not in options:
        return []
    at = options.index(now)
    step = -1 if before in options and options.index(before) > at else 1
    places = (at + step, at + 2 * step, at - step)
    return [options[place] for place in places if 0 <= place < len(options)]


class Ahead:
    """A queue of things to draw, worked off step by step while the kernel rests."""

    def __init__(self) -> None:
        self._waiting: asyncio.TimerHandle | None = None
        self._steps: Iterator[None] = iter(())

    def stop(self) -> None:
        """Leave what is not drawn yet."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        self._steps = iter(())  # a step of another thread may be waiting for its turn already

    def start(self, drawings: Sequence[Callable[[], Iterator[None]]]) -> None:
        """Begin to draw: each is called for an iterator, and each of whose steps takes a while."""
        self.stop()
        if sys.platform == "emscripten":  # slow there, and a step cannot be interrupted
            return
        self._steps = (step for drawing in drawings for step in drawing())
        self._soon()

    def _soon(self) -> None:
        with contextlib.suppress(RuntimeError):  # no loop is running
            self._waiting = asyncio.get_running_loop().call_later(PAUSE_S, in_turn(self._step))

    def _step(self) -> None:
        self._waiting = None
        # Whatever fails here fails again, and is shown, when the reader chooses it.
        with contextlib.suppress(Exception):
            if next(self._steps, self) is not self:
                self._soon()
