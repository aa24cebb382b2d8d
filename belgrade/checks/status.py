"""What showing, examining and grading share: how an outcome looks, and how charts behave."""

from __future__ import annotations

# A sign and a word for each status, so that colour never carries meaning alone; then the
# background and the edge. Text is near-black on pale: above 12:1 in light and dark themes.
STATUS = {
    "right": ("✓", "Right", "#e3f4e6", "#1f7a33"),
    "close": ("≈", "Close", "#fff4d1", "#8a6100"),
    "not_yet": ("✗", "Not yet", "#fde7e2", "#a8321a"),
    "not_attempted": ("○", "Not attempted", "#eeeeee", "#595959"),
    "error": ("!", "Could not be checked", "#f3e5f5", "#6a1b7a"),
    "pending": ("…", "To be marked by hand", "#e3eefb", "#1d5a9c"),
    "marked": ("✎", "Marked by hand", "#e0f2f1", "#0f6b66"),
}
# Charts behave as they do in JupyterLab: each cell ends its figures.
AS_IN_JUPYTER = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}


def box(status: str, inner: str) -> str:
    """Return HTML as a box in the colours of a status, which is read out when it appears."""
    _, _, back, edge = STATUS[status]
    return (
        f'<div role="status" data-check="" style="background:{back};color:#1a1a1a;'
        f'border-left:5px solid {edge};padding:8px 12px;margin:4px 0;max-width:46em">{inner}</div>'
    )
