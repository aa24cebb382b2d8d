"""One fork server in bubblewrap, and what it forks; or the same as a plain process."""

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
from belgrade.grading.bubblewrap import ENVIRONMENT, PACKAGE, command
from belgrade.grading.cgroup import group_for, leave
from belgrade.grading.forkserver import CHUNK, MOST_LINE, MOST_SHOWN, SCRATCH
from belgrade.grading.remedies import remedy

NOBODY = 65534
START_TIMEOUT_S = 120
SETUP_TIMEOUT_S = 60
FLOOD = f"OutputError: more than {MOST_SHOWN // 10**6} MB of output"
# So many processes of exercises' own cells are kept for a worker.
SETUP_PROCESSES_KEPT = 4
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
class CellResult:
    """What came of a cell, as its process reports it: nothing in it can be trusted but its size.

    `timed_out`: over its time, and interrupted; `died`: the process ended.
    """

    shown: Any = field(default_factory=list)
    answer: Any = None
    error: str | None = None
    notes: Any = field(default_factory=list)
    timed_out: bool = False
    died: bool = False


class _Connection:
    """Lines of JSON to and from a process. What comes after a request is bounded."""

    def __init__(self, end: socket.socket) -> None:
        self.socket, self._buffer, self._searched, self.room = end, bytearray(), 0, MOST_LINE
        end.settimeout(SETUP_TIMEOUT_S)

    def send(self, message: dict[str, Any], fd: int | None = None) -> None:
        """Send a line, with a file descriptor if given. Who takes none is found dead on reading."""
        content, self.room = json.dumps(message).encode("ascii") + b"\n", 2 * MOST_LINE
        with contextlib.suppress(OSError):
            if fd is not None:
                content = content[socket.send_fds(self.socket, [content], [fd]) :]
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


class QuestionProcess:
    """A process forked from a setup process, for one question: give it cells one by one."""

    def __init__(self, setup: SetupProcess, number: int, end: socket.socket) -> None:
        self._setup, self._number, self._connection = setup, number, _Connection(end)
        self._asked, self._ended = 0, False
        found = self._await(time.monotonic() + SETUP_TIMEOUT_S)
        if found is None or "failed" in found:
            setup.sandbox.raise_if_ended()
            raise SandboxError(remedy(str((found or {}).get("failed", "no answer"))))

    def run(
        self, code: str, seconds: float, spec: str = "", quiet: bool = False, grace: float = 3
    ) -> CellResult:
        """Return what came of a cell that had so many seconds, and `grace` after an interrupt.

        `spec`: JSON of a check's spec, for a cell that calls `check`. `quiet`: displays do not
        matter. After a cell that `died` there is nothing more to run. Raises KernelError where the
        sandbox ended.
        """
        self._asked += 1
        self._connection.send({"id": self._asked, "code": code, "spec": spec, "quiet": quiet})
        reply, timeout = self._await(time.monotonic() + seconds), ""
        if reply is None and not self._ended:
            timeout = f"TimeoutError: longer than {seconds:g} s"
            self._setup.connection.send({"do": "interrupt"})
            reply = self._await(time.monotonic() + grace)
        if reply is None:
            self._setup.sandbox.raise_if_ended()
            ended = timeout or ("the kernel died" if self._connection.room > 0 else FLOOD)
            return CellResult(error=ended, timed_out=bool(timeout), died=True)
        error = timeout or (str(reply["error"]) if reply.get("error") else None)
        content: dict[str, Any] = {name: reply.get(name) for name in ("shown", "answer", "notes")}
        return CellResult(**content, error=error, timed_out=bool(timeout))

    def _await(self, end: float) -> dict[str, Any] | None:
        """Return the reply to the last request; None if it is late, or will not come."""
        poll = select.poll()
        for connection in (self._connection, self._setup.connection):
            poll.register(connection.socket, select.POLLIN)
        own = self._connection.socket.fileno()
        while True:
            while (found := self._connection.next()) is not None:
                if found.get("id") == self._asked or (self._asked == 0 and "failed" in found):
                    return found
            left = end - time.monotonic()
            if left <= 0 or self._ended:
                return None
            for fd, _ in poll.poll(1000 * left + 1):
                if fd == own:
                    self._ended = not self._connection.fill() or self._ended
                elif self._setup.heard(self._number):
                    self._ended = True

    def stop(self) -> None:
        """End it and all that it started."""
        self._setup.connection.send({"do": "end"})
        self._connection.socket.close()


