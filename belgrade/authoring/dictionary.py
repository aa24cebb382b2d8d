"""The data dictionary `data/README.md`, made from the data package and never written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from belgrade import data

CLASSES = {
    "verbatim": "rows of a published data file, unchanged",
    "transcribed": "typed from pages, in our own words",
    "derived": "computed by us",
}


def dictionary() -> str:
    """Return the data dictionary as Markdown: every table, what a row is, every column."""
    package = data.package()
    parts = [
        f"# {package['title']}",
        package["description"],
        "This page is made from `datapackage.json` by `belgrade build`. Change it there.",
        'In a notebook: `data.load("aid_deliveries")`, `data.describe("aid_deliveries")`, '
        '`data.cite("aid_deliveries")`.',
        "Classes: " + "; ".join(f"*{name}*, {what}" for name, what in CLASSES.items()) + ".",
        "| table | what | class | licence | lessons |\n|---|---|---|---|---|\n"
        + "\n".join(_line(table) for table in package["resources"]),
        *(_section(table) for table in package["resources"]),
    ]
    return "\n\n".join(parts) + "\n"


def _line(table: dict[str, Any]) -> str:
    name, licence = table["name"], table["licenses"][0]["name"]
    lessons = ", ".join(table.get("x_lessons", []))
    return (
        f"| [`{name}`](#{name}) | {table['title']} | {table['x_class']} | {licence} | {lessons} |"
    )


def _section(table: dict[str, Any]) -> str:
    licence = table["licenses"][0]
    terms = f"[{licence['title']}]({licence['path']})" if "path" in licence else licence["title"]
    facts = [
        f"## {table['name']}",
        f"**{table['title']}.** {table['description']}",
        f"File `{table['path']}`. Class: {table['x_class']}. Licence: {terms}.",
    ]
    if how := table.get("x_derivation"):
        facts.append(f"How it was derived: {how}")
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
    path, text = root / "data" / "README.md", dictionary()
    if not path.with_name("datapackage.json").is_file():
        return []  # only the module's own folder has data to describe
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return []
    if not check:
        path.write_text(text, encoding="utf-8", newline="\n")
    return ["data/README.md"]
