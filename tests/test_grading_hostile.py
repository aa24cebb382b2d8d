"""Submissions that are broken or mean harm: each gets its row, costs only what it broke, and
leaves everything else as it was. One class of them is graded once, in the sandbox.
"""

from __future__ import annotations

import copy
import json
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
import pandas as pd
import pytest
from hostile_answers import COSTS_ITS_OWN, COSTS_NOTHING, HANDLES
from nbformat.v4 import new_code_cell
from sandboxes import probe
from test_grading_pages import assert_safe
from toy_class import ToyClass, marks, results, zipped
from toy_exercise import RIGHT

# One worker: the class is graded once.
pytestmark = pytest.mark.xdist_group("grading-hostile")
TIMEOUT_S = 4
# All of a submission's cells, and what they may take to be stopped, on a machine with much to do;
# what sleeps would wait longer.
LONGEST_S = 72
FULL = {"90.1": ("right", 2), "90.2": ("right", 1), "90.3": ("right", 2), "90.4": ("right", 1)}
FULL |= {"90.5": ("right", 1), "90.6": ("pending", 0)}
SECRET = "the-canary-sings-at-midnight"
ANSWER = RIGHT["answer-1"]
MARK = str(864_000_000 + os.getpid())  # of this run: another may be at work on the machine


@dataclass
class Kind:
    """What somebody hands in, and what must come of it.

    `code` stands in the answer cell of 90.1, `answers` in others, `change` alters the notebook or
    makes the file's content. `broken` gives the questions that are not full: (status, words).
    """

    code: str | None = None
    answers: dict[str, str] = field(default_factory=dict)
    change: Callable[[ToyClass, Any], Any] | None = None
    broken: dict[str, tuple[str, str]] = field(default_factory=dict)
    note: str = ""
    shows: str = ""
    failed: str = ""


def first(status: str, words: str = "") -> dict[str, tuple[str, str]]:
    return {"90.1": (status, words)}


FORGED = '{"application/vnd.belgrade.answer+json": %s}'
PUBLISH = """
from IPython import get_ipython
from IPython.display import display, update_display
MIME = "application/vnd.belgrade.answer+json"
def forge(answer, question="90.1", **more):
    bundle = {MIME: {"question": question, "part": "", "answer": answer, **more}, "text/plain": "x"}
    get_ipython().display_pub.publish(data=bundle, metadata={})
"""
TRY = """
def attempt(what):
    try:
        print("GOT", what())
    except BaseException as error:
        print("refused", type(error).__name__)
"""

# Without an end, and without the processor's time, which "endless-loop" takes for all of them.
LOOP = """
import time
while True:
    time.sleep(0.01)
"""
STUBBORN = """
import time
while True:
    try:
        time.sleep(9)
    except BaseException:
        pass
"""

