"""A pytest plugin: nbval runs all notebooks of a run in one kernel, told to forget in between.

A kernel takes longer to start than most notebooks take to run. Before each notebook the kernel goes
to its folder, and names, charts, widgets and the package itself, with the data that it keeps, are
gone, and pandas shows tables as usual; what stays is what was imported from elsewhere. Used with
`-p one_kernel`.
"""

from __future__ import annotations

from typing import Any

import pytest

# What `%reset -f` does to names, without its two full collections of garbage.
CLEAR = """for _name in [each for each in globals() if not each.startswith("_")]:
    if _name not in ("In", "Out", "get_ipython", "exit", "quit", "open"):
        del globals()[_name]"""
FORGET = f"""{CLEAR}
import os, sys
if "matplotlib.pyplot" in sys.modules:
    sys.modules["matplotlib.pyplot"].close("all")
if "ipywidgets" in sys.modules:
    sys.modules["ipywidgets"].Widget.close_all()
if "pandas" in sys.modules:
    sys.modules["pandas"].reset_option("display")
for _name in [each for each in sys.modules if each.split(".")[0] == "belgrade"]:
    del sys.modules[_name]
os.chdir({{folder!r}})
del os, sys
"""


class OneKernel:
    """nbval's kernel, started for the first notebook and stopped after the last."""

    def __init__(self, start: Any) -> None:
        self.start, self.kernel = start, None

    def __call__(self, kernel_name: str, cwd: str, startup_timeout: float) -> Any:
        """Return the kernel, in the folder `cwd` and as good as new."""
        if self.kernel and not self.kernel.is_alive():
            self.stop()
        if self.kernel is None:
            self.kernel = self.start(kernel_name, cwd, startup_timeout)
            self.kernel.stop = lambda: None  # a notebook's end is not the kernel's
        else:
            vars(self.kernel).pop("await_reply", None)  # the last notebook's own way to wait
        message = self.kernel.kc.execute(FORGET.format(folder=cwd), store_history=False)
        self.kernel.await_reply(message, timeout=60)
        self.kernel.await_idle(message, timeout=60)
        return self.kernel

    def stop(self) -> None:
        """Stop the kernel if there is one."""
        if self.kernel is not None:
            del self.kernel.stop
            self.kernel.stop()
            self.kernel = None


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Any:
    """Put the one kernel in the place of nbval's."""
    from nbval import plugin

    running_kernel, plugin.RunningKernel = plugin.RunningKernel, OneKernel(plugin.RunningKernel)
    try:
        return (yield)
    finally:
        plugin.RunningKernel.stop()
        plugin.RunningKernel = running_kernel
