"""What a hub needs: memory of one student's server and of the lessons that are open on it.

    python tests/bench/memory.py

JupyterLab's server is started, then one lesson after the other is opened and run, and all stay
open. Memory is PSS, in which pages that processes share are counted once (Linux alone has it).
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
import psutil
from jupyter_client import BlockingKernelClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from lab import Lab

ROOT = Path(__file__).resolve().parents[2]

LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
# Seconds: then what explorers draw ahead is drawn.
SETTLE_S = 8
# Students of a class, and how many of them work at the same time, in a session of 90 minutes.
CLASS = 100


def megabytes(server: int) -> tuple[float, float]:
    """Return the PSS of a process, and of all below it together, in MB."""
    below = psutil.Process(server).children(recursive=True)
    own = psutil.Process(server).memory_full_info().pss
    return own / 1e6, sum(each.memory_full_info().pss for each in below) / 1e6


def post(lab: Lab, path: str, content: dict) -> dict:
    """Post to the server; return its answer."""
    request = urllib.request.Request(
        f"{lab.url}/api/{path}?token={lab.token}", data=json.dumps(content).encode()
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def open_and_run(lab: Lab, lesson: Path) -> None:
    """Open a lesson as a page does, and run its cells."""
    asked = {"path": f"notebooks/{lesson.name}", "type": "notebook", "name": lesson.name}
    session = post(lab, "sessions", asked | {"kernel": {"name": "python3"}})
    file = f"kernel-{session['kernel']['id']}.json"
    client = BlockingKernelClient(connection_file=str(lab.private / "runtime" / file))
    client.load_connection_file()
    client.start_channels()
    for _ in range(20):  # one that answers late counts as dead
        with contextlib.suppress(RuntimeError):
            client.wait_for_ready(60)
            break
        time.sleep(1)
    for cell in nbformat.read(lesson, as_version=4).cells:
        if cell.cell_type == "code":
            client.execute(cell.source, reply=True, timeout=120)
    client.stop_channels()


def main() -> None:
    """Measure, and print a Markdown table."""
    with tempfile.TemporaryDirectory() as work:
        lab = Lab(ROOT, BELGRADE_WORK=work)
        try:
            print(
                "| lessons open | server, MB | kernels, MB | the last one's | GB for 100 students |"
            )
            print("|---|---|---|---|---|")
            before = 0.0
            for number in range(len(LESSONS) + 1):
                if number:
                    open_and_run(lab, LESSONS[number - 1])
                time.sleep(SETTLE_S)
                server, kernels = megabytes(lab.process.pid)
                last, before = kernels - before, kernels
                gb = (server + kernels) * CLASS / 1000
                row = " | ".join(f"{each:.0f}" for each in (number, server, kernels, last, gb))
                print(f"| {row} |", flush=True)
        finally:
            lab.close()


if __name__ == "__main__":
    main()
