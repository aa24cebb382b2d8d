"""One warm process behind the outer wall, and what it forks; or the same as a plain process."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from belgrade.grading import GradingError
from belgrade.grading.cgroup import group_for, leave
from belgrade.grading.inside import CHUNK, MOST_LINE, MOST_SHOWN, SCRATCH
from belgrade.grading.outer import PACKAGE, PLAIN, command
from belgrade.grading.remedies import remedy

NOBODY = 65534
START_TIMEOUT_S = 120
STEM_TIMEOUT_S = 60
FLOOD = f"OutputError: more than {MOST_SHOWN // 10**6} MB of output"
# So many processes of exercises' own cells are kept for a worker.
STEMS_KEPT = 4
MODULES = (
    "belgrade.figures belgrade.report belgrade.journal belgrade.takeaway belgrade.methods "
    "belgrade.explorers statistics datetime itertools collections json math random re"
)


@dataclass(frozen=True)
class Limits:
    """What one question's code may use in the sandbox; sizes in bytes, times in seconds."""

    memory: int = 2 * 2**30
    processor_s: int = 900
    processes: int = 64
    file_size: int = 32 * 2**20
    files: int = 256
    scratch: int = 64 * 2**20


class KernelError(GradingError):
    """Code cannot be run; the text says why and what to do."""


class SandboxError(KernelError):
    """The sandbox does not work here; the text says what to do."""


@dataclass
class Told:
    """What came of a cell, as it was told: nothing of it can be trusted, but its size.

    `late`: over its time, and interrupted; `died`: the process ended.
    """

    shown: Any = field(default_factory=list)
    answer: Any = None
    error: str | None = None
    notes: Any = field(default_factory=list)
    late: bool = False
    died: bool = False


class _Line:
    """Lines of JSON to and from a process. What comes after a request is bounded."""

    def __init__(self, end: socket.socket) -> None:
        self.socket, self._buffer, self._searched, self.room = end, bytearray(), 0, MOST_LINE
        end.settimeout(STEM_TIMEOUT_S)

    def send(self, words: dict[str, Any], handle: int | None = None) -> None:
        """Send a line, with a file descriptor if given. Who takes none is found dead on reading."""
        content, self.room = json.dumps(words).encode("ascii") + b"\n", 2 * MOST_LINE
        with contextlib.suppress(OSError):
            if handle is not None:
                content = content[socket.send_fds(self.socket, [content], [handle]) :]
            self.socket.sendall(content)

    def fill(self) -> bool:
        """Take in what is there; return False at the end, or where it is too much."""
        try:
            part = self.socket.recv(CHUNK)
        except OSError:
            part = b""
        self.room -= len(part)
        self._buffer += part
        return bool(part) and self.room > 0

    def next(self) -> dict[str, Any] | None:
        """Return the next line that is whole, if there is one; what is no JSON is passed over."""
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line, self._buffer, self._searched = self._buffer[:end], self._buffer[end + 1 :], 0
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                return found
        self._searched = len(self._buffer)
        return None


