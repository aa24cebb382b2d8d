"""An answer as it is shown by a cell: with its data, for whoever judges it, and with words.

Imported anew before each graded cell, so it needs little: no judge and no references.
"""

import html
import json
import sys

from belgrade.checks.capture import capture

MIME = "application/vnd.belgrade.answer+json"


def examined(spec_json):
    """Return the `check` that a notebook under examination calls: it captures and shows only.

    The judging is done by the process that runs the notebook, out of the kernel's reach.
    """
    spec = json.loads(spec_json)

    def check(question, answer, inputs=None, part=""):
        captured = captured_or_error(answer, spec, inputs)
        text = f"Answer to {question} recorded."
        publish(bundle(question, part, captured, ""), f"<p>{html.escape(text)}</p>", text)

    return check


def captured_or_error(answer, spec, inputs):
    """Return an answer as captured, or what kept it from being captured, as a dict."""
    try:
        return capture(answer, spec, inputs)
    except Exception as error:
        return {"type": "error", "error": f"{type(error).__name__} while the answer was read"}


def bundle(question, part, captured, version):
    """Return an answer under its MIME type."""
    return {MIME: {"question": str(question), "part": part, "answer": captured, "build": version}}


def publish(extra, page, text):
    """Show one output: a bundle beside HTML and plain text; outside of a notebook the text."""
    data = {**extra, "text/html": page, "text/plain": text}
    shell = None
    if "IPython" in sys.modules:
        from IPython import get_ipython

        shell = get_ipython()
    if shell is None:
        print(text)
    else:
        shell.display_pub.publish(data=data, metadata={})
