"""A connection to a kernel in the sandbox that never holds more than it may.

libzmq bounds how large a frame of a message is, but not how many frames a message has: a kernel
could send one that fills the memory of whoever reads it. This end speaks as much of ZeroMQ's
protocol as a client needs: ZMTP 3.0 (https://rfc.zeromq.org/spec/23/) without security, over a
local socket that only this user can reach.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Generator, Iterable

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4
SUBSCRIBE_TO_ALL = b"\x01"
SEND_S = 5  # a kernel that takes nothing in for so long has stopped
CHUNK = 2**18
FRAME_COSTS = 128  # bytes that even an empty frame takes

Reading = Generator[None, None, bytes]


class WireError(Exception):
    """What came is no ZeroMQ, or more than is taken in."""


class Wire:
    """A client's end, of `kind` DEALER or SUB (to everything), at the local socket `path`.

    `handle` is what to wait for; `closed` tells that nothing can come any more: the other end
    closed it, spoke another language or sent a message of more than `largest` bytes. Making one
    raises OSError where nobody listens.
    """

    def __init__(self, path: str, kind: str, largest: int) -> None:
        self.largest, self.closed = largest, False
        self._socket = socket.socket(socket.AF_UNIX)
        self._talk = self._messages()
        ready = b"\x05READY\x0bSocket-Type" + len(kind).to_bytes(4, "big") + kind.encode()
        # What is said before the other end is ready, too, waits until then.
        self._early: bytes | None = _frame(SUBSCRIBE_TO_ALL, last=True) if kind == "SUB" else b""
        try:
            self._socket.settimeout(SEND_S)
            self._socket.connect(path)
            self._socket.sendall(GREETING + bytes([COMMAND, len(ready)]) + ready)
            self._socket.setblocking(False)
        except OSError:
            self.close()
            raise

    @property
    def handle(self) -> int:
        return self._socket.fileno()

    def send(self, frames: Iterable[bytes]) -> None:
        """Send a message; where nobody takes it, the wire is closed."""
        *first, final = frames
        message = b"".join([*(_frame(f, last=False) for f in first), _frame(final, last=True)])
        if self._early is None:
            self._send(message)
        else:
            self._early += message

    def _send(self, message: bytes) -> None:
        try:
            self._socket.settimeout(SEND_S)
            self._socket.sendall(message)
            self._socket.setblocking(False)
        except OSError:
            self.closed = True

    def receive(self) -> list[bytes] | None:
        """Return a message's frames; None where not all of it is there yet, or it is closed."""
        if self.closed:
            return None
        try:
            return next(self._talk)
        except (OSError, WireError):
            self.closed = True
            return None

    def close(self) -> None:
        """Let go of the connection."""
        self.closed = True
        with contextlib.suppress(OSError):
            self._socket.close()

    def _messages(self) -> Generator[list[bytes] | None, None, None]:
        """Yield each message when its last byte is there, and None while one has to wait.

        It never reads beyond a message's end, so that the socket tells whether there is another.
        """
        greeting = yield from self._exactly(len(GREETING))
        if greeting[0] != GREETING[0] or greeting[10] < GREETING[10]:
            raise WireError("no ZMTP 3")
        frames, size = [], 0
        while True:
            flags, length = yield from self._exactly(2)
            if flags & LONG:
                rest = yield from self._exactly(7)
                length = int.from_bytes(bytes([length]) + rest, "big")
            size += length + FRAME_COSTS
            if size > self.largest:
                raise WireError("too large")
            frame = yield from self._exactly(length)
            if flags & COMMAND:
                if self._early is not None:
                    early, self._early = self._early, None
                    self._send(early)
            else:
                frames.append(frame)
                if flags & MORE:
                    continue
                yield frames
                frames = []
            size = sum(map(len, frames))

    def _exactly(self, size: int) -> Reading:
        """Return that many bytes, with a pause (None) wherever they are not there yet."""
        if not size:
            return b""
        parts, left = [], size
        while left:
            try:
                part = self._socket.recv(min(left, CHUNK))
            except BlockingIOError:
                yield None
                continue
            if not part:
                raise WireError("ended")
            parts.append(part)
            left -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _frame(content: bytes, last: bool) -> bytes:
    flags = 0 if last else MORE
    if len(content) < 256:
        return bytes([flags, len(content)]) + content
    return bytes([flags | LONG]) + len(content).to_bytes(8, "big") + content
