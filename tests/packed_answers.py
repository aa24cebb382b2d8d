"""What somebody can hand in who reads the check data of a package and knows nothing else.

The data are packed and no secret. Each answer is the reference that they hold, typed in.
"""

from __future__ import annotations

import ast
import copy
import re
from typing import Any

import nbformat

from belgrade.checks.assemble import about, role

DRAW = {"line": "plot", "scatter": "scatter", "bar": "bar", "barh": "barh", "hist": "bar"}
LOOK_UP = """
known_{name} = {known}
def {name}(*given):
    for inputs, result in known_{name}:
        if list(given) == inputs:
            return result
"""


def with_references(compiled: dict[str, Any]) -> nbformat.NotebookNode:
    """Return the exercise of a compiled exercise with its own references as the answers."""
    notebook = nbformat.from_dict(copy.deepcopy(compiled["notebook"]))
    entries = {entry["question"]: entry for entry in compiled["checks"] if not entry["part"]}
    names = {
        about(cell)["question"]: _name(cell.source)
        for cell in notebook.cells
        if role(cell) == "check"
    }
    for cell in notebook.cells:
        question = about(cell).get("question")
        if role(cell) == "answer" and question in entries:
            cell.source = _code(names[question], entries[question])
    return notebook


def _name(check: str) -> str:
    """Return what a check is called with."""
    (call,) = (node for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Call))
    return ast.unparse(call.args[1])


def _code(name: str, entry: dict[str, Any]) -> str:
    reference = entry["reference"]
    if reference["type"] == "chart":
        return _chart(name, reference["axes"][0])
    if reference["type"] == "function":
        inputs = [each if isinstance(each, list) else [each] for each in entry["spec"]["inputs"]]
        results = [_literal(result) for result in reference["results"]]
        pairs = [f"({each!r}, {result})" for each, result in zip(inputs, results, strict=True)]
        return LOOK_UP.format(name=name, known=f"[{', '.join(pairs)}]")
    return f"import pandas as pd\n{name} = {_literal(reference)}"


def _literal(value: dict[str, Any]) -> str:
    if value["type"] == "missing":
        return "None"
    if value["type"] == "list":
        return f"[{', '.join(map(_literal, value['items']))}]"
    if value["type"] == "table":
        return f"pd.DataFrame({value['rows']!r}, columns={value['columns']!r})"
    return repr(value["value"])


def _chart(name: str, axes: dict[str, Any]) -> str:
    lines = ["import pandas as pd", "import matplotlib.pyplot as plt", "_, ax = plt.subplots()"]
    for series in axes["series"]:
        x = repr(series["x"])
        if all(re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) for value in series["x"]):
            x = f"pd.to_datetime({x})"
        draw = f"ax.{DRAW[series['mark']]}"
        lines.append(f"{draw}({x}, {series['y']!r}, label={series['label']!r})")
    for part in ("title", "xlabel", "ylabel"):
        lines.append(f"_ = ax.set_{part}({axes[part]!r})")
    return "\n".join([*lines, f"_ = ax.legend()\n{name} = ax"])