class Shell:
    """A process forked from a stem, for one question: give it cells one by one."""

    def __init__(self, stem: Stem, number: int, line: socket.socket) -> None:
        self._stem, self._number, self._line, self._asked = stem, number, _Line(line), 0
        self._ended = False
        found = self._await(time.monotonic() + STEM_TIMEOUT_S)
        if found is None or "failed" in found:
            stem.box.raise_if_ended()
            raise SandboxError(remedy(str((found or {}).get("failed", "no answer"))))

    def run(
        self, code: str, seconds: float, spec: str = "", quiet: bool = False, grace: float = 3
    ) -> Told:
        """Return what came of a cell that had so many seconds, and `grace` after an interrupt.

        `spec`: JSON of a check's spec, for a cell that calls `check`. `quiet`: displays do not
        matter. After a cell that `died` there is nothing more to run. Raises KernelError where the
        sandbox ended.
        """
        self._asked += 1
        self._line.send({"id": self._asked, "code": code, "spec": spec, "quiet": quiet})
        found, late = self._await(time.monotonic() + seconds), ""
        if found is None and not self._ended:
            late = f"TimeoutError: longer than {seconds:g} s"
            self._stem.line.send({"do": "interrupt"})
            found = self._await(time.monotonic() + grace)
        if found is None:
            self._stem.box.raise_if_ended()
            ended = late or ("the kernel died" if self._line.room > 0 else FLOOD)
            return Told(error=ended, late=bool(late), died=True)
        error = late or (str(found["error"]) if found.get("error") else None)
        told: dict[str, Any] = {name: found.get(name) for name in ("shown", "answer", "notes")}
        return Told(**told, error=error, late=bool(late))

    def _await(self, end: float) -> dict[str, Any] | None:
        """Return the reply to the last request; None if it is late, or will not come."""
        poll = select.poll()
        for line in (self._line, self._stem.line):
            poll.register(line.socket, select.POLLIN)
        own = self._line.socket.fileno()
        while True:
            while (found := self._line.next()) is not None:
                if found.get("id") == self._asked or (self._asked == 0 and "failed" in found):
                    return found
            left = end - time.monotonic()
            if left <= 0 or self._ended:
                return None
            for handle, _ in poll.poll(1000 * left + 1):
                if handle == own:
                    self._ended = not self._line.fill() or self._ended
                elif self._stem.heard(self._number):
                    self._ended = True

    def stop(self) -> None:
        """End it and all that it started."""
        self._stem.line.send({"do": "end"})
        self._line.socket.close()


