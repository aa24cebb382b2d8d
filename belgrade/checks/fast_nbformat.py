"""nbformat, imported in a fraction of a second.

nbformat imports jsonschema, which builds a grammar for internationalised web addresses if the
package rfc3987_syntax is there, as it is beside JupyterLab. That takes over a second, and no
notebook's schema has such an address.

In a browser (Pyodide) there is no nbformat, and nothing there reads a notebook's file: None.
"""

import sys

GRAMMAR = "rfc3987_syntax"

if "jsonschema" in sys.modules or GRAMMAR in sys.modules:
    import nbformat
else:
    # An import of it now fails, and jsonschema does without.
    sys.modules[GRAMMAR] = None  # type: ignore[assignment]  # Python takes None for that
    try:
        import nbformat
    except ImportError:
        if sys.platform != "emscripten":
            raise
        nbformat = None
    finally:
        del sys.modules[GRAMMAR]

__all__ = ["nbformat"]
