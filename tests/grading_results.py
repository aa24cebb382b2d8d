"""Results of a small class as grading makes them, for the tests of tables and pages."""

from __future__ import annotations

import base64
import copy
import struct
import zlib
from typing import Any

EVIL = "</code></pre><script>alert(1)</script><img src=x onerror=alert(2)>"


def png(width: int = 3, height: int = 2) -> bytes:
    """Return a white PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def part(name: str, status: str, points: float, most: float, message: str = "", **more: Any):
    return {
        "part": name, "hidden": False, "status": status, "points": points, "max_points": most,
        "message": message, "seconds": 0.1, **more,
    }  # fmt: skip


def question(name: str, title: str, parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    order = ["error", "not_yet", "close", "not_attempted", "pending", "right"]
    worst = min(parts, key=lambda p: order.index(p["status"]))
    own = [p for p in parts if p["part"] != "written"]
    return {
        "question": name, "title": title, "status": worst["status"],
        "points": sum(p["points"] for p in own), "max_points": sum(p["max_points"] for p in own),
        "pending_points": sum(p["max_points"] for p in parts if p["status"] == "pending"),
        "message": worst["message"], "seconds": 0.25, "parts": parts, "code": "answer = 1\n",
        "written": None, "outputs": [], **more,
    }  # fmt: skip


def result(student: str, name: str, questions: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "student": student, "name": name, "exercise": "03", "file": "03_arms_and_energy.ipynb",
        "state": "graded", "reason": "",
        **{k: sum(q[k] for q in questions) for k in ("points", "max_points", "pending_points")},
        "questions": questions, "notes": [], "seconds": 1.5, "digest": "d", "master": "abc",
        **more,
    }  # fmt: skip


def a_class(ids=("4211", "4212", "4213", "4214")) -> list[dict[str, Any]]:
    """Return results of four students: right and waiting, partly right, nothing, not a notebook."""
    picture = {"kind": "png", "data": base64.b64encode(png()).decode()}
    ana, ben, ceda, eva = ids
    return copy.deepcopy([
        result(ana, "Ana Ilić", [
            question("3.1", "Shares", [part("", "right", 2, 2)]),
            question("3.2", "Chart", [
                part("", "right", 3, 3), part("again", "right", 1, 1, hidden=True)
            ], outputs=[{"kind": "text", "text": "a\nb"}, picture]),
            question("3.6", "Define", [
                part("", "right", 6, 6), part("written", "pending", 0, 3, "Received, 4 words.")
            ], written="A country depends if\n\nmore than half …"),
        ], notes=["The answer cell of 3.1 was missing."]),
        result(ben, "Ben Jones", [
            question("3.1", "Shares", [
                part("", "close", 1.5, 2, "Round to 1 decimal; it costs $5 or $6.")
            ]),
            question("3.2", "Chart", [
                part("", "not_yet", 0, 3, f"You have {EVIL}"),
                part("years", "not_yet", 0, 1, "A further check.", hidden=True),
            ], code=EVIL, outputs=[
                {"kind": "error", "text": f"\x1b[31mNameError\x1b[0m: {EVIL}\ud800"},
                {"kind": "png", "data": base64.b64encode(b"<svg onload=alert(1)>").decode()},
            ]),
            question("3.6", "Define", [
                part("", "error", 0, 6, "NameError"), part("written", "pending", 0, 3, "Received.")
            ], written=f"=HYPERLINK(\"http://example.org\")\n{EVIL}"),
        ]),
        result(ceda, "Čeda Đokić", [
            question("3.1", "Shares", [part("", "not_attempted", 0, 2, "Write your answer.")]),
            question("3.2", "Chart", [
                part("", "not_attempted", 0, 3, "Nothing is drawn."),
                part("years", "not_attempted", 0, 1, "", hidden=True),
            ]),
            question("3.6", "Define", [
                part("", "right", 6, 6), part("written", "not_attempted", 0, 3, "Write it.")
            ], written=""),
        ], file='a,"b"\n=c.ipynb'),
        result(eva, "=1+1 Eva", [], exercise=None, state="failed",
               reason="It is no notebook (.ipynb).", file="@work.pdf", seconds=0, master=""),
    ])  # fmt: skip
