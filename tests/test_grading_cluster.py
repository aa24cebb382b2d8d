"""Grading on the workers of a Dask cluster: a real scheduler, and workers in their own folders.

Nothing here waits for a time: what is to happen in the middle of a grading happens while the gate
holds back the submissions after the second.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sandboxes import HANGS_S, probe, until
from test_cases import NUMBERS
from test_grading_grade import bare
from test_grading_run import faults_in
from toy_class import ToyClass, results
from toy_exercise import RIGHT

from belgrade.grading import cluster
from belgrade.grading import grade as grading
from belgrade.grading.cluster import Cluster, ClusterError

pytestmark = pytest.mark.xdist_group("grading-cluster")
pytest.importorskip("distributed")
CHECKED = 1  # calls before the submissions': the key is graded first


class Dask:
    """A scheduler and its workers, each a process in a folder of its own; leaves none behind."""

    def __init__(self, toy: ToyClass, folder: Path) -> None:
        self.toy, self.folder, self.address = toy, folder, ""
        self.running: dict[str, subprocess.Popen] = {}

    def start(self, name: str, *arguments: str, **environment: str) -> Path:
        """Start a process, and return its log."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        with (place / "log.txt").open("wb") as opened:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{arguments[0]}", *arguments[1:]],
                cwd=place,
                env=self.toy.environment(TMPDIR=str(place), **environment),
                stdout=opened,
                stderr=opened,
                start_new_session=True,
            )
        return place / "log.txt"

    def scheduler(self) -> None:
        """Start one at a port that the system chooses."""
        scheduler_file = self.folder / f"scheduler-{len(list(self.folder.iterdir()))}.json"
        options = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(scheduler_file))
        log = self.start("scheduler", "dask_scheduler", "--no-dashboard", *options)

        def address() -> str:
            try:
                return json.loads(scheduler_file.read_text(encoding="utf-8"))["address"]
            except (OSError, ValueError):
                return ""

        self.address = until(address, lambda: log.read_text(encoding="utf-8", errors="replace"))

    def workers(self, *names: str, **environment: str) -> None:
        """Start workers, all at once, and wait until the scheduler has them."""
        options = [self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        options += ["--death-timeout", str(HANGS_S)]
        logs = [
            self.start(name, "dask_worker", *options, "--name", name, **environment)
            for name in names
        ]
        for log in logs:
            read = lambda log=log: log.read_text(encoding="utf-8", errors="replace")  # noqa: E731
            until(lambda read=read: "Registered to" in read(), read)

    def kill(self, *names: str) -> None:
        for name in names:
            process = self.running.pop(name)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(HANGS_S)

    def grade(self, out: Path) -> grading.Summary:
        """Grade the class in this process."""
        toy = self.toy
        asked = grading.Settings(toy.handed_in, out, toy.keys, dask=self.address)
        return grading.grade(asked, say=lambda _: None)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    if remedy := probe():
        pytest.skip(remedy)
    toy = ToyClass(tmp_path_factory.mktemp("class"))
    for n in range(8):
        toy.hand_in(f"s{n}", RIGHT | ({"answer-1": f"per_million = {n}"} if n % 2 else {}))
    found = Dask(toy, tmp_path_factory.mktemp("dask"))
    try:
        found.scheduler()
        yield found
    finally:
        found.kill(*list(found.running))


@pytest.fixture(scope="module")
def alone(dask: Dask) -> dict[str, Any]:
    found = dask.toy.grade()
    assert found.returncode == 0, found.stderr
    return results(dask.toy.out)


class Gate:
    """Lets two submissions through to the cluster, and the rest once it is opened."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.opened, self.client, calls = threading.Event(), None, itertools.count()
        run = Cluster.run

        def held(cluster: Cluster, *arguments: Any) -> Any:
            self.client = cluster._client
            if next(calls) >= CHECKED + 2:
                assert self.opened.wait(HANGS_S)
            return run(cluster, *arguments)

        patch.setattr(Cluster, "run", held)

    def busy(self, name: str) -> bool:
        """Tell whether the worker of that name has been given something to do."""
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        return any(
            keys
            for at, keys in self.client.processing().items()
            if known.get(at, {}).get("name") == name
        )


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def in_the_middle(dask: Dask, out: Path) -> Future:
    """Begin to grade, and wait until two results are written and the rest is held back."""
    pool = ThreadPoolExecutor(1)
    begun = pool.submit(dask.grade, out)
    pool.shutdown(wait=False)
    until(lambda: begun.done() or len(list((out / "results").glob("*.json"))) == 2)
    assert not begun.done(), begun.exception()
    return begun


def without_seconds(out: Path) -> bytes:
    """Return the table of marks, without how long answers ran: three columns from its end."""
    table = (out / "grades.csv").read_bytes()
    assert b'"seconds","days_late","late_points"' in table
    return re.sub(rb',[\d.]+(,"",""\r\n)', rb"\1", table)


def test_two_workers_give_the_same_grades_though_one_is_killed(
    dask: Dask, alone: dict[str, Any], gate: Gate, tmp_path: Path, monkeypatch: Any
) -> None:
    dask.workers("one", "two")
    written, write = [], grading.write_json
    monkeypatch.setattr(grading, "write_json", lambda *a: (written.append(a[0]), write(*a)))
    out = tmp_path / "grades"
    begun = in_the_middle(dask, out)
    os.kill(dask.running["two"].pid, signal.SIGSTOP)  # it takes work and does not do it
    gate.opened.set()
    until(lambda: gate.busy("two"))
    dask.kill("two")
    assert begun.result(HANGS_S).graded == 8
    assert bare(results(out)) == bare(alone)
    assert without_seconds(out) == without_seconds(dask.toy.out)
    once = [path for path in written if path.parent.name == "results"]
    assert len(once) == len(set(once)) == 8


def test_a_scheduler_that_is_gone_is_said_and_costs_nothing(
    dask: Dask, alone: dict[str, Any], gate: Gate, tmp_path: Path
) -> None:
    out = tmp_path / "grades"
    if "one" not in dask.running:
        dask.workers("one")
    begun = in_the_middle(dask, out)
    dask.kill("scheduler", "one")
    gate.opened.set()
    error = begun.exception(HANGS_S)
    assert isinstance(error, ClusterError)
    assert "is gone" in str(error) and "What was graded is kept" in str(error)
    kept = {p.name: p.read_bytes() for p in (out / "results").glob("*.json")}
    assert len(kept) == 2
    dask.scheduler()
    dask.workers("one")
    toy, read = dask.toy, {"capture_output": True, "encoding": "utf-8", "timeout": HANGS_S}
    command = toy.command("--dask", dask.address, out=out)
    again = subprocess.run(command, cwd=toy.folder, env=toy.environment(), **read)
    assert "8 graded (2 unchanged)" in again.stdout, again.stderr
    assert all((out / "results" / name).read_bytes() == content for name, content in kept.items())
    assert bare(results(out)) == bare(alone)


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[pytest.mark.slow] * (n != "03")) for n in NUMBERS]
)
def test_every_case_gets_its_verdict_from_two_workers(number: str, dask: Dask) -> None:
    """Those that the sandbox and nbval are asked: one way for all four, with the same cases."""
    dask.workers(*({"one", "two"} - set(dask.running)))
    with Cluster(dask.address) as cluster, ThreadPoolExecutor(4) as pool:
        assert cluster.workers() == 2
        assert not faults_in(number, lambda book: pool.submit(cluster.run, book, 60).result)


def test_a_worker_without_bubblewrap_refuses_with_the_remedy(dask: Dask, tmp_path: Path) -> None:
    dask.workers("bare", PATH=str(tmp_path))
    try:
        with pytest.raises(ClusterError, match=r"Worker tcp://.* needs bubblewrap") as error:
            dask.grade(tmp_path / "grades")
        assert "\n" not in str(error.value)
    finally:
        dask.kill("bare")


def test_who_cannot_be_reached_is_said_in_a_line(dask: Dask, monkeypatch: Any) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ClusterError, match=f"No scheduler answers at {nobody}"):
        Cluster(nobody).__enter__()


def test_a_worker_with_another_version_is_told(dask: Dask, monkeypatch: Any) -> None:
    if not {"one", "two"} & set(dask.running):
        dask.workers("one")
    monkeypatch.setattr(cluster, "package_digest", lambda: "another")
    with pytest.raises(ClusterError, match="another version of belgrade"):
        Cluster(dask.address).__enter__()
