"""nbgrader's commands, each in a process of its own that need not import nbgrader anew.

That import takes longer than most of its commands. On Unix a server has it behind it, and forks.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

FORKS = "forkserver" in multiprocessing.get_all_start_methods()
processes = multiprocessing.get_context("forkserver" if FORKS else "spawn")


def _command(folder: Path, arguments: tuple[str, ...], env: dict[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.path[:0] = [path for path in env["PYTHONPATH"].split(os.pathsep) if path]
    handle = os.open(log, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(handle, stream)
    sys.argv = ["nbgrader", *arguments]
    from nbgrader.apps.nbgraderapp import NbGraderApp

    NbGraderApp.launch_instance(list(arguments))


def run(folder: Path, arguments: tuple[str, ...], env: dict[str, str]) -> tuple[int, str]:
    """Run `nbgrader ARGUMENTS` in a folder; return its exit status and what it said."""
    if FORKS:
        processes.set_forkserver_preload(["nbgrader.apps.nbgraderapp"])
    handle, log = tempfile.mkstemp(suffix=".txt")
    os.close(handle)
    try:
        process = processes.Process(target=_command, args=(folder, arguments, env, log))
        process.start()
        process.join()
        return process.exitcode, Path(log).read_text(encoding="utf-8", errors="replace")
    finally:
        os.unlink(log)
