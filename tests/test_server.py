"""On a hub, lessons that rest give their memory back, and nothing else is touched."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from belgrade import server

ROOT = Path(__file__).resolve().parent.parent
LESSON = "course/notebooks/01_the_puzzle.ipynb"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server on which a lesson has been idle for 30 minutes; `app.anew` lists what restarted."""
    for name in ("JUPYTERHUB_SERVICE_PREFIX", "MEM_LIMIT", "BELGRADE_REST_MINUTES"):
        monkeypatch.delenv(name, raising=False)
    for folder in ("notebooks", "exercises"):
        (tmp_path / "course" / folder).mkdir(parents=True)
    (tmp_path / "other/notebooks").mkdir(parents=True)
    monkeypatch.setattr(server, "_own_memory", lambda kernel: kernel.holds)
    made = SimpleNamespace(config={}, root_dir=str(tmp_path), sessions=[], anew=[], holds=100e6)

    async def sessions() -> list[dict[str, Any]]:
        return made.sessions

    async def restart(kernel: str) -> None:
        made.anew.append(kernel)

    def idle(path: str, minutes: float = 30, state: str = "idle") -> None:
        last = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        kernel = {"id": path, "execution_state": state, "last_activity": last}
        made.sessions.append({"path": path, "kernel": kernel})

    made.idle = idle
    made.session_manager = SimpleNamespace(list_sessions=sessions)
    made.kernel_manager = SimpleNamespace(get_kernel=lambda _: made, restart_kernel=restart)
    made.log = SimpleNamespace(info=lambda *_: None)
    return made


def looked(app: Any) -> list[str]:
    """Look once; in a thread, since a browser's loop may run in this one."""
    with ThreadPoolExecutor() as threads:
        return threads.submit(asyncio.run, server.start_afresh(app, 20)).result()


def test_a_lesson_that_rested_starts_afresh(app: Any) -> None:
    app.idle(LESSON)
    assert looked(app) == [LESSON] == app.anew


@pytest.mark.parametrize(
    ("path", "minutes", "state", "holds"),
    [
        ("course/exercises/01_the_puzzle.ipynb", 30, "idle", 100e6),
        ("other/notebooks/01_the_puzzle.ipynb", 30, "idle", 100e6),
        (LESSON, 10, "idle", 100e6),
        (LESSON, 30, "busy", 100e6),
        (LESSON, 30, "idle", 40e6),
    ],
    ids=["an exercise", "another course", "not yet", "it computes", "nothing to give back"],
)
def test_what_is_left_alone(app: Any, path: str, minutes: float, state: str, holds: float) -> None:
    app.idle(path, minutes, state)
    app.holds = holds
    assert looked(app) == app.anew == []


def test_when_lessons_give_back(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.minutes(app) == 0, "on a student's own machine nothing ends"
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    assert server.minutes(app) == server.DEFAULT_MINUTES
    monkeypatch.setenv("BELGRADE_REST_MINUTES", "0")
    assert server.minutes(app) == 0
    monkeypatch.setenv("BELGRADE_REST_MINUTES", "45")
    assert server.minutes(app) == 45
    monkeypatch.setenv("BELGRADE_REST_MINUTES", "soon")
    assert server.minutes(app) == server.DEFAULT_MINUTES
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX")
    assert server.minutes(app) == 0
    monkeypatch.setenv("MEM_LIMIT", "1000000000")
    assert server.minutes(app) == server.DEFAULT_MINUTES
    for kind in ("", "Async"):
        app.config = {f"{kind}MappingKernelManager": {"cull_idle_timeout": 3600}}
        assert server.minutes(app) == 0, "the server's own rule holds"


def test_a_server_looks_once_a_minute_and_only_where_lessons_give_back(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[float] = []

    def callback(look: Any, interval_ms: float) -> Any:
        return SimpleNamespace(start=lambda: begun.append(interval_ms))

    monkeypatch.setattr("tornado.ioloop.PeriodicCallback", callback)
    server._load_jupyter_server_extension(app)
    assert begun == []
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    server._load_jupyter_server_extension(app)
    assert begun == [60_000]


def test_a_kernels_own_memory_is_known_or_it_is_left_alone() -> None:
    import os

    here = SimpleNamespace(provisioner=SimpleNamespace(pid=os.getpid()))
    assert server._own_memory(here) > 20e6
    assert server._own_memory(SimpleNamespace(provisioner=None)) == 0


def test_a_server_loads_it() -> None:
    given = json.loads((ROOT / "jupyter/jupyter_server_config.json").read_text(encoding="utf-8"))
    assert given["ServerApp"]["jpserver_extensions"] == {"belgrade.server": True}
    assert server._jupyter_server_extension_points() == [{"module": "belgrade.server"}]
    installed = Path(sys.prefix, "etc/jupyter/jupyter_server_config.d/belgrade.json")
    if not installed.exists():
        pytest.skip("the package is not installed in this environment")
    assert json.loads(installed.read_text(encoding="utf-8")) == given
