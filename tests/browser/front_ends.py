"""Other front ends than the JupyterLab of `constraints.txt`: servers of Notebook 7 and Voilà.

`environment_with(...)` makes an environment by uv for versions that are not here.
"""

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
from pathlib import Path
from typing import Any

import machine
from lab import AUTHOR_EXTENSIONS

ROOT = Path(__file__).resolve().parents[2]


def environment_with(folder: Path, *packages: str) -> Path:
    """Return the Python of a new environment with the module and these packages."""
    bin_folder = Path(sys.executable).parent
    uv = shutil.which("uv", path=os.pathsep.join([str(bin_folder), os.environ["PATH"]])) or "uv"
    python = folder / "env" / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / "env")],
        [uv, "pip", "install", "--quiet", "--python", str(python), str(ROOT), *packages],
    ):
        subprocess.run(command, check=True)
    return python


class FrontEnd:
    """`python -m jupyterlab`, `notebook` or `voila` on a free port over a folder."""

    def __init__(self, python: Path | None, module: str, root: Path) -> None:
        self.root, self.module = root, module
        port = machine.free_port()
        self.token = secrets.token_hex(8)
        self.url = f"http://127.0.0.1:{port}"
        self.private = Path(tempfile.mkdtemp(prefix="belgrade-front-"))
        if module == "voila":
            arguments = [
                f"--port={port}",
                "--no-browser",
                "--Voila.ip=127.0.0.1",
                "--token=",
                str(root),
            ]
            status_path = "/voila/tree"
        else:
            name = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}[module]
            arguments = [
                *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
                *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={root}"),
                f"--{name}.expose_app_in_browser=True",
            ]
            status_path = f"/api/status?token={self.token}"
        kinds = ("CONFIG", "DATA", "RUNTIME")
        folders = {f"JUPYTER_{kind}_DIR": str(self.private / kind.lower()) for kind in kinds}
        kinds = ("WORKSPACES", "SETTINGS")
        folders |= {f"JUPYTERLAB_{kind}_DIR": str(self.private / kind.lower()) for kind in kinds}
        pages = set(AUTHOR_EXTENSIONS["page"]) - {"@jupyter-notebook/lab-extension"}
        disabled = dict.fromkeys(pages, True)
        self._write("config/labconfig/page_config.json", disabledExtensions=disabled)
        servers = dict.fromkeys(set(AUTHOR_EXTENSIONS["server"]) - {"notebook"}, False)
        app = {"jpserver_extensions": servers}
        self._write("config/jupyter_server_config.json", ServerApp=app)
        self.log = self.private / "log"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [str(python or sys.executable), "-m", module, *arguments],
                env={
                    **os.environ,
                    **folders,
                    "JUPYTER_PREFER_ENV_PATH": "0",
                    "BELGRADE_WORK": str(self.private / "my_work"),
                },
                stdout=log,
                stderr=log,
                cwd=root,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.url + status_path, timeout=5)
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self.log.read_text(encoding="utf-8")[-3000:]) from None
                time.sleep(0.1)

    def _write(self, path: str, **content: Any) -> None:
        file = self.private / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.private, ignore_errors=True)
