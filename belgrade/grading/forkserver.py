"""The fork server: it imports all that a lesson needs, and forks.

Started by `belgrade.grading.sandbox`: in bubblewrap as a file by itself, or without a sandbox as a
module. A request on its control socket makes a *setup process*: process 1 of namespaces of its own,
which runs the exercise's own cells. It forks a *question process* for each question, which takes
the student's cells, a line of JSON each, and answers with a line. Whatever that does to names,
modules, hooks or processes ends with it: for the next, the setup process kills all that is left.
"""

from __future__ import annotations

import base64
import builtins
import contextlib
import gc
import getpass
import importlib
import io
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from typing import Any

SCRATCH = "/scratch"
ANSWER = "application/vnd.belgrade.answer+json"
CHUNK = 65536
# What is sent on of a cell's text, of its pictures, and of an error; characters.
MOST_TEXT, MOST_PICTURES, MOST_ERROR = 200_000, 2_000_000, 20_000
# What a cell may print and display before it is stopped, and how long a line may be; characters.
MOST_SHOWN, MOST_LINE = 20_000_000, 8_000_000


def main() -> None:
    """Become nobody if root, import, say so, and fork until the control socket closes."""
    settings = json.loads(sys.argv[1])
    isolation = None
    if settings["isolated"]:
        isolation = importlib.import_module("isolation")  # loaded already, from beside this file

        if settings["user"]:
            isolation.become(settings["user"])
    sys.path += [path for path in settings["paths"] if path not in sys.path]
    control = socket.socket(fileno=settings["control"])
    os.chdir(settings["scratch"])
    gc.disable()  # imports leave little behind, and are searched for it again and again
    shell = warm_up(settings)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits: no zombies
    gc.collect()
    gc.freeze()
    gc.enable()
    control.send(b"ready")
    while True:
        message, fds, _, _ = socket.recv_fds(control, 4, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _become_setup_process(shell, isolation, settings, socket.socket(fileno=fds[0]))
        for fd in fds:
            os.close(fd)


def _become_setup_process(
    shell: Any, isolation: Any, settings: dict[str, Any], connection: socket.socket
) -> None:
    """Enter namespaces of its own and serve there; never come back."""
    try:
        if isolation:
            isolation.own_namespaces()
            if os.fork():
                os._exit(0)
        SetupProcess(shell, isolation, settings, connection).serve()
    except BaseException as error:
        _give_up(connection, error)


def _give_up(connection: socket.socket, error: BaseException) -> None:
    """Say why this process cannot serve, and end it."""
    with contextlib.suppress(OSError):
        connection.send(json.dumps({"failed": error_text(error)[:500]}).encode() + b"\n")
    os._exit(1)


class SetupProcess:
    """Process 1: runs the exercise's own cells, and forks a process for each question."""

    def __init__(
        self, shell: Any, isolation: Any, settings: dict[str, Any], connection: Any
    ) -> None:
        self.shell, self.isolation = shell, isolation
        self.settings, self.connection = settings, connection
        self.number = self.child = 0

    def serve(self) -> None:
        """Do what each line asks for, until none comes; report when a fork has ended."""
        woken, wakes = os.pipe()
        for end in (woken, wakes):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        _begin()
        buffer = b""
        fds: list[int] = []
        while True:
            ready, _, _ = select.select([self.connection, woken], [], [])
            if woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(woken, 512)
                while self._reap():
                    pass
            if self.connection not in ready:
                continue
            part, more, _, _ = socket.recv_fds(self.connection, CHUNK, 1)
            if not part:
                self._end()
                os._exit(0)
            buffer, fds = buffer + part, fds + more
            while b"\n" in buffer:
                request, buffer = buffer.split(b"\n", 1)
                self._do(json.loads(request), fds)

    def _do(self, request: dict[str, Any], fds: list[int]) -> None:
        if request["do"] == "run":
            self._send({"id": request["id"]} | _cell(self.shell, request))
            gc.freeze()
        elif request["do"] == "interrupt" and self.child:
            os.kill(self.child, signal.SIGINT)
        elif request["do"] == "end":
            self._end()
        elif request["do"] == "fork":
            self._end()
            self.number = request["id"]
            fd = fds.pop()
            self.child = os.fork()
            if self.child == 0:
                _become_question_process(self, fd)
            os.close(fd)

    def _send(self, message: dict[str, Any]) -> None:
        self.connection.sendall(json.dumps(message).encode("ascii") + b"\n")

    def _reap(self, wait: bool = False) -> bool:
        """Take note of a process that has ended; return whether there was one."""
        try:
            pid, _ = os.waitpid(-1, 0 if wait else os.WNOHANG)
        except ChildProcessError:
            return False
        if pid and pid == self.child:
            self.child = 0
            self._send({"ended": self.number})
        return bool(pid)

    def _end(self) -> None:
        """Kill all that is left of the last fork: if isolated, every process but this one."""
        target, kill = (-1, os.kill) if self.isolation else (self.child, os.killpg)
        while target:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(target, signal.SIGKILL)
            if not self._reap(wait=True):
                return


def _become_question_process(setup: SetupProcess, fd: int) -> None:
    """Turn the forked process into that of a question; never come back."""
    connection, settings = socket.socket(fileno=fd), setup.settings
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        scratch = settings["scratch"]
        if setup.isolation:
            setup.isolation.own_mounts(scratch, settings["limits"]["scratch"])
        else:
            scratch = os.path.join(scratch, str(os.getppid()))
            shutil.rmtree(scratch, ignore_errors=True)
            os.mkdir(scratch)
        os.chdir(scratch)
        os.closerange(3, fd)
        os.closerange(fd + 1, 256)
        if setup.isolation:
            setup.isolation.limit(settings["limits"])
            setup.isolation.drop_rights()
        connection.sendall(b'{"id": 0}\n')
        serve(setup.shell, connection)
        os._exit(0)
    except BaseException as error:
        _give_up(connection, error)


def _begin() -> None:
    """Leave the streams of whoever started this."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    os.close(nothing)
    sys.argv = ["kernel"]
    builtins.input = getpass.getpass = _ask


def serve(shell: Any, connection: socket.socket) -> None:
    """Run each cell that comes and say what it showed, until none comes."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    gc.set_threshold(20_000, 20, 50)  # a chart makes many objects, and a question lives for moments
    me = os.getpid()
    for request in connection.makefile(encoding="utf-8"):
        request = json.loads(request)
        reply = _cell(shell, request)
        if os.getpid() != me or shell.exit_now:
            return  # a process that the cell forked, or one that is to end
        connection.sendall(_as_line({"id": request["id"]} | reply))


def _as_line(reply: dict[str, Any]) -> bytes:
    """Return a reply as a line; where its answer cannot be sent, without it."""
    try:
        text = json.dumps(reply)
    except (ValueError, TypeError, RecursionError):
        text = ""
    if not 0 < len(text) < MOST_LINE:
        error = reply["error"] or "OutputError: the answer is too large, or is no data"
        text = json.dumps(reply | {"answer": None, "shown": [], "error": error})
    return text.encode("ascii") + b"\n"


def _ask(*_: Any, **__: Any) -> str:
    from IPython.core.error import StdinNotImplementedError

    raise StdinNotImplementedError("nobody is there to answer")


class OutputError(Exception):
    """A cell printed or displayed more than it may."""


class CapturedOutput(io.TextIOBase):
    """What a cell showed: text and displays in order, and the last answer. It is also a stream."""

    def __init__(self) -> None:
        self.forget()

    def forget(self, quiet: bool = False) -> None:
        """Begin anew, for another cell; of a `quiet` one nothing is put into words or painted."""
        self.quiet = quiet
        self.shown: list[dict[str, str]] = []
        self.answer: Any = None
        self.error: str | None = None
        self.notes: list[str] = []
        self.size = self.text = self.pictures = 0
        self.named: dict[str, dict[str, str]] = {}

    def _count(self, size: int) -> None:
        self.size += size
        if self.size > MOST_SHOWN:
            raise OutputError(f"more than {MOST_SHOWN // 10**6} MB of output")

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._count(len(text))
        room = MOST_TEXT - self.text
        self.text += len(text)
        if room > 0:
            if len(text) > room:
                text = text[:room] + "\n[The rest was cut.]"
                self.notes.append("Long output was cut.")
            if self.shown and self.shown[-1]["kind"] == "text":
                self.shown[-1]["text"] += text
            else:
                self.shown.append({"kind": "text", "text": text})
        return len(text)

    def display(self, data: dict[str, Any], name: str = "", update: bool = False) -> None:
        """Take in what is displayed: an answer, a picture, else its words."""
        if ANSWER in data:
            self.answer = data[ANSWER]
            return
        text, picture = str(data.get("text/plain", "")), data.get("image/png")
        self._count(len(text) + len(picture or ""))
        if not picture:
            if text and not update:
                self.write(text + "\n")
            return
        if isinstance(picture, bytes):
            picture = base64.b64encode(picture).decode("ascii")
        new = {"kind": "png", "data": picture.replace("\n", ""), "text": text[:MOST_TEXT]}
        if update and name in self.named:
            self.named[name] |= new
        elif self.pictures + len(picture) > MOST_PICTURES:
            self.notes.append("Further pictures were left out.")
        else:
            self.pictures += len(picture)
            self.shown.append(new)
            self.named[name] = new


def _cell(shell: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run a cell and return what it showed, its answer, and its error, if any.

    A quiet cell is run for what it defines: what it displays is left out. A check's cell finds the
    package's own `check`, whatever was put in its place.
    """
    shown = shell.into
    shown.forget(bool(request.get("quiet")))
    sys.stdout = sys.stderr = shown
    if spec := request.get("spec"):
        shell.user_ns["check"] = shell.recording_check(spec)
    error = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = shell.run_cell(request["code"])
        error = done.error_before_exec or done.error_in_exec
        _finish_figures(shown.quiet)
    except BaseException as raised:
        error = raised
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    text = shown.error if error is None else error_text(error)
    kept = [] if shown.quiet else shown.shown
    return {"shown": kept, "answer": shown.answer, "error": text, "notes": shown.notes}


def _finish_figures(quiet: bool) -> None:
    """Display the figures that a cell left open, as a notebook does, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or not pyplot.get_fignums():
        return
    if quiet:
        pyplot.close("all")
    else:
        from matplotlib_inline.backend_inline import flush_figures

        flush_figures()


def error_text(error: BaseException) -> str:
    """Return an error as "NameError: …", whatever its own text does."""
    kind = "Exception"
    try:
        # Python has private classes, such as _IncompleteInputError for a SyntaxError.
        kind = next(each.__name__ for each in type(error).__mro__ if each.__name__[:1] != "_")
        # IPython's name for the cell says nothing to its author; the line does.
        text = re.sub(r"\(<ipython-input-[^>]*>, (line \d+)\)", r"(\1)", str(error)[:MOST_ERROR])
        return f"{kind}: {text}"[:MOST_ERROR]
    except BaseException:
        return kind


def warm_up(settings: dict[str, Any]) -> Any:
    """Import what lessons need, read the data, and return IPython's shell."""
    shell = _shell()
    import ipywidgets  # noqa: F401

    from belgrade import data
    from belgrade.checks import live  # noqa: F401

    for module in settings["modules"]:
        with contextlib.suppress(ImportError):
            __import__(module)
    for table in data.package()["resources"]:
        with contextlib.suppress(Exception):  # a damaged one is for the cell that loads it
            data.load(table["name"])
    _warm_up_charts(shell)
    return shell


def _warm_up_charts(shell: Any) -> None:
    """Do some of a lesson's work: what Python does for the second time, it does faster."""
    import matplotlib.pyplot as plt
    import pandas as pd
    from matplotlib.figure import Figure

    from belgrade import figures

    plt.close(plt.figure())  # sets up the backend, which no style may be active for
    # pyplot would draw each figure once more, for a window that is not there.
    plt.uninstall_repl_displayhook()
    pictures = shell.display_formatter.formatters["image/png"]
    pictures.for_type(Figure, lambda figure: None if shell.into.quiet else _picture(figure))
    frame = pd.DataFrame({"a": [1.5, 2, 4, 3], "b": [2, 3, 2, 4]}, index=list("wxyz"))
    plain: Any = contextlib.nullcontext
    charts = {plain: ("line", "bar"), figures.style: ("bar", "hist", "barh", "barh")}
    for style, kind in ((each, kind) for each in charts for kind in charts[each]):
        with style():
            axes = frame.plot(kind=kind, title="title", ylabel="label")
            axes.set_xlabel("label")
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
    texts = figure.texts or figure.legends or figure.get_suptitle()
    picture = None
    if len(figure.axes) == 1 and not texts:
        picture = canvas.paint_cropped(figure)
    elif figure.get_layout_engine() is not None:
        picture = canvas.paint(figure, figure.dpi)
    if picture is None:
        return print_figure(figure, "png", base64=True)
    return base64.b64encode(picture).decode("ascii")


# Its classes stand in it, as IPython is imported in the fork server alone.
def _shell() -> Any:
    """Return IPython's shell, whose displays and errors go into a `CapturedOutput`."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    from belgrade.checks.record import recording_check

    into = CapturedOutput()

    class Last(DisplayHook):
        """Shows a cell's last value as it would be displayed, without a prompt."""

        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
            into.display(format_dict)

        def compute_format_data(self, result: Any) -> Any:
            return ({}, {}) if into.quiet else super().compute_format_data(result)

        finish_displayhook = write_output_prompt

    class Publisher(DisplayPublisher):
        def publish(self, data: Any, *_: Any, update: bool = False, **more: Any) -> None:
            into.display(data, str((more.get("transient") or {}).get("display_id", "")), update)

        def clear_output(self, wait: bool = False) -> None:
            into.shown.clear()

    class Shell(InteractiveShell):
        displayhook_class, display_pub_class = Last, Publisher
        exit_now = False

        def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
            error = (exc_tuple or sys.exc_info())[1]
            into.error = into.error if error is None else error_text(error)

        def showsyntaxerror(self, *_: Any, **__: Any) -> None:
            self.showtraceback()

        def ask_exit(self) -> None:
            self.exit_now = True

        def enable_gui(self, gui: Any = None) -> None:
            pass

        def system(self, cmd: str) -> None:
            """Run a command as `!ls` does, without the terminal that IPython would ask for."""
            line = self.var_expand(cmd, depth=1)
            code, output = subprocess.getstatusoutput(line, encoding="utf-8", errors="replace")
            self.user_ns["_exit_code"] = code
            if output:
                print(output)

    HistoryManager.enabled = False  # type: ignore[assignment]  # so a trait's default is set
    shell: Any = Shell.instance(user_ns={})
    shell.display_formatter.active_types = ["text/plain", "image/png"]
    shell.into, shell.recording_check = into, recording_check
    return shell


if __name__ == "__main__":
    main()
