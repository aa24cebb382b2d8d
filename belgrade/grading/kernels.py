"""Kernels for grading: in the sandbox, or from any kernelspec.

A grading run opens one `Kernels` and takes a fresh kernel from it for each submission. To
jupyter_client the sandbox is a kernel provisioner (`SandboxProvisioner`), so that nbval, nbclient
and the like can use it too; grading itself asks the sandbox without that detour.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning import KernelProvisionerBase
from jupyter_client.session import Session

from belgrade.checks.words import AS_IN_JUPYTER
from belgrade.grading.sandbox import Handle, KernelError, Sandbox, SandboxError
from belgrade.grading.wire import Wire

ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONHASHSEED": "0", "BELGRADE_EXAM": "1", **AS_IN_JUPYTER}
# A message beyond this size (in bytes) is not taken in, and so many may wait to be read.
LARGEST_MESSAGE, MOST_WAITING = 24 * 2**20, 64
SANDBOX_KERNEL = "belgrade-sandbox"


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
    """A running kernel and the connections to it; `stop` ends it and all that it started.

    A connection has `handle` (what to wait for), `send`, `receive` and `closed`, as in `Wire`.
    """

    session: Session
    shell: Any = None
    iopub: Any = None
    watched: int | None = None  # a file descriptor that can be read once the kernel has ended
    cut = False  # the output was cut off: a message was too large, or the kernel closed it

    def connect(self) -> None:
        """Connect to the kernel, or anew after its output was cut off; KernelError if refused."""
        self.disconnect()
        self._lines()
        self.cut, self._poller = False, zmq.Poller()
        self._known = {self.shell.handle: self.shell, self.iopub.handle: self.iopub}
        for handle in (*self._known, self.watched):
            if handle is not None:
                self._poller.register(handle, zmq.POLLIN)

    def ask(self, kind: str, content: dict[str, Any]) -> str:
        """Send the kernel a request and return the request's id."""
        request = self.session.msg(kind, content)
        self.shell.send(self.session.serialize(request))
        return request["header"]["msg_id"]

    def wait(self, milliseconds: float) -> list[Any]:
        """Return which of `shell` and `iopub` have something to read, after so long at the most."""
        ready = {handle for handle, _ in self._poller.poll(milliseconds)}
        for handle, line in list(self._known.items()):
            if line.closed and handle not in ready:
                self._drop(handle)
        return [line for handle, line in self._known.items() if handle in ready]

    def receive(self, line: Any) -> list[bytes] | None:
        """Return the frames of the next message on `shell` or `iopub`, if all of it is there."""
        frames = line.receive()
        if frames is None and line.closed:
            self._drop(line.handle)
        return frames

    def _drop(self, handle: Any) -> None:
        """Wait no more for a connection that is closed."""
        if self._known.pop(handle, None):
            self._poller.unregister(handle)
            self.cut = True

    def _lines(self) -> None:
        """Make `shell` and `iopub`."""
        raise NotImplementedError

    def disconnect(self) -> None:
        """Close what `connect` opened, if it did."""
        raise NotImplementedError

    def is_alive(self) -> bool:
        """Tell whether the kernel's process is there."""
        raise NotImplementedError

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        raise NotImplementedError

    def kill(self) -> None:
        """End the kernel's processes at once; any thread may call it."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the kernel at once and let go of all that belongs to it."""
        raise NotImplementedError

    def why_dead(self) -> str:
        """Return "" if only the kernel ended, else what ended together with it."""
        return ""


class _Socket:
    """A connection that is a socket of libzmq's; `watch` to notice that it is cut off."""

    def __init__(self, socket: zmq.Socket, watch: bool = False) -> None:
        self.handle, self._watch = socket, watch
        self._events = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) if watch else None

    @property
    def closed(self) -> bool:
        return self._events is not None and bool(self._events.poll(0))

    def send(self, frames: list[bytes]) -> None:
        self.handle.send_multipart(frames)

    def receive(self) -> list[bytes] | None:
        return self.handle.recv_multipart()

    def close(self) -> None:
        if self._watch:
            self.handle.disable_monitor()


