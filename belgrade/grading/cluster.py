"""Run notebooks on the workers of a Dask cluster: each has a fork server and a sandbox of its own.

The one who asks reads what was handed in, puts it together, and writes results as they come; a
worker gets an assembled notebook and gives back its Run. A worker that is lost is Dask's affair: it
gives the notebook to another. Needs the extra `cluster`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import platform
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from belgrade.authoring import execute
from belgrade.checks.fast_nbformat import nbformat
from belgrade.grading.master import package_digest
from belgrade.grading.run import Run, RunError, run, run_in_place, total_of
from belgrade.grading.sandbox import KernelError, Limits, Sandbox

CONNECT_S = 20
# How often one who waits looks whether there is still a connection: a future that was asked for
# while the client closed is never answered.
LOOK_S = 1
INSTALL = "This needs the extra `cluster`: pip install 'belgrade[cluster]'."


class ClusterError(KernelError):
    """The cluster cannot grade, or no more; the text says why and what to do."""


class Cluster:
    """The workers that a scheduler has: a context manager, safe between threads.

    Stands where a Sandbox does. Opening it tries each worker: ClusterError where one has another
    version of this package, or no sandbox.
    """

    def __init__(self, address: str, limits: Limits | None = None, isolated: bool = True) -> None:
        self.address, self.stopped = address, False
        self._pending: set[Any] = set()
        self._asked = {
            "limits": asdict(limits or Limits()),
            "isolated": isolated,
            "digest": package_digest(),
        }

    def __enter__(self) -> Cluster:
        try:
            from distributed import Client
        except ImportError:
            raise ClusterError(INSTALL) from None
        # It writes every attempt to reach a scheduler that is gone, with its traceback.
        for name in ["distributed", *logging.root.manager.loggerDict]:
            if name.startswith("distributed"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._client = Client(self.address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"No scheduler answers at {self.address} ({type(error).__name__}): start one with "
                "`dask scheduler`, and workers with `dask worker`."
            ) from None
        try:
            self._try_workers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self._client.close(timeout=1)

    def _try_workers(self) -> None:
        """Open each worker's sandbox; raise ClusterError where one does not open."""
        try:
            found = self._client.run(_probe, self._asked)
        except Exception as error:
            raise ClusterError(
                f"A worker cannot be asked ({type(error).__name__}: {error}): each needs this "
                "version of `belgrade[cluster]`."[:600]
            ) from None
        if not found:
            raise ClusterError(
                f"The scheduler at {self.address} has no workers: start some with "
                f"`dask worker {self.address}`."
            )
        for worker, words in sorted(found.items()):
            if words:
                raise ClusterError(f"Worker {worker}: {words}")

    def workers(self) -> int:
        """Return how many notebooks can be run at once."""
        return max(1, sum(self._client.nthreads().values()))

    def stop(self) -> None:
        """Let go of all that waits."""
        from distributed.client import ClosedClientError

        self.stopped = True
        with contextlib.suppress(ClosedClientError):
            for future in list(self._pending):
                future.cancel(force=True)

    def run(self, notebook: Any, cell_timeout: float) -> Run:
        """Return the Run of an assembled notebook, as `belgrade.grading.run.run` does."""
        return Run(**self._ask(_run, notebook, cell_timeout))

    def run_in_place(self, notebook: Any) -> None:
        """Run a key's notebook and store its answers, as `belgrade.grading.run.run_in_place`."""
        done = nbformat.from_dict(json.loads(self._ask(_run_in_place, notebook)))
        for cell, ran in zip(notebook.cells, done.cells, strict=True):
            if "outputs" in ran:
                cell.outputs = ran.outputs

    def _ask(self, what: Callable[..., Any], notebook: Any, *more: Any) -> Any:
        from distributed import CancelledError, KilledWorker
        from distributed.client import ClosedClientError
        from distributed.comm import CommClosedError

        if self.stopped:
            raise KernelError("The grading was stopped.")
        try:
            future = self._client.submit(
                _safely, what, json.dumps(notebook), self._asked, *more, pure=False
            )
            self._pending.add(future)
            try:
                done = threading.Event()
                future.add_done_callback(lambda _: done.set())
                while not done.wait(LOOK_S):
                    if self._client.status not in ("running", "connecting"):
                        raise ClosedClientError("The client is closed.")
                outcome, found = future.result()
            finally:
                self._pending.discard(future)
        except (CancelledError, ClosedClientError, CommClosedError, OSError) as error:
            if self.stopped:
                raise KernelError("The grading was stopped.") from None
            raise ClusterError(
                f"The scheduler at {self.address} is gone ({type(error).__name__}): start it and "
                "its workers again, and give the same command. What was graded is kept."
            ) from None
        except KilledWorker:
            raise KernelError("Workers end again and again while they run it.") from None
        if outcome == "done":
            return found
        kinds = {"RunError": RunError, "execute": execute.RunError}
        raise kinds.get(outcome, KernelError)(found)


# --- what runs in a worker ------------------------------------------------------------------------

_sandboxes: dict[str, Sandbox] = {}
_lock = threading.Lock()


def _sandbox(asked: dict[str, Any]) -> Sandbox:
    """Return this worker's sandbox, opened for all its threads; raise KernelError if it cannot be.

    It ends with the thread that opened it, so that thread stays: a worker's own may go.
    """
    if package_digest() != asked["digest"]:
        raise KernelError(
            "It has another version of belgrade, or of its libraries, than who asks: install the "
            "same."
        )
    key = json.dumps(asked)
    with _lock:
        old = _sandboxes.get(key)
        if old and not old.has_ended():
            return old
        opened: list[Any] = []
        ready = threading.Event()

        def hold() -> None:
            try:
                opened.append(Sandbox(Limits(**asked["limits"]), 4, isolated=asked["isolated"]))
                opened[0].__enter__()
            except BaseException as error:
                opened[:] = [error]
            ready.set()
            threading.Event().wait()

        threading.Thread(target=hold, daemon=True, name="belgrade-sandbox").start()
        ready.wait()
        if isinstance(opened[0], BaseException):
            raise opened[0]
        _sandboxes[key] = opened[0]
        return opened[0]


def _probe(asked: dict[str, Any]) -> str:
    """Return "" if this worker can run students' code, else what to do."""
    try:
        _sandbox(asked)
    except KernelError as error:
        return f"{error} ({platform.node()})"
    return ""


def _safely(what: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """Return ("done", what it returned), or the kind of error and its words."""
    try:
        return "done", what(*arguments)
    except RunError as error:
        return "RunError", str(error)
    except execute.RunError as error:
        return "execute", str(error)
    except KernelError as error:
        return "KernelError", f"{error} (worker on {platform.node()})"


def _run(text: str, asked: dict[str, Any], cell_timeout: float) -> dict[str, Any]:
    notebook = nbformat.from_dict(json.loads(text))
    return asdict(run(notebook, _sandbox(asked), cell_timeout, total_of(cell_timeout)))


def _run_in_place(text: str, asked: dict[str, Any]) -> str:
    notebook = nbformat.from_dict(json.loads(text))
    run_in_place(notebook, _sandbox(asked))
    return json.dumps(notebook)
