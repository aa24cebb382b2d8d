"""A Jupyter teaching module: an argument about Serbia, Russia and China, held against evidence."""

__version__ = "0.1.0"


def _in_a_notebook() -> None:
    """Let a student's notebook show errors in a student's words (see `belgrade.errors`)."""
    import sys

    if "ipykernel" in sys.modules:
        from IPython import get_ipython

        from belgrade import errors

        if (shell := get_ipython()) is not None:
            errors.install(shell)


_in_a_notebook()