class Stem:
    """A process that has run an exercise's own cells, and from which shells are forked.

    `faults` are the errors of those cells, None where there was none. Raises KernelError where one
    of them does not end, SandboxError where the inner wall cannot be made.
    """

    def __init__(self, box: Sandbox, cells: Sequence[str]) -> None:
        self.box, self.cells, self._number, self.alive = box, tuple(cells), 0, True
        mine, theirs = socket.socketpair()
        self.line = _Line(mine)
        with theirs:
            box.request(self, theirs.fileno())
        self.faults = [self._run(code).get("error") for code in self.cells]

    def _run(self, code: str) -> dict[str, Any]:
        self._number += 1
        self.line.send({"do": "run", "id": self._number, "code": code})
        while (found := self.line.next()) is None or found.get("id") != self._number:
            if found and "failed" in found:
                raise SandboxError(remedy(found["failed"]))
            if found is None and not self.line.fill():
                self.box.raise_if_ended()
                raise KernelError("The exercise's own cells end the process, or do not end.")
        return found

    def start(self) -> Shell:
        """Return a shell; what another one left is gone."""
        self._number += 1
        mine, theirs = socket.socketpair()
        with theirs:
            self.line.send({"do": "fork", "id": self._number}, theirs.fileno())
        try:
            return Shell(self, self._number, mine)
        except BaseException:
            mine.close()
            raise

    def heard(self, number: int) -> bool:
        """Take in what the stem says; return whether the shell of that number has ended."""
        self.alive = self.line.fill() and self.alive
        ended = not self.alive
        while (found := self.line.next()) is not None:
            ended = ended or found.get("ended") == number
        return ended

    def stop(self) -> None:
        """End it: the process, and whoever waits for it, notice that its line is closed."""
        self.alive = False
        with contextlib.suppress(OSError):
            self.line.socket.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """The warm process: a context manager, safe between threads. SandboxError if it does not start.

    `walled`: behind both walls; else a plain process of this user's. The folders in `private` are
    out of sight wherever they lie. Open it in the main thread: it ends with the thread that started
    it.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        workers: int = 1,
        private: Iterable[Path] = (),
        walled: bool = True,
    ) -> None:
        self.limits, self.workers, self.private = limits or Limits(), workers, list(private)
        self.walled, self.stopped = walled, False
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: list[Stem] = []
        self._stems: weakref.WeakSet[Stem] = weakref.WeakSet()
        self._lock, self._group = threading.Lock(), ""
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Sandbox:
        can_wall = platform.system() == "Linux" and shutil.which("bwrap")
        if not hasattr(os, "fork") or (self.walled and not can_wall):
            raise SandboxError(remedy())
        self._told = tempfile.TemporaryFile()
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = self._begun(theirs.fileno())
            self._await()
            with self.stem(()) as first:
                first.start().stop()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begun(self, control: int) -> subprocess.Popen[bytes]:
        """Return the warm process, started."""
        user = NOBODY if os.geteuid() == 0 and self.walled else 0
        settings = {"user": user, "control": control, "walled": self.walled, "scratch": SCRATCH}
        settings |= {"paths": [str(PACKAGE.parent), *sys.path], "modules": MODULES.split()}
        settings["limits"] = asdict(self.limits)
        if self.walled:
            self._group = group_for(self.limits, self.workers)
            start = ["-I", "-c", START, json.dumps(settings)]
            full = command(start, user, self.limits.scratch, self.private)
            # The shell puts itself, and so what it becomes, into the group.
            enter = f'echo $$ >"{self._group}/cgroup.procs" || exit 1; ' if self._group else ""
            full = ["/bin/sh", "-c", f'{enter}exec "$@"', "sh", *full]
            surroundings = None
        else:
            scratch = tempfile.TemporaryDirectory(prefix="belgrade-", ignore_cleanup_errors=True)
            self._scratch = scratch
            settings["scratch"] = scratch.name
            full = [sys.executable, "-c", START_PLAIN, json.dumps(settings)]
            work = {"BELGRADE_WORK": f"{scratch.name}/my_work"}
            surroundings = os.environ | PLAIN | work
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": self._told,
        }
        return subprocess.Popen(full, **streams, pass_fds=[control], env=surroundings)

    def _await(self) -> None:
        """Wait until the warm process has imported everything."""
        self._control.settimeout(START_TIMEOUT_S)
        try:
            ready = self._control.recv(16)
        except (TimeoutError, ConnectionError):
            ready = b""
        if ready != b"ready":
            self._told.seek(0)
            raise SandboxError(remedy(self._told.read()[-2000:].decode("utf-8", "replace")))

    def __exit__(self, *error: Any) -> None:
        with self._lock:
            for stem in self._idle:
                stem.stop()
            self._control.close()
            if self._process:
                self._process.kill()
                self._process.wait()
                self._process = None
            self._told.close()
            leave(self._group)
            if self._scratch:
                self._scratch.cleanup()

    def stop(self) -> None:
        """End everything that runs; any thread may call it. Who waits gets a KernelError."""
        self.stopped = True
        with self._lock:
            for stem in self._stems:
                stem.stop()

    def has_ended(self) -> bool:
        """Tell whether the warm process is gone, and everything with it."""
        return self._process is None or self._process.poll() is not None

    def raise_if_ended(self) -> None:
        """Raise KernelError where the warm process is gone, and everything with it."""
        if self.stopped:
            raise KernelError("The grading was stopped.")
        if self.has_ended():
            raise KernelError("The sandbox has ended.")

    def request(self, stem: Stem, handle: int) -> None:
        """Ask for a stem's process, whose line is `handle`."""
        with self._lock:
            self.raise_if_ended()
            self._stems.add(stem)
            socket.send_fds(self._control, [b"stem"], [handle])

    @contextlib.contextmanager
    def stem(self, cells: Sequence[str]) -> Iterator[Stem]:
        """Give a stem that has run `cells`, for this thread alone; it is kept for the next time."""
        with self._lock:
            fits = [one for one in self._idle if one.cells == tuple(cells)]
            if fits:
                self._idle.remove(fits[0])
        stem = fits[0] if fits else Stem(self, cells)
        try:
            yield stem
        finally:
            with self._lock:
                if stem.alive:
                    self._idle.append(stem)
                while len(self._idle) > STEMS_KEPT * self.workers:
                    self._idle.pop(0).stop()


# Isolated, Python has no folder of its own to import from; afterwards nobody needs this one.
START = """\
import sys
sys.path.insert(0, "/box")
import walls, inside
del sys.path[0]
inside.main()
"""
START_PLAIN = """\
import json, sys
sys.path[:0] = json.loads(sys.argv[1])["paths"][:1]
from belgrade.grading.inside import main
main()
"""
