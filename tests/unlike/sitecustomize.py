"""Run by each Python that has this folder on its path: see tests/elsewhere.py."""

import importlib.abc
import importlib.machinery
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
import elsewhere


class _Pandas(importlib.abc.MetaPathFinder):
    """Turns ties round as soon as pandas has been imported."""

    def find_spec(self, name, path, target=None):
        if name != "pandas":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            elsewhere.reverse_ties()

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, _Pandas())
elsewhere.reverse_listings()
