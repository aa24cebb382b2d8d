"""The warm process behind the outer wall: it forks a kernel for each submission.

Started by `belgrade.grading.sandbox` in bubblewrap, as a file by itself. Everything a lesson needs
is imported once; then, for each request on the control socket, a process leaves for namespaces of
its own, becomes process 1 there and forks the kernel. A request brings the kernel's listening
sockets, so that no folder of the machine is shared with it, and gets back two process handles: of
process 1, whose end takes all other processes along, and of the kernel.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import os
import signal
import socket
import sys
from typing import Any

SCRATCH = "/scratch"
MESSAGE = 65536
CHANNELS = ("shell", "iopub", "stdin", "control")


def main() -> None:
    """Become nobody if root, import, say so, and fork until the control socket closes."""
    import walls  # loaded already, from beside this file

    settings = json.loads(sys.argv[1])
    if user := settings["user"]:
        walls.become(user)
    sys.path += [path for path in settings["paths"] if path not in sys.path]
    control = socket.socket(fileno=settings["control"])
    os.chdir(SCRATCH)
    app = warm_up(settings)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits: no zombies
    gc.collect()
    gc.freeze()
    control.send(b"ready")
    while True:
        message, handles, _, _ = socket.recv_fds(control, MESSAGE, len(CHANNELS) + 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _leave(walls, app, json.loads(message), handles)
        for handle in handles:
            os.close(handle)


def warm_up(settings: dict[str, Any]) -> Any:
    """Import what lessons need, read the data, and return the kernel's application."""
    app = _application()
    import ipywidgets  # noqa: F401

    from belgrade import data
    from belgrade.checks import live  # noqa: F401

    for module in settings["modules"]:
        with contextlib.suppress(ImportError):
            __import__(module)
    words = set(map(str, [*range(0, 101, 5), *range(2000, 2026)]))
    for each in data.package()["resources"]:
        with contextlib.suppress(Exception):  # a damaged table is for the cell that loads it
            words |= _names(data.load(each["name"]))
    _rehearse(app.shell, sorted(words))
    return app


def _names(table: Any) -> set[str]:
    """Return the states and others that a chart of a table may have at its axes."""
    columns = {"actor", "country", "donor", "partner", "supplier"} & {*table.columns}
    return {name for column in columns for name in table[column].dropna().unique()}


def _rehearse(shell: Any, words: list[str]) -> None:
    """Do some of a lesson's work: what Python does for the second time, it does faster.

    `words` are painted, so that their pictures are there when a chart has them.
    """
    import matplotlib.pyplot as plt
    import pandas as pd
    from matplotlib.figure import Figure

    from belgrade import figures

    plt.close(plt.figure())  # sets up the backend, which no style may be active for
    # pyplot would draw each figure once more, for a window that is not there.
    plt.uninstall_repl_displayhook()
    pictures = shell.display_formatter.formatters["image/png"]
    pictures.for_type(Figure, _picture)
    frame = pd.DataFrame({"a": [1.5, 2, 4, 3], "b": [2, 3, 2, 4]}, index=list("wxyz"))
    plain, ours = contextlib.nullcontext, figures.style
    for style, kind in ((plain, "line"), (plain, "bar"), (ours, "bar"), (ours, "barh"),
                        (ours, "hist"), (ours, "barh")):  # fmt: skip
        with style():
            axes = frame.plot(kind=kind, title="title", ylabel="label")
            axes.set_xlabel("label")
            pictures(axes.figure)
            plt.close("all")
    with figures.style():
        axes = pd.Series(0, index=words).plot.barh()
        pictures(axes.figure)
        plt.close("all")
    frame.groupby("b")["a"].agg(["sum", "mean"]).sort_values("sum", kind="stable").to_html()
    frame[frame["a"] > 1].merge(frame, on="b").to_string()


def _picture(figure: Any) -> str | None:
    """Return a figure as PNG in base64, as IPython does, but painted once.

    matplotlib draws twice to fit the margins. A chart by itself can be cut out afterwards; several
    are fitted by a layout engine while it paints.
    """
    from IPython.core.pylabtools import print_figure

    from belgrade import canvas

    if not figure.axes and not figure.lines:
        return None
    words = figure.texts or figure.legends or figure.get_suptitle()
    picture = None
    if len(figure.axes) == 1 and not words:
        picture = canvas.paint_cropped(figure)
    elif figure.get_layout_engine() is not None:
        picture = canvas.paint(figure, figure.dpi)
    if picture is None:
        return print_figure(figure, "png", base64=True)
    return base64.b64encode(picture).decode("ascii")


