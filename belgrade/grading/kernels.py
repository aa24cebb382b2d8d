"""Kernels for grading: in the sandbox, or from any kernelspec.

A grading run opens one `Kernels` and takes a fresh kernel from it for each submission. To
jupyter_client the sandbox is a kernel provisioner (`SandboxProvisioner`), so that whatever runs
notebooks through jupyter_client can use it; grading itself asks the sandbox without that detour.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager
from traitlets import default

from belgrade.checks.live import AS_IN_JUPYTER
from belgrade.grading.sandbox import Sandbox, SandboxError

ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONHASHSEED": "0", "BELGRADE_EXAM": "1", **AS_IN_JUPYTER}


class KernelError(Exception):
    """A kernel cannot be had; the text says why and what to do."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use in the sandbox; sizes in bytes, times in seconds."""

    memory: int = 2 * 2**30
    processor_s: int = 900
    processes: int = 64
    file_size: int = 32 * 2**20
    files: int = 256
    scratch: int = 64 * 2**20


def probe() -> str:
    """Return "" if the sandbox works on this machine, else what to do, in a line or two.

    It runs bubblewrap and a kernel in it.
    """
    try:
        with Kernels(workers=1) as kernels:
            kernels.start().stop()
    except SandboxError as error:
        return str(error)
    return ""


class Kernel:
    """A running kernel with its client; `stop` ends it and all that it started."""

    client: BlockingKernelClient
    watched: int | None = None  # a file descriptor that can be read once the kernel has ended

    def is_alive(self) -> bool:
        """Tell whether the kernel's process is there."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the kernel at once."""
        raise NotImplementedError


class ManagedKernel(Kernel):
    """A kernel of jupyter_client's, from a kernelspec."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels(stdin=False, hb=False, control=False)

    def is_alive(self) -> bool:
        return self.manager.is_alive()

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


class BoxedKernel(Kernel):
    """A kernel in the sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path, context: zmq.Context) -> None:
        self._sandbox, self._folder, self._context = sandbox, folder, context
        folder.mkdir()
        self._asked = sandbox.request(folder)

    def connect(self) -> None:
        """Wait for the kernel's process and connect to it."""
        self._handle = self._sandbox.collect(self._asked)
        self.watched = self._handle.kernel
        self.client = BlockingKernelClient(context=self._context)
        self.client.load_connection_info(self._asked["connection"])
        self.client.start_channels(stdin=False, hb=False, control=False)

    def is_alive(self) -> bool:
        return self._handle.is_alive()

    def interrupt(self) -> None:
        self._handle.signal(signal.SIGINT)

    def stop(self) -> None:
        self._handle.close()
        self.client.stop_channels()
        for file in self._folder.iterdir():
            file.unlink()
        self._folder.rmdir()


class Kernels:
    """Where kernels come from during a grading run: a context manager, safe between threads.

    With `sandbox` they come from the sandbox, which opening it starts (SandboxError where that
    does not work); else from the kernelspec `kernel`, or this Python's own without one.
    """

    def __init__(
        self,
        sandbox: bool = True,
        kernel: str | None = None,
        limits: Limits | None = None,
        workers: int = 2,
    ) -> None:
        self.sandbox, self.kernel = sandbox and kernel is None, kernel
        self.limits, self.workers = limits or Limits(), workers
        self._lock, self._numbers = threading.Lock(), itertools.count()
        self._context, self._box, self._spare = zmq.Context(), None, None

    def __enter__(self) -> Kernels:
        if self.sandbox:
            self._box = Sandbox(self.limits).__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._spare:
            self._spare.connect()
            self._spare.stop()
        if self._box:
            self._box.__exit__()
        self._context.destroy(linger=0)

    def start(self) -> Kernel:
        """Return a fresh kernel; raise KernelError or SandboxError if there is none."""
        return self._boxed() if self._box else self._managed()

    def _boxed(self) -> Kernel:
        with self._lock:
            kernel, self._spare = self._spare or self._ask(), self._ask()
        kernel.connect()
        return kernel

    def _ask(self) -> BoxedKernel:
        return BoxedKernel(self._box, self._box.folder / str(next(self._numbers)), self._context)

    def _managed(self) -> Kernel:
        from nbval.kernel import CURRENT_ENV_KERNEL_NAME

        manager = _ThisEnvironment(kernel_name=self.kernel or CURRENT_ENV_KERNEL_NAME)
        try:
            manager.start_kernel(
                env=os.environ | ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except NoSuchKernel:
            raise KernelError(f"There is no kernel named {self.kernel!r}.") from None
        return ManagedKernel(manager)


class _ThisEnvironment(KernelManager):
    """A kernel of the Python that grades, or any of the kernelspecs that are installed."""

    @default("kernel_spec_manager")
    def _specs(self) -> KernelSpecManager:
        from nbval.kernel import NbvalKernelspecManager

        return NbvalKernelspecManager()
