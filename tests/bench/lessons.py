"""How long `import belgrade` and each lesson take, and how big the environment and the site are.

    python tests/bench/lessons.py [--times 5]

A lesson is run from top to bottom in a fresh kernel, as "Restart and run all" does; its seconds
include the start of the kernel. The environment is what requirements.txt brings, counted from the
lists of files that the installed packages carry.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
ALL_MODULES = "from belgrade import data, explorers, figures, journal, report"
TIMED = """import time
start = time.perf_counter()
{}
print(time.perf_counter() - start)"""


def import_ms(statement: str, times: int) -> float:
    """Return how many milliseconds an import takes in a fresh Python: the median of several."""
    command = [sys.executable, "-c", TIMED.format(statement)]
    runs = [
        subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
        for _ in range(times)
    ]
    return statistics.median(1000 * float(run.stdout) for run in runs)


def lesson_seconds(path: Path) -> float:
    """Return how many seconds a lesson takes in a fresh kernel; an error in a cell is raised."""
    lesson = nbformat.read(path, as_version=4)
    client = NotebookClient(lesson, timeout=120, resources={"metadata": {"path": str(path.parent)}})
    start = time.perf_counter()
    client.execute()
    return time.perf_counter() - start


def closure(names: set[str]) -> set[str]:
    """Return the installed distributions among `names` and all that they need."""
    closed: set[str] = set()
    queue = list(names)
    while queue:
        name = re.sub(r"[-_.]+", "-", queue.pop()).lower()
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        if name in closed:
            continue
        closed.add(name)
        needs = [Requirement(each) for each in needed]
        queue += [n.name for n in needs if n.marker is None or n.marker.evaluate({"extra": ""})]
    return closed


def environment_mb() -> tuple[int, float]:
    """Return how many packages requirements.txt brings, and their size in MB."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    stripped = (line.split("#")[0].strip() for line in lines)
    listed = [line for line in stripped if line and not line.startswith(("-", "."))]
    names = closure({"belgrade"} | {Requirement(line).name for line in listed})
    size = 0
    for name in names:
        for file in metadata.files(name) or []:
            place = Path(str(file.locate()))
            size += place.stat().st_size if place.is_file() else 0
    return len(names), size / 1e6


def site_mb() -> tuple[int, float, float]:
    """Return how many files the reading site has, its size in MB, and the seconds to make it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "site"
        start = time.perf_counter()
        command = [sys.executable, "-m", "belgrade.cli", "site", "--still", str(out)]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        seconds = time.perf_counter() - start
        sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes) / 1e6, seconds


def main() -> None:
    """Measure and print two Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5, help="how often to repeat (default: 5)")
    times = parser.parse_args().times
    print("| lesson | seconds, median | slowest |\n|---|---|---|")
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        runs = [lesson_seconds(path) for _ in range(times)]
        print(f"| {path.stem} | {statistics.median(runs):.1f} | {max(runs):.1f} |", flush=True)
    packages, environment = environment_mb()
    files, site, making = site_mb()
    print("\n| what | how much |\n|---|---|")
    for statement in ("import belgrade", ALL_MODULES):
        print(f"| `{statement}` | {import_ms(statement, times):.1f} ms |")
    print(f"| a student's environment | {environment:.0f} MB in {packages} packages |")
    print(f"| reading site | {site:.1f} MB in {files} files, made in {making:.0f} s |")


if __name__ == "__main__":
    main()