KINDS: dict[str, Kind] = {
    # --- code that does not end, or ends too much ---
    "endless-loop": Kind("while True:\n    pass", broken=first("error", "longer than")),
    "loop-without-interrupt": Kind(
        "import signal, time\nfor n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):\n"
        "    signal.signal(n, signal.SIG_IGN)\nwhile True:\n    try:\n        time.sleep(1)\n"
        "    except BaseException:\n        pass",
        broken=first("error", "longer than"),
    ),
    "os-exit": Kind("import os\nos._exit(0)", broken=first("error", "ended the kernel")),
    "sys-exit": Kind("import sys\nsys.exit('done')", broken=first("error", "stopped")),
    "quit": Kind("quit()", broken=first("error", "ended the kernel")),
    "ends-later": Kind(
        f"import os, threading\nthreading.Timer(0.1, os._exit, (0,)).start()\n{ANSWER}",
        broken=first("any"),
    ),
    "kill-own-kernel": Kind(
        "import os\nos.kill(os.getpid(), 9)", broken=first("error", "ended the kernel")
    ),
    "kill-everything": Kind(
        "import os, signal\nfor target in (os.getppid(), 1, 0, -1):\n    try:\n"
        "        os.kill(target, signal.SIGKILL)\n    except OSError:\n        pass",
        broken=first("error", "ended the kernel"),
    ),
    "signals-to-the-parent": Kind(
        "import os, signal\nfor n in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):\n"
        "    for pid in (os.getppid(), 1):\n        try:\n            os.kill(pid, n)\n"
        "        except OSError:\n            pass\n" + ANSWER
    ),
    "deep-recursion": Kind(
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(n):\n    return f(n + 1) + f(n)\nf(0)",
        broken=first("error"),
    ),
    "crash": Kind("import ctypes\nctypes.string_at(0)", broken=first("error", "ended the kernel")),
    "closed-files": Kind(
        "import os\nos.closerange(3, 4096)", broken=first("error", "ended the kernel")
    ),
    "input": Kind("per_million = float(input('?'))", broken=first("error", "input() cannot ask")),
    # --- too much of something ---
    "fork-bomb": Kind("import os\nwhile True:\n    os.fork()", broken=first("error")),
    "forks-that-sleep": Kind(
        "import os, time\nwhile True:\n    try:\n        if os.fork() == 0:\n"
        "            time.sleep(10**6)\n    except OSError:\n        break\n" + ANSWER
    ),
    "thread-bomb": Kind(
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(10**6,)).start()",
        broken=first("error"),
    ),
    "memory-hog": Kind(
        "hoard = []\nwhile True:\n    hoard.append(bytearray(64 * 2**20))", broken=first("error")
    ),
    "output-flood": Kind(
        "while True:\n    print('x' * 10_000)", broken=first("error", "MB of output")
    ),
    "huge-file": Kind(
        "with open('/tmp/huge', 'wb') as file:\n    for _ in range(2000):\n"
        "        file.write(bytes(2**20))",
        broken=first("error", "stopped"),
    ),
    "many-files": Kind(
        "import itertools\nfor n in itertools.count():\n"
        "    with open(f'/tmp/{n}', 'wb') as file:\n        file.write(bytes(2**20))",
        broken=first("error", "stopped"),
    ),
    "long-error": Kind("raise ValueError('x ' * 10**6)", broken=first("error", "ValueError")),
    "error-that-fails": Kind(
        "class Bad(BaseException):\n    def __str__(self):\n        raise SystemExit\n"
        "    __repr__ = __str__\nraise Bad",
        broken=first("error"),
    ),
    # --- what goes on after its cell ---
    "thread-that-stays": Kind(
        "import threading, time\ndef talk():\n    while True:\n        print('still here')\n"
        f"        time.sleep(0.05)\nthreading.Thread(target=talk).start()\n{ANSWER}"
    ),
    "process-that-stays": Kind(
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', "
        "'import os, time; os.setsid(); os.fork(); time.sleep(@mark@)'], start_new_session=True)\n"
        + ANSWER
    ),
    # --- what is not theirs to read, write or reach ---
    "reads-keys": Kind(
        f"import os\nfrom pathlib import Path\n{TRY}\n"
        "attempt(lambda: Path(r'@keys@/90_toy.ipynb').read_text())\n"
        "attempt(lambda: os.listdir(r'@keys@'))\n"
        "attempt(lambda: Path(r'@root@/exercises/keys/01_the_puzzle.ipynb').read_text())\n"
        "from belgrade.checks.compiled import read_compiled\nattempt(lambda: read_compiled('01'))\n"
        "import belgrade\nattempt(lambda: __import__('belgrade.authoring.build'))\n"
        "attempt(lambda: __import__('belgrade.grading.master'))\n" + ANSWER
    ),
    "reads-grades": Kind(
        f"import os\nfrom pathlib import Path\n{TRY}\nfor place in (r'@out@', r'@in@'):\n"
        "    attempt(lambda: [p.read_bytes() for p in Path(place).rglob('*.json')][0])\n"
        "    attempt(lambda: next(Path(place).rglob('*.ipynb')).read_text())\n" + ANSWER
    ),
    "reads-home-and-environment": Kind(
        f"import os, pwd\nfrom pathlib import Path\n{TRY}\n"
        "attempt(lambda: Path(r'@home@/canary.txt').read_text())\n"
        "attempt(lambda: [str(p) for p in Path.home().rglob('*canary*')][0])\n"
        "attempt(lambda: os.environ['BELGRADE_CANARY'])\n"
        "attempt(lambda: Path('/etc/shadow').read_text())\n"
        "attempt(lambda: Path('/proc/1/environ').read_bytes())\n"
        "attempt(lambda: Path('/proc/self/mountinfo').read_text())\n"
        "print([k for k in os.environ if 'CANARY' in k])\n" + ANSWER
    ),
    "network": Kind(
        f"import socket\n{TRY}\n"
        "attempt(lambda: socket.create_connection(('127.0.0.1', @port@), 1))\n"
        "attempt(lambda: socket.create_connection(('1.1.1.1', 53), 1))\n"
        "attempt(lambda: socket.getaddrinfo('example.org', 80))\n"
        "def abstract():\n    one = socket.socket(socket.AF_UNIX)\n"
        "    one.connect('\\0@hidden@')\nattempt(abstract)\n" + ANSWER
    ),
    "writes-outside": Kind(
        f"import os, shutil\nfrom pathlib import Path\nimport belgrade\n{TRY}\n"
        "for place in (r'@keys@', r'@out@', r'@in@', r'@home@', r'@root@', '/etc', '/usr',\n"
        "              '/dev', Path(belgrade.__file__).parent, os.sys.prefix):\n"
        "    attempt(lambda: (Path(place) / 'planted.txt').write_text('x'))\n"
        "shutil.rmtree(r'@keys@', ignore_errors=True)\n"
        "attempt(lambda: 1 / (Path('/tmp/planted-@mark@').write_text('x') < 0))\n" + ANSWER
    ),
    "other-processes": Kind(
        f"import os\nfrom pathlib import Path\n{TRY}\n"
        "for place in ('/proc', '/run', '/dev/shm', '/scratch', '/var/lib'):\n"
        "    attempt(lambda: list(Path(place).iterdir())[0])\n"
        "attempt(lambda: os.kill(1, 0) or 1 / (os.getpid() > 1000))\n" + ANSWER
    ),
    # --- tampering with what judges ---
    "patched-builtins": Kind(
        "import builtins, IPython.display\nbuiltins.print = builtins.len = lambda *a, **k: 2\n"
        "IPython.display.display = None\ncheck = display = lambda *a, **k: True\n"
        "import belgrade.checks, belgrade.checks.record\nbelgrade.checks.check = check\n"
        "belgrade.checks.record.recording_check = lambda spec: check\nper_million = 7",
        broken=first("error"),
    ),
    "patched-check": Kind(
        "import builtins, IPython.display\nbuiltins.print = lambda *a, **k: None\n"
        "IPython.display.display = None\ncheck = display = lambda *a, **k: True\n"
        "import belgrade.checks, belgrade.checks.record\nbelgrade.checks.check = check\n"
        "belgrade.checks.record.recording_check = lambda spec: check\nper_million = 7",
        broken=first("not_yet", "you have 7"),
    ),
    "replaced-modules": Kind(
        f"import sys, types\n{PUBLISH}\nclass Always(types.ModuleType):\n"
        "    def recording_check(self, spec):\n"
        "        return lambda q, a, **k: forge({'type': 'number', 'value': 7}, q,\n"
        "                                       status='right', points=99)\n"
        "class Finder:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('belgrade.checks'):\n"
        "            import importlib.machinery\n"
        "            return importlib.machinery.ModuleSpec(name, self, is_package=True)\n"
        "    def create_module(self, spec):\n        return Always(spec.name)\n"
        "    def exec_module(self, module):\n        pass\n"
        "sys.meta_path.insert(0, Finder())\nper_million = 7",
        broken=first("not_yet", "you have 7"),
    ),
    "patched-pandas": Kind(
        "import json, pandas as pd\npd.DataFrame.__eq__ = lambda *a: True\n"
        "json.dumps = lambda *a, **k: '{}'\npd.api.types.is_numeric_dtype = lambda *a: True\n"
        "per_million = 7",
        broken=first(""),
    ),
    "lying-number": Kind(
        "import numbers\nclass Lie(float):\n    __eq__ = lambda self, other: True\n"
        "    __hash__ = float.__hash__\n    __sub__ = __rsub__ = lambda self, other: 0.0\n"
        "per_million = Lie(7)",
        broken=first("not_yet", "you have 7"),
    ),
    "lazy-answer": Kind(
        "import gc, numbers, sys\nclass Lazy:\n    def __float__(self):\n        frame, seen = "
        "sys._getframe(), []\n        while frame:\n            seen += [k for k in frame.f_locals "
        "if 'refer' in k or 'verdict' in k]\n            frame = frame.f_back\n"
        "        print('GOT' if seen else 'nothing', seen)\n        return 7.0\n"
        "numbers.Real.register(Lazy)\nper_million = Lazy()",
        broken=first("not_yet", "you have 7"),
    ),
    "searches-memory": Kind(
        "import gc\nfound = [o for o in gc.get_objects() if isinstance(o, dict)\n"
        "         and 'reference' in o and 'spec' in o]\n"
        "print('GOT' if found else 'nothing', found[:1])\n"
        "print([line for line in In if 'SOLUTION' in line])\n" + ANSWER,
        shows="nothing",
    ),
    "calls-the-answer-right": Kind(
        f"{PUBLISH}\nforge({{'type': 'number', 'value': 1.58}}, status='right', points=99)",
        broken=first("error", "There is no per_million"),
    ),
    "forges-from-a-hook": Kind(
        f"{PUBLISH}\ndef after(*a):\n    for n in range(1, 7):\n"
        "        forge('right', f'90.{n}', status='right', points=99, max_points=1)\n"
        "get_ipython().events.register('post_run_cell', after)\n"
        "import atexit, threading\natexit.register(after)\nper_million = 7",
        broken=first(""),
    ),
    "forges-nonsense": Kind(
        f"{PUBLISH}\nanswers = [{{}}, {{'type': []}}, {{'type': 'table'}}, {{'type': 'number', "
        "'value': 10**400}, {'type': 'list', 'items': [[]] * 9}, {'type': 'chart', 'axes': 5}]\n"
        "def after(*a):\n    for n, answer in enumerate(answers, 1):\n"
        "        forge(answer, f'90.{n}')\n"
        "get_ipython().events.register('post_run_cell', after)\nper_million = 7",
        broken=first(""),
    ),
    "forges-too-much": Kind(
        f"{PUBLISH}\ndeep = []\nfor _ in range(300):\n    deep = [deep]\n"
        "huge = {'type': 'table', 'columns': ['donor', 'planes'], 'dtypes': ['text', 'number'],\n"
        "        'rows': [['a', 1]] * 200_000, 'count': 200_000}\n"
        "def after(*a):\n    forge({'type': 'number', 'value': deep})\n    forge(huge, '90.2')\n"
        "get_ipython().events.register('post_run_cell', after)\nper_million = 7",
        broken=first("error"),
    ),
    "resets-the-shell": Kind(
        "get_ipython().reset(new_session=True)\nget_ipython().user_ns.clear()",
        broken=first("error"),
    ),
    "markers-and-magics": Kind(
        f"# NBVAL_SKIP\n%%capture shown\n# NBVAL_IGNORE_OUTPUT\n{ANSWER}",
        broken=first("error", ""),
        note="Markers for nbval",
    ),
    # --- pages and tables ---
    "scripts-in-everything": Kind(
        "from IPython.display import HTML, Javascript, Markdown, SVG, display\n"
        "print('<script>alert(1)</script>')\ndisplay(HTML('<script>alert(2)</script>'))\n"
        "display(Javascript('alert(3)'), Markdown('[x](javascript:alert(4))'))\n"
        "display({'image/png': '\"><script>alert(5)</script>'}, raw=True)\n"
        "raise ValueError('<img src=x onerror=alert(6)>')",
        answers={"w-6": "<script>alert(7)</script> <img src=x onerror=alert(8)> [a](javascript:b)"},
        broken=first("error", "<img src=x"),
    ),
}