class SetupProcess:
    """A process that has run an exercise's own cells, and from which question processes are forked.

    `faults` are the errors of those cells, None where there was none. Raises KernelError where one
    of them does not end, SandboxError where it cannot be isolated.
    """

    def __init__(self, sandbox: Sandbox, cells: Sequence[str]) -> None:
        self.sandbox, self.cells, self._number, self.alive = sandbox, tuple(cells), 0, True
        mine, theirs = socket.socketpair()
        self.connection = _Connection(mine)
        with theirs:
            sandbox.request(self, theirs.fileno())
        self.faults = [self._run(code).get("error") for code in self.cells]

    def _run(self, code: str) -> dict[str, Any]:
        self._number += 1
        self.connection.send({"do": "run", "id": self._number, "code": code})
        while (found := self.connection.next()) is None or found.get("id") != self._number:
            if found and "failed" in found:
                raise SandboxError(remedy(found["failed"]))
            if found is None and not self.connection.fill():
                self.sandbox.raise_if_ended()
                raise KernelError("The exercise's own cells end the process, or do not end.")
        return found

    def fork(self) -> QuestionProcess:
        """Return a question process; what another one left is gone."""
        self._number += 1
        mine, theirs = socket.socketpair()
        with theirs:
            self.connection.send({"do": "fork", "id": self._number}, theirs.fileno())
        try:
            return QuestionProcess(self, self._number, mine)
        except BaseException:
            mine.close()
            raise

    def heard(self, number: int) -> bool:
        """Take in what the process says; return whether the fork of that number has ended."""
        self.alive = self.connection.fill() and self.alive
        ended = not self.alive
        while (found := self.connection.next()) is not None:
            ended = ended or found.get("ended") == number
        return ended

    def stop(self) -> None:
        """End it: the process, and whoever waits for it, notice that its connection is closed."""
        self.alive = False
        with contextlib.suppress(OSError):
            self.connection.socket.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """The fork server: a context manager, safe between threads. SandboxError if it does not start.

    `isolated`: in bubblewrap and namespaces; else a plain process of this user's. The folders in
    `private` are out of sight wherever they lie. Open it in the main thread: it ends with the
    thread that started it.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        workers: int = 1,
        private: Iterable[Path] = (),
        isolated: bool = True,
    ) -> None:
        self.limits, self.workers, self.private = limits or Limits(), workers, list(private)
        self.isolated, self.stopped = isolated, False
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: list[SetupProcess] = []
        self._setup_processes: weakref.WeakSet[SetupProcess] = weakref.WeakSet()
        self._lock, self._group = threading.Lock(), ""
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Sandbox:
        can_isolate = platform.system() == "Linux" and shutil.which("bwrap")
        if not hasattr(os, "fork") or (self.isolated and not can_isolate):
            raise SandboxError(remedy())
        self._stderr = tempfile.TemporaryFile()
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = self._start(theirs.fileno())
            self._await()
            with self.setup_process(()) as first:
                first.fork().stop()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, control: int) -> subprocess.Popen[bytes]:
        """Start the fork server and return it."""
        user = NOBODY if os.geteuid() == 0 and self.isolated else 0
        settings = {"user": user, "control": control, "isolated": self.isolated, "scratch": SCRATCH}
        settings |= {"paths": [str(PACKAGE.parent), *sys.path], "modules": MODULES.split()}
        settings["limits"] = asdict(self.limits)
        if self.isolated:
            self._group = group_for(self.limits, self.workers)
            start = ["-I", "-c", START, json.dumps(settings)]
            full = command(start, user, self.limits.scratch, self.private)
            # /bin/sh puts itself, and so what it becomes, into the group.
            enter = f'echo $$ >"{self._group}/cgroup.procs" || exit 1; ' if self._group else ""
            full = ["/bin/sh", "-c", f'{enter}exec "$@"', "sh", *full]
            surroundings = None
        else:
            scratch = tempfile.TemporaryDirectory(prefix="belgrade-", ignore_cleanup_errors=True)
            self._scratch = scratch
            settings["scratch"] = scratch.name
            full = [sys.executable, "-c", START_PLAIN, json.dumps(settings)]
            work = {"BELGRADE_WORK": f"{scratch.name}/my_work"}
            surroundings = os.environ | ENVIRONMENT | work
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": self._stderr,
        }
        return subprocess.Popen(full, **streams, pass_fds=[control], env=surroundings)

    def _await(self) -> None:
        """Wait until the fork server has imported everything."""
        self._control.settimeout(START_TIMEOUT_S)
        try:
            ready = self._control.recv(16)
        except (TimeoutError, ConnectionError):
            ready = b""
        if ready != b"ready":
            self._stderr.seek(0)
            raise SandboxError(remedy(self._stderr.read()[-2000:].decode("utf-8", "replace")))

    def __exit__(self, *error: Any) -> None:
        with self._lock:
            for setup in self._idle:
                setup.stop()
            self._control.close()
            if self._process:
                self._process.kill()
                self._process.wait()
                self._process = None
            self._stderr.close()
            leave(self._group)
            if self._scratch:
                self._scratch.cleanup()

    def stop(self) -> None:
        """End everything that runs; any thread may call it. Who waits gets a KernelError."""
        self.stopped = True
        with self._lock:
            for setup in self._setup_processes:
                setup.stop()

    def has_ended(self) -> bool:
        """Tell whether the fork server is gone, and everything with it."""
        return self._process is None or self._process.poll() is not None

    def raise_if_ended(self) -> None:
        """Raise KernelError where the fork server is gone, and everything with it."""
        if self.stopped:
            raise KernelError("The grading was stopped.")
        if self.has_ended():
            raise KernelError("The sandbox has ended.")

    def request(self, setup: SetupProcess, fd: int) -> None:
        """Ask for a setup process, whose end of the connection is `fd`."""
        with self._lock:
            self.raise_if_ended()
            self._setup_processes.add(setup)
            socket.send_fds(self._control, [b"fork"], [fd])

    @contextlib.contextmanager
    def setup_process(self, cells: Sequence[str]) -> Iterator[SetupProcess]:
        """Give a process that has run `cells` to this thread alone; keep it for the next time."""
        with self._lock:
            fits = [one for one in self._idle if one.cells == tuple(cells)]
            if fits:
                self._idle.remove(fits[0])
        setup = fits[0] if fits else SetupProcess(self, cells)
        try:
            yield setup
        finally:
            with self._lock:
                if setup.alive:
                    self._idle.append(setup)
                while len(self._idle) > SETUP_PROCESSES_KEPT * self.workers:
                    self._idle.pop(0).stop()


# Isolated, Python has no folder of its own to import from; afterwards nobody needs this one.
START = """\
import sys
sys.path.insert(0, "/box")
import isolation, forkserver
del sys.path[0]
forkserver.main()
"""
START_PLAIN = """\
import json, sys
sys.path[:0] = json.loads(sys.argv[1])["paths"][:1]
from belgrade.grading.forkserver import main
main()
"""
