"""A Jupyter server's part: on a hub, lessons that rest give their memory back.

Their kernels are started afresh, and an empty one takes a third of a lesson's. They are not ended:
JupyterLab's *Run All Cells* does nothing without a kernel but clear what was shown. Pictures, text
and what was committed are kept, and beside controls and forms a style of ours says what happened
and what to do (`static/notebook.css`). Exercises are left alone, since what a student made lives
only in their kernels; so are all other notebooks, and everything where the server has a rule of
its own (`MappingKernelManager.cull_idle_timeout`).
"""

from __future__ import annotations

import functools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DEFAULT_MINUTES = 20.0
CHECK_INTERVAL_S = 60.0
EMPTY_BYTES = 60e6  # bytes of its own; a kernel in which nothing ran has less, nothing to give


def minutes(app: Any) -> float:
    """Return after how many minutes of rest a lesson's kernel starts afresh; 0 for never.

    `BELGRADE_REST_MINUTES` says it anywhere. Without it, it is `DEFAULT_MINUTES` on a hub or where
    the server's memory is limited, and never elsewhere.
    """
    rules = [app.config.get(f"{kind}MappingKernelManager", {}) for kind in ("", "Async")]
    if any("cull_idle_timeout" in rule for rule in rules):
        return 0
    try:
        return max(float(os.environ["BELGRADE_REST_MINUTES"]), 0)
    except (KeyError, ValueError):
        hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or os.environ.get("MEM_LIMIT")
        return DEFAULT_MINUTES if hub else 0


def is_lesson(path: Path) -> bool:
    """Tell whether a notebook is a lesson of the module, by its place."""
    folder = path.parent
    return folder.name == "notebooks" and (folder.parent / "exercises").is_dir()


async def start_afresh(app: Any, after: float) -> list[str]:
    """Start the kernels of lessons afresh that were idle so many minutes; return their paths."""
    restarted = []
    for session in await app.session_manager.list_sessions():
        kernel = session.get("kernel") or {}
        if kernel.get("execution_state") != "idle" or not kernel.get("last_activity"):
            continue
        idle = datetime.now(UTC) - datetime.fromisoformat(kernel["last_activity"])
        if idle < timedelta(minutes=after) or not is_lesson(Path(app.root_dir, session["path"])):
            continue
        if _own_memory(app.kernel_manager.get_kernel(kernel["id"])) > EMPTY_BYTES:
            await app.kernel_manager.restart_kernel(kernel["id"])
            app.log.info("%s rested: its kernel starts afresh.", session["path"])
            restarted.append(session["path"])
    return restarted


def _own_memory(kernel: Any) -> float:
    """Return the bytes that a kernel does not share; 0 where that cannot be known."""
    import psutil

    try:
        return psutil.Process(kernel.provisioner.pid).memory_full_info().uss
    except (psutil.Error, AttributeError, TypeError, ValueError):  # it runs elsewhere, or ends
        return 0


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "belgrade.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    if after := minutes(app):
        from tornado.ioloop import PeriodicCallback

        check = functools.partial(start_afresh, app, after)
        PeriodicCallback(check, 1000 * min(CHECK_INTERVAL_S, after * 30)).start()
