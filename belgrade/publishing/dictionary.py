"""The data dictionary `data/README.md`, made from the data package and never written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from belgrade.files import write_whole

CLASSES = {
    "verbatim": "rows of a published data file, unchanged",
    "transcribed": "typed from pages, in our own words",
    "derived": "computed by us",
}


def dictionary(package: dict[str, Any]) -> str:
    """Return the dictionary of a data package as Markdown: every table, what a row is, columns."""
    description, *about = _introduction(package)
    notice = "This page is made from `datapackage.json` by `belgrade build`. Change it there."
    parts = [f"# {package['title']}", description, notice, *about, _list(package["resources"])]
    return "\n\n".join([*parts, *map(_section, package["resources"])]) + "\n"


def pages(root: Path) -> dict[str, str]:
    """Return the dictionary as pages of the book, {path: Markdown}: an overview, then the groups.

    The report and the sources are a group; other tables stand with the first lesson that uses them.
    """
    package = _package(root)
    if package is None:
        return {}
    groups: dict[str, list[dict[str, Any]]] = {}
    for table in package["resources"]:
        groups.setdefault(_group(table), []).append(table)
    overview = [f"# {package['title']}", *_introduction(package)]
    pages = {}
    for name, tables in sorted(groups.items(), key=lambda each: (each[0] != "report", each[0])):
        number = name.removeprefix("lesson-")
        title = "The report and its sources" if name == "report" else f"Tables of lesson {number}"
        overview += [f"## [{title}]({name}.md)", _list(tables, f"{name}.md")]
        pages[f"data/{name}.md"] = "\n\n".join([f"# {title}", *map(_section, tables)]) + "\n"
    return {"data/README.md": "\n\n".join(overview) + "\n"} | pages


def _package(root: Path) -> dict[str, Any] | None:
    """Return the data package of the module at `root`, whatever `BELGRADE_DATA` names; or None."""
    path = root / "data" / "datapackage.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _group(table: dict[str, Any]) -> str:
    lessons = table.get("x_lessons", [])
    if "evidence/" not in table["path"] or not lessons:
        return "report"
    return f"lesson-{min(lessons)}"


def _introduction(package: dict[str, Any]) -> list[str]:
    return [
        package["description"],
        'In a notebook: `data.load("aid_deliveries")`, `data.describe("aid_deliveries")`, '
        '`data.cite("aid_deliveries")`.',
        "Classes: " + "; ".join(f"*{name}*, {what}" for name, what in CLASSES.items()) + ".",
    ]


def _list(tables: list[dict[str, Any]], page: str = "") -> str:
    lines = "\n".join(_line(table, page) for table in tables)
    return f"| table | what | class | licence | lessons |\n|---|---|---|---|---|\n{lines}"


def _line(table: dict[str, Any], page: str) -> str:
    name, licence = table["name"], table["licenses"][0]["name"]
    lessons = ", ".join(table.get("x_lessons", []))
    facts = [f"[`{name}`]({page}#{name})", table["title"], table["x_class"], licence, lessons]
    return f"| {' | '.join(facts)} |"


def _section(table: dict[str, Any]) -> str:
    licence = table["licenses"][0]
    terms = f"[{licence['title']}]({licence['path']})" if "path" in licence else licence["title"]
    facts = [
        f"## {table['name']}",
        f"**{table['title']}.** {table['description']}",
        f"File `{table['path']}`. Class: {table['x_class']}. Licence: {terms}.",
    ]
    if derivation := table.get("x_derivation"):
        facts.append(f"How it was derived: {derivation}")
    fields = "\n".join(
        f"| `{field['name']}` | {field['type']} | {_meaning(field)} |"
        for field in table["schema"]["fields"]
    )
    facts.append(f"| column | type | meaning |\n|---|---|---|\n{fields}")
    return "\n\n".join(facts)


def _meaning(field: dict[str, Any]) -> str:
    meaning = field["description"].replace("|", "\\|")
    allowed = field.get("constraints", {}).get("enum", [])
    return f"{meaning} One of: {', '.join(map(str, allowed))}." if allowed else meaning


def write(root: Path, check: bool = False) -> list[str]:
    """Write the dictionary below `root`; return the file's name if it changed or would change."""
    package = _package(root)
    if package is None:
        return []  # only the module's own folder has data to describe
    path, text = root / "data" / "README.md", dictionary(package)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return []
    if not check:
        write_whole(path, text)
    return ["data/README.md"]