CHART = """
n = 19
one = {"mark": "line", "label": "", "x": [float(i) for i in range(n)], "y": [1.0] * n}
short = one | {"x": [1, 1], "y": [2, 2]}
empty = {"title": "t", "xlabel": "x", "ylabel": "y", "legend": []}
def chart(axes):
    return {"type": "chart", "axes": axes}
def table(wide, long):
    columns, kinds = ["donor"] + ["c"] * wide, ["text"] + ["number"] * wide
    rows = [["x"] + [0.5] * wide] * long
    return {"type": "table", "columns": columns, "dtypes": kinds, "rows": rows, "count": long}
"""


def slow(number: int, big: str, status: str = "error", words: str = "too large") -> Kind:
    """Return a kind whose answer to 90.`number` is forged, `big` and slow to judge."""
    forged = (
        f"{PUBLISH}{CHART}big = {big}\n"
        f"get_ipython().events.register('post_run_cell', lambda *a: forge(big, '90.{number}'))\n"
        "by_donor = flights\nax = flights.plot()"
    )
    return Kind(answers={f"answer-{number}": forged}, broken={f"90.{number}": (status, words)})


OTHERS = {
    "slow-to-judge-many-series": slow(4, "chart([empty | {'series': [one] * 20000}])", words=""),
    "slow-to-judge-many-axes": slow(4, "chart([empty | {'series': [one]}] * 25000)"),
    "slow-to-judge-table": slow(2, "table(60, 5000)"),
    "slow-within-bounds": slow(4, "chart([empty | {'series': [short] * 6000}])", "", ""),
    "slow-within-bounds-table": slow(2, "table(8, 5000)", "", ""),
    "function-without-end": Kind(
        answers={"answer-3": "def share_pct(part, whole):\n    while True:\n        pass"},
        broken={"90.3": ("error", "longer than")},
    ),
    "function-that-calls-itself": Kind(
        answers={"answer-3": "def share_pct(part, whole):\n    return share_pct(whole, part)"},
        broken={"90.3": ("", "")},
    ),
    "function-that-floods": Kind(
        answers={
            "answer-3": "def share_pct(part, whole):\n    while True:\n        print('x' * 9999)"
        },
        broken={"90.3": ("", "")},
    ),
    "three-loops": Kind(
        LOOP,
        answers=dict.fromkeys(["answer-2", "answer-3"], LOOP),
        broken=dict.fromkeys(["90.1", "90.2", "90.3"], ("error", "longer than")),
    ),
    "stubborn-loops": Kind(
        STUBBORN,
        answers=dict.fromkeys(["answer-2", "answer-5"], STUBBORN),
        broken=dict.fromkeys(["90.1", "90.2", "90.5"], ("error", "longer than")),
    ),
    "needs-what-ends": Kind(
        "import os\nos._exit(0)\nper_million = 1",
        answers={"answer-2": "uses = per_million\n" + RIGHT["answer-2"]},
        broken={"90.1": ("error", "ended the kernel"), "90.2": ("error", "no per_million")},
    ),
}
KINDS |= {name: Kind(f"{HANDLES}\n{code}\n{ANSWER}") for name, code in COSTS_NOTHING.items()}
KINDS |= {
    name: Kind(f"{HANDLES}\n{code.replace('@answer@', ANSWER)}", broken=first(status, words))
    for (status, words), codes in COSTS_ITS_OWN.items()
    for name, code in codes.items()
}
KINDS |= OTHERS


