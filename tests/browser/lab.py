"""Jupyter for the browser tests: a server of its own, and pages that open and run notebooks."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import machine

CHROMIUM = machine.browser()
FLAGS = [
    "--no-sandbox",  # Chromium's own sandbox refuses root, as which continuous integration runs.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 900}
# What the packages for authors and tests add to JupyterLab. Students do not have it.
AUTHOR_EXTENSIONS = {
    "server": [
        "jupyterlab_jupytext",
        "notebook",
        *(
            f"nbgrader.server_extensions.{part}"
            for part in ("assignment_list", "course_list", "formgrader", "validate_assignment")
        ),
    ],
    "page": [
        "@jupyter-notebook/lab-extension",
        "@jupyter/nbgrader",
        "@jupyterlite/pyodide-kernel-extension",
        "jupyterlab-jupytext",
    ],
}
# The application knows when a notebook is ready and when it has run; the page's text does not.
READY = """path => {
  const widget = window.jupyterapp?.shell.currentWidget, session = widget?.sessionContext;
  const kernel = session?.session?.kernel;
  return widget?.context?.path === path && widget.context.isReady && session.isReady
    && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
# In place of the notebook in sight, which is not asked whether to save.
REPLACE = """async path => {
  const old = jupyterapp.shell.currentWidget;
  await jupyterapp.commands.execute('docmanager:open', {path});
  old.dispose();
}"""
FINISHED = """() => {
  const widget = jupyterapp.shell.currentWidget;
  return widget.sessionContext.session.kernel.status === 'idle'
    && [...widget.content.model.cells].every(cell => cell.type !== 'code'
      || !cell.sharedModel.getSource().trim()
      || (cell.executionState === 'idle' && cell.executionCount));
}"""


@contextmanager
def new_page(chromium: Any, but: str = "") -> Iterator[Any]:
    """Give a page of 1280 by 900 pixels that may have no errors of its own but those with `but`."""
    context = chromium.new_context(viewport=SIZE)
    page = context.new_page()
    with no_errors(page, but):
        yield page
        context.close()


@contextmanager
def no_errors(page: Any, but: str = "") -> Iterator[None]:
    """Raise at the end what errors the page had of its own; those with the words `but` may be."""
    errors: list[str] = []

    def record(error: Any) -> None:
        if not but or but not in str(error):
            errors.append(str(error))

    page.on("pageerror", record)
    yield
    page.remove_listener("pageerror", record)
    assert not errors, errors


class Lab:
    """`python -m jupyterlab`, `notebook` or `voila` on a free port over a folder.

    It knows nothing of the user's settings and workspaces. `python` may be another environment's.
    """

    def __init__(
        self,
        root: Path,
        module: str = "jupyterlab",
        python: Path | str = sys.executable,
        **environment: str,
    ) -> None:
        port = machine.free_port()
        self.root, self.module = root, module
        self.token = secrets.token_hex(8)
        self.url = f"http://127.0.0.1:{port}"
        self.private = Path(tempfile.mkdtemp(prefix="belgrade-lab-"))
        private = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
        }
        news = {"fetchNews": "false", "checkForUpdates": False}
        self._write(
            "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings", news
        )
        off = {
            kind: [each for each in names if module == "jupyterlab" or "notebook" not in each]
            for kind, names in AUTHOR_EXTENSIONS.items()
        }
        # Nor is Node, where there is one, asked for language servers and whether to build the page.
        server = {
            "ServerApp": {"jpserver_extensions": dict.fromkeys(off["server"], False)},
            "LanguageServerManager": {"autodetect": False},
        }
        self._write("config/jupyter_server_config.json", server)
        page = {"buildCheck": False, "disabledExtensions": dict.fromkeys(off["page"], True)}
        self._write("config/labconfig/page_config.json", page)
        self.log = self.private / "log"
        command = [str(python), "-m", module, "--no-browser", f"--port={port}"]
        if module == "voila":
            command += ["--Voila.ip=127.0.0.1", "--token=", str(root)]
            status = "voila/tree"
        else:
            app = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}[module]
            command += [
                *("--allow-root", "--ip=127.0.0.1", "--ServerApp.port_retries=0"),
                *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={root}"),
                f"--{app}.expose_app_in_browser=True",
            ]
            status = f"api/status?token={self.token}"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command,
                env={
                    **os.environ,
                    **{name: str(self.private / part) for name, part in private.items()},
                    "JUPYTER_PREFER_ENV_PATH": "0",  # the settings above, not the environment's
                    **environment,
                },
                stdout=log,
                stderr=log,
                cwd=root,
            )
        self._wait(f"{self.url}/{status}")

    def _write(self, path: str, content: dict[str, Any]) -> None:
        file = self.private / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(url, timeout=5)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.log.read_text(encoding="utf-8")[-2000:]) from None
                time.sleep(0.05)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.private, ignore_errors=True)

    def open(self, page: Any, path: str) -> Any:
        """Open the notebook at `path`; return its panel once the kernel waits.

        In a page that shows this JupyterLab it takes the place of the notebook there, since half
        of what opening takes is loading JupyterLab; elsewhere it comes in a fresh layout.
        """
        if page.url.startswith(self.url):
            page.evaluate(REPLACE, path)
        else:
            workspace = secrets.token_hex(4)
            page.goto(f"{self.url}/lab/workspaces/{workspace}/tree/{path}?token={self.token}")
        page.wait_for_function(READY, arg=path, timeout=60_000)
        return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def run_all(self, page: Any) -> None:
        """Run all cells of the open notebook and wait until the last is done."""
        page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
        page.wait_for_function(FINISHED, timeout=120_000, polling=50)

    def shut_down(self, page: Any) -> None:
        """End the kernel of the open notebook."""
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def command(self, page: Any, name: str) -> None:
        """Execute a command of JupyterLab and wait for it."""
        page.evaluate("async name => { await jupyterapp.commands.execute(name) }", name)
