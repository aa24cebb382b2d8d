"""Run a notebook in a fresh kernel of this environment, the same way every time."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from belgrade import UserError
from belgrade.checks import fast_nbformat  # noqa: F401  nbclient would import it slowly
from belgrade.checks.status import AS_IN_JUPYTER

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode


class RunError(UserError):
    """A notebook did not run to its end; the text names the cell and the error."""


def kernel_manager() -> AsyncKernelManager:
    """Return a manager of this environment's kernel.

    Imported when it is asked for: grading builds a key without a kernel.
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

    specs = NbvalKernelspecManager()
    return AsyncKernelManager(kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=specs)


def execute(notebook: NotebookNode, cwd: Path, timeout: float = 300, **extra_env: str) -> None:
    """Run `notebook` in place, in the folder `cwd`, `timeout` seconds a cell; errors stay in it.

    The journal goes to an empty folder. Raises RunError when the kernel dies or a cell is late.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    with tempfile.TemporaryDirectory(prefix="belgrade-work-") as folder:
        journal = Path(folder) / "my_work"
        journal.mkdir()
        package = str(Path(__file__).resolve().parents[2])
        env = os.environ | {
            "PYTHONHASHSEED": "0",
            "PYTHONUTF8": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
            "BELGRADE_WORK": str(journal),
            # Nobody's own start-up files run, and the history of nobody is written.
            "IPYTHONDIR": str(Path(folder) / "ipython"),
            "BELGRADE_EXAM": "1",
            **AS_IN_JUPYTER,
        }
        client = NotebookClient(
            notebook,
            timeout=timeout,
            km=kernel_manager(),
            resources={"metadata": {"path": str(cwd)}},
            allow_errors=True,
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,  # what is printed comes in pieces, as the machine has it
        )
        try:
            client.execute(env=env | extra_env, stderr=subprocess.DEVNULL, cleanup_kc=True)
        except (CellTimeoutError, DeadKernelError) as error:
            raise RunError(" ".join(str(error).split())[:200]) from None


def first_error(cell: NotebookNode) -> str | None:
    """Return "NameError: …" if the cell ended with an error, else None."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}"
    return None
