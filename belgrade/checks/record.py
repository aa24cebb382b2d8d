"""An answer as it is shown by a cell: with its data, for whoever judges it, and with words.

Imported anew before each graded cell, so it needs little: no judge and no references.
"""

from __future__ import annotations

import html
import json
import sys
from typing import TYPE_CHECKING, Any

from belgrade.checks.capture import capture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from belgrade.checks.capture import Captured
    from belgrade.checks.spec import Spec

MIME = "application/vnd.belgrade.answer+json"


def recording_check(spec_json: str) -> Callable[..., None]:
    """Return the `check` that a notebook under examination calls: it captures and shows only.

    The judging is done by the process that runs the notebook, out of the kernel's reach.
    """
    spec = json.loads(spec_json)

    def check(
        question: object, answer: object, inputs: list[Any] | None = None, part: str = ""
    ) -> None:
        captured = captured_or_error(answer, spec, inputs)
        text = f"Answer to {question} recorded."
        publish(bundle(question, part, captured, ""), f"<p>{html.escape(text)}</p>", text)

    return check


def captured_or_error(answer: object, spec: Spec, inputs: list[Any] | None) -> Captured:
    """Return an answer as captured, or what kept it from being captured, as a dict."""
    try:
        return capture(answer, spec, inputs)
    except Exception as error:
        return {"type": "error", "error": f"{type(error).__name__} while the answer was read"}


def bundle(question: object, part: str, captured: Captured | None, version: str) -> dict[str, Any]:
    """Return an answer under its MIME type."""
    return {MIME: {"question": str(question), "part": part, "answer": captured, "build": version}}


def publish(extra: Mapping[str, Any], page: str, text: str) -> None:
    """Show one output: a bundle beside HTML and plain text; outside of a notebook the text."""
    data = {**extra, "text/html": page, "text/plain": text}
    shell = running_shell()
    if shell is None:
        print(text)
    else:
        shell.display_pub.publish(data=data, metadata={})


def running_shell() -> Any:
    """Return the IPython that this process is, or None; it is not imported to be asked."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    return get_ipython()
