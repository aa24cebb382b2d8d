"""A Jupyter teaching module: an argument about Serbia, Russia and China, held against evidence."""

__version__ = "0.1.0"
