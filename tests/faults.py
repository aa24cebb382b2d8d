"""Faults put into the code on purpose, which the tests must catch: `run.py test --faults`.

Each of `faults.toml` is put into a copy of the module, and the tests that it names run there until
one fails. First they run once without any fault, where none may fail.

    python run.py test --faults            all
    python run.py test --faults kappa      those with this word in what they do
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "my_work")
PASSED, FAILED = 0, 1  # pytest's exit status


def faults() -> list[dict[str, str]]:
    """Return the faults: what each does, its file, the right lines and the wrong, its tests."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["fault"]


def run(root: Path, tests: list[str]) -> tuple[int, str]:
    """Run tests of the copy at `root` until one fails; return pytest's exit status and words."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider"]
    env = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [*command, *tests], cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return result.returncode, result.stdout.decode("utf-8", "replace")


def try_one(fault: dict[str, str], copies: queue.Queue[Path]) -> int:
    """Put a fault into a copy, run its tests, take it out again; return the exit status."""
    root = copies.get()
    file = root / fault["file"]
    right = file.read_text(encoding="utf-8")
    try:
        file.write_text(right.replace(fault["right"], fault["wrong"]), encoding="utf-8")
        status, _ = run(root, fault["tests"].split())
    finally:
        file.write_text(right, encoding="utf-8")
        copies.put(root)
    return status


def main(terms: list[str]) -> int:
    """Try the faults; return 1 if one was not caught, or a test failed without any."""
    chosen = [f for f in faults() if all(term in f["what"].casefold() for term in terms)]
    workers: int = os.cpu_count() or 1
    copies: queue.Queue[Path] = queue.Queue()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(workers):
            copies.put(shutil.copytree(ROOT, Path(folder, str(number)), ignore=NOT_COPIED))
        tests = sorted({test for fault in chosen for test in fault["tests"].split()})
        status, output = run(Path(folder, "0"), tests)
        if status != PASSED:
            print(f"Without a fault the tests do not pass:\n{output[-3000:]}")
            return 1
        with ThreadPoolExecutor(workers) as pool:
            statuses = list(pool.map(lambda fault: try_one(fault, copies), chosen))
    for fault, status in zip(chosen, statuses, strict=True):
        print("caught" if status == FAILED else "NOT CAUGHT", fault["what"], sep="  ")
    caught = statuses.count(FAILED)
    print(f"{caught} of {len(chosen)} faults caught.")
    return 0 if caught == len(chosen) > 0 else 1


if __name__ == "__main__":
    sys.exit(main([word.casefold() for word in sys.argv[1:]]))
