"""Draw ahead: what a reader is likely to choose next is drawn while nothing else is to be done.

From the moment an explorer is shown, what one key press can choose is drawn by a thread beside the
kernel's own, which goes on answering; after a control was moved, what is likely then. The next move
stops what is still to be drawn, and what other explorers have to draw waits. A picture is drawn in
short steps, for matplotlib's settings are one for all: who draws holds `figures.DRAWING`, and a
reader whose picture is not there waits for a step at the most. Nothing is drawn ahead where no loop
runs (a script, a test), while cells run, or, before a reader has moved something, where nobody
reads (nbval, nbclient, grading).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from belgrade.figures import DRAWING
from belgrade.forms import in_turn

PAUSE_S = 0.01
PAINT_S = 0.05  # the page paints what was chosen, which takes a processor of its own
REST_S = 0.5  # since the last cell ended: the page sends the next one within a moment
# How long the thread that draws keeps Python from the one that answers, which has to wait for it
# several times between a key press and a picture (Python's own is 5 ms).
SWITCH_S = 0.0005
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


def has_reader() -> bool:
    """Tell whether somebody looks at this kernel's notebook: a Jupyter server has opened it."""
    return "JPY_SESSION_NAME" in os.environ and not os.environ.get("BELGRADE_EXAM")


def later(seconds: float, act: Callable[[], Any]) -> asyncio.TimerHandle | None:
    """Call `act` in turn after so long, if a loop is running here."""
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop().call_later(seconds, in_turn(act))
    return None


class Ahead:
    """What the explorers of a kernel have to draw, worked off by a thread step by step."""

    def __init__(self) -> None:
        self._usual_s = sys.getswitchinterval()
        self._lock = threading.Lock()  # of the next four
        self._thread: threading.Thread | None = None
        self._queues: dict[Any, Iterator[None]] = {}
        self._spent: dict[Any, float] = {}
        self._is_stopped = False
        self._ran = -REST_S  # when the last cell ended, in seconds
        self._watches = False

    def stop(self, owner: Any) -> None:
        """Leave what `owner` has not drawn yet, and let the others wait."""
        with self._lock:
            self._queues.pop(owner, None)
            self._is_stopped = True

    def start(
        self,
        owner: Any,
        drawings: Sequence[Callable[[], Iterator[None]]],
        is_first: bool = True,
    ) -> None:
        """Begin to draw: each is called for an iterator, and each of whose steps takes a while.

        What others have to draw comes after, or with `is_first` false before.
        """
        if sys.platform == "emscripten":  # there are no threads
            return
        own = {owner: (step for drawing in drawings for step in drawing())}
        with self._lock:
            self._queues.pop(owner, None)
            self._queues = own | self._queues if is_first else self._queues | own
            self._spent[owner] = 0.0
            self._is_stopped = False
            self._wake()

    def when_shown(self, owner: Any, drawings: Sequence[Callable[[], Iterator[None]]]) -> None:
        """Begin to draw once all cells have run; what was shown before comes first."""
        if has_reader():
            self._watch()
            self.start(owner, drawings, is_first=False)

    def _watch(self) -> None:
        """Note when cells run."""
        from IPython import get_ipython

        shell = get_ipython()
        if self._watches or shell is None:
            return
        self._watches = True
        self._ran = time.monotonic()
        # A search for garbage lets no thread answer. What was imported is left out of it, which
        # took a fifth of a second, and each figure's garbage is found soon.
        gc.freeze()
        gc.set_threshold(20_000, 5, 50)

        def begins(*_: Any) -> None:
            self._ran = float("inf")
            with DRAWING:  # a step that was begun is ended before the cell begins
                pass

        def ends(*_: Any) -> None:
            self._ran = time.monotonic()

        shell.events.register("pre_run_cell", begins)
        shell.events.register("post_run_cell", ends)

    def _wake(self) -> None:
        if self._thread is None:
            with contextlib.suppress(RuntimeError):  # without a loop, or a thread
                asyncio.get_running_loop()
                thread = threading.Thread(target=self._work, daemon=True)
                thread.start()
                self._thread = thread

    def _work(self) -> None:
        """Draw until nothing is left, or all is stopped."""
        sys.setswitchinterval(SWITCH_S)
        pause: float | None = PAINT_S
        while pause is not None:
            time.sleep(pause)
            pause = self._step()
        sys.setswitchinterval(self._usual_s)

    def _step(self) -> float | None:
        """Go a step on; return the seconds to the next, None where there is none: all is done."""
        with DRAWING:
            if time.monotonic() - self._ran < REST_S:
                return REST_S
            with self._lock:
                if self._is_stopped or not self._queues:
                    self._thread = None
                    return None
                owner, steps = next(iter(self._queues.items()))
            began = time.thread_time()
            # Whatever fails here fails again, and is shown, when the reader chooses it.
            try:
                ended = next(steps, self) is self
            except Exception:
                ended = True
            took = time.thread_time() - began
        with self._lock:
            if self._queues.get(owner) is steps:
                self._spent[owner] += took
                if ended or self._spent[owner] > MOST_S:
                    del self._queues[owner], self._spent[owner]
        return PAUSE_S
