"""The module's data package: tables by name, what their columns mean, and where they come from.

The tables form a Frictionless Tabular Data Package (https://datapackage.org/standard/).
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import UserError
from belgrade.display import Card, escape

if TYPE_CHECKING:
    import pandas as pd


class NoSuchTable(UserError, KeyError):
    """Raised for a table name that the data package does not have."""


def folder() -> Path:
    """Return the folder that holds `datapackage.json`.

    It is the one that the environment variable `BELGRADE_DATA` names, else `data/` of the
    checkout, else the copy inside the installed package.
    """
    if named := os.environ.get("BELGRADE_DATA"):
        return Path(named)
    package = Path(__file__).resolve().parent
    checkout = package.parent / "data"
    return checkout if (checkout / "datapackage.json").is_file() else package / "_data"


@functools.cache
def _package(path: Path) -> dict[str, Any]:
    return json.loads((path / "datapackage.json").read_text(encoding="utf-8"))


def package() -> dict[str, Any]:
    """Return the data package's descriptor as a dictionary. Do not change it."""
    return _package(folder())


def resource(name: str) -> dict[str, Any]:
    """Return the descriptor of the table `name`.

    Raises `NoSuchTable`, with the nearest names, where there is no such table.
    """
    resources = {each["name"]: each for each in package()["resources"]}
    if name in resources:
        return resources[name]
    matches = difflib.get_close_matches(str(name), resources, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, matches))}?" if matches else "See data.tables()."
    raise NoSuchTable(f"There is no table {name!r}. {hint}")


def load(name: str) -> pd.DataFrame:
    """Return the table `name` as a fresh DataFrame, one row an observation.

    Dates are parsed, empty cells are missing values, whole numbers with gaps are `Int64`.
    Raises `NoSuchTable` for an unknown name.
    """
    return _read(folder(), name).copy()


@functools.cache
def _read(path: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    table = resource(name)
    fields = {field["name"]: field["type"] for field in table["schema"]["fields"]}
    frame = pd.read_csv(
        path / table["path"],
        encoding="utf-8",
        dtype={column: "string" for column, kind in fields.items() if kind == "string"},
        parse_dates=[column for column, kind in fields.items() if kind == "date"],
        keep_default_na=False,
        na_values=[""],
    )
    for column, kind in fields.items():
        if kind == "string":
            frame[column] = frame[column].astype("str")
        elif kind == "integer" and frame[column].dtype != "int64":
            frame[column] = frame[column].astype("Int64")
        elif kind == "number":
            frame[column] = frame[column].astype("float64")
    return frame


def digest() -> str:
    """Return a short digest of all tables: it changes when any value of the data changes."""
    sha256 = hashlib.sha256()
    for each in package()["resources"]:
        sha256.update((folder() / each["path"]).read_bytes().replace(b"\r\n", b"\n"))
    return sha256.hexdigest()[:12]


def tables(lesson: str | None = None) -> pd.DataFrame:
    """Return the list of tables: name, title, rows, class and licence.

    With `lesson` ("01"), only the tables which that lesson uses.
    """
    import pandas as pd

    rows = [
        {
            "table": each["name"],
            "title": each["title"],
            "rows": len(_read(folder(), each["name"])),
            "class": each["x_class"],
            "licence": each["licenses"][0]["name"],
        }
        for each in package()["resources"]
        if lesson is None or lesson in each.get("x_lessons", [])
    ]
    return pd.DataFrame(rows, columns=["table", "title", "rows", "class", "licence"])


def describe(name: str) -> Card:
    """Return a card that says what a row of the table `name` is and what each column means.

    Raises `NoSuchTable` for an unknown name.
    """
    table = resource(name)
    licence = table["licenses"][0]
    facts = [table["description"], f"Class: {table['x_class']}. Licence: {licence['title']}."]
    if derivation := table.get("x_derivation"):
        facts.append(f"Derived: {derivation}")
    fields = table["schema"]["fields"]
    body = "".join(f"<p>{escape(fact)}</p>" for fact in facts)
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left'><code>{escape(field['name'])}</code></th>"
        f"<td style='text-align:left'>{escape(field['type'])}</td>"
        f"<td style='text-align:left;white-space:normal'>{escape(field['description'])}</td></tr>"
        for field in fields
    )
    body += (
        "<table><thead><tr><th scope='col'>column</th><th scope='col'>type</th>"
        f"<th scope='col'>meaning</th></tr></thead><tbody>{rows}</tbody></table>"
    )
    listed = (f"  {field['name']} ({field['type']}): {field['description']}" for field in fields)
    text = "\n".join([*facts, *listed])
    return Card(f"{table['title']} ({name})", body, text)


def cite(name: str) -> pd.DataFrame:
    """Return the sources of the table `name`: title, publisher, year, url and how each was read.

    Most sources were read only as the opening text of an archived page: `how_read` says which.
    Raises `NoSuchTable` for an unknown name.
    """
    sources = load("sources").set_index("source_id")
    used = _read(folder(), name)["source_id"].dropna().unique()
    columns = ["title", "publisher", "year", "url", "licence", "how_read"]
    return sources.loc[sources.index.isin(used), columns]