def _application() -> Any:
    """Return ipykernel's application with its shell made before there is a kernel."""
    sys.modules["debugpy"] = None  # slow to import, and nobody debugs here
    import ipykernel.debugger  # noqa: F401

    del sys.modules["debugpy"]
    from ipykernel.compiler import XCachingCompiler
    from ipykernel.kernelapp import IPKernelApp
    from ipykernel.zmqshell import ZMQInteractiveShell
    from IPython.core.history import HistoryManager

    class App(IPKernelApp):
        """A kernel on sockets that it is given, without what only a person at it needs."""

        handles: dict[int, int] | None = None

        def _try_bind_socket(self, s: Any, port: int) -> int:
            import zmq

            s.setsockopt(zmq.USE_FD, self.handles[port])
            s.bind(f"ipc://{self.ip}-{port}")
            return port

        def init_control(self, context: Any) -> None:
            super().init_control(context)
            self.shell_channel_thread = None

        def init_iopub(self, context: Any) -> None:
            import zmq
            from ipykernel.iostream import IOPubThread

            self.iopub_socket = context.socket(zmq.XPUB)
            self.iopub_socket.linger = 1000
            # A flood waits for its reader; without this, messages would be lost.
            self.iopub_socket.setsockopt(zmq.XPUB_NODROP, 1)
            self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)
            self.iopub_thread = IOPubThread(self.iopub_socket, session=self.session)
            self.iopub_thread.start()
            self.iopub_socket = self.iopub_thread.background_socket

        def boot(self, request: dict[str, Any], handles: list[int]) -> None:
            self.transport, self.ip, self.handles = "ipc", "kernel", {}
            for name, handle in zip(CHANNELS, handles, strict=True):
                setattr(self, f"{name}_port", request["ports"][name])
                self.handles[request["ports"][name]] = handle
            self.session.key = request["key"].encode("ascii")
            self.session.signature_scheme = request["signature_scheme"]
            shell = self.shell
            self.init_sockets()
            self.init_io()
            self.init_signal()
            self.init_kernel()
            # The grader waits for reply and last output, whichever is later: no pause between.
            self.kernel._execute_sleep = 0
            shell.kernel = shell.parent = self.kernel
            self.init_shell()
            self.start()

    HistoryManager.enabled = False
    app = App.instance(capture_fd_output=False)
    super(IPKernelApp, app).initialize([])
    app.shell = ZMQInteractiveShell.instance(
        profile_dir=app.profile_dir, user_ns={}, compiler_class=XCachingCompiler
    )
    app.log.setLevel("WARNING")  # traitlets makes a record of every message otherwise
    app.init_pdb()
    app.init_path()
    app.init_gui_pylab()
    app.init_extensions()
    app.shell.InteractiveTB.set_mode("Minimal")  # only an error's last line is read
    return app


def _leave(walls: Any, app: Any, request: dict[str, Any], handles: list[int]) -> None:
    """Go behind the inner wall and never come back."""
    answer, *channels = handles
    answer = socket.socket(fileno=answer)
    try:
        walls.own_namespaces()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        walls.own_mounts(SCRATCH, request["limits"]["scratch"])
        os.chdir(SCRATCH)
        walls.limit(request["limits"])
        walls.drop_rights()
        kernel = os.fork()
        if kernel:
            both = [os.pidfd_open(os.getpid()), os.pidfd_open(kernel)]
            socket.send_fds(answer, [b"ok"], both)
            os.closerange(0, 256)
            while os.wait()[0] != kernel:
                pass
            os._exit(0)
        answer.close()
        _be_kernel(app, request, channels)
    except BaseException as error:
        with contextlib.suppress(OSError):
            answer.send(f"{type(error).__name__}: {error}".encode()[:500])
        os._exit(1)


def _be_kernel(app: Any, request: dict[str, Any], channels: list[int]) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    sys.argv = ["kernel"]
    try:
        app.boot(request, channels)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
