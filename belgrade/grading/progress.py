"""How far a grading run is: a bar with the time left, or a line now and then in a log."""

from __future__ import annotations

import sys
import time
from typing import TextIO

BAR = 30
EVERY_S = 30


class Progress:
    """Shows `done` of `total` on `stream`; call `step` after each, and `close` at the end."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total, self.done, self.failed = total, 0, 0
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.start = self.told = time.monotonic()
        if self.live:
            self._show()

    def step(self, failed: bool = False) -> None:
        """Count one more."""
        self.done += 1
        self.failed += failed
        now = time.monotonic()
        if self.live or now - self.told >= EVERY_S:
            self.told = now
            self._show()

    def close(self) -> None:
        """End the bar's line."""
        if self.live:
            self.stream.write("\n")
            self.stream.flush()

    def _show(self) -> None:
        text = f"{self.done} of {self.total}"
        if self.failed:
            text += f", {self.failed} could not be graded"
        if self.done < self.total and self.done:
            spent = time.monotonic() - self.start
            text += f", {left(spent / self.done * (self.total - self.done))} left"
        if self.live:
            full = BAR * self.done // max(self.total, 1)
            self.stream.write(f"\r\x1b[K[{'█' * full}{'·' * (BAR - full)}] {text}")
        else:
            self.stream.write(f"graded {text}\n")
        self.stream.flush()


def left(seconds: float) -> str:
    """Return a time in words: 40 s, 3 min, 2 h 5 min."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