def edit(**changes: Any) -> Callable[[ToyClass, Any], Any]:
    def change(_: ToyClass, notebook: Any) -> Any:
        notebook.update(changes)
        return notebook

    return change


def twice_the_same_ids(_: ToyClass, notebook: Any) -> str:
    for cell in notebook.cells:
        cell["id"] = "same"
    return json.dumps(notebook)


def without_ids_and_marks(_: ToyClass, notebook: Any) -> Any:
    for cell in notebook.cells:
        cell.pop("id")
        cell["metadata"] = {}
    return notebook


def another(_: ToyClass, notebook: Any) -> Any:
    notebook = copy.deepcopy(notebook)
    notebook.metadata["belgrade"]["exercise"] = "77"
    return json.dumps(notebook).replace('"90.', '"77.')


def longer(_: ToyClass, notebook: Any) -> Any:
    notebook.cells += [new_code_cell("1") for _ in range(600)]
    return notebook


def odd_metadata(_: ToyClass, notebook: Any) -> str:
    notebook = json.loads(json.dumps(notebook))
    for n, cell in enumerate(notebook["cells"]):
        if cell["id"] not in RIGHT:
            cell["metadata"]["belgrade"] = [None, 7, "x", ["role"], {"role": ["answer"]}][n % 5]
        cell["metadata"]["tags"] = {"spec": 1}
    return json.dumps(notebook)


