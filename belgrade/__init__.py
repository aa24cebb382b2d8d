"""A Jupyter teaching module: an argument about Serbia, Russia and China, held against evidence."""

__version__ = "0.1.0"
# What `belgrade release` leaves in the students' tree: a hash of each file as it was given out.
MANIFEST = ".belgrade-release.json"
# Packages for instructors: students do not get them, and their code cannot read them.
INSTRUCTORS = ("authoring", "grading", "publishing")


class UserError(Exception):
    """What a person at the keyboard can mend; the text says in a line or two what to do.

    A notebook and the command line show the text alone, without a traceback.
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would put it into quotation marks

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


def use_released_tree() -> None:
    """Take modules, checks and data from the released tree that the working folder is in.

    nbgitpuller brings a tree anew; what a hub has installed stays. A tree whose package has another
    version may need other libraries, so it is left alone.
    """
    from contextlib import suppress
    from pathlib import Path

    with suppress(OSError, UnicodeDecodeError):
        folder = Path.cwd()
        root = next((p for p in (folder, *folder.parents) if (p / MANIFEST).is_file()), None)
        package = root and root / "belgrade"
        if package and f'"{__version__}"' in (package / "__init__.py").read_text(encoding="utf-8"):
            __path__.insert(0, str(package))


def _set_up_kernel() -> None:
    """Let a student's notebook show errors in a student's words (see `belgrade.errors`)."""
    import sys

    if "ipykernel" in sys.modules:
        use_released_tree()
        from IPython import get_ipython

        from belgrade import errors

        if (shell := get_ipython()) is not None:
            errors.install(shell)


_set_up_kernel()