class ManagedKernel(Kernel):
    """A kernel of jupyter_client's, from a kernelspec."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.connect()

    def _lines(self) -> None:
        self._client = self.manager.client()
        self.session = self._client.session
        self.shell = _Socket(self._client.shell_channel.socket)
        self.iopub = _Socket(self._client.iopub_channel.socket, watch=True)

    def disconnect(self) -> None:
        if client := getattr(self, "_client", None):
            self.iopub.close()
            client.shell_channel.close()
            client.iopub_channel.close()

    def is_alive(self) -> bool:
        return self.manager.is_alive()

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def kill(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):  # gone already
            self.manager.signal_kernel(signal.SIGKILL)

    def stop(self) -> None:
        self.disconnect()
        self.manager.shutdown_kernel(now=True)


class BoxedKernel(Kernel):
    """A kernel in the sandbox: asked for when made, there when connected."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder = sandbox, folder
        folder.mkdir()
        self._asked = sandbox.request(folder)
        self._handle = Handle(-1, -1)

    def await_process(self) -> None:
        """Wait until the kernel is there."""
        self._handle = self._sandbox.collect(self._asked)
        self.watched = self._handle.kernel

    def _lines(self) -> None:
        asked = self._asked.connection
        key = {"key": asked["key"].encode("ascii"), "signature_scheme": asked["signature_scheme"]}
        self.session = Session(**key)
        try:
            self.shell, self.iopub = (
                Wire(f"{asked['ip']}-{asked[f'{name}_port']}", kind, LARGEST_MESSAGE)
                for name, kind in (("shell", "DEALER"), ("iopub", "SUB"))
            )
        except OSError as error:
            raise KernelError(f"A kernel does not answer ({error}).") from None

    def disconnect(self) -> None:
        for line in (self.shell, self.iopub):
            if line:
                line.close()

    def is_alive(self) -> bool:
        return self._handle.is_alive()

    def interrupt(self) -> None:
        self._handle.signal(signal.SIGINT)

    def kill(self) -> None:
        self._handle.kill()

    def stop(self) -> None:
        self._asked.answer.close()
        self._handle.close()
        self.disconnect()
        shutil.rmtree(self._folder, ignore_errors=True)

    def why_dead(self) -> str:
        return "" if self._sandbox.is_alive() else "The sandbox itself ended."