def hard_to_read(_: ToyClass, notebook: Any) -> Any:
    codes = ["-" * 90_000 + "1", "1" + "+1" * 30_000, "a\0b", "\n" * 90_000, "x = '\ud800'"]
    codes.append("#" * 60_000 + " NBVAL_SKIP")
    notebook.cells += [new_code_cell(code) for code in codes]
    text = json.dumps(notebook)
    return text.encode("utf-8", "surrogatepass")


FILES: dict[str, Kind] = {
    "invalid-json": Kind(change=lambda *_: '{"cells": [', failed="damaged"),
    "no-notebook": Kind(change=lambda *_: "[1, 2]", failed="damaged"),
    "deep-json": Kind(change=lambda *_: "[" * 200_000, failed="damaged"),
    "wrong-nbformat": Kind(change=edit(nbformat=99)),
    "old-nbformat": Kind(change=edit(nbformat=2)),
    "empty": Kind(change=lambda *_: "", failed="empty"),
    "fifty-megabytes": Kind(change=lambda *_: b" " * 50_000_000 + b"{}", failed="MB"),
    "too-many-cells": Kind(change=longer, failed="cells"),
    "wrong-exercise": Kind(change=another, failed="no answer key of exercise 77"),
    "cells-are-text": Kind(change=edit(cells=["a", "b"]), failed="damaged"),
    "no-cells": Kind(
        change=edit(cells=[]),
        note="answer cell of 90.1 was missing",
        broken=dict.fromkeys(
            ["90.1", "90.2", "90.3", "90.4", "90.5", "90.6"], ("not_attempted", "")
        ),
    ),
    "same-ids": Kind(change=twice_the_same_ids),
    "no-ids": Kind(
        change=without_ids_and_marks,
        broken={"90.6": ("", "")},
    ),
    "odd-metadata": Kind(change=odd_metadata),
    "hard-to-read": Kind(change=hard_to_read),
}
STRANGE = {
    "commas": 'Ilić, "Ana"; Jr',
    "newline": "two\nlines",
    "formula": "=1+1",
    "script": "<script>alert(1)<⁄script>",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The class as it was graded: its results, and what was there before and after."""
    if remedy := machine.why_without("sandbox") or probe():
        pytest.skip(machine.reason("sandbox", remedy))
    toy = ToyClass(tmp_path_factory.mktemp("hostile"))
    (toy.home / "canary.txt").write_text(SECRET, encoding="utf-8")
    server = socket.create_server(("127.0.0.1", 0))
    hidden = socket.socket(socket.AF_UNIX)
    name = f"belgrade-canary-{os.getpid()}"
    hidden.bind(f"\0{name}")
    hidden.listen()
    places = {"@keys@": toy.keys, "@out@": toy.out, "@in@": toy.handed_in, "@home@": toy.home}
    places |= {"@port@": server.getsockname()[1], "@hidden@": name}
    places |= {"@root@": Path(__file__).resolve().parent.parent, "@mark@": MARK}
    for name, kind in (KINDS | FILES).items():
        code = kind.code if kind.code is not None else ANSWER
        for mark, place in places.items():
            code = code.replace(mark, str(place))
        notebook = toy.notebook(RIGHT | {"answer-1": code} | kind.answers)
        toy.hand_in(name, kind.change(toy, notebook) if kind.change else notebook)
    solved = json.dumps(toy.notebook(RIGHT)).encode("utf-8")
    for name in STRANGE.values():
        toy.hand_in(name, solved)
    toy.hand_in("two-files", toy.notebook({}))
    second = toy.handed_in / "two-files" / "90_toy-1.ipynb"
    second.write_bytes(solved)
    (toy.handed_in / "program").mkdir()
    (toy.handed_in / "program" / "answers.py").write_text("print(1)", encoding="utf-8")
    for name, target in (
        ("link-to-key", toy.keys / "90_toy.ipynb"),
        ("link-to-shadow", "/etc/shadow"),
    ):
        (toy.handed_in / name).mkdir()
        (toy.handed_in / name / "90_toy.ipynb").symlink_to(target)
    (toy.handed_in / "link-to-root").symlink_to("/")
    (toy.handed_in / "pipe").mkdir()
    os.mkfifo(toy.handed_in / "pipe" / "90_toy.ipynb")
    traversal = {"../../planted.ipynb": solved, "/planted.ipynb": solved, "90_toy.ipynb": solved}
    (toy.handed_in / "traversal.zip").write_bytes(zipped(traversal))
    (toy.handed_in / "bomb.zip").write_bytes(zipped({"90_toy.ipynb": bytes(200_000_000)}))

    before = snapshot(toy)
    done = toy.grade(
        "--timeout",
        str(TIMEOUT_S),
        "--workers",
        "2",
        BELGRADE_CANARY=SECRET,
        TMPDIR=str(toy.folder),
    )
    found = {"toy": toy, "done": done, "results": results(toy.out), "before": before}
    yield found | {"after": snapshot(toy), "server": server, "hidden": hidden}
    server.close()
    hidden.close()


def snapshot(toy: ToyClass) -> dict[str, Any]:
    """Return all there is in the folders that grading only reads: names, kinds, sizes, times."""
    found = {}
    caches = toy.home / ".cache", toy.home / ".config"  # matplotlib's own, as ever
    for place in (toy.keys, toy.handed_in, toy.home, toy.folder):
        for path in place.rglob("*") if place != toy.folder else place.iterdir():
            if path == toy.out or any(path.is_relative_to(c) for c in caches):
                continue
            about = path.lstat()
            stamp = (about.st_size, about.st_mtime_ns) if stat.S_ISREG(about.st_mode) else ()
            found[str(path)] = (stat.S_IFMT(about.st_mode), stamp)
    return found


@pytest.mark.parametrize("name", [*KINDS, *FILES])
def test_it_costs_only_what_it_broke(graded: dict[str, Any], name: str) -> None:
    kind, result = (KINDS | FILES)[name], graded["results"][name]
    if kind.failed:
        assert result["state"] == "failed"
        assert kind.failed in result["reason"]
        assert len(result["reason"]) < 300
        assert result["points"] == 0
        return
    assert result["state"] == "graded", result["reason"]
    given = marks(result)
    messages = {row["question"]: row["message"] for row in result["questions"]}
    for question, full in FULL.items():
        status, words = kind.broken.get(question, ("", ""))
        if question not in kind.broken:
            assert given[question] == full, messages[question]
        elif status != "any":
            assert given[question][0] != "right"
            assert given[question][1] == 0
            assert status in ("", given[question][0]), messages[question]
            assert words in messages[question]
        assert len(messages[question]) <= 500
    assert any(kind.note in note for note in [*result["notes"], ""])
    shown = json.dumps([row["outputs"] for row in result["questions"]], ensure_ascii=False)
    assert kind.shows in shown
    assert "GOT" not in shown
    assert SECRET not in shown
    assert len(shown) < 3_000_000
    assert result["seconds"] < LONGEST_S
    assert result["max_points"] == 7 + 3 * (given["90.6"][0] != "pending")


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_name_is_only_a_name(graded: dict[str, Any], name: str) -> None:
    (found,) = [r for s, r in graded["results"].items() if is_like(s, STRANGE[name])]
    assert marks(found) == FULL
    out = graded["toy"].out
    grades = pd.read_csv(out / "grades.csv", dtype="string")
    row = grades[[is_like(s, STRANGE[name]) for s in grades["student"]]]
    assert list(row["points"]) == ["7"]
    assert not row["student"].iloc[0].startswith(("=", "+", "-", "@"))


def is_like(student: str, name: str) -> bool:
    return re.sub(r"[^\w=]", "", student).startswith(re.sub(r"[^\w=]", "", name))


def test_every_submission_has_its_row(graded: dict[str, Any]) -> None:
    assert graded["done"].returncode == 1, graded["done"].stderr
    grades = pd.read_csv(graded["toy"].out / "grades.csv", dtype="string")
    assert set(grades["student"].str.removeprefix("'")) == set(graded["results"])
    folders = {p.name for p in graded["toy"].handed_in.iterdir()} - set(STRANGE.values())
    missing = {f.removesuffix(".zip") for f in folders} - set(graded["results"])
    assert missing == set()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("program", "no notebook"),
        ("link-to-key", "link"),
        ("link-to-shadow", "link"),
        ("link-to-root", "link"),
        ("pipe", "file"),
        ("bomb", "MB"),
    ],
)
def test_what_is_no_notebook_is_told_so(graded: dict[str, Any], name: str, reason: str) -> None:
    result = graded["results"][name]
    assert result["state"] == "failed"
    assert reason in result["reason"]


def test_a_zip_that_climbs_gives_what_lies_in_it(graded: dict[str, Any]) -> None:
    result = graded["results"]["traversal"]
    assert marks(result) == FULL
    assert not list(graded["toy"].folder.parent.rglob("planted*"))


def test_of_two_files_the_later_counts(graded: dict[str, Any]) -> None:
    result = graded["results"]["two-files"]
    assert marks(result) == FULL
    assert any("Several files" in note for note in result["notes"])


def test_nothing_outside_changed(graded: dict[str, Any]) -> None:
    assert graded["after"] == graded["before"]
    assert not Path(f"/tmp/planted-{MARK}").exists()
    root = Path(__file__).resolve().parent.parent
    assert not (root / "planted.txt").exists()
    assert not (root / "belgrade" / "planted.txt").exists()
    for name in ("server", "hidden"):
        graded[name].settimeout(0.01)
        with pytest.raises(TimeoutError):
            graded[name].accept()


def test_the_results_hold_only_what_they_should(graded: dict[str, Any]) -> None:
    out = graded["toy"].out
    names = {p.name for p in out.iterdir()} | {"uploads"}
    wanted = {".lock", "grading.json", "grades.csv", "questions.csv", "report.html"}
    assert names == wanted | {"masters", "results", "feedback", "marking", "uploads"}
    for path in out.rglob("*"):
        assert not path.is_symlink()
        if path.is_file() and "masters" not in path.parts:
            assert SECRET.encode("utf-8") not in path.read_bytes()


def test_no_process_stays(graded: dict[str, Any]) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        assert MARK.encode() not in words


def test_pages_show_what_was_written_and_run_nothing(graded: dict[str, Any]) -> None:
    pages = list((graded["toy"].out / "feedback").glob("*.html"))
    assert len(pages) == len(graded["results"])
    forms = list((graded["toy"].out / "marking").glob("*.html"))
    for page in [*pages, graded["toy"].out / "report.html", *forms]:
        assert_safe(page.read_text(encoding="utf-8"), is_form=page in forms)
    (mine,) = [p for p in pages if p.name.startswith("scripts-in-everything")]
    assert "&lt;script&gt;alert(7)" in mine.read_text(encoding="utf-8")


def test_hidden_checks_are_not_shown(graded: dict[str, Any]) -> None:
    for page in (graded["toy"].out / "feedback").glob("*.html"):
        assert "[7, 8]" not in page.read_text(encoding="utf-8")
