"""Notebooks run as `belgrade build` runs them, but in a kernel that this process keeps.

A kernel takes longer to start than a key takes to run. What a fresh kernel means is tested with
fresh kernels: by test_build, and by nbval, which runs every stored key in one of its own.
"""

from __future__ import annotations

import atexit
import functools
import pickle
from pathlib import Path
from typing import Any

import nbclient
import pytest
from fresh_copies import NO_PIXELS
from nbclient import NotebookClient
from nbclient.util import run_sync
from nbformat.v4 import new_code_cell
from one_kernel import FORGET

from belgrade.authoring.build import Built, build
from belgrade.authoring.execute import first_error, kernel_manager
from belgrade.files import write_whole

managers: list[Any] = []
# A folder that the processes of this run share, and no other run: conftest names it.
shared: list[Path] = []
KEYS = Path(__file__).resolve().parent.parent / "exercises" / "keys"


def kernel() -> Any:
    """Return the manager of this process's kernel, which nbclient starts when it first runs."""
    if not managers:
        managers.append(kernel_manager())
        atexit.register(stop)
    return managers[0]


def stop() -> None:
    """Stop the kernel if there is one; the next notebook gets another."""
    while managers:
        manager = managers.pop()
        if manager.has_kernel:
            run_sync(manager.shutdown_kernel)(now=True)


class Client(NotebookClient):
    """nbclient's client, with the kernel that is kept: it forgets the last notebook first."""

    def __init__(self, notebook: Any, **options: Any) -> None:
        super().__init__(notebook, **options | {"km": kernel()})

    def execute(self, env: dict[str, str], **options: Any) -> Any:
        """Run the notebook in place, in its folder and with this environment."""
        folder = str(self.resources["metadata"]["path"])
        source = [f"import os\nos.environ.clear()\nos.environ.update({env!r})"]
        source += [FORGET.format(folder=folder), NO_PIXELS]
        reset = new_code_cell("\n".join(source))
        self.nb.cells.insert(0, reset)
        try:
            result = super().execute(env=env, **options | {"cleanup_kc": False})
            assert first_error(reset) is None, first_error(reset)
        except BaseException:
            stop()
            raise
        finally:
            self.nb.cells.remove(reset)
            if self.kc is not None:
                self.kc.stop_channels()
        return result


def keep_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `build` and `clean --run` use the kernel that is kept."""
    monkeypatch.setattr(nbclient, "NotebookClient", Client)


@functools.cache
def built_of(key: Path) -> Built:
    """Return what build makes of a key; one of the module's own is built once in a run of tests."""
    cached = [folder / f"{key.stem}.pickle" for folder in shared if key.parent == KEYS]
    for path in cached:
        if path.exists():
            return pickle.loads(path.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        keep_kernel(patch)
        built = build(key)
    for path in cached:
        write_whole(path, pickle.dumps(built))
    return built
