"""Results of a small class as grading makes them, for the tests of tables and pages."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image

EVIL = "</code></pre><script>alert(1)</script><img src=x onerror=alert(2)>"


def png(width: int = 3, height: int = 2) -> bytes:
    """Return a white PNG."""
    buffer = io.BytesIO()
    Image.new("L", (width, height), 255).save(buffer, "PNG")
    return buffer.getvalue()


def part(name: str, status: str, points: float, most: float, message: str = "", **more: Any):
    judged = {"part": name, "hidden": False, "status": status, "message": message}
    return judged | {"points": points, "max_points": most, "seconds": 0.1} | more


def question(name: str, title: str, parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    order = ["error", "not_yet", "close", "not_attempted", "pending", "right"]
    worst = min(parts, key=lambda p: order.index(p["status"]))
    own = [p for p in parts if p["part"] != "written"]
    waiting = sum(p["max_points"] for p in parts if p["status"] == "pending")
    judged = {"question": name, "title": title, "parts": parts, "pending_points": waiting}
    judged |= {each: sum(p[each] for p in own) for each in ("points", "max_points")}
    judged |= {each: worst[each] for each in ("status", "message")}
    return judged | {"seconds": 0.25, "code": "answer = 1\n", "written": None, "outputs": []} | more


def answered(codes: dict[str, str], before: str = "") -> list[dict[str, Any]]:
    """Return questions answered right with this code, each below what is `before` it."""
    return [
        question(name, "", [part("", "right", 1, 1)], code=before + code)
        for name, code in codes.items()
    ]


def result(student: str, name: str, questions: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    graded = {"student": student, "name": name, "questions": questions, "state": "graded"}
    graded |= {k: sum(q[k] for q in questions) for k in ("points", "max_points", "pending_points")}
    graded |= {"exercise": "03", "file": "03_arms_and_energy.ipynb", "reason": "", "notes": []}
    return graded | {"seconds": 1.5, "digest": "d", "master": "abc"} | more


# Whose, question, part, status, points of how many, what is said; some parts are hidden.
PARTS = f"""\
Ana  | 3.1 |         | right         | 2   | 2 |
Ana  | 3.2 |         | right         | 3   | 3 |
Ana  | 3.2 | again   | right         | 1   | 1 |
Ana  | 3.6 |         | right         | 6   | 6 |
Ana  | 3.6 | written | pending       | 0   | 3 | Received, 4 words.
Ben  | 3.1 |         | close         | 1.5 | 2 | Round to 1 decimal; it costs $5 or $6.
Ben  | 3.2 |         | not_yet       | 0   | 3 | You have {EVIL}
Ben  | 3.2 | years   | not_yet       | 0   | 1 | A further check.
Ben  | 3.6 |         | error         | 0   | 6 | NameError
Ben  | 3.6 | written | pending       | 0   | 3 | Received.
Čeda | 3.1 |         | not_attempted | 0   | 2 | Write your answer.
Čeda | 3.2 |         | not_attempted | 0   | 3 | Nothing is drawn.
Čeda | 3.2 | years   | not_attempted | 0   | 1 |
Čeda | 3.6 |         | right         | 6   | 6 |
Čeda | 3.6 | written | not_attempted | 0   | 3 | Write it."""


def questions_of(who: str, chart: dict[str, Any], written: str) -> list[dict[str, Any]]:
    """Return somebody's three questions; `chart` is what the second has besides its parts."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for line in PARTS.splitlines():
        whose, asked, name, status, points, most, said = map(str.strip, line.split("|"))
        if whose == who:
            more = {"hidden": True} if name in ("again", "years") else {}
            judged = part(name, status, json.loads(points), int(most), said, **more)
            parts.setdefault(asked, []).append(judged)
    return [
        question("3.1", "Shares", parts["3.1"]),
        question("3.2", "Chart", parts["3.2"], **chart),
        question("3.6", "Define", parts["3.6"], written=written),
    ]


def a_class(ids=("4211", "4212", "4213", "4214")) -> list[dict[str, Any]]:
    """Return results of four students: right and waiting, partly right, nothing, not a notebook."""
    ana, ben, ceda, eva = ids
    drawn = [{"kind": "text", "text": "a\nb"}]
    drawn += [{"kind": "png", "data": base64.b64encode(png()).decode()}]
    forged = [{"kind": "error", "text": f"\x1b[31mNameError\x1b[0m: {EVIL}\ud800"}]
    forged += [{"kind": "png", "data": base64.b64encode(b"<svg onload=alert(1)>").decode()}]
    define, evil = "A country depends if\n\nmore than half …", {"code": EVIL, "outputs": forged}
    anas = questions_of("Ana", {"outputs": drawn}, define)
    bens = questions_of("Ben", evil, f'=HYPERLINK("http://example.org")\n{EVIL}')
    cedas = questions_of("Čeda", {}, "")
    no_notebook = {"exercise": None, "state": "failed", "reason": "It is no notebook (.ipynb)."}
    no_notebook |= {"file": "@work.pdf", "seconds": 0, "master": ""}
    return [
        result(ana, "Ana Ilić", anas, notes=["The answer cell of 3.1 was missing."]),
        result(ben, "Ben Jones", bens),
        result(ceda, "Čeda Đokić", cedas, file='a,"b"\n=c.ipynb'),
        result(eva, "=1+1 Eva", [], **no_notebook),
    ]
