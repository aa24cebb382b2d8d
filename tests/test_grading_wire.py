"""The connection to a kernel in the sandbox: libzmq understands it, and it holds only so much."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from belgrade.grading.wire import Wire

LARGEST = 100_000


@pytest.fixture
def context() -> Iterator[zmq.Context]:
    with zmq.Context() as made:
        yield made
        made.destroy(linger=0)


def bound(context: zmq.Context, kind: int, path: Path) -> zmq.Socket:
    made = context.socket(kind)
    made.bind(f"ipc://{path}")
    return made


def awaited(wire: Wire, seconds: float = 5) -> Any:
    """Return the next message, or None once the wire is closed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not wire.closed:
        if (frames := wire.receive()) is not None:
            return frames
        time.sleep(0.005)
    assert wire.closed, "nothing came"
    return None


def test_requests_and_replies_of_every_size_pass(context: zmq.Context, tmp_path: Path) -> None:
    server = bound(context, zmq.ROUTER, tmp_path / "k")
    wire = Wire(str(tmp_path / "k"), "DEALER", LARGEST)
    sizes = [0, 1, 255, 256, 70_000]
    wire.send([bytes(n) for n in sizes])  # before the other end is ready
    assert wire.receive() is None or wire.closed
    for _ in range(2):
        for _ in range(200):
            wire.receive()
            if server.poll(20):
                break
        who, *frames = server.recv_multipart()
        assert [len(f) for f in frames] == sizes
        server.send_multipart([who, *frames])
        server.send_multipart([who, b"next"])
        assert [len(f) for f in awaited(wire)] == sizes
        assert awaited(wire) == [b"next"]
        wire.send([bytes(n) for n in sizes])
    wire.close()


def test_more_than_it_may_hold_closes_it(context: zmq.Context, tmp_path: Path) -> None:
    for number, frames in enumerate(
        ([bytes(LARGEST + 1)], [bytes(1000)] * 101, [b""] * 1000, [b"x"] * 1000)
    ):
        path = tmp_path / str(number)
        server = bound(context, zmq.XPUB, path)
        wire = Wire(str(path), "SUB", LARGEST)
        while not server.poll(10):
            assert wire.receive() is None
        assert server.recv() == b"\x01"
        server.send_multipart([bytes(LARGEST // 2)])
        assert awaited(wire) == [bytes(LARGEST // 2)]
        server.send_multipart(frames)
        assert awaited(wire) is None
        wire.close()


@pytest.mark.parametrize("words", [b"HTTP/1.1 200 OK\r\n" + b" " * 80, b"\xff" + bytes(80), b""])
def test_another_language_or_silence_closes_it(words: bytes, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "k"))
        server.listen()
        wire = Wire(str(tmp_path / "k"), "DEALER", LARGEST)
        other, _ = server.accept()
        with other:
            other.sendall(words)
        assert awaited(wire) is None
    with pytest.raises(OSError):
        Wire(str(tmp_path / "k"), "DEALER", LARGEST)