class Kernels:
    """Where kernels come from during a grading run: a context manager, safe between threads.

    With `sandbox` they come from the sandbox, which opening it starts (SandboxError where that
    does not work); else from the kernelspec `kernel`, or this Python's own without one. The
    folders in `private` are out of sight in the sandbox wherever they lie. Open it in the main
    thread: the sandbox ends with the thread that started it.
    """

    def __init__(
        self,
        sandbox: bool = True,
        kernel: str | None = None,
        limits: Limits | None = None,
        workers: int = 2,
        private: Iterable[Path] = (),
    ) -> None:
        self.sandbox, self.kernel = sandbox and kernel is None, kernel
        self.limits, self.workers, self.private = limits or Limits(), workers, private
        self._lock, self._numbers = threading.Lock(), itertools.count()
        self._context = _context()
        self._box: Sandbox | None = None
        self._spare: BoxedKernel | None = None

    def __enter__(self) -> Kernels:
        if self.sandbox:
            self._box = Sandbox(self.limits, self.workers, self.private).__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        with self._lock:
            spare, self._spare = self._spare, None
            if spare:
                spare.stop()
            if self._box:
                self._box.__exit__()
        self._context.destroy(linger=0)

    def start(self) -> Kernel:
        """Return a fresh kernel; raise KernelError if there is none."""
        return self._boxed() if self._box else self._managed()

    def _boxed(self) -> Kernel:
        """Return the kernel that was asked for the last time, and ask for the next."""
        with self._lock:
            kernel = self._spare or self._ask()
            self._spare = None
            self._spare = self._ask()
        try:
            kernel.await_process()
            kernel.connect()
        except BaseException:
            kernel.stop()
            raise
        return kernel

    def _ask(self) -> BoxedKernel:
        return BoxedKernel(self._box, self._box.folder / str(next(self._numbers)))

    def _managed(self) -> Kernel:
        from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

        manager = KernelManager(
            kernel_name=self.kernel or CURRENT_ENV_KERNEL_NAME,
            kernel_spec_manager=NbvalKernelspecManager(),
            context=self._context,
        )
        try:
            manager.start_kernel(
                env=os.environ | ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except NoSuchKernel:
            known = ", ".join(sorted(KernelSpecManager().find_kernel_specs())) or "none"
            raise KernelError(
                f"There is no kernel named {self.kernel!r}; installed are: {known}."
            ) from None
        except (OSError, RuntimeError, ModuleNotFoundError) as error:
            raise KernelError(f"The kernel does not start ({error}).") from None
        return ManagedKernel(manager)


def _context() -> zmq.Context:
    """Return a context for kernels out of the sandbox: its sockets take in no frame too large.

    How many frames a message has it cannot bound, as `Wire` does.
    """
    context = zmq.Context()
    context.maxmsgsize, context.rcvhwm = LARGEST_MESSAGE, MOST_WAITING
    return context


class SandboxProvisioner(KernelProvisionerBase):
    """The sandbox as jupyter_client sees it; one warm process serves all kernels of a process.

    `SandboxSpecs` has a kernelspec that names it. It needs no entry point of the package, which
    not every installation has.
    """

    _box: Sandbox | None = None
    _numbers = itertools.count()
    _handle: Handle | None = None

    @classmethod
    def close(cls) -> None:
        """End the warm process and with it all kernels."""
        if SandboxProvisioner._box:
            SandboxProvisioner._box.__exit__()
            SandboxProvisioner._box = None

    @property
    def has_process(self) -> bool:
        return self._handle is not None

    async def poll(self) -> int | None:
        return None if self._handle and self._handle.is_alive() else 0

    async def wait(self) -> int | None:
        if self._handle:
            await self._handle.ended()
        return 0

    async def send_signal(self, signum: int) -> None:
        if self._handle and signum:
            self._handle.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        if self._handle:
            self._handle.kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill()

    async def cleanup(self, restart: bool = False) -> None:
        if self._handle:
            self._handle.close()
            self._handle = None

    async def pre_launch(self, **arguments: Any) -> dict[str, Any]:
        if SandboxProvisioner._box is None:
            import atexit

            atexit.register(SandboxProvisioner.close)
            SandboxProvisioner._box = Sandbox(Limits()).__enter__()
        return await super().pre_launch(cmd=[], **arguments)

    async def launch_kernel(self, cmd: list[str], **arguments: Any) -> dict[str, Any]:
        box = SandboxProvisioner._box
        folder = box.folder / f"p{next(SandboxProvisioner._numbers)}"
        folder.mkdir()
        asked = box.request(folder)
        self._handle = box.collect(asked)
        self.connection_info = asked.connection | {"key": asked.connection["key"].encode()}
        return self.connection_info


class SandboxSpecs(KernelSpecManager):
    """The installed kernelspecs and one more, `belgrade-sandbox`."""

    def __init__(self, **arguments: Any) -> None:
        from importlib.metadata import EntryPoint

        from jupyter_client.provisioning import KernelProvisionerFactory

        super().__init__(**arguments)
        factory = KernelProvisionerFactory.instance()
        place = f"{SandboxProvisioner.__module__}:{SandboxProvisioner.__name__}"
        factory.provisioners[SANDBOX_KERNEL] = EntryPoint(SANDBOX_KERNEL, place, factory.GROUP_NAME)

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the KernelSpec of a name; raise NoSuchKernel if there is none."""
        if kernel_name != SANDBOX_KERNEL:
            return super().get_kernel_spec(kernel_name)
        provisioner = {"kernel_provisioner": {"provisioner_name": SANDBOX_KERNEL}}
        return KernelSpec(
            argv=[], display_name="Python in the sandbox", language="python", metadata=provisioner
        )
