"""A Jupyter teaching module: an argument about Serbia, Russia and China, held against evidence."""

__version__ = "0.1.0"


class UserError(Exception):
    """What a person at the keyboard can mend; the text says in a line or two what to do.

    A notebook and the command line show the text alone, without a traceback.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would put it into quotation marks

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


def _in_a_notebook() -> None:
    """Let a student's notebook show errors in a student's words (see `belgrade.errors`)."""
    import sys

    if "ipykernel" in sys.modules:
        from IPython import get_ipython

        from belgrade import errors

        if (shell := get_ipython()) is not None:
            errors.install(shell)


_in_a_notebook()
